//! One step of an SMTP conversation: its deadline, the reply that it needs, and what any other end of it means.

use std::{fmt, io, ops::RangeInclusive, time::Duration};

use tokio::time::timeout;

use super::{reply::Reply, secret::SecretError, tls::told};

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Looking the name up and connecting.
    Connect,
    /// TLS, whether from the first byte or after STARTTLS.
    Handshake,
    /// The server's first word.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Login,
    /// MAIL.
    Sender,
    /// RCPT.
    Recipient,
    /// DATA, and the message up to its final dot.
    Data,
    /// The reply to the final dot.
    Message,
    /// RSET.
    Reset,
    /// QUIT.
    Quit,
}

impl Step {
    /// A step's name in metrics and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Handshake => "TLS",
            Self::Greeting => "greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Login => "AUTH",
            Self::Sender => "MAIL",
            Self::Recipient => "RCPT",
            Self::Data => "DATA",
            Self::Message => "message",
            Self::Reset => "RSET",
            Self::Quit => "QUIT",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a step did not go as it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The server said no, with 4yz or 5yz. The conversation goes on.
    #[error("{reply}")]
    No {
        /// To what.
        step: Step,
        /// What it said.
        reply: Reply,
    },
    /// 421: the server is closing the connection, and asks to be left alone for a while (RFC 5321, 3.8).
    #[error("{reply}")]
    Closing {
        /// At which step.
        step: Step,
        /// What it said.
        reply: Reply,
    },
    /// A reply that fits another step. Whatever comes next cannot be trusted to belong to what was asked.
    #[error("{reply} is no answer to {step}")]
    Unexpected {
        /// At which step.
        step: Step,
        /// What was said.
        reply: Reply,
    },
    /// Nothing came in time.
    #[error("no answer to {step} within {limit:?}")]
    Silence {
        /// At which step.
        step: Step,
        /// What its time was.
        limit: Duration,
    },
    /// The connection failed, or was closed.
    #[error("{step}: {}", told(source))]
    Lost {
        /// At which step.
        step: Step,
        /// Why.
        source: io::Error,
    },
    /// Encryption or a login is asked for that the server does not have. It gets nothing.
    #[error("{what} is required but not offered")]
    NotOffered {
        /// At which step.
        step: Step,
        /// What is missing.
        what: &'static str,
    },
    /// The password cannot be read any more.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl Failure {
    /// At which step it came.
    pub(super) fn step(&self) -> Step {
        match self {
            Self::No { step, .. }
            | Self::Closing { step, .. }
            | Self::Unexpected { step, .. }
            | Self::Silence { step, .. }
            | Self::Lost { step, .. }
            | Self::NotOffered { step, .. } => *step,
            Self::Secret(_) => Step::Login,
        }
    }
}

/// Waits for a reply with one of these codes, for so long at most. What is given up is half done: its connection must be dropped.
pub(super) async fn reply(
    step: Step,
    limit: Duration,
    needed: RangeInclusive<u16>,
    conversation: impl Future<Output = io::Result<Reply>>,
) -> Result<Reply, Failure> {
    let reply = within(step, limit, conversation).await?;
    match reply.code {
        code if needed.contains(&code) => Ok(reply),
        421 => Err(Failure::Closing { step, reply }),
        400.. => Err(Failure::No { step, reply }),
        _ => Err(Failure::Unexpected { step, reply }),
    }
}

/// Waits for anything else, for so long at most.
pub(super) async fn within<T>(
    step: Step,
    limit: Duration,
    conversation: impl Future<Output = io::Result<T>>,
) -> Result<T, Failure> {
    match timeout(limit, conversation).await {
        Ok(result) => result.map_err(|source| Failure::Lost { step, source }),
        Err(_) => Err(Failure::Silence { step, limit }),
    }
}
