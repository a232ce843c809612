//! *held*: a state that lasts.

use super::Form;
use crate::rules::{Condition, compile::Compiler, expr::Schema, file::Fields};

pub(super) const FORM: Form = Form {
    told_by: "while",
    keys: &["while", "for", "keep_firing_for"],
    read,
};

fn read(fields: &mut Fields, compiler: &mut Compiler<'_>) -> Option<Condition> {
    let condition = fields.text("while", &mut compiler.findings);
    let for_ = fields.duration("for", &mut compiler.findings);
    let keep_firing_for = fields.duration("keep_firing_for", &mut compiler.findings);
    Some(Condition::Held {
        condition: compiler.expression(&condition?, Schema::State)?,
        for_: for_.map(|for_| for_.value).unwrap_or_default(),
        keep_firing_for: keep_firing_for.map(|keep| keep.value).unwrap_or_default(),
    })
}
