//! What ends something that has begun, an alert or an expectation: a notification that lacks a part of the key ends all that agree in
//! the parts that it has.

use super::key::{Kinds, kinds_with};
use crate::rules::{
    Condition, Key, KeyField,
    diagnostic::{Findings, Span},
    expr::Expr,
    file::RuleText,
};

/// Checks what ends something within the condition itself.
pub(super) fn check_condition(text: &RuleText, condition: &Condition, key: &Key, findings: &mut Findings<'_>) {
    for (name, ending) in condition.ending() {
        if let Some(place) = text.condition.value_place_of(name) {
            check(place, ending, Some(key), "it ends nothing", findings);
        }
    }
}

/// Whatever could lack a part of the key must share the meeting with it, or it would reach what it has nothing to do with.
pub(super) fn check(place: Span, ending: &Expr, key: Option<&Key>, in_vain: &str, findings: &mut Findings<'_>) {
    let kinds = Kinds::of(ending);
    if kinds == Kinds::NONE {
        findings.warning(place, format!("this never holds, so {in_vain}"));
        return;
    }
    let Some(key) = key.filter(|key| !key.names_meeting()) else {
        return;
    };
    let lacking = |kind: fn(Kinds) -> bool| key.fields.iter().copied().find(|field| !kind(kinds_with(*field)));
    let error = |kind: &str, field: KeyField, findings: &mut Findings<'_>| {
        let message = format!(
            "this can hold for a {kind} notification, which has no `{}`",
            field.name()
        );
        let error = findings.error(place, message);
        error.advise("it is a part of the rule's key: add the meeting to the key, or narrow this down");
    };
    if let Some(field) = lacking(|kinds| kinds.conf).filter(|_| kinds.conf) {
        error("conf", field, findings);
    } else if let Some(field) = lacking(|kinds| kinds.party).filter(|_| kinds.party) {
        error("party", field, findings);
    }
}
