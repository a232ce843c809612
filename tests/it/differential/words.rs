//! The names and literals of the language, by what they are.

use bellwether::model::{ConferenceStatus, DisconnectReason, ParticipantStatus, Role};

use super::term::Term;

/// What an expression of one schema can name.
pub struct Words {
    pub bools: Vec<Term>,
    pub texts: Vec<Term>,
    pub numbers: Vec<Term>,
    pub times: Vec<Term>,
    pub codes: Vec<Codes>,
    /// Fields that can be null.
    pub optional: Vec<Term>,
    /// Questions whether a field is there, which CEL does not ask of a field that is always set.
    pub asked: Vec<Term>,
}

/// Codes of one kind.
#[derive(Clone)]
pub struct Codes {
    /// Fields and names that can be of no other kind.
    pub settled: Vec<Term>,
    /// The status of `previous`, which takes on the kind of what it is compared with.
    pub loose: Vec<Term>,
    pub constants: Vec<Term>,
    /// Whether numbers may stand for them.
    pub numbers: bool,
    /// Whether they have an order.
    pub ordered: bool,
}

const PARTY_TEXTS: [&str; 8] = [
    "billing_code",
    "party_id",
    "name",
    "phone",
    "country",
    "area_code",
    "acm_phone",
    "city",
];

pub fn of_notifications() -> Words {
    let party_texts = PARTY_TEXTS.map(|field| format!("party.{field}"));
    let previous_texts = PARTY_TEXTS.map(|field| format!("previous.{field}"));
    let texts: Vec<String> = party_texts
        .into_iter()
        .chain(previous_texts)
        .chain([
            "conf.billing_code".into(),
            "meeting.billing_code".into(),
            "source".into(),
        ])
        .collect();
    let optional = [
        "party.role",
        "party.disconnect_reason",
        "party.connect_time",
        "previous.status",
        "previous.role",
        "previous.disconnect_reason",
        "previous.connect_time",
        "meeting.recording",
        "meeting.started_at",
        "meeting.ended_at",
    ];
    let always = ["party.status", "conf.status", "meeting.present", "occurred_at"];
    let asked_texts = texts.iter().map(|text| (text.as_str(), "''"));
    let asked_numbers = optional.iter().chain(&always).map(|field| (*field, "null"));
    let asked = asked_texts
        .chain(asked_numbers)
        .map(|(field, nothing)| has(field, nothing));
    Words {
        bools: words([
            "meeting.live",
            "meeting.ended",
            "meeting.was_recorded",
            "meeting.muted_all",
            "meeting.had_expert",
        ]),
        numbers: words([
            "meeting.present",
            "meeting.talking",
            "meeting.dialing",
            "meeting.experts",
            "meeting.clients",
            "meeting.peak_present",
            "meeting.refused",
        ]),
        times: words([
            "occurred_at",
            "received_at",
            "party.connect_time",
            "previous.connect_time",
            "meeting.started_at",
            "meeting.ended_at",
        ]),
        codes: vec![
            Codes {
                loose: vec![Term::spelled("previous.status", "previous.conf_status")],
                ..codes(
                    ["conf.status", "meeting.recording"],
                    ConferenceStatus::LISTED.iter().map(|(name, code)| (*name, code.0)),
                )
            },
            Codes {
                loose: vec![Term::spelled("previous.status", "previous.party_status")],
                ..codes(
                    ["party.status"],
                    ParticipantStatus::LISTED.iter().map(|(name, code)| (*name, code.0)),
                )
            },
            codes(
                ["party.disconnect_reason", "previous.disconnect_reason"],
                DisconnectReason::LISTED.iter().map(|(name, code)| (*name, code.0)),
            ),
            codes(
                ["party.role", "previous.role"],
                Role::LISTED.iter().map(|(name, code)| (*name, code.0)),
            ),
        ],
        optional: words(optional),
        asked: asked.collect(),
        texts: texts.iter().map(|text| Term::word(text)).collect(),
    }
}

pub fn of_alerts() -> Words {
    let texts = [
        "rule",
        "labels.team",
        "labels['team']",
        "labels.other",
        "key.billing_code",
        "key['party_id']",
    ];
    let ranked = |field, listed: &[(&str, i32)], ordered| Codes {
        numbers: false,
        ordered,
        ..codes([field], listed.iter().copied())
    };
    Words {
        bools: words(["acknowledged", "silenced", "inhibited"]),
        numbers: words(["occurrences"]),
        times: words(["started_at"]),
        codes: vec![
            ranked("severity", &[("INFO", 0), ("WARNING", 1), ("CRITICAL", 2)], true),
            ranked("state", &[("FIRING", 1), ("RESOLVED", 0)], false),
        ],
        optional: vec![],
        asked: texts.iter().map(|field| has(field, "''")).collect(),
        texts: words(texts),
    }
}

pub fn words<const N: usize>(texts: [&str; N]) -> Vec<Term> {
    texts.into_iter().map(Term::word).collect()
}

fn has(field: &str, nothing: &str) -> Term {
    Term::spelled(format!("has({field})"), format!("({field} != {nothing})"))
}

fn codes<'n, const N: usize>(fields: [&str; N], listed: impl Iterator<Item = (&'n str, i32)>) -> Codes {
    Codes {
        settled: words(fields),
        loose: vec![],
        constants: listed
            .map(|(name, code)| Term::spelled(name, format!("({code})")))
            .collect(),
        numbers: true,
        ordered: true,
    }
}
