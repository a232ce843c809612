//! One step of an SMTP conversation: its deadline, the answer that it needs, and what any other answer means.

use std::{ops::RangeInclusive, time::Duration};

use lettre::transport::smtp::{Error, response::Response};
use tokio::time::timeout;

use super::header_text::one_line;

/// Longest text kept of an answer, in characters.
const MAX_TEXT: usize = 300;

/// What a server said: its code and its text on one harmless line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub code: u16,
    pub text: String,
}

/// Why a step did not go as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server said no, with 4yz or 5yz. The conversation goes on.
    No(Answer),
    /// Silence, a lost connection, 421, or an answer that fits another step. Whatever comes next on this connection cannot be
    /// trusted to belong to what was asked.
    Lost(String),
}

impl Failure {
    /// A line for the record: `550 5.1.1 no such user`.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::No(answer) => &answer.text,
            Self::Lost(text) => text,
        }
    }
}

/// Takes one step: `name` is the command's, for the record; `needed` are the codes that let the conversation go on. lettre itself
/// takes any 2yz or 3yz for success and waits for ever.
pub(super) async fn step(
    name: &str,
    limit: Duration,
    needed: RangeInclusive<u16>,
    conversation: impl Future<Output = Result<Response, Error>>,
) -> Result<Answer, Failure> {
    match within(name, limit, conversation).await? {
        Ok(response) => {
            let code = u16::from(response.code());
            let lines: Vec<&str> = response.message().collect();
            let text = one_line(&format!("{code} {}", lines.join(" ")), MAX_TEXT);
            if needed.contains(&code) {
                Ok(Answer { code, text })
            } else {
                Err(Failure::Lost(format!("{text} is no answer to {name}")))
            }
        }
        Err(error) => Err(failure(name, &error)),
    }
}

/// Waits for so long at most. What is given up is half done: its connection must be dropped.
pub(super) async fn within<T>(name: &str, limit: Duration, future: impl Future<Output = T>) -> Result<T, Failure> {
    timeout(limit, future)
        .await
        .map_err(|_| Failure::Lost(format!("no answer to {name} within {limit:?}")))
}

/// What an error of lettre's means at that step.
pub(super) fn failure(name: &str, error: &Error) -> Failure {
    let cause = root_cause(error);
    match error.status().map(u16::from) {
        // The service is closing the connection (RFC 5321, 3.8).
        Some(421) => Failure::Lost(one_line(&format!("421 {cause}"), MAX_TEXT)),
        Some(code) => Failure::No(Answer {
            code,
            text: one_line(&format!("{code} {cause}"), MAX_TEXT),
        }),
        None => Failure::Lost(one_line(&format!("{name}: {cause}"), MAX_TEXT)),
    }
}

/// The innermost error: a server's text, or what the system said. Those around it repeat it.
fn root_cause(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
