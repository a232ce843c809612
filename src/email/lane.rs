//! One SMTP connection at a time, used for one mail after another, each to one recipient.
//!
//! The one rule: a connection on which anything unforeseen happened is dropped, never used again. A reply read late would be taken
//! for the answer to a later mail.

use std::{sync::Arc, time::Duration};

use lettre::transport::smtp::{
    client::AsyncSmtpConnection,
    commands::{Data, Mail as MailFrom, Rcpt, Rset},
};

use super::{
    answer::{Answer, Failure, step, within},
    message::Mail,
    relay::Relay,
    settings::Timeouts,
};
use crate::engine::input::MailResult;

/// After so many mails a connection is closed: some servers count, and answer with a refusal.
const MAILS_PER_CONNECTION: u32 = 100;
/// How long a goodbye may take.
const QUIT: Duration = Duration::from_secs(5);

/// Sends mails one after another.
pub(super) struct Lane {
    relays: Arc<[Relay]>,
    timeouts: Timeouts,
    open: Option<Open>,
}

struct Open {
    smtp: AsyncSmtpConnection,
    relay: String,
    mails: u32,
}

/// How far a mail got before its conversation was lost.
enum Lost {
    /// Nothing was asked that a server could act upon.
    BeforeRecipient(String),
    /// The server may have taken it.
    Later(String),
}

impl Lane {
    /// Connects when the first mail comes.
    pub(super) fn new(relays: Arc<[Relay]>, timeouts: Timeouts) -> Self {
        Self {
            relays,
            timeouts,
            open: None,
        }
    }

    /// Whether there is a connection that should be closed some time.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Hands one mail to the first relay that can be connected. If it is cancelled, the connection is dropped.
    pub(super) async fn send(&mut self, mail: &Mail) -> MailResult {
        if let Some(parked) = self.open.take() {
            match self.send_over(parked, mail).await {
                // Servers close idle connections, and that shows at the next use only. It says nothing about the relay.
                Err(Lost::BeforeRecipient(_)) => {}
                Err(Lost::Later(text)) => return MailResult::Deferred(text),
                Ok(result) => return result,
            }
        }
        let open = match self.connect().await {
            Ok(open) => open,
            Err(text) => return MailResult::Deferred(text),
        };
        match self.send_over(open, mail).await {
            Err(Lost::BeforeRecipient(text) | Lost::Later(text)) => MailResult::Deferred(text),
            Ok(result) => result,
        }
    }

    /// Says goodbye, if there is a connection.
    pub(super) async fn close(&mut self) {
        if let Some(mut open) = self.open.take() {
            // The mails are through; whether the server hears it does not matter.
            let _ = within("QUIT", QUIT, open.smtp.quit()).await;
        }
    }

    async fn connect(&self) -> Result<Open, String> {
        let (shunned, fit): (Vec<_>, Vec<_>) = self.relays.iter().partition(|relay| relay.is_shunned());
        let mut reasons = Vec::new();
        for relay in fit.into_iter().chain(shunned) {
            match relay.connect().await {
                Ok(smtp) => {
                    return Ok(Open {
                        smtp,
                        relay: relay.name(),
                        mails: 0,
                    });
                }
                Err(failure) => reasons.push(format!("{}: {}", relay.name(), failure.text())),
            }
        }
        Err(reasons.join("; "))
    }

    async fn send_over(&mut self, mut open: Open, mail: &Mail) -> Result<MailResult, Lost> {
        let result = self.converse(&mut open.smtp, mail).await;
        let told = |text: &str| format!("{}: {text}", open.relay);
        match result {
            Ok(answer) => {
                let text = told(&answer.text);
                self.park(open).await;
                Ok(MailResult::Sent(text))
            }
            Err((Step::Mail, Failure::Lost(text))) => Err(Lost::BeforeRecipient(told(&text))),
            Err((_, Failure::Lost(text))) => Err(Lost::Later(told(&text))),
            Err((at, Failure::No(answer))) => {
                let text = told(&answer.text);
                if self.reset(&mut open.smtp).await {
                    self.park(open).await;
                }
                Ok(if at.is_refusal(answer.code) {
                    MailResult::Refused(text)
                } else {
                    MailResult::Deferred(text)
                })
            }
        }
    }

    /// MAIL, RCPT, DATA, the message (RFC 5321, 3.3).
    async fn converse(&self, smtp: &mut AsyncSmtpConnection, mail: &Mail) -> Result<Answer, (Step, Failure)> {
        let Timeouts { command, message, .. } = self.timeouts;
        let mail_from = MailFrom::new(Some(mail.from.clone()), Vec::new());
        step("MAIL", command, 250..=250, smtp.command(mail_from))
            .await
            .map_err(|failure| (Step::Mail, failure))?;
        let rcpt = Rcpt::new(mail.to.clone(), Vec::new());
        step("RCPT", command, 250..=252, smtp.command(rcpt))
            .await
            .map_err(|failure| (Step::Recipient, failure))?;
        step("DATA", command, 354..=354, smtp.command(Data))
            .await
            .map_err(|failure| (Step::Message, failure))?;
        step(
            "the message",
            message,
            250..=259,
            smtp.command(on_the_wire(&mail.bytes)),
        )
        .await
        .map_err(|failure| (Step::Message, failure))
    }

    async fn reset(&self, smtp: &mut AsyncSmtpConnection) -> bool {
        step("RSET", self.timeouts.command, 250..=250, smtp.command(Rset))
            .await
            .is_ok()
    }

    async fn park(&mut self, mut open: Open) {
        open.mails += 1;
        let is_used_up = open.mails >= MAILS_PER_CONNECTION;
        self.open = Some(open);
        if is_used_up {
            self.close().await;
        }
    }
}

/// The message with its dots doubled (RFC 5321, 4.5.2) and the final dot. lettre would write that dot by itself, and wait 40 ms for
/// the acknowledgement of what went before.
fn on_the_wire(message: &[u8]) -> String {
    let message = String::from_utf8_lossy(message);
    let stuffed = message.replace("\r\n.", "\r\n..");
    let first_dot = if message.starts_with('.') { "." } else { "" };
    let line_end = if message.ends_with("\r\n") { "" } else { "\r\n" };
    format!("{first_dot}{stuffed}{line_end}.\r\n")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Mail,
    Recipient,
    Message,
}

impl Step {
    /// Whether a no with this code is meant for this mail for good. 5yz to MAIL is about us, and so are, anywhere, bad sequences
    /// (503), unknown commands (500, 502) and missing logins (530, 534, 535, 538): a wrong configuration must not burn mails.
    fn is_refusal(self, code: u16) -> bool {
        let about_us = matches!(code, 500 | 502 | 503 | 530 | 534 | 535 | 538);
        self != Self::Mail && (500..600).contains(&code) && !about_us
    }
}

#[cfg(test)]
mod tests {
    use super::on_the_wire;

    #[test]
    fn only_the_last_dot_ends_a_message() {
        for (message, wire) in [
            ("", "\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".\r\n.\r\n..b\r\n", "..\r\n..\r\n...b\r\n.\r\n"),
        ] {
            assert_eq!(on_the_wire(message.as_bytes()), wire);
        }
    }
}
