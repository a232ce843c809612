//! Everything that an input can cause outside the engine.

use super::outbox::{Attempt, Delivery};
use crate::model::{AlertEvent, SilenceId, Time};

/// One consequence. The driver lets it out only when the input that caused it is durable.
#[derive(Debug, Clone)]
pub enum Effect {
    /// The answer to a notification; one for each, in their order.
    Answer(Answer),
    /// Something happened to an alert.
    Alert(Box<AlertEvent>),
    /// A mail is to be sent now.
    Mail(Attempt),
    /// An attempt to send a mail ended.
    Delivery(Box<Delivery>),
    /// What became of something that an operator did; one for each.
    Acted(Acted),
}

/// What became of something that an operator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acted {
    /// It is done.
    Done,
    /// The silence is made; or there was one already that says the same.
    Silenced(SilenceId),
    /// Mails that try a receiver are on their way, with this date.
    Drilled(Time),
    /// No open alert has that id.
    NoSuchAlert,
    /// No silence that has not ended has that id.
    NoSuchSilence,
    /// There are as many silences as there may be.
    TooManySilences,
    /// The silence would end before it begins, or has ended already.
    SilenceIsOver,
    /// The silence's schedule opens at no time between its beginning and its end.
    SilenceNeverHolds,
    /// The filter does not compile.
    BadFilter,
    /// The schedule cannot be read.
    BadSchedule,
    /// No receiver has that name.
    NoSuchReceiver,
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was applied.
    Accepted {
        /// Its place in the order of acceptance.
        sequence: u64,
    },
    /// It had been applied before.
    Duplicate {
        /// The first one's sequence.
        sequence: u64,
    },
    /// Its id is known with other content; it was not applied.
    IdReused {
        /// The first one's sequence.
        sequence: u64,
    },
    /// The engine failed on it; it is left out. The driver's to say, never the engine's.
    Skipped,
}
