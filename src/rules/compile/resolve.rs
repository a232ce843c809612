//! When the alerts of a rule end by themselves.

use std::time::Duration;

use super::{
    Compiler,
    key::{Kinds, kinds_with},
};
use crate::rules::{
    Condition, Key, Resolve,
    diagnostic::{Findings, Spanned},
    expr::Schema,
    file::{ResolveText, RuleText},
};

/// After this long without a match an alert ends whose rule does not say when.
const DEFAULT_AFTER: Duration = Duration::from_mins(10);

/// `None` if there is a mistake in it. The key is `None` where that has mistakes of its own.
pub(super) fn resolve(
    text: &RuleText,
    condition: &Condition,
    key: Option<&Key>,
    compiler: &mut Compiler<'_>,
) -> Option<Resolve> {
    match (condition, &text.resolve) {
        (Condition::Held { .. }, None) => Some(Resolve {
            when: None,
            after: None,
        }),
        (Condition::Held { .. }, Some(written)) => {
            let error = compiler
                .findings
                .error(written.span, "`resolve` does not go with `while`");
            error.advise("the alert of a state ends with it; `keep_firing_for` puts the end off");
            None
        }
        (_, None) => Some(Resolve {
            when: None,
            after: Some(DEFAULT_AFTER),
        }),
        (_, Some(written)) => written_resolve(written, key, compiler),
    }
}

fn written_resolve(written: &ResolveText, key: Option<&Key>, compiler: &mut Compiler<'_>) -> Option<Resolve> {
    if let Some(after) = written.after.filter(|after| after.value.is_zero()) {
        compiler
            .findings
            .error(after.span, "an alert cannot end as it begins")
            .advise("write more than `0s`");
    }
    let when = match &written.when {
        Some(text) => {
            let expr = compiler.expression(text, Schema::Notification)?;
            check_reach(text, Kinds::of(&expr), key, &mut compiler.findings);
            Some(expr)
        }
        None => None,
    };
    let after = written.after.map(|after| after.value);
    Some(Resolve {
        after: after.or_else(|| when.is_none().then_some(DEFAULT_AFTER)),
        when,
    })
}

/// What ends an alert must have some part of its key, or it would end every alert of the rule.
fn check_reach(text: &Spanned<String>, kinds: Kinds, key: Option<&Key>, findings: &mut Findings<'_>) {
    if kinds == Kinds::NONE {
        findings.warning(text.span, "this never holds, so it ends no alert");
        return;
    }
    let Some(key) = key.filter(|key| !key.fields.is_empty()) else {
        return;
    };
    let reaches = |kind: fn(Kinds) -> bool| key.fields.iter().any(|field| kind(kinds_with(*field)));
    let blind = match (
        kinds.conf && !reaches(|kinds| kinds.conf),
        kinds.party && !reaches(|kinds| kinds.party),
    ) {
        (true, _) => "conf",
        (_, true) => "party",
        _ => return,
    };
    let message = format!("this can hold for a {blind} notification, which has no part of the rule's key");
    let error = findings.error(text.span, message);
    error.advise("it would end every alert of the rule; add the meeting to the key, or narrow this down");
}
