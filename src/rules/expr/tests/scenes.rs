//! Things for expressions to look at.

use crate::{
    model::{Conf, ConferenceStatus, DisconnectReason, ParticipantStatus, Party, Personal, Role, Time},
    rules::facts::{AtHand, Facts, MeetingFacts, Previous, Said},
};

/// A notification with what lies around it.
#[derive(Debug, Clone)]
pub struct Scene {
    pub conf: Option<Conf>,
    pub party: Option<Party>,
    pub previous_conf: Option<ConferenceStatus>,
    pub previous_party: Option<(Party, Said)>,
    pub meeting: MeetingFacts,
    pub source: String,
    pub occurred_at: Time,
}

impl Scene {
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            at_hand: match (&self.conf, &self.party) {
                (Some(conf), _) => AtHand::Conf(conf),
                (None, Some(party)) => AtHand::Party(party),
                (None, None) => AtHand::Meeting("33333"),
            },
            previous: match (&self.previous_conf, &self.previous_party) {
                (Some(status), _) => Previous::Conf(*status),
                (None, Some((known, said))) => Previous::Party { known, said: *said },
                (None, None) => Previous::Nothing,
            },
            meeting: &self.meeting,
            source: &self.source,
            occurred_at: self.occurred_at,
            received_at: self.occurred_at,
        }
    }
}

/// Monday, 2026-01-05T08:30:15.250Z.
pub fn monday() -> Time {
    Time::from_millis(1_767_601_815_250).unwrap()
}

pub fn conf(status: ConferenceStatus) -> Scene {
    Scene {
        conf: Some(Conf {
            billing_code: "33333".into(),
            status,
            extra: None,
        }),
        party: None,
        previous_conf: None,
        previous_party: None,
        meeting: MeetingFacts::default(),
        source: "bridge-a".to_owned(),
        occurred_at: monday(),
    }
}

/// An expert from China, in meeting 33333, without a phone number.
pub fn party(status: ParticipantStatus, reason: Option<DisconnectReason>) -> Scene {
    Scene {
        conf: None,
        party: Some(participant(status, reason)),
        ..conf(ConferenceStatus::MEETING_START)
    }
}

pub fn participant(status: ParticipantStatus, reason: Option<DisconnectReason>) -> Party {
    Party {
        name: Personal::new("真实名称"),
        country: "86".into(),
        city: Personal::new("陕西.西安"),
        role: Some(Role::EXPERT),
        disconnect_reason: reason,
        ..Party::new("33333", "7YY1", status)
    }
}

/// A meeting alone, as a `while` can see it.
pub fn meeting(meeting: MeetingFacts) -> Scene {
    Scene {
        conf: None,
        party: None,
        meeting,
        ..conf(ConferenceStatus::MEETING_START)
    }
}
