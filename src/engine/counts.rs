//! What the engine counts, for operators to see. It decides nothing.

use serde::{Deserialize, Serialize};

use crate::model::{Payload, Time};

/// Counts since the store was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Notifications of a meeting.
    pub conf: KindCounts,
    /// Notifications of a participant.
    pub party: KindCounts,
    /// Notifications that said what the last one said.
    pub repeats: u64,
    /// Notifications older than the lateness bound, or that came after newer ones.
    pub late: u64,
    /// Notifications from the future.
    pub early: u64,
    /// Codes that the vendor's tables do not list.
    pub unlisted_codes: u64,
    /// Keys that the vendor's document does not name.
    pub unknown_keys: u64,
    /// Deadlines that fell due while the service was down.
    pub late_deadlines: u64,
    /// Ids forgotten before their time because their source had too many.
    pub ids_evicted: u64,
    /// Alerts that ended because their rule had too many.
    pub alerts_evicted: u64,
    /// Keys forgotten because their rule had too many.
    pub keys_evicted: u64,
    /// Half-done sequences forgotten because a key had too many.
    pub sequences_evicted: u64,
    /// Counted notifications forgotten before their time because a window held too many.
    pub matches_forgotten: u64,
    /// Participants forgotten because their meeting had too many.
    pub participants_evicted: u64,
    /// Meetings closed because there were too many.
    pub meetings_evicted: u64,
    /// Mails given up because the outbox was full.
    pub mails_given_up: u64,
    /// Mails held back because their receiver gets only so many an hour.
    pub mails_held_back: u64,
    /// Mails that nobody of their receiver got in time, so that another receiver was told.
    pub fallbacks: u64,
    /// Ended silences forgotten before their time because there were too many.
    pub silences_forgotten: u64,
    /// Alerts that found no room for a group of their own.
    pub groups_full: u64,
    /// Inputs left out because the engine failed on them.
    pub inputs_skipped: u64,
    /// By rule, in the order of the rule set.
    pub rules: Vec<RuleCounts>,
}

/// What became of the notifications of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindCounts {
    /// They were applied.
    pub accepted: u64,
    /// They had been applied before.
    pub duplicates: u64,
    /// Their id is known with other content.
    pub ids_reused: u64,
}

impl Counts {
    /// The counts of a notification's kind.
    pub(super) fn of(&mut self, payload: &Payload) -> &mut KindCounts {
        match payload {
            Payload::Conf(_) => &mut self.conf,
            Payload::Party(_) => &mut self.party,
        }
    }

    /// A notification is applied.
    pub(super) fn accept(&mut self, payload: &Payload) {
        self.of(payload).accepted += 1;
        let (unlisted, extra) = match payload {
            Payload::Conf(conf) => (u64::from(conf.status.name().is_none()), &conf.extra),
            Payload::Party(party) => {
                let unlisted = u64::from(party.status.name().is_none())
                    + u64::from(party.role.is_some_and(|role| role.name().is_none()))
                    + u64::from(party.disconnect_reason.is_some_and(|reason| reason.name().is_none()));
                (unlisted, &party.extra)
            }
        };
        self.unlisted_codes += unlisted;
        self.unknown_keys += extra.as_ref().map_or(0, |extra| extra.len() as u64);
    }
}

/// Counts of one rule since its meaning last changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCounts {
    /// How often its condition matched.
    pub matched: u64,
    /// How many alerts it fired.
    pub fired: u64,
    /// How often it matched without a part of the key.
    pub keyless: u64,
    /// How many keys it forgot because there were too many.
    pub evicted: u64,
    /// What it waits for: states that have not lasted long enough, open expectations, half-done sequences.
    pub pending: u64,
    /// When it last fired.
    pub last_fired_at: Option<Time>,
}
