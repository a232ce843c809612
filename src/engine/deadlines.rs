//! What happens by the mere passing of time: absolute deadlines in one order, (deadline, age). Waiting for them is absent: the driver
//! asks for the next one and hands in an input when it has passed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    delivery::{DeskNo, GroupNo},
    keyed::KeyPlace,
    lifecycle::AlertAge,
    meeting::Place,
    outbox::Ticket,
};
use crate::model::{SilenceId, Time};

/// What falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Timer {
    /// A state has lasted as long as its rule asks, or has been gone as long as the rule keeps firing.
    Hold {
        /// Whose state.
        subject: Subject,
        /// Index of the rule.
        rule: u32,
    },
    /// What a rule waits for at a key has not come.
    Key(KeyPlace),
    /// Keys of this rule may have been idle for so long that nothing can come of them any more.
    Sweep(u32),
    /// The grace after a meeting's end is over.
    Grace(Place),
    /// A meeting may have been silent for too long; looked at again when it falls due.
    Idle(Place),
    /// What is remembered of a closed occurrence may be forgotten.
    Forget(Place),
    /// An alert may have gone without a match for too long; looked at again when it falls due.
    Expire(AlertAge),
    /// An update of an alert that was held back is told.
    Update(AlertAge),
    /// A mail is tried again.
    Mail(Ticket),
    /// A mail may have waited for too long.
    MailWaiting,
    /// There may be something to tell of a group.
    Group(GroupNo),
    /// What was held back for a receiver is told.
    Digest(DeskNo),
    /// A mail about a group has been on its way for too long.
    Stuck(GroupNo),
    /// A digest has been on its way for too long.
    StuckDigest(DeskNo),
    /// A silence begins or ends.
    Silence(SilenceId),
    /// A schedule opens or closes, by its index.
    Schedule(u32),
}

impl Timer {
    /// Whose it is, if it is a rule's.
    pub fn rule(&self) -> Option<u32> {
        match self {
            Self::Hold { rule, .. } | Self::Key(KeyPlace { rule, .. }) | Self::Sweep(rule) => Some(*rule),
            _ => None,
        }
    }
}

/// Whose state a held rule watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subject {
    /// The occurrence of the meeting.
    pub place: Place,
    /// The participant, by its seat there; `None`: the meeting itself.
    pub seat: Option<u32>,
}

/// A deadline that was set; gives it back to cancel it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Deadline {
    at: Time,
    age: Age,
}

impl Deadline {
    /// When it falls due.
    pub const fn at(self) -> Time {
        self.at
    }

    /// When it was set.
    pub const fn age(self) -> Age {
        self.age
    }
}

/// When a deadline was set: of two that fall due at the same instant, the older one does first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Age(u64);

/// The ages below this one are ranks of what comes first at its instant.
const FIRST_AGE: u64 = 1 << 32;

/// The ages from this one on are ranks of what comes last at its instant.
const LAST_AGE: u64 = 1 << 63;

/// All deadlines.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Deadlines {
    due: BTreeMap<Deadline, Timer>,
    /// The time of the first, which is asked for before and after each input.
    next: Option<Time>,
    next_age: u64,
}

impl Deadlines {
    /// Sets a deadline. One that has passed already falls due right after the input at hand.
    pub fn set(&mut self, at: Time, timer: Timer) -> Deadline {
        let age = self.age();
        self.set_aged(at, age, timer)
    }

    /// The age of a deadline that is set now. Moving one ahead costs no more than that: it is looked at when it falls due, and then set
    /// anew with [`Self::set_aged`].
    pub fn age(&mut self) -> Age {
        let age = Age(FIRST_AGE + self.next_age);
        self.next_age += 1;
        age
    }

    /// Sets a deadline in the place that it would have had, had it been set when its age was taken.
    pub fn set_aged(&mut self, at: Time, age: Age, timer: Timer) -> Deadline {
        let deadline = Deadline { at, age };
        self.due.insert(deadline, timer);
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
        deadline
    }

    /// Sets a deadline that falls due before all others of its instant, in the order of these ranks; there is one a rank and instant.
    pub fn set_first(&mut self, at: Time, rank: u32, timer: Timer) -> Deadline {
        self.set_aged(at, Age(rank.into()), timer)
    }

    /// Sets a deadline that falls due after all others of its instant, in the order of these ranks, which have 63 bits; there is one a
    /// rank and instant.
    pub fn set_last(&mut self, at: Time, rank: u64, timer: Timer) -> Deadline {
        self.set_aged(at, Age(LAST_AGE | rank), timer)
    }

    /// Takes a deadline back; no harm if it has fallen due.
    pub fn cancel(&mut self, deadline: Deadline) {
        self.due.remove(&deadline);
        if self.next == Some(deadline.at) {
            self.find_next();
        }
    }

    /// The earliest.
    pub fn next(&self) -> Option<Time> {
        self.next
    }

    /// How many are earlier than that.
    pub fn due_by(&self, time: Time) -> u64 {
        self.due.range(..Deadline { at: time, age: Age(0) }).count() as u64
    }

    /// Takes out the earliest, if it is not later than that.
    #[inline]
    pub fn pop(&mut self, until: Time) -> Option<(Time, Timer)> {
        self.next.filter(|next| *next <= until)?;
        let (deadline, timer) = self.due.pop_first()?;
        self.find_next();
        Some((deadline.at, timer))
    }

    /// Gives every rule its new index; timers of rules that are gone drop.
    pub fn renumber(&mut self, kept: &[Option<u32>]) {
        self.due.retain(|_, timer| match timer {
            Timer::Hold { rule, .. } | Timer::Key(KeyPlace { rule, .. }) | Timer::Sweep(rule) => {
                match kept.get(*rule as usize).copied().flatten() {
                    Some(new) => {
                        *rule = new;
                        true
                    }
                    None => false,
                }
            }
            _ => true,
        });
        self.find_next();
    }

    fn find_next(&mut self) {
        self.next = self.due.keys().next().map(|deadline| deadline.at);
    }

    /// How many clocks of each rule run.
    pub fn by_rule(&self) -> BTreeMap<u32, u64> {
        let mut counts = BTreeMap::new();
        for timer in self.due.values() {
            if let Timer::Hold { rule, .. } | Timer::Key(KeyPlace { rule, .. }) = timer {
                *counts.entry(*rule).or_default() += 1;
            }
        }
        counts
    }

    /// How many are set.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.due.len()
    }
}
