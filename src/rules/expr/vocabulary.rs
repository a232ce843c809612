//! The names that an expression can use, with their types: the fields of each schema and the constants.

use std::fmt;

use compact_str::{CompactString, ToCompactString as _};

use super::tree::{BoolField as B, NumberField as N, PartyText as P, TextField as T, TextMap};
use crate::model::{ConferenceStatus, DisconnectReason, ParticipantStatus, Role, Severity};

/// What an expression is about, and so what it can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// A notification: `conf`, `party`, `previous`, `meeting`, `occurred_at`, `received_at`, `source`.
    Notification,
    /// The state of a meeting or a participant, for a `while`: as [`Schema::Notification`], what is of one notification refused.
    State,
    /// An alert: `rule`, `severity`, `state`, `labels`, `key`, `occurrences`, `started_at`, `acknowledged`, `silenced`, `inhibited`.
    Alert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Int,
    Text,
    Timestamp,
    Duration,
    ConferenceStatus,
    ParticipantStatus,
    /// Of `previous`: a conference's or a participant's, told by what it is compared with.
    PreviousStatus,
    DisconnectReason,
    Role,
    Severity,
    State,
    Null,
}

impl Type {
    /// Whether it is one of the vendor's codes, which a plain number can stand for.
    pub fn is_code(self) -> bool {
        matches!(
            self,
            Self::ConferenceStatus
                | Self::ParticipantStatus
                | Self::PreviousStatus
                | Self::DisconnectReason
                | Self::Role
        )
    }

    /// The short name of a code of this type; its number if there is none.
    pub fn code_name(self, value: i64) -> CompactString {
        let constants = Schema::Notification.constants();
        let name = constants
            .into_iter()
            .find(|(_, kind, code)| (*kind, *code) == (self, value));
        name.map_or_else(|| value.to_compact_string(), |(name, ..)| name.into())
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "true or false",
            Self::Int => "a number",
            Self::Text => "text",
            Self::Timestamp => "a time",
            Self::Duration => "a duration",
            Self::ConferenceStatus => "a conference status",
            Self::ParticipantStatus => "a participant status",
            Self::PreviousStatus => "a status",
            Self::DisconnectReason => "a disconnect reason",
            Self::Role => "a role",
            Self::Severity => "a severity",
            Self::State => "an alert's state",
            Self::Null => "null",
        })
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    Bool(B),
    Text(T),
    Number(N, Type),
}

type Names = &'static [(&'static str, Field)];

const CONF: Names = &[
    ("billing_code", Field::Text(T::ConfBillingCode)),
    ("status", Field::Number(N::ConfStatus, Type::ConferenceStatus)),
];

const PARTY: Names = &[
    ("billing_code", Field::Text(T::Party(P::BillingCode))),
    ("party_id", Field::Text(T::Party(P::PartyId))),
    ("name", Field::Text(T::Party(P::Name))),
    ("phone", Field::Text(T::Party(P::Phone))),
    ("country", Field::Text(T::Party(P::Country))),
    ("area_code", Field::Text(T::Party(P::AreaCode))),
    ("acm_phone", Field::Text(T::Party(P::AcmPhone))),
    ("city", Field::Text(T::Party(P::City))),
    ("role", Field::Number(N::PartyRole, Type::Role)),
    ("status", Field::Number(N::PartyStatus, Type::ParticipantStatus)),
    (
        "disconnect_reason",
        Field::Number(N::PartyReason, Type::DisconnectReason),
    ),
    ("connect_time", Field::Number(N::PartyConnectTime, Type::Timestamp)),
];

const PREVIOUS: Names = &[
    ("billing_code", Field::Text(T::PreviousBillingCode)),
    ("party_id", Field::Text(T::Previous(P::PartyId))),
    ("name", Field::Text(T::Previous(P::Name))),
    ("phone", Field::Text(T::Previous(P::Phone))),
    ("country", Field::Text(T::Previous(P::Country))),
    ("area_code", Field::Text(T::Previous(P::AreaCode))),
    ("acm_phone", Field::Text(T::Previous(P::AcmPhone))),
    ("city", Field::Text(T::Previous(P::City))),
    ("role", Field::Number(N::PreviousRole, Type::Role)),
    ("status", Field::Number(N::PreviousStatus, Type::PreviousStatus)),
    (
        "disconnect_reason",
        Field::Number(N::PreviousReason, Type::DisconnectReason),
    ),
    ("connect_time", Field::Number(N::PreviousConnectTime, Type::Timestamp)),
];

const MEETING: Names = &[
    ("billing_code", Field::Text(T::MeetingBillingCode)),
    ("live", Field::Bool(B::MeetingLive)),
    ("ended", Field::Bool(B::MeetingEnded)),
    ("was_recorded", Field::Bool(B::MeetingWasRecorded)),
    ("muted_all", Field::Bool(B::MeetingMutedAll)),
    ("had_expert", Field::Bool(B::MeetingHadExpert)),
    ("recording", Field::Number(N::MeetingRecording, Type::ConferenceStatus)),
    ("present", Field::Number(N::MeetingPresent, Type::Int)),
    ("talking", Field::Number(N::MeetingTalking, Type::Int)),
    ("dialing", Field::Number(N::MeetingDialing, Type::Int)),
    ("experts", Field::Number(N::MeetingExperts, Type::Int)),
    ("clients", Field::Number(N::MeetingClients, Type::Int)),
    ("peak_present", Field::Number(N::MeetingPeakPresent, Type::Int)),
    ("refused", Field::Number(N::MeetingRefused, Type::Int)),
    ("started_at", Field::Number(N::MeetingStartedAt, Type::Timestamp)),
    ("ended_at", Field::Number(N::MeetingEndedAt, Type::Timestamp)),
];

