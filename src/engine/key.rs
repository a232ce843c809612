//! The values of a rule's key in the facts at hand.

use compact_str::CompactString;

use crate::{
    model::{Conf, Party},
    rules::{
        Key, KeyField,
        facts::{AtHand, Facts},
    },
};

/// The values of all fields, or `None` where one is not there.
pub(super) fn values(key: &Key, facts: &Facts<'_>) -> Option<Vec<CompactString>> {
    key.fields.iter().map(|field| value(*field, facts)).collect()
}

/// Whether the facts agree with an alert's key in the fields that they have.
pub(super) fn agrees(key: &Key, named: &[(CompactString, CompactString)], facts: &Facts<'_>) -> bool {
    key.fields
        .iter()
        .zip(named)
        .all(|(field, (_, known))| value(*field, facts).is_none_or(|value| value == *known))
}

fn value(field: KeyField, facts: &Facts<'_>) -> Option<CompactString> {
    let value = match (field, facts.at_hand) {
        (KeyField::Source, _) => CompactString::new(facts.source),
        (_, AtHand::Nothing) => return None,
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
