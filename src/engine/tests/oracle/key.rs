//! What an alert is about.

use std::fmt;

use super::history::Heard;
use crate::model::Payload;

/// The values of a rule's key, and the occurrence if it names the meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub parts: Vec<(&'static str, String)>,
    pub occurrence: Option<u64>,
}

/// What a notification has of a key; `None` for what it lacks.
#[derive(Debug)]
pub(super) struct Parts {
    parts: Vec<(&'static str, Option<String>)>,
    occurrence: Option<u64>,
}

impl Parts {
    pub fn of(fields: &[&'static str], heard: &Heard) -> Self {
        let names_meeting = fields.iter().any(|field| field.ends_with("billing_code"));
        Self {
            parts: fields.iter().map(|field| (*field, value(field, heard))).collect(),
            occurrence: names_meeting.then_some(heard.occurrence),
        }
    }

    /// The key, if nothing of it is lacking.
    pub fn whole(self) -> Option<Key> {
        let parts: Option<Vec<_>> = self
            .parts
            .into_iter()
            .map(|(field, value)| Some((field, value?)))
            .collect();
        Some(Key {
            parts: parts?,
            occurrence: self.occurrence,
        })
    }

    /// Whether the key is the same in all parts that are there. Only of a key that names the meeting some may be lacking.
    pub fn agree_with(&self, key: &Key) -> bool {
        let mut parts = self.parts.iter().zip(&key.parts);
        let may_lack = self.occurrence.is_some();
        self.occurrence == key.occurrence
            && parts.all(|((_, mine), (_, theirs))| mine.as_ref().map_or(may_lack, |mine| mine == theirs))
    }
}

fn value(field: &str, heard: &Heard) -> Option<String> {
    let text = match (field, &heard.payload) {
        ("source", _) => heard.source.clone(),
        ("party.billing_code" | "conf.billing_code", payload) => payload.billing_code().to_string(),
        ("conf.status", Payload::Conf(conf)) => conf.status.to_string(),
        ("party.party_id", Payload::Party(party)) => party.party_id.to_string(),
        ("party.phone", Payload::Party(party)) => party.phone.clear().to_owned(),
        ("party.status", Payload::Party(party)) => party.status.to_string(),
        ("party.role", Payload::Party(party)) => party.role?.to_string(),
        ("party.disconnect_reason", Payload::Party(party)) => party.disconnect_reason?.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// `{billing_code="1",party_id="a"}`
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self
            .parts
            .iter()
            .map(|(field, value)| format!("{}={value:?}", field.rsplit('.').next().unwrap_or_default()))
            .collect();
        write!(f, "{{{}}}", parts.join(","))
    }
}
