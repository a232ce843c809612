//! *count*: so many notifications in a sliding window.

use super::{Form, notification, within};
use crate::rules::{
    Condition, Count, Varied,
    compile::{Compiler, Kinds, key_field, kinds_with},
    diagnostic::{Findings, Spanned},
    expr::Expr,
    file::{Fields, Node},
};

/// The most notifications that a rule can ask for.
const MOST: u32 = 10_000;

pub(super) const FORM: Form = Form {
    told_by: "count",
    keys: &["when", "count"],
    read,
};

fn read(fields: &mut Fields, compiler: &mut Compiler<'_>) -> Option<Condition> {
    let when = notification(fields, "when", compiler);
    let findings = &mut compiler.findings;
    let mut count = Fields::of(fields.take("count")?, "`count`", findings)?;
    let at_least = at_least(&mut count, MOST, findings);
    let within = within(&mut count, findings);
    let distinct = match count.take("distinct") {
        Some(node) => distinct(node, when.as_ref(), at_least.as_ref(), findings).map(Some),
        None => Some(None),
    };
    count.finish(findings);
    Some(Condition::Count(Count {
        when: when?,
        at_least: at_least?.value,
        within: within?,
        distinct: distinct?,
    }))
}

/// `{ of: party.billing_code, at_least: 3 }`
fn distinct(
    node: Node,
    when: Option<&Expr>,
    all: Option<&Spanned<u32>>,
    findings: &mut Findings<'_>,
) -> Option<Varied> {
    let mut fields = Fields::of(node, "`distinct`", findings)?;
    let name = fields.require("of", findings).and_then(|node| node.text(findings));
    let of = name.and_then(|name| {
        let field = key_field(&name, "distinct values cannot be those of", findings)?;
        let never = when.is_some_and(|when| Kinds::of(when).and(kinds_with(field)) == Kinds::NONE);
        if never {
            let error = findings.error(name.span, "never there in what is counted");
            error.advise("name a field of the notifications for which `when` holds");
        }
        (!never).then_some(field)
    });
    let at_least = at_least(&mut fields, MOST, findings);
    fields.finish(findings);
    if let (Some(at_least), Some(all)) = (&at_least, all)
        && at_least.value > all.value
    {
        let source = findings.source();
        let error = findings.error(at_least.span, "more distinct values than notifications");
        error
            .other(source, all.span, "so many are enough")
            .advise("ask for as many notifications");
        return None;
    }
    Some(Varied {
        of: of?,
        at_least: at_least?.value,
    })
}

fn at_least(fields: &mut Fields, most: u32, findings: &mut Findings<'_>) -> Option<Spanned<u32>> {
    fields.require("at_least", findings)?.whole(1..=most, findings)
}