const NOTIFICATION: Names = &[
    ("occurred_at", Field::Number(N::OccurredAt, Type::Timestamp)),
    ("received_at", Field::Number(N::ReceivedAt, Type::Timestamp)),
    ("source", Field::Text(T::Source)),
];

const ALERT: Names = &[
    ("rule", Field::Text(T::AlertRule)),
    ("severity", Field::Number(N::AlertSeverity, Type::Severity)),
    ("state", Field::Number(N::AlertState, Type::State)),
    ("occurrences", Field::Number(N::AlertOccurrences, Type::Int)),
    ("started_at", Field::Number(N::AlertStartedAt, Type::Timestamp)),
    ("acknowledged", Field::Bool(B::AlertAcknowledged)),
    ("silenced", Field::Bool(B::AlertSilenced)),
    ("inhibited", Field::Bool(B::AlertInhibited)),
];

/// The names that stand before a dot, with what may stand after it.
const GROUPS: [(&str, Names); 4] = [
    ("conf", CONF),
    ("party", PARTY),
    ("previous", PREVIOUS),
    ("meeting", MEETING),
];

const MAPS: [(&str, TextMap); 2] = [("labels", TextMap::Labels), ("key", TextMap::Key)];

const SEVERITIES: [(&str, Severity); 3] = [
    ("INFO", Severity::Info),
    ("WARNING", Severity::Warning),
    ("CRITICAL", Severity::Critical),
];

const STATES: [(&str, bool); 2] = [("FIRING", true), ("RESOLVED", false)];

impl Schema {
    /// The fields that stand alone.
    pub(super) fn fields(self) -> Names {
        match self {
            Self::Notification | Self::State => NOTIFICATION,
            Self::Alert => ALERT,
        }
    }

    /// The groups of fields, `State`'s refused ones included.
    pub(super) fn groups(self) -> &'static [(&'static str, Names)] {
        match self {
            Self::Notification | Self::State => &GROUPS,
            Self::Alert => &[],
        }
    }

    /// The maps from any name to text.
    pub(super) fn maps(self) -> &'static [(&'static str, TextMap)] {
        match self {
            Self::Notification | Self::State => &[],
            Self::Alert => &MAPS,
        }
    }

    /// The constants: name, type, value.
    pub(super) fn constants(self) -> Box<dyn Iterator<Item = (&'static str, Type, i64)>> {
        match self {
            Self::Notification | Self::State => {
                let conf = ConferenceStatus::LISTED
                    .iter()
                    .map(|(name, code)| (*name, Type::ConferenceStatus, code.0));
                let party = ParticipantStatus::LISTED
                    .iter()
                    .map(|(name, code)| (*name, Type::ParticipantStatus, code.0));
                let reason = DisconnectReason::LISTED
                    .iter()
                    .map(|(name, code)| (*name, Type::DisconnectReason, code.0));
                let role = Role::LISTED.iter().map(|(name, code)| (*name, Type::Role, code.0));
                let codes = conf.chain(party).chain(reason).chain(role);
                Box::new(codes.map(|(name, kind, code)| (name, kind, code.into())))
            }
            Self::Alert => {
                let severities = SEVERITIES
                    .into_iter()
                    .map(|(name, severity)| (name, Type::Severity, severity as i64));
                let states = STATES
                    .into_iter()
                    .map(|(name, firing)| (name, Type::State, firing.into()));
                Box::new(severities.chain(states))
            }
        }
    }

    pub(super) fn constant(self, name: &str) -> Option<(Type, i64)> {
        self.constants()
            .find(|(listed, ..)| *listed == name)
            .map(|(_, kind, value)| (kind, value))
    }
}

pub(super) fn find<T: Copy>(names: &[(&'static str, T)], name: &str) -> Option<T> {
    names.iter().find(|(listed, _)| *listed == name).map(|(_, what)| *what)
}

/// Whether the name means something in any schema, so that nobody else can bear it.
pub(super) fn is_taken(name: &str) -> bool {
    [Schema::Notification, Schema::Alert].into_iter().any(|schema| {
        find(schema.fields(), name).is_some()
            || find(schema.groups(), name).is_some()
            || find(schema.maps(), name).is_some()
            || schema.constant(name).is_some()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_constant_has_one_meaning() {
        let mut seen = BTreeSet::new();
        for schema in [Schema::Notification, Schema::Alert] {
            for (name, ..) in schema.constants() {
                assert!(seen.insert(name), "{name}");
            }
        }
        assert_eq!(seen.len(), 8 + 10 + 9 + 2 + 3 + 2);
    }
}
