//! When the alerts of a rule end by themselves.

use std::time::Duration;

use super::{Compiler, reach};
use crate::rules::{
    Key, Resolve,
    expr::Schema,
    file::{ResolveText, RuleText},
};

/// After this long without a match an alert ends whose rule does not say when.
const DEFAULT_AFTER: Duration = Duration::from_mins(10);

/// `None` if there is a mistake in it. The key is `None` where that, or the condition, has mistakes of its own.
pub(super) fn resolve(text: &RuleText, key: Option<&Key>, compiler: &mut Compiler<'_>) -> Option<Resolve> {
    let ends_with = if text.is_state() {
        Some((
            "`resolve` does not go with `while`",
            "the alert of a state ends with it; `keep_firing_for` puts the end off",
        ))
    } else if text.condition.place_of("quiet").is_some() {
        Some((
            "`resolve` does not go with `quiet`",
            "the alert ends when it is not quiet any more",
        ))
    } else {
        None
    };
    match (ends_with, &text.resolve) {
        (Some(_), None) => Some(Resolve {
            when: None,
            after: None,
        }),
        (Some((message, advice)), Some(written)) => {
            compiler.findings.error(written.span, message).advise(advice);
            None
        }
        (None, None) => Some(Resolve {
            when: None,
            after: Some(DEFAULT_AFTER),
        }),
        (None, Some(written)) => written_resolve(written, key, compiler),
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
            reach::check(text.span, &expr, key, "it ends no alert", &mut compiler.findings);
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
