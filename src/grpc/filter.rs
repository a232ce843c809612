//! Filters over alerts, from the wire. What is wrong with one is told without what was written, since that may be about a person.

#[cfg(test)]
mod tests;

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
            // Where the filter has backquotes itself, nobody knows which of them are whose.
            let message = match text.contains(QUOTE) {
                true => "this is no filter".to_owned(),
                false => unquoted(&first.message),
            };
            Refused::bad_filter(message, column)
        })
}

const QUOTE: char = '`';

/// The same with nothing in its backquotes but signs.
fn unquoted(message: &str) -> String {
    let is_sign = |part: &str| part.chars().all(|c| c.is_ascii_punctuation());
    let parts = message.split(QUOTE).enumerate().map(|(i, part)| {
        let is_quoted = i % 2 == 1;
        if is_quoted && !is_sign(part) { "…" } else { part }
    });
    parts.collect::<Vec<_>>().join("`")
}
