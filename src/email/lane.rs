//! One SMTP connection at a time, used for one mail after another, each to one recipient.
//!
//! The one rule: a connection on which anything unforeseen happened is dropped, never used again. A reply read late would be taken
//! for the answer to a later mail.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{
    connection::Connection,
    message::Mail,
    offers::Offers,
    relay::Relay,
    reply::Reply,
    settings::Timeouts,
    step::{Failure, Step, reply, within},
    transaction::{Commands, Transaction},
    upcoming::Upcoming,
};
use crate::{
    engine::input::MailResult,
    metrics::{MailMetrics, OpenConnection},
};

/// After so many mails a connection is closed: some servers count, and answer with a refusal.
const MAILS_PER_CONNECTION: u32 = 100;
/// A relay that takes longer to say what it did with a mail does not hold up the next one, which another lane may send.
const PATIENCE: Duration = Duration::from_secs(1);
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
    /// What the relay has been told of the next mail, which is owed its answers.
    announced: Option<Commands>,
    _counted: OpenConnection,
}

/// How one relay took a mail.
enum Tried {
    /// It is decided: taken, judged, or perhaps taken.
    Ended(MailResult),
    /// This relay has not got the mail; another may take it.
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

    /// Hands one mail to the first relay that takes it. If it is cancelled, the connection is dropped.
    ///
    /// The first attempt at a mail begins at the relay that this lane is connected to, else at the first; each further one a relay later:
    /// what put a mail off for now may be the relay's own trouble.
    pub(super) async fn send(&mut self, mail: &Mail, attempt: u32, upcoming: &mut Upcoming) -> MailResult {
        let relays = self.relays.len();
        let first = match &self.open {
            Some(open) if attempt <= 1 => open.relay,
            _ => attempt.saturating_sub(1) as usize % relays.max(1),
        };
        let mut reasons = Vec::new();
        let mut are_hopeless = true;
        for place in (first..relays).chain(0..first) {
            match self.send_by(place, mail, upcoming).await {
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
        if let Some(open) = self.open.take() {
            open.leave().await;
        }
    }

    async fn send_by(&mut self, place: usize, mail: &Mail, upcoming: &mut Upcoming) -> Tried {
        if let Some(mut parked) = self.open.take_if(|open| open.relay == place)
            && parked.connection.is_in_step()
        {
            match self.send_over(parked, mail, upcoming).await {
                Ok(tried) => return tried,
                // The server had closed it, as servers do with idle ones, and a new one is worth a try.
                Err(Failure::Lost { step, .. }) if step != Step::Message => {}
                Err(failure) => return self.failed(place, &failure),
            }
        }
        let open = match self.connect(place).await {
            Ok(open) => open,
            Err(reason) => return Tried::not_now(reason),
        };
        let tried = self.send_over(open, mail, upcoming).await;
        tried.unwrap_or_else(|failure| self.failed(place, &failure))
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
            announced: None,
            _counted: counted,
        })
    }

    /// The error is what ended the connection.
    async fn send_over(&mut self, mut open: Open, mail: &Mail, upcoming: &mut Upcoming) -> Result<Tried, Failure> {
        let relays = self.relays.clone();
        let relay = &relays[open.relay];
        let told = |text: &dyn std::fmt::Display| format!("{}: {text}", relay.name());
        let transaction = match Transaction::new(mail, &open.offers) {
            Ok(transaction) => transaction,
            Err(reason) => {
                self.park(open).await;
                return Ok(Tried::NotHere {
                    reason: told(&reason),
                    is_hopeless: true,
                });
            }
        };
        match open.converse(&transaction, upcoming, &self.timeouts).await {
            Ok(reply) => {
                relay.works();
                self.park(open).await;
                Ok(Tried::Ended(MailResult::Sent(told(&reply))))
            }
            Err(Failure::No { step, reply }) => {
                // After a no to its message the relay waits for MAIL, and may have it already.
                if open.announced.is_some() || self.reset(&mut open.connection).await {
                    self.park(open).await;
                }
                let text = told(&reply);
                Ok(if step == Step::Sender {
                    Tried::not_now(text)
                } else if is_refusal(reply.code) {
                    relay.works();
                    Tried::Ended(MailResult::Refused(text))
                } else {
                    Tried::Ended(MailResult::Deferred(text))
                })
            }
            Err(failure) => Err(failure),
        }
    }

    /// What it means for a mail that its connection ended: only after the message has been sent may the relay have taken it.
    fn failed(&self, place: usize, failure: &Failure) -> Tried {
        let relay = &self.relays[place];
        relay.fails(failure);
        if let Failure::Silence { step, .. } = failure {
            self.metrics.timed_out(step.name());
        }
        let text = format!("{}: {failure}", relay.name());
        if failure.step() != Step::Message {
            return Tried::not_now(text);
        }
        if matches!(failure, Failure::Closing { .. }) {
            return Tried::Ended(MailResult::Deferred(text));
        }
        self.metrics.ambiguous();
        Tried::Ended(MailResult::Deferred(format!("{text}; it may have arrived")))
    }

    async fn reset(&mut self, smtp: &mut Connection) -> bool {
        reply(Step::Reset, self.timeouts.command, 250..=250, smtp.ask("RSET"))
            .await
            .is_ok()
    }

    async fn park(&mut self, mut open: Open) {
        open.mails += 1;
        let leaving = if open.mails >= MAILS_PER_CONNECTION {
            Some(open)
        } else {
            self.open.replace(open)
        };
        if let Some(leaving) = leaving {
            leaving.leave().await;
        }
    }
}

impl Open {
    /// Hands a mail over, and tells the relay of the next one in the same breath.
    async fn converse(
        &mut self,
        transaction: &Transaction<'_>,
        upcoming: &mut Upcoming,
        timeouts: &Timeouts,
    ) -> Result<Reply, Failure> {
        let announced = self.announced.take();
        transaction.ask(&mut self.connection, timeouts, announced).await?;
        self.announced = self.next(upcoming);
        let mut sending = pin!(transaction.send(&mut self.connection, timeouts, self.announced.as_ref()));
        match timeout(PATIENCE, &mut sending).await {
            Ok(ended) => ended,
            Err(_) => {
                upcoming.give_back();
                sending.await
            }
        }
    }

    /// What the relay can be told of the mail that comes next, if it takes several commands at once and that mail goes by this connection.
    fn next(&self, upcoming: &mut Upcoming) -> Option<Commands> {
        if !self.offers.pipelining || self.mails + 1 >= MAILS_PER_CONNECTION {
            return None;
        }
        let next = upcoming.look().filter(|next| next.taken.attempt.number <= 1)?;
        let transaction = Transaction::new(next.mail.as_ref().ok()?, &self.offers).ok()?;
        Some(transaction.into_commands())
    }

    async fn leave(mut self) {
        if self.announced.is_some() {
            // It waits for a message, which a goodbye would be.
            return;
        }
        // The mails are through; whether the server hears it does not matter.
        let _ = within(Step::Quit, QUIT, self.connection.ask("QUIT")).await;
    }
}

/// Whether a no with this code, after MAIL, is meant for this mail for good. Bad sequences (503), unknown commands (500, 502) and
/// missing logins (530, 534, 535, 538) are about us: a wrong configuration must not burn mails.
fn is_refusal(code: u16) -> bool {
    (500..600).contains(&code) && !matches!(code, 500 | 502 | 503 | 530 | 534 | 535 | 538)
}
