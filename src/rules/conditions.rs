//! The conditions that a rule can have, one file each. A rule has exactly one, told by its keys; a file turns its keys into a
//! [`Condition`]. What a condition does with notifications is absent: that is the engine's.

mod each;
mod held;

use super::{
    Condition,
    compile::Compiler,
    diagnostic::{Findings, Span},
    file::{Fields, listed},
};

/// How a condition is written.
struct Form {
    /// The key that tells it from the others.
    told_by: &'static str,
    /// All keys that belong to it.
    keys: &'static [&'static str],
    /// Takes these keys and makes the condition of them.
    read: fn(&mut Fields, &mut Compiler<'_>) -> Option<Condition>,
}

const FORMS: [Form; 2] = [each::FORM, held::FORM];

/// Reads a rule's condition from the keys that are left of it.
pub(super) fn read(mut fields: Fields, compiler: &mut Compiler<'_>) -> Option<Condition> {
    let told: Vec<&Form> = FORMS
        .iter()
        .filter(|form| fields.place_of(form.told_by).is_some())
        .collect();
    let condition = match told.as_slice() {
        [form] => (form.read)(&mut fields, compiler),
        [] => {
            none(&fields, &mut compiler.findings);
            None
        }
        several => {
            too_many(several, &fields, &mut compiler.findings);
            None
        }
    };
    for form in &FORMS {
        for key in form.keys {
            let place = fields.place_of(key);
            fields.take(key);
            // Where the condition itself is in doubt, nothing can be said about its other keys.
            if let (Some(place), [condition]) = (place, told.as_slice()) {
                let message = format!("`{key}` does not go with `{}`", condition.told_by);
                let error = compiler.findings.error(place, message);
                error.advise(format!("it belongs to `{}`", form.told_by));
            }
        }
    }
    fields.finish(&mut compiler.findings);
    condition
}

fn none(fields: &Fields, findings: &mut Findings<'_>) {
    let seen: Vec<&str> = fields.keys().map(|key| key.value.as_str()).collect();
    let message = match seen.as_slice() {
        [] => "a rule without a condition".to_owned(),
        seen => format!("a rule without a condition: it has only {}", listed(seen)),
    };
    let forms = FORMS.map(|form| form.told_by);
    findings
        .error(fields.head, message)
        .advise(format!("give it one of {}", listed(&forms)));
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
