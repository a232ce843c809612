//! One notification, given by flags.

use super::lines::Kind;
use crate::{
    api::{self, notification::Payload},
    cli::{client::instant, failure::Failure},
    grpc::to_proto::timestamp,
    model::{ConferenceStatus, DisconnectReason, ParticipantStatus, Role, Time},
};

/// The fields of a notification; codes by name (`PORT_FULL`, `port-full`) or number.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "One notification by flags")]
pub(super) struct One {
    /// Which meeting
    #[arg(long, value_name = "TEXT")]
    billing_code: Option<String>,
    /// What changed, by name or number
    #[arg(long, value_name = "CODE", requires = "billing_code", allow_negative_numbers = true, value_parser = status)]
    status: Option<Status>,
    /// Which participant; makes it a party notification
    #[arg(long, value_name = "TEXT", requires = "billing_code")]
    party_id: Option<String>,
    /// The participant's name
    #[arg(long, value_name = "TEXT", requires = "party_id")]
    name: Option<String>,
    /// The phone number
    #[arg(long, value_name = "TEXT", requires = "party_id")]
    phone: Option<String>,
    /// The country code
    #[arg(long, value_name = "TEXT", requires = "party_id")]
    country: Option<String>,
    /// The area code
    #[arg(long, value_name = "TEXT", requires = "party_id")]
    area_code: Option<String>,
    /// The number joined from
    #[arg(long, value_name = "TEXT", requires = "party_id")]
    acm_phone: Option<String>,
    /// The city
    #[arg(long, value_name = "TEXT", requires = "party_id")]
    city: Option<String>,
    /// Expert or client, by name or number
    #[arg(long, value_name = "CODE", requires = "party_id", value_parser = role)]
    role: Option<i32>,
    /// Why the participant was disconnected, by name or number
    #[arg(long, value_name = "CODE", requires = "party_id", value_parser = disconnect_reason)]
    disconnect_reason: Option<i32>,
    /// When the participant was connected, RFC 3339
    #[arg(long, value_name = "TIME", requires = "party_id", value_parser = instant)]
    connect_time: Option<Time>,
    /// When it happened, RFC 3339
    #[arg(long, value_name = "TIME", requires = "billing_code", value_parser = instant)]
    occurred_at: Option<Time>,
}

/// A status, as each kind would read it.
#[derive(Debug, Clone, Copy)]
struct Status {
    conf: Option<i32>,
    party: Option<i32>,
}

impl One {
    /// The notification that the flags describe, if they describe one; what is missing is for the server to say.
    pub(super) fn notification(self, kind: Option<Kind>) -> Result<Option<api::Notification>, Failure> {
        let Some(billing_code) = self.billing_code else {
            return Ok(None);
        };
        let is_party = self.party_id.is_some();
        let payload = match kind.unwrap_or(if is_party { Kind::Party } else { Kind::Conf }) {
            Kind::Conf if is_party => return Err(Failure::Usage("--party-id is not for --type conf")),
            Kind::Conf => Payload::Conf(api::ConferenceNotification {
                billing_code,
                status: code(self.status, |status| status.conf)?,
            }),
            Kind::Party => Payload::Party(api::ParticipantNotification {
                billing_code,
                party_id: self.party_id.unwrap_or_default(),
                name: self.name.unwrap_or_default(),
                phone: self.phone.unwrap_or_default(),
                country: self.country.unwrap_or_default(),
                area_code: self.area_code.unwrap_or_default(),
                acm_phone: self.acm_phone.unwrap_or_default(),
                city: self.city.unwrap_or_default(),
                role: self.role,
                status: code(self.status, |status| status.party)?,
                disconnect_reason: self.disconnect_reason,
                connect_time: self.connect_time.map(timestamp),
            }),
        };
        Ok(Some(api::Notification {
            id: String::new(),
            occurred_at: self.occurred_at.map(timestamp),
            payload: Some(payload),
        }))
    }
}

fn code(status: Option<Status>, of: impl Fn(Status) -> Option<i32>) -> Result<Option<i32>, Failure> {
    match status.map(of) {
        None => Ok(None),
        Some(Some(code)) => Ok(Some(code)),
        Some(None) => Err(Failure::Usage("--status names a code of the other type; see --type")),
    }
}

/// Names are taken in any case and with hyphens: PORT_FULL, port-full.
fn named(text: &str) -> String {
    text.to_ascii_uppercase().replace('-', "_")
}

fn status(text: &str) -> Result<Status, String> {
    if let Ok(number) = text.parse() {
        return Ok(Status {
            conf: Some(number),
            party: Some(number),
        });
    }
    let name = named(text);
    let status = Status {
        conf: ConferenceStatus::from_name(&name).map(|code| code.0),
        party: ParticipantStatus::from_name(&name).map(|code| code.0),
    };
    if status.conf.is_none() && status.party.is_none() {
        let listed = names(ConferenceStatus::LISTED).chain(names(ParticipantStatus::LISTED));
        return Err(expected(listed));
    }
    Ok(status)
}

fn role(text: &str) -> Result<i32, String> {
    let named = || Role::from_name(&named(text)).map(|code| code.0);
    text.parse()
        .ok()
        .or_else(named)
        .ok_or_else(|| expected(names(Role::LISTED)))
}

fn disconnect_reason(text: &str) -> Result<i32, String> {
    let named = || DisconnectReason::from_name(&named(text)).map(|code| code.0);
    text.parse()
        .ok()
        .or_else(named)
        .ok_or_else(|| expected(names(DisconnectReason::LISTED)))
}

fn names<T>(listed: &'static [(&'static str, T)]) -> impl Iterator<Item = &'static str> {
    listed.iter().map(|(name, _)| *name)
}

fn expected(names: impl Iterator<Item = &'static str>) -> String {
    format!("expected a number or one of {}", names.collect::<Vec<_>>().join(", "))
}
