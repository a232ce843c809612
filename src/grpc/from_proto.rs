//! From the wire: requests become the model's values, or a refusal that names the field.
//!
//! A notification is taken apart by value, so that its strings move instead of being copied: this runs for each of a million a second.

mod digest;
#[cfg(test)]
mod tests;

use std::time::Duration;

use compact_str::CompactString;

use super::status::Refused;
use crate::{
    api::{self, notification::Payload as Wire},
    model::{
        Conf, ConferenceStatus, DisconnectReason, Notification, NotificationId, ParticipantStatus, Party, Payload,
        Personal, Role, Time,
        malformed::{self, MAX_VALUE_BYTES, Reason},
        vendor_text,
    },
};

/// The longest idempotency key, in bytes.
const MAX_ID_BYTES: usize = 128;

/// The whole seconds that protobuf allows in a timestamp: the years 1 to 9999.
const TIMESTAMP_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The whole seconds that protobuf allows in a duration that is not negative: about 10,000 years.
const DURATION_SECONDS: std::ops::RangeInclusive<i64> = 0..=315_576_000_000;

/// Reads a notification that this source sent and that was received at that time.
///
/// # Errors
/// The first field that cannot be read, as a path that begins with `notification`.
pub fn notification(wire: api::Notification, source: &str, received: Time) -> Result<Notification, Refused> {
    let payload = payload(wire.payload, received)?;
    let occurred_at = wire
        .occurred_at
        .map(|at| timestamp(at, "notification.occurred_at"))
        .transpose()?;
    let id = if wire.id.is_empty() {
        None
    } else {
        Some(NotificationId {
            id: identifier(wire.id, MAX_ID_BYTES, "notification.id")?,
            content: digest::content(occurred_at, &payload),
        })
    };
    Ok(Notification {
        source: source.into(),
        id,
        occurred_at,
        payload,
    })
}

/// A message that must be there.
///
/// # Errors
/// It is not.
pub fn required<T>(message: Option<T>, field: &'static str) -> Result<T, Refused> {
    message.ok_or_else(|| Refused::malformed(field, Reason::RequiredFieldMissing))
}

/// Reads an instant. One that protobuf allows but that lies outside of [`Time`]'s range becomes the nearest one inside.
///
/// # Errors
/// Parts that are no valid timestamp.
pub fn timestamp(wire: prost_types::Timestamp, field: &'static str) -> Result<Time, Refused> {
    if !TIMESTAMP_SECONDS.contains(&wire.seconds) || !(0..1_000_000_000).contains(&wire.nanos) {
        return Err(Refused::malformed(field, Reason::BadTimestamp));
    }
    let nearest = if wire.seconds < 0 { Time::MIN } else { Time::MAX };
    Ok(Time::from_parts(wire.seconds, wire.nanos).unwrap_or(nearest))
}

/// Reads a duration.
///
/// # Errors
/// Parts that are no valid duration, or a negative one.
pub fn duration(wire: prost_types::Duration, field: &'static str) -> Result<Duration, Refused> {
    let parts = (u64::try_from(wire.seconds), u32::try_from(wire.nanos));
    match parts {
        (Ok(seconds), Ok(nanos)) if DURATION_SECONDS.contains(&wire.seconds) && nanos < 1_000_000_000 => {
            Ok(Duration::new(seconds, nanos))
        }
        _ => Err(Refused::malformed(field, Reason::BadTimestamp)),
    }
}

fn payload(wire: Option<Wire>, received: Time) -> Result<Payload, Refused> {
    match wire {
        Some(Wire::Conf(wire)) => conf(wire).map(Payload::Conf),
        Some(Wire::Party(wire)) => party(wire, received).map(Payload::Party),
        Some(Wire::Raw(wire)) => raw(&wire, received),
        None => Err(Refused::malformed("notification", Reason::PayloadMissing)),
    }
}

fn conf(wire: api::ConferenceNotification) -> Result<Conf, Refused> {
    Ok(Conf {
        billing_code: required_identifier(wire.billing_code, "notification.conf.billing_code")?,
        status: ConferenceStatus(required(wire.status, "notification.conf.status")?),
        extra: None,
    })
}

fn party(wire: api::ParticipantNotification, received: Time) -> Result<Party, Refused> {
    Ok(Party {
        billing_code: required_identifier(wire.billing_code, "notification.party.billing_code")?,
        party_id: required_identifier(wire.party_id, "notification.party.party_id")?,
        name: personal(wire.name, "notification.party.name")?,
        phone: personal(wire.phone, "notification.party.phone")?,
        country: text(wire.country, "notification.party.country")?,
        area_code: text(wire.area_code, "notification.party.area_code")?,
        acm_phone: personal(wire.acm_phone, "notification.party.acm_phone")?,
        city: personal(wire.city, "notification.party.city")?,
        role: wire.role.map(Role),
        status: ParticipantStatus(required(wire.status, "notification.party.status")?),
        disconnect_reason: wire.disconnect_reason.map(DisconnectReason),
        connect_time: wire.connect_time.map(|at| connect_time(at, received)).transpose()?,
        extra: None,
    })
}

fn raw(wire: &api::RawNotification, received: Time) -> Result<Payload, Refused> {
    let kind = vendor_text::Kind::from_name(&wire.r#type)
        .ok_or_else(|| Refused::malformed("notification.raw.type", Reason::UnknownType))?;
    vendor_text::parse(kind, &wire.body, received)
        .map_err(|refusal| Refused::unreadable("notification.raw.body", refusal))
}

fn connect_time(wire: prost_types::Timestamp, received: Time) -> Result<Time, Refused> {
    let field = "notification.party.connect_time";
    let time = timestamp(wire, field)?;
    malformed::connect_time(time, received).map_err(|reason| Refused::malformed(field, reason))?;
    Ok(time)
}

/// On the wire an absent string is an empty one.
fn required_identifier(value: String, field: &'static str) -> Result<CompactString, Refused> {
    if value.is_empty() {
        return Err(Refused::malformed(field, Reason::RequiredFieldMissing));
    }
    identifier(value, MAX_VALUE_BYTES, field)
}

fn identifier(value: String, max_bytes: usize, field: &'static str) -> Result<CompactString, Refused> {
    malformed::identifier(&value, max_bytes).map_err(|reason| Refused::malformed(field, reason))?;
    Ok(value.into())
}

fn text(value: String, field: &'static str) -> Result<CompactString, Refused> {
    malformed::free_text(&value).map_err(|reason| Refused::malformed(field, reason))?;
    Ok(value.into())
}

fn personal(value: String, field: &'static str) -> Result<Personal, Refused> {
    text(value, field).map(Personal::new)
}
