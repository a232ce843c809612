//! The conditions that a rule can have, one file each. A rule has exactly one, told by its keys; a file turns its keys into a
//! [`Condition`]. What a condition does with notifications is absent: that is the engine's.

mod count;
mod each;
mod expected;
mod held;
mod quiet;
mod ratio;
mod sequence;

use std::time::Duration;

use super::{
    Condition,
    compile::Compiler,
    diagnostic::{Findings, Span},
    expr::{Expr, Schema},
    file::{Fields, listed},
};

/// How a condition is written.
struct Form {
    /// The key that tells it from the others.
    told_by: &'static str,
    /// All keys that belong to it. Where the telling key of another condition is among them, it is this one that is meant.
    keys: &'static [&'static str],
    /// Takes these keys and makes the condition of them.
    read: fn(&mut Fields, &mut Compiler<'_>) -> Option<Condition>,
}

const FORMS: [Form; 7] = [
    each::FORM,
    count::FORM,
    ratio::FORM,
    held::FORM,
    expected::FORM,
    sequence::FORM,
    quiet::FORM,
];

/// Every condition: the key that tells it, and all its keys.
pub(super) fn forms() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    FORMS.iter().map(|form| (form.told_by, form.keys))
}

/// Reads a rule's condition from the keys that are left of it.
pub(super) fn read(mut fields: Fields, compiler: &mut Compiler<'_>) -> Option<Condition> {
    let told: Vec<&Form> = FORMS
        .iter()
        .filter(|form| fields.place_of(form.told_by).is_some())
        .collect();
    let told: Vec<&Form> = told.iter().copied().filter(|form| !is_part(form, &told)).collect();
    let condition = match told.as_slice() {
        [form] => {
            // What it lacks is said where it is told.
            fields.head = fields.place_of(form.told_by).unwrap_or(fields.head);
            (form.read)(&mut fields, compiler)
        }
        [] => {
            none(&fields, &mut compiler.findings);
            None
        }
        several => {
            too_many(several, &fields, &mut compiler.findings);
            None
        }
    };
    for key in FORMS.iter().flat_map(|form| form.keys) {
        let place = fields.place_of(key);
        fields.take(key);
        // Where the condition itself is in doubt, nothing can be said about its other keys.
        if let (Some(place), [condition]) = (place, told.as_slice()) {
            let message = format!("`{key}` does not go with `{}`", condition.told_by);
            let owners = FORMS.iter().filter(|form| form.keys.contains(key));
            let owners: Vec<&str> = owners.map(|form| form.told_by).collect();
            let error = compiler.findings.error(place, message);
            error.advise(format!("it belongs to {}", listed(&owners)));
        }
    }
    fields.finish(&mut compiler.findings);
    condition
}

/// Whether what tells a condition is only a part of another one of these.
fn is_part(form: &Form, others: &[&Form]) -> bool {
    others
        .iter()
        .any(|other| other.told_by != form.told_by && other.keys.contains(&form.told_by))
}

/// Takes an expression over a notification, which must be there.
fn notification(fields: &mut Fields, key: &'static str, compiler: &mut Compiler<'_>) -> Option<Expr> {
    let text = fields
        .require(key, &mut compiler.findings)?
        .text(&mut compiler.findings)?;
    compiler.expression(&text, Schema::Notification)
}

/// Takes an expression over a notification, if it is there; `None` if there is a mistake in it.
fn optional(fields: &mut Fields, key: &'static str, compiler: &mut Compiler<'_>) -> Option<Option<Expr>> {
    match fields.place_of(key) {
        Some(_) => notification(fields, key, compiler).map(Some),
        None => Some(None),
    }
}

/// Takes the length of a window.
fn within(fields: &mut Fields, findings: &mut Findings<'_>) -> Option<Duration> {
    some_time(fields, "within", "nothing can happen within no time", findings)
}

/// Takes a duration, which must be there and be more than nothing.
fn some_time(fields: &mut Fields, key: &'static str, why: &str, findings: &mut Findings<'_>) -> Option<Duration> {
    let time = fields.require(key, findings)?.duration(findings)?;
    if time.value.is_zero() {
        findings.error(time.span, why).advise("write more than `0s`");
        return None;
    }
    Some(time.value)
}

fn none(fields: &Fields, findings: &mut Findings<'_>) {
    let seen: Vec<&str> = fields.keys().map(|key| key.value.as_str()).collect();
    let message = match seen.as_slice() {
        [] => "a rule without a condition".to_owned(),
        seen => format!("a rule without a condition: it has only {}", listed(seen)),
    };
    let all: Vec<&Form> = FORMS.iter().collect();
    let whole = FORMS
        .iter()
        .filter(|form| !all.iter().any(|part| is_part(part, &[form])));
    let whole: Vec<&str> = whole.map(|form| form.told_by).collect();
    findings
        .error(fields.head, message)
        .advise(format!("give it one of {}", listed(&whole)));
}

fn too_many(forms: &[&Form], fields: &Fields, findings: &mut Findings<'_>) {
    let names: Vec<&str> = forms.iter().map(|form| form.told_by).collect();
    let places = fields.keys().filter(|key| names.contains(&key.value.as_str()));
    let places: Vec<Span> = places.map(|key| key.span).collect();
    let [first, others @ ..] = places.as_slice() else {
        return;
    };
    let source = findings.source();
    let message = format!("{} conditions in one rule: {}", names.len(), listed(&names));
    let error = findings.error(*first, message);
    error.advise("make a rule of each");
    for place in others {
        error.other(source, *place, "and here");
    }
}
