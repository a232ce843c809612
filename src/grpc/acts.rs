//! What operators do: their names and comments are checked, and what they do is an input like any other. What became of it is mostly
//! told by the service that was asked.

use std::time::Duration;

use super::status::Refused;
use crate::{
    engine::{effect::Acted, input::Input},
    model::malformed::is_hidden,
    service::{Handle, Unavailable},
};

/// Who acts where nobody is named.
const ANONYMOUS: &str = "anonymous";

/// The longest name of somebody who acts, in bytes.
const LONGEST_NAME: usize = 128;

/// The longest comment, in bytes.
const LONGEST_COMMENT: usize = 1 << 10;

/// When to come back to storage without room, or after a drain.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Does it; returns once it is durable and decided upon.
pub(super) async fn act(handle: &Handle, input: Input) -> Result<Acted, Refused> {
    handle.act(input).await.map_err(unavailable)
}

/// Why the service does not take anything now.
pub(super) fn unavailable(cause: Unavailable) -> Refused {
    match cause {
        Unavailable::QueueFull => Refused::queue_full(RETRY_AFTER),
        Unavailable::NoSpace => Refused::storage_refuses(RETRY_AFTER),
        Unavailable::TooLarge => Refused::message_too_large(),
        Unavailable::Stopping => Refused::draining(RETRY_AFTER),
        Unavailable::Skipped => Refused::internal(),
    }
}

/// Who acts, as the caller names them.
pub(super) fn name(given: String, field: &'static str) -> Result<String, Refused> {
    check(&given, field, LONGEST_NAME)?;
    Ok(if given.trim().is_empty() {
        ANONYMOUS.to_owned()
    } else {
        given
    })
}

/// Why, as the caller says it.
pub(super) fn comment(given: String) -> Result<String, Refused> {
    check(&given, "comment", LONGEST_COMMENT)?;
    Ok(given)
}

fn check(given: &str, field: &'static str, longest: usize) -> Result<(), Refused> {
    if given.len() > longest {
        return Err(Refused::invalid(
            field,
            "VALUE_TOO_LONG",
            format!("{longest} bytes at most"),
        ));
    }
    if given.chars().any(is_hidden) {
        let advice = "must not hold control or bidirectional characters";
        return Err(Refused::invalid(field, "CONTROL_CHARACTER", advice));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_comments_are_bounded_and_visible() {
        assert_eq!(name(" ".to_owned(), "author").as_deref(), Ok("anonymous"));
        assert_eq!(name("王 Wang".to_owned(), "author").as_deref(), Ok("王 Wang"));
        assert_eq!(comment("c".repeat(1024)).map(|comment| comment.len()), Ok(1024));
        for (given, reason) in [
            ("c".repeat(1025), "VALUE_TOO_LONG"),
            ("two\nlines".to_owned(), "CONTROL_CHARACTER"),
            ("gnp.\u{202e}exe".to_owned(), "CONTROL_CHARACTER"),
        ] {
            assert_eq!(comment(given.clone()).unwrap_err().reason(), reason);
            assert_eq!(name(given, "author").unwrap_err().reason(), reason);
        }
    }
}
