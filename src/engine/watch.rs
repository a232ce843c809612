//! What an engine that is watched tells of the notifications that it takes in: all that an expression could see of each. For the
//! coverage of tests and for explanations; an engine that nobody watches pays a look at an empty place. It decides nothing, and no
//! snapshot holds it.

use compact_str::CompactString;

use super::{key, meeting::Occurrence, received::Received};
use crate::{
    model::{ConferenceStatus, Notification, Party, Time},
    rules::{
        Rule, RuleSet,
        facts::{AtHand, Facts, MeetingFacts, Previous, Said},
    },
};

/// Which notifications are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// All.
    Everything,
    /// Those of this billing code.
    Meeting(CompactString),
    /// Those that could match something in the rule of this name.
    Rule(CompactString),
}

/// What is looked at, and what has been seen since somebody asked.
#[derive(Debug)]
pub(super) struct Watch {
    pub look: Look,
    pub seen: Vec<Seen>,
}

impl Watch {
    pub fn looks_at(&self, received: &Received<'_>, rules: &RuleSet, facts: &Facts<'_>) -> bool {
        match &self.look {
            Look::Everything => true,
            Look::Meeting(code) => received.notification.payload.billing_code() == code,
            Look::Rule(name) => rules
                .index
                .events(&rules.index.cells(facts), facts)
                .any(|rule| rules.rules[rule as usize].name == *name),
        }
    }
}

/// A notification that was taken in, with what expressions could see.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its place in the order of acceptance.
    pub sequence: u64,
    /// The notification.
    pub notification: Notification,
    /// When it counts.
    pub at: Time,
    /// When it was received.
    pub received_at: Time,
    /// What the state made of it.
    pub taken: Taken,
    /// The sequence of the notification that opened its occurrence of the meeting.
    pub occurrence: u64,
    /// The meeting after it.
    pub meeting: MeetingFacts,
    /// What is known after it of the participant that it is about.
    pub participant: Option<Party>,
    before: Before,
}

/// What the state made of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It changed what is known.
    News,
    /// Rules saw it, but it is older than what is known, or than the occurrence.
    Late,
    /// It says what the last one said: no rule is to match it.
    Repeat,
}

/// The notification before.
#[derive(Debug, Clone)]
enum Before {
    Nothing,
    Conf(ConferenceStatus),
    Party(Box<Party>, Said),
}

impl Seen {
    pub(super) fn new(received: &Received<'_>, taken: Taken, occurrence: u64, facts: &Facts<'_>) -> Self {
        Self {
            sequence: received.sequence,
            notification: Notification::clone(received.notification),
            at: received.at,
            received_at: received.received_at,
            taken,
            occurrence,
            meeting: *facts.meeting,
            participant: None,
            before: match facts.previous {
                Previous::Nothing => Before::Nothing,
                Previous::Conf(status) => Before::Conf(status),
                Previous::Party { known, said } => Before::Party(Box::new(known.clone()), said),
            },
        }
    }

    /// With what the state has made of it.
    pub(super) fn taken_in(self, is_news: bool, occurrence: &Occurrence) -> Self {
        let seat = occurrence.seat_of(&self.notification.payload);
        let participant = seat.and_then(|seat| occurrence.participant(seat));
        Self {
            taken: if is_news { Taken::News } else { Taken::Late },
            participant: participant.map(|participant| participant.known.clone()),
            ..self
        }
    }

    /// Whether it agrees with these values of a rule's key, in the order of its fields, in those that it has.
    pub fn agrees(&self, rule: &Rule, key: &[(CompactString, CompactString)]) -> bool {
        let is_whole = rule.key.fields.len() == key.len();
        is_whole && key::agree(&rule.key, key.iter().map(|(_, value)| value), &self.facts())
    }

    /// What expressions over notifications see.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            at_hand: AtHand::of(&self.notification.payload),
            previous: match &self.before {
                Before::Nothing => Previous::Nothing,
                Before::Conf(status) => Previous::Conf(*status),
                Before::Party(known, said) => Previous::Party { known, said: *said },
            },
            ..self.state_of(None)
        }
    }

    /// What expressions over states see after it: of a participant, or of the meeting alone.
    pub fn state_of<'a>(&'a self, participant: Option<&'a Party>) -> Facts<'a> {
        let meeting = AtHand::Meeting(self.notification.payload.billing_code());
        Facts {
            at_hand: participant.map_or(meeting, AtHand::Party),
            previous: Previous::Nothing,
            meeting: &self.meeting,
            source: &self.notification.source,
            occurred_at: self.at,
            received_at: self.received_at,
        }
    }
}
