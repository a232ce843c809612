//! What an expression can see: the notification at hand with its meeting, or an alert.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::model::{Alert, AlertState, Conf, ConferenceStatus, Labels, Party, Payload, Severity, Time};

/// What an expression over notifications sees.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The notification, or for a `while` what is now known of the participant.
    pub at_hand: AtHand<'a>,
    /// The one before it.
    pub previous: Previous<'a>,
    /// The occurrence of the meeting, after this notification.
    pub meeting: &'a MeetingFacts,
    /// Who sent it.
    pub source: &'a str,
    /// When it counts.
    pub occurred_at: Time,
    /// When it was received.
    pub received_at: Time,
}

/// The notification at hand.
#[derive(Debug, Clone, Copy)]
pub enum AtHand<'a> {
    /// None: a `while` over the meeting alone, which has this billing code.
    Meeting(&'a str),
    /// Of a meeting.
    Conf(&'a Conf),
    /// Of a participant.
    Party(&'a Party),
}

impl<'a> AtHand<'a> {
    /// A notification.
    pub fn of(payload: &'a Payload) -> Self {
        match payload {
            Payload::Conf(conf) => Self::Conf(conf),
            Payload::Party(party) => Self::Party(party),
        }
    }

    /// Of the meeting that it belongs to.
    pub fn billing_code(self) -> &'a str {
        match self {
            Self::Meeting(billing_code) => billing_code,
            Self::Conf(conf) => &conf.billing_code,
            Self::Party(party) => &party.billing_code,
        }
    }
}

/// The notification before the one at hand: of the same participant, or of the same respect of the meeting, in the same occurrence.
#[derive(Debug, Clone, Copy)]
pub enum Previous<'a> {
    /// There was none.
    Nothing,
    /// Of the meeting; its billing code is the one at hand.
    Conf(ConferenceStatus),
    /// Of the participant: what is known of it, and which of that the notification itself had said.
    Party {
        /// The participant as known after that notification.
        known: &'a Party,
        /// What that notification had said; anything else of `known` is older, and absent here.
        said: Said,
    },
}

/// Which optional parts a party notification carried, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Said(pub u8);

impl Said {
    /// `name`
    pub const NAME: Said = Said(1);
    /// `phone`
    pub const PHONE: Said = Said(2);
    /// `country`
    pub const COUNTRY: Said = Said(4);
    /// `area_code`
    pub const AREA_CODE: Said = Said(8);
    /// `acm_phone`
    pub const ACM_PHONE: Said = Said(16);
    /// `city`
    pub const CITY: Said = Said(32);
    /// `role`
    pub const ROLE: Said = Said(64);
    /// `connect_time`
    pub const CONNECT_TIME: Said = Said(128);

    /// What that notification carries.
    pub fn of(party: &Party) -> Self {
        let mut said = 0;
        for (part, there) in [
            (Self::NAME, !party.name.is_empty()),
            (Self::PHONE, !party.phone.is_empty()),
            (Self::COUNTRY, !party.country.is_empty()),
            (Self::AREA_CODE, !party.area_code.is_empty()),
            (Self::ACM_PHONE, !party.acm_phone.is_empty()),
            (Self::CITY, !party.city.is_empty()),
            (Self::ROLE, party.role.is_some()),
            (Self::CONNECT_TIME, party.connect_time.is_some()),
        ] {
            if there {
                said |= part.0;
            }
        }
        Said(said)
    }

    /// Whether that part was carried.
    pub const fn has(self, part: Said) -> bool {
        self.0 & part.0 != 0
    }
}

/// State of one occurrence of a meeting, as `meeting.…` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MeetingFacts {
    /// From its start, or its first participant dialled or present, until its end.
    pub live: bool,
    /// Its end was reported.
    pub ended: bool,
    /// It was being recorded at some time.
    pub was_recorded: bool,
    /// All are muted.
    pub muted_all: bool,
    /// An expert was present at some time.
    pub had_expert: bool,
    /// The last of the codes 100 to 103.
    pub recording: Option<ConferenceStatus>,
    /// Participants now present.
    pub present: u32,
    /// Those who hear and may speak.
    pub talking: u32,
    /// Those being dialled or connected.
    pub dialing: u32,
    /// Experts now present.
    pub experts: u32,
    /// Clients now present.
    pub clients: u32,
    /// The most that were present at once.
    pub peak_present: u32,
    /// Participants refused so far.
    pub refused: u32,
    /// When its start was reported.
    pub started_at: Option<Time>,
    /// When its end was reported.
    pub ended_at: Option<Time>,
}

/// What a filter over alerts sees.
#[derive(Debug, Clone, Copy)]
pub struct AlertFacts<'a> {
    /// The rule's name.
    pub rule: &'a str,
    /// How bad.
    pub severity: Severity,
    /// Whether it still burns.
    pub firing: bool,
    /// The rule's labels.
    pub labels: &'a Labels,
    /// What it is about.
    pub key: &'a [(CompactString, CompactString)],
    /// How often it matched.
    pub occurrences: u64,
    /// When it fired.
    pub started_at: Time,
    /// Somebody has taken it on.
    pub acknowledged: bool,
    /// A silence holds its mail back.
    pub silenced: bool,
    /// Another alert holds its mail back.
    pub inhibited: bool,
}

impl<'a> AlertFacts<'a> {
    /// What a filter sees of an alert in clear.
    pub fn of(alert: &'a Alert) -> Self {
        Self {
            rule: &alert.rule,
            severity: alert.severity,
            firing: alert.state == AlertState::Firing,
            labels: &alert.labels,
            key: &alert.key,
            occurrences: alert.occurrences,
            started_at: alert.started_at,
            acknowledged: alert.acknowledgement.is_some(),
            silenced: !alert.silenced_by.is_empty(),
            inhibited: alert.inhibited_by.is_some(),
        }
    }
}
