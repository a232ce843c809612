//! How bad a rule's alerts are: `severity`, and the cases of `severity_if`.

use std::cmp::Reverse;

use super::Compiler;
use crate::rules::{
    Key, Severities,
    diagnostic::Spanned,
    expr::{Expr, Schema},
    file::RuleText,
};

/// `None` if there is a mistake in it. The key is `None` where that, or the condition, has mistakes of its own.
pub(super) fn severities(text: &RuleText, key: Option<&Key>, compiler: &mut Compiler<'_>) -> Option<Severities> {
    let schema = match text.is_state() {
        true => Schema::State,
        false => Schema::Notification,
    };
    let mut cases = Vec::new();
    for (severity, text) in &text.severity_if {
        if let Some(case) = compiler.expression(text, schema) {
            check(text, &case, schema, key, compiler);
            cases.push((severity.value, case));
        }
    }
    cases.sort_by_key(|(severity, _)| Reverse(*severity));
    (cases.len() == text.severity_if.len()).then(|| Severities {
        otherwise: text.severity.unwrap_or_default(),
        cases,
    })
}

fn check(text: &Spanned<String>, case: &Expr, schema: Schema, key: Option<&Key>, compiler: &mut Compiler<'_>) {
    let findings = &mut compiler.findings;
    if !case.could_ever_hold() {
        findings.warning(text.span, "this never holds, so it changes no severity");
    }
    let is_of_meeting = key.is_some_and(|key| !key.names_participant());
    if schema == Schema::State && is_of_meeting && case.reads().party {
        findings
            .error(text.span, "the state is the meeting's, and this reads a participant")
            .advise("read `meeting.…`, or add `party.party_id` to the key");
    }
}
