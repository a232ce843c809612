//! *sequence*: steps in order.

use super::{Form, optional, within};
use crate::rules::{
    Condition, Sequence,
    compile::Compiler,
    expr::{Expr, Schema},
    file::Fields,
};

/// The most steps that a rule can ask for.
const MOST: usize = 16;

pub(super) const FORM: Form = Form {
    told_by: "sequence",
    keys: &["sequence", "within", "unless"],
    read,
};

fn read(fields: &mut Fields, compiler: &mut Compiler<'_>) -> Option<Condition> {
    let steps = steps(fields, compiler);
    let within = within(fields, &mut compiler.findings);
    let unless = optional(fields, "unless", compiler);
    Some(Condition::Sequence(Sequence {
        steps: steps?,
        within: within?,
        unless: unless?,
    }))
}

fn steps(fields: &mut Fields, compiler: &mut Compiler<'_>) -> Option<Vec<Expr>> {
    let written = fields.take("sequence")?.text_list(&mut compiler.findings)?;
    let (message, advice) = match written.value.len() {
        0 => (
            "a sequence without steps",
            "write two or more expressions, in the order of the steps",
        ),
        1 => (
            "a sequence of one step",
            "write `when` instead of `sequence`, or add a step",
        ),
        2..=MOST => {
            let steps = written
                .value
                .iter()
                .map(|text| compiler.expression(text, Schema::Notification));
            // Collected first, so that the mistakes of all steps are told.
            return steps.collect::<Vec<_>>().into_iter().collect();
        }
        _ => ("a sequence of more than 16 steps", "leave out what need not be so"),
    };
    compiler.findings.error(written.span, message).advise(advice);
    None
}
