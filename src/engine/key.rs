//! The values of a rule's key in the facts at hand.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::meeting::Place;
use crate::{
    model::{Conf, Party},
    rules::{
        Key, KeyField,
        facts::{AtHand, Facts},
    },
};

/// What one alert of a rule is about, or the state that leads to one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct KeyOf {
    /// The occurrence, where the key names the meeting.
    pub place: Option<Place>,
    pub values: Values,
}

/// The values of a key's fields, in their order. Mostly there is one, which takes no allocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Values {
    One(CompactString),
    Many(Box<[CompactString]>),
}

impl Values {
    pub fn as_slice(&self) -> &[CompactString] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

impl FromIterator<CompactString> for Values {
    fn from_iter<I: IntoIterator<Item = CompactString>>(values: I) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Self::One(value),
            (first, second) => Self::Many(first.into_iter().chain(second).chain(values).collect()),
        }
    }
}

impl KeyOf {
    /// What those facts of that occurrence are about; `None` where a field of the key is not there.
    pub fn of(key: &Key, place: Place, facts: &Facts<'_>) -> Option<Self> {
        Some(Self {
            place: key.names_meeting().then_some(place),
            values: key
                .fields
                .iter()
                .map(|field| value(*field, facts))
                .collect::<Option<_>>()?,
        })
    }
}

/// Whether the facts agree with these values of a key in the fields that they have.
pub(super) fn agree<'v>(key: &Key, values: impl Iterator<Item = &'v CompactString>, facts: &Facts<'_>) -> bool {
    key.fields
        .iter()
        .zip(values)
        .all(|(field, known)| value(*field, facts).is_none_or(|value| value == *known))
}

/// A field's value, if it is there.
pub(super) fn value(field: KeyField, facts: &Facts<'_>) -> Option<CompactString> {
    let value = match (field, facts.at_hand) {
        (KeyField::Source, _) => CompactString::new(facts.source),
        (_, AtHand::Meeting(_)) => return None,
        (_, AtHand::Conf(conf)) => of_conf(field, conf)?,
        (_, AtHand::Party(party)) => of_party(field, party)?,
    };
    (!value.is_empty()).then_some(value)
}

fn of_conf(field: KeyField, conf: &Conf) -> Option<CompactString> {
    match field {
        KeyField::BillingCode => Some(conf.billing_code.clone()),
        KeyField::ConfStatus => Some(code(conf.status)),
        _ => None,
    }
}

fn of_party(field: KeyField, party: &Party) -> Option<CompactString> {
    match field {
        KeyField::BillingCode => Some(party.billing_code.clone()),
        KeyField::PartyId => Some(party.party_id.clone()),
        KeyField::Name => Some(party.name.clear().into()),
        KeyField::Phone => Some(party.phone.clear().into()),
        KeyField::Country => Some(party.country.clone()),
        KeyField::AreaCode => Some(party.area_code.clone()),
        KeyField::AcmPhone => Some(party.acm_phone.clear().into()),
        KeyField::City => Some(party.city.clear().into()),
        KeyField::Role => party.role.map(code),
        KeyField::PartyStatus => Some(code(party.status)),
        KeyField::DisconnectReason => party.disconnect_reason.map(code),
        KeyField::ConfStatus | KeyField::Source => None,
    }
}

fn code(code: impl std::fmt::Display) -> CompactString {
    compact_str::format_compact!("{code}")
}
