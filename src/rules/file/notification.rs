//! A notification written out in a test: `conf: { billing_code: '33333', status: RECORDED, occurred_at: 58s }`.

use std::time::Duration;

use compact_str::CompactString;

use super::{Fields, Node, Value, listed};
use crate::{
    model::{Conf, ConferenceStatus, DisconnectReason, ParticipantStatus, Party, Payload, Personal, Role, Time},
    rules::{
        diagnostic::{Findings, Spanned},
        expr::suggest::nearest,
    },
};

/// A notification of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestNotification {
    /// What it says.
    pub payload: Payload,
    /// When it happened, from the start of the test; `None`: it does not say.
    pub occurred_at: Option<Duration>,
    /// The caller; `None`: the test's own.
    pub source: Option<CompactString>,
    /// The idempotency key.
    pub id: Option<CompactString>,
}

/// Reads the mapping after `conf:`.
pub(super) fn conf(node: Node, findings: &mut Findings<'_>) -> Option<TestNotification> {
    let mut fields = Fields::of(node, "a conf notification", findings)?;
    let billing_code = required_text(&mut fields, "billing_code", findings);
    let status = required_code(
        &mut fields,
        "status",
        ConferenceStatus::LISTED,
        ConferenceStatus,
        findings,
    );
    let rest = Rest::take(&mut fields, findings);
    fields.finish(findings);
    Some(rest.with(Payload::Conf(Conf {
        billing_code: billing_code?,
        status: status?,
        extra: None,
    })))
}

/// Reads the mapping after `party:`.
pub(super) fn party(node: Node, findings: &mut Findings<'_>) -> Option<TestNotification> {
    let mut fields = Fields::of(node, "a party notification", findings)?;
    let billing_code = required_text(&mut fields, "billing_code", findings);
    let party_id = required_text(&mut fields, "party_id", findings);
    let status = required_code(
        &mut fields,
        "status",
        ParticipantStatus::LISTED,
        ParticipantStatus,
        findings,
    );
    let mut party = Party {
        billing_code: CompactString::default(),
        party_id: CompactString::default(),
        name: Personal::new(text(&mut fields, "name", findings)),
        phone: Personal::new(text(&mut fields, "phone", findings)),
        country: text(&mut fields, "country", findings),
        area_code: text(&mut fields, "area_code", findings),
        acm_phone: Personal::new(text(&mut fields, "acm_phone", findings)),
        city: Personal::new(text(&mut fields, "city", findings)),
        role: fields
            .take("role")
            .and_then(|node| code(node, Role::LISTED, Role, findings)),
        status: ParticipantStatus::DISCONNECTED,
        disconnect_reason: fields
            .take("disconnect_reason")
            .and_then(|node| code(node, DisconnectReason::LISTED, DisconnectReason, findings)),
        connect_time: fields
            .text("connect_time", findings)
            .and_then(|text| time(&text, findings)),
        extra: None,
    };
    let rest = Rest::take(&mut fields, findings);
    fields.finish(findings);
    (party.billing_code, party.party_id, party.status) = (billing_code?, party_id?, status?);
    Some(rest.with(Payload::Party(party)))
}

/// What both kinds have besides what they say.
struct Rest {
    occurred_at: Option<Duration>,
    source: Option<CompactString>,
    id: Option<CompactString>,
}

impl Rest {
    fn take(fields: &mut Fields, findings: &mut Findings<'_>) -> Self {
        Self {
            occurred_at: fields.duration("occurred_at", findings).map(|at| at.value),
            source: fields.text("source", findings).map(|text| text.value.into()),
            id: fields.text("id", findings).map(|text| text.value.into()),
        }
    }

    fn with(self, payload: Payload) -> TestNotification {
        TestNotification {
            payload,
            occurred_at: self.occurred_at,
            source: self.source,
            id: self.id,
        }
    }
}

fn text(fields: &mut Fields, key: &'static str, findings: &mut Findings<'_>) -> CompactString {
    fields
        .text(key, findings)
        .map(|text| text.value.into())
        .unwrap_or_default()
}

fn required_text(fields: &mut Fields, key: &'static str, findings: &mut Findings<'_>) -> Option<CompactString> {
    let text = fields.require(key, findings)?.text(findings)?;
    if text.value.is_empty() {
        findings.error(text.span, format!("`{key}` is empty"));
        return None;
    }
    Some(text.value.into())
}

fn required_code<T: Copy>(
    fields: &mut Fields,
    key: &'static str,
    listed: &[(&'static str, T)],
    unlisted: fn(i32) -> T,
    findings: &mut Findings<'_>,
) -> Option<T> {
    code(fields.require(key, findings)?, listed, unlisted, findings)
}

/// A code by its short name or as a number.
fn code<T: Copy>(
    node: Node,
    known: &[(&'static str, T)],
    unlisted: fn(i32) -> T,
    findings: &mut Findings<'_>,
) -> Option<T> {
    let written = node.span.text(findings.source());
    if let (Value::Number, Ok(number)) = (&node.value, written.parse()) {
        return Some(unlisted(number));
    }
    let name = match &node.value {
        Value::Text(name) => name.as_str(),
        _ => written,
    };
    if let Some((_, code)) = known.iter().find(|(listed, _)| *listed == name) {
        return Some(*code);
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let advice = match nearest(name, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write a number or one of {}", listed(&names)),
    };
    findings
        .error(node.span, format!("unknown code `{name}`"))
        .advise(advice);
    None
}

/// An instant as RFC 3339 writes it.
pub(super) fn time(text: &Spanned<String>, findings: &mut Findings<'_>) -> Option<Time> {
    let read = text.value.parse::<jiff::Timestamp>().ok();
    let time = read
        .and_then(|timestamp| i64::try_from(timestamp.as_nanosecond()).ok())
        .map(Time::from_nanos);
    if time.is_none() {
        findings
            .error(text.span, "not an instant")
            .advise("write it like 2026-01-05T08:00:00Z");
    }
    time
}
