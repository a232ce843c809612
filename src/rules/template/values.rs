//! What a template sees. Every text that came from outside loses its control characters here, and personal data is masked unless it
//! is asked for in clear. What is absent is empty.

use std::collections::BTreeMap;

use compact_str::CompactString;
use minijinja::Value;

use crate::{
    model::{Conf, Labels, Party, Personal, Severity, Time},
    rules::facts::{AtHand, Facts, MeetingFacts},
};

/// The names under `party`.
pub const PARTY: [&str; 12] = [
    "billing_code",
    "party_id",
    "name",
    "phone",
    "country",
    "area_code",
    "acm_phone",
    "city",
    "role",
    "status",
    "disconnect_reason",
    "connect_time",
];

/// The names under `conf`.
pub const CONF: [&str; 2] = ["billing_code", "status"];

/// The names under `meeting`.
pub const MEETING: [&str; 16] = [
    "billing_code",
    "live",
    "ended",
    "was_recorded",
    "muted_all",
    "had_expert",
    "recording",
    "present",
    "talking",
    "dialing",
    "experts",
    "clients",
    "peak_present",
    "refused",
    "started_at",
    "ended_at",
];

/// Whether a name, under `party` or of a part of the key, is personal.
pub fn is_personal(name: &str) -> bool {
    ["name", "phone", "acm_phone", "city"].contains(&name)
}

/// A part of the key as a text shows it.
pub fn shown(name: &str, value: &str, masked: bool) -> String {
    if masked && is_personal(name) {
        return neutral(&Personal::new(value).masked());
    }
    neutral(value)
}

/// The text without control characters and without those that turn the direction of writing: they could make it read as another.
pub fn neutral(text: &str) -> String {
    let is_harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(is_harmful, "\u{fffd}")
}

/// What the texts of one alert are filled from.
pub struct Values<'a> {
    pub facts: &'a Facts<'a>,
    pub rule: &'a str,
    pub severity: Severity,
    pub labels: &'a Labels,
    pub key: &'a [(CompactString, CompactString)],
}

type Map = BTreeMap<&'static str, Value>;

impl Values<'_> {
    /// As everyone may see it.
    pub fn masked(&self) -> Value {
        self.all(true)
    }

    /// With personal data.
    pub fn clear(&self) -> Value {
        self.all(false)
    }

    fn all(&self, masked: bool) -> Value {
        let (conf, party) = match self.facts.at_hand {
            AtHand::Meeting(_) => (None, None),
            AtHand::Conf(conf) => (Some(conf), None),
            AtHand::Party(party) => (None, Some(party)),
        };
        let labels = self
            .labels
            .iter()
            .map(|(name, value)| (name.as_str(), Value::from(value.as_str())));
        let mut all: BTreeMap<&str, Value> = BTreeMap::from([
            ("rule", Value::from(self.rule)),
            ("severity", Value::from(self.severity.name())),
            ("labels", Value::from_pairs(labels)),
            ("conf", Value::from_pairs(conf_values(conf))),
            ("party", Value::from_pairs(party_values(party, masked))),
            ("meeting", Value::from_pairs(meeting_values(self.facts))),
        ]);
        let key = self
            .key
            .iter()
            .map(|(name, value)| (name.as_str(), Value::from(shown(name, value, masked))));
        all.extend(key);
        Value::from_pairs(all)
    }
}

fn conf_values(conf: Option<&Conf>) -> Map {
    BTreeMap::from([
        (
            "billing_code",
            Value::from(conf.map_or_else(String::new, |conf| neutral(&conf.billing_code))),
        ),
        (
            "status",
            Value::from(conf.map_or_else(String::new, |conf| conf.status.to_string())),
        ),
    ])
}

fn party_values(party: Option<&Party>, masked: bool) -> Map {
    let Some(party) = party else {
        return PARTY.iter().map(|name| (*name, Value::from(""))).collect();
    };
    let personal =
        |text: &Personal| Value::from(neutral(&if masked { text.masked() } else { text.clear().to_owned() }));
    BTreeMap::from([
        ("billing_code", Value::from(neutral(&party.billing_code))),
        ("party_id", Value::from(neutral(&party.party_id))),
        ("name", personal(&party.name)),
        ("phone", personal(&party.phone)),
        ("country", Value::from(neutral(&party.country))),
        ("area_code", Value::from(neutral(&party.area_code))),
        ("acm_phone", personal(&party.acm_phone)),
        ("city", personal(&party.city)),
        ("role", optional(party.role)),
        ("status", Value::from(party.status.to_string())),
        ("disconnect_reason", optional(party.disconnect_reason)),
        ("connect_time", optional(party.connect_time)),
    ])
}

fn meeting_values(facts: &Facts<'_>) -> Map {
    let MeetingFacts {
        live,
        ended,
        was_recorded,
        muted_all,
        had_expert,
        recording,
        present,
        talking,
        dialing,
        experts,
        clients,
        peak_present,
        refused,
        started_at,
        ended_at,
    } = *facts.meeting;
    BTreeMap::from([
        ("billing_code", Value::from(neutral(facts.at_hand.billing_code()))),
        ("live", live.into()),
        ("ended", ended.into()),
        ("was_recorded", was_recorded.into()),
        ("muted_all", muted_all.into()),
        ("had_expert", had_expert.into()),
        ("recording", optional(recording)),
        ("present", present.into()),
        ("talking", talking.into()),
        ("dialing", dialing.into()),
        ("experts", experts.into()),
        ("clients", clients.into()),
        ("peak_present", peak_present.into()),
        ("refused", refused.into()),
        ("started_at", optional::<Time>(started_at)),
        ("ended_at", optional::<Time>(ended_at)),
    ])
}

fn optional<T: ToString>(value: Option<T>) -> Value {
    Value::from(value.map_or_else(String::new, |value| value.to_string()))
}
