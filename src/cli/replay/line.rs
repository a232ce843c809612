//! One line of a file of notifications: an instant or none, then the vendor's text after its type, or JSON in protobuf's mapping.

use serde::Deserialize;

use crate::{
    api::{self, notification::Payload},
    cli::send::lines::{self, BadLine},
    model::{ConferenceStatus, DisconnectReason, ParticipantStatus, Role, Time},
};

/// Why a line is no notification.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoNotification {
    #[error("expected conf {{…}}, party {{…}} or JSON, after an instant or without one")]
    NoType,
    #[error(transparent)]
    Line(BadLine),
    #[error("no notification in JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("expected exactly one of `conf`, `party` and `raw`")]
    NotOne,
    #[error("`{0}` is no code, and no instant")]
    Value(String),
}

impl From<BadLine> for NoNotification {
    fn from(bad: BadLine) -> Self {
        match bad {
            BadLine::NoType => Self::NoType,
            bad => Self::Line(bad),
        }
    }
}

/// A notification, with the time that stands before it.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub at: Option<Time>,
    pub notification: api::Notification,
}

/// Reads a line; `None` for a blank one and for a comment.
pub(super) fn parse(text: &str) -> Result<Option<Line>, NoNotification> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let (at, rest) = match text
        .split_once(char::is_whitespace)
        .map(|(first, rest)| (instant(first), rest))
    {
        Some((Some(at), rest)) => (Some(at), rest.trim_start()),
        _ => (None, text),
    };
    if rest.starts_with('{') {
        let written: Written = serde_json::from_str(rest)?;
        let occurred_at = written.occurred_at.as_deref().map(required_instant).transpose()?;
        let notification = written.into_wire(occurred_at)?;
        return Ok(Some(Line {
            at: at.or(occurred_at),
            notification,
        }));
    }
    let Some(line) = lines::parse(rest, None)? else {
        return Ok(None);
    };
    let raw = api::RawNotification {
        r#type: line.kind.name().to_owned(),
        body: line.body.to_owned(),
    };
    let notification = api::Notification {
        payload: Some(Payload::Raw(raw)),
        ..api::Notification::default()
    };
    Ok(Some(Line { at, notification }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default)]
    id: String,
    occurred_at: Option<String>,
    conf: Option<Conf>,
    party: Option<Party>,
    raw: Option<Raw>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Conf {
    #[serde(default)]
    billing_code: String,
    status: Option<Code>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct Party {
    billing_code: String,
    party_id: String,
    name: String,
    phone: String,
    country: String,
    area_code: String,
    acm_phone: String,
    city: String,
    role: Option<Code>,
    status: Option<Code>,
    disconnect_reason: Option<Code>,
    connect_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    r#type: String,
    body: String,
}

/// A number, or a name with or without its enum's prefix.
#[derive(Deserialize)]
#[serde(untagged)]
enum Code {
    Number(i32),
    Name(String),
}

impl Code {
    fn read(self, prefix: &str, named: impl Fn(&str) -> Option<i32>) -> Result<i32, NoNotification> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Name(name) => named(name.strip_prefix(prefix).unwrap_or(&name)).ok_or(NoNotification::Value(name)),
        }
    }
}

impl Written {
    fn into_wire(self, occurred_at: Option<Time>) -> Result<api::Notification, NoNotification> {
        let payload = match (self.conf, self.party, self.raw) {
            (Some(conf), None, None) => Payload::Conf(conf.into_wire()?),
            (None, Some(party), None) => Payload::Party(party.into_wire()?),
            (None, None, Some(Raw { r#type, body })) => Payload::Raw(api::RawNotification { r#type, body }),
            _ => return Err(NoNotification::NotOne),
        };
        Ok(api::Notification {
            id: self.id,
            occurred_at: occurred_at.map(timestamp),
            payload: Some(payload),
        })
    }
}

impl Conf {
    fn into_wire(self) -> Result<api::ConferenceNotification, NoNotification> {
        let named = |name: &str| ConferenceStatus::from_name(name).map(|code| code.0);
        Ok(api::ConferenceNotification {
            billing_code: self.billing_code,
            status: self
                .status
                .map(|code| code.read("CONFERENCE_STATUS_", named))
                .transpose()?,
        })
    }
}

impl Party {
    fn into_wire(self) -> Result<api::ParticipantNotification, NoNotification> {
        let status = |name: &str| ParticipantStatus::from_name(name).map(|code| code.0);
        let reason = |name: &str| DisconnectReason::from_name(name).map(|code| code.0);
        let role = |name: &str| Role::from_name(name).map(|code| code.0);
        let connect_time = self.connect_time.as_deref().map(required_instant).transpose()?;
        Ok(api::ParticipantNotification {
            billing_code: self.billing_code,
            party_id: self.party_id,
            name: self.name,
            phone: self.phone,
            country: self.country,
            area_code: self.area_code,
            acm_phone: self.acm_phone,
            city: self.city,
            role: self.role.map(|code| code.read("ROLE_", role)).transpose()?,
            status: self
                .status
                .map(|code| code.read("PARTICIPANT_STATUS_", status))
                .transpose()?,
            disconnect_reason: self
                .disconnect_reason
                .map(|code| code.read("DISCONNECT_REASON_", reason))
                .transpose()?,
            connect_time: connect_time.map(timestamp),
        })
    }
}

fn required_instant(text: &str) -> Result<Time, NoNotification> {
    instant(text).ok_or_else(|| NoNotification::Value(text.to_owned()))
}

fn instant(text: &str) -> Option<Time> {
    super::instant(text).ok()
}

fn timestamp(time: Time) -> prost_types::Timestamp {
    crate::grpc::to_proto::timestamp(time)
}
