//! One SMTP connection at a time, used for one mail after another, each to one recipient.
//!
//! The one rule: a connection on which anything unforeseen happened is dropped, never used again. A reply read late would be taken
//! for the answer to a later mail.

use std::{sync::Arc, time::Duration};

use super::{
    connection::Connection,
    message::Mail,
    offers::Offers,
    relay::Relay,
    settings::Timeouts,
    step::{Failure, Step, reply, within},
    transaction::Transaction,
};
use crate::{
    engine::input::MailResult,
    metrics::{MailMetrics, OpenConnection},
};

/// After so many mails a connection is closed: some servers count, and answer with a refusal.
const MAILS_PER_CONNECTION: u32 = 100;
/// How long a goodbye may take.
const QUIT: Duration = Duration::from_secs(5);

/// Sends mails one after another.
pub(super) struct Lane {
    relays: Arc<[Relay]>,
    timeouts: Timeouts,
    metrics: MailMetrics,
    open: Option<Open>,
}

struct Open {
    connection: Connection,
    offers: Offers,
    /// The relay's place in the list.
    relay: usize,
    mails: u32,
    _counted: OpenConnection,
}

/// How one relay took a mail.
enum Tried {
    /// It is decided: taken, judged, or perhaps taken.
    Ended(MailResult),
    /// Nothing was asked that this relay could act upon; another may take it.
    NotHere {
        reason: String,
        /// Asking this one again would not help.
        is_hopeless: bool,
    },
}

impl Tried {
    fn not_now(reason: String) -> Self {
        Self::NotHere {
            reason,
            is_hopeless: false,
        }
    }
}

impl Lane {
    /// Connects when the first mail comes.
    pub(super) fn new(relays: Arc<[Relay]>, timeouts: Timeouts, metrics: MailMetrics) -> Self {
        Self {
            relays,
            timeouts,
            metrics,
            open: None,
        }
    }

    /// Whether there is a connection that should be closed some time.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Hands one mail to the first relay that can be asked. If it is cancelled, the connection is dropped.
    pub(super) async fn send(&mut self, mail: &Mail) -> MailResult {
        if let Some(mut parked) = self.open.take()
            && parked.connection.is_quiet()
            && let Tried::Ended(result) = self.send_over(parked, mail).await
        {
            // Otherwise the server had closed it, as servers do with idle ones, and a new one is worth a try.
            return result;
        }
        let mut reasons = Vec::new();
        let mut are_hopeless = true;
        for place in 0..self.relays.len() {
            let tried = match self.connect(place).await {
                Ok(open) => self.send_over(open, mail).await,
                Err(reason) => Tried::not_now(reason),
            };
            match tried {
                Tried::Ended(result) => return result,
                Tried::NotHere { reason, is_hopeless } => {
                    are_hopeless &= is_hopeless;
                    reasons.push(reason);
                }
            }
        }
        let reasons = reasons.join("; ");
        if are_hopeless {
            MailResult::Refused(reasons)
        } else {
            MailResult::Deferred(reasons)
        }
    }

    /// Says goodbye, if there is a connection.
    pub(super) async fn close(&mut self) {
        if let Some(mut open) = self.open.take() {
            // The mails are through; whether the server hears it does not matter.
            let _ = within(Step::Quit, QUIT, open.connection.ask("QUIT")).await;
        }
    }

    async fn connect(&mut self, place: usize) -> Result<Open, String> {
        let relay = &self.relays[place];
        let told = |reason: String| format!("{}: {reason}", relay.name());
        if let Some(reason) = relay.cooling() {
            return Err(told(reason));
        }
        let counted = self.metrics.connection(relay.name());
        let (connection, offers) = relay.connect().await.map_err(|failure| told(failure.to_string()))?;
        Ok(Open {
            connection,
            offers,
            relay: place,
            mails: 0,
            _counted: counted,
        })
    }

    async fn send_over(&mut self, mut open: Open, mail: &Mail) -> Tried {
        let relays = self.relays.clone();
        let relay = &relays[open.relay];
        let told = |text: &dyn std::fmt::Display| format!("{}: {text}", relay.name());
        let transaction = match Transaction::new(mail, &open.offers) {
            Ok(transaction) => transaction,
            Err(reason) => {
                self.park(open).await;
                return Tried::NotHere {
                    reason: told(&reason),
                    is_hopeless: true,
                };
            }
        };
        let failure = match transaction.run(&mut open.connection, &self.timeouts).await {
            Ok(reply) => {
                self.park(open).await;
                return Tried::Ended(MailResult::Sent(told(&reply)));
            }
            Err(failure) => failure,
        };
        let text = told(&failure);
        match &failure {
            Failure::No { step, reply } => {
                if self.reset(&mut open.connection).await {
                    self.park(open).await;
                }
                return if *step == Step::Sender {
                    Tried::not_now(text)
                } else if is_refusal(reply.code) {
                    Tried::Ended(MailResult::Refused(text))
                } else {
                    Tried::Ended(MailResult::Deferred(text))
                };
            }
            Failure::Closing { .. } => relay.fails(&failure),
            Failure::Silence { step, .. } => self.metrics.timed_out(step.name()),
            _ => {}
        }
        match failure.step() {
            Step::Sender => Tried::not_now(text),
            Step::Message if !matches!(failure, Failure::Closing { .. }) => {
                self.metrics.ambiguous();
                Tried::Ended(MailResult::Deferred(format!("{text}; it may have arrived")))
            }
            _ => Tried::Ended(MailResult::Deferred(text)),
        }
    }

    async fn reset(&mut self, smtp: &mut Connection) -> bool {
        reply(Step::Reset, self.timeouts.command, 250..=250, smtp.ask("RSET"))
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

/// Whether a no with this code, after MAIL, is meant for this mail for good. Bad sequences (503), unknown commands (500, 502) and
/// missing logins (530, 534, 535, 538) are about us: a wrong configuration must not burn mails.
fn is_refusal(code: u16) -> bool {
    (500..600).contains(&code) && !matches!(code, 500 | 502 | 503 | 530 | 534 | 535 | 538)
}
