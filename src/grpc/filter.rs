//! Filters over alerts, from the wire.

use super::status::Refused;
use crate::rules::expr::{Defines, Expr, MAX_FILTER, Schema};

/// Compiles a filter; an empty one matches everything.
pub(super) fn compile(text: &str) -> Result<Option<Expr>, Refused> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    Expr::compile(text, Schema::Alert, &Defines::default(), MAX_FILTER)
        .map(Some)
        .map_err(|mistakes| {
            let Some(first) = mistakes.into_iter().next() else {
                return Refused::internal();
            };
            let column = text
                .get(..first.span.start)
                .map_or(1, |before| before.chars().count() + 1);
            let message = match first.advice {
                Some(advice) => format!("{} ({advice})", first.message),
                None => first.message,
            };
            Refused::bad_filter(message, column)
        })
}
