//! From the wire: requests become the model's values, or a refusal that names the field.
//!
//! Notifications are read from the very bytes that came, since this runs for each of a million a second; all else is read by prost.

mod digest;
#[cfg(test)]
mod tests;
mod wire;

use std::time::Duration;

use compact_str::CompactString;

use super::status::Refused;
use crate::model::{
    Conf, ConferenceStatus, DisconnectReason, Notification, NotificationId, ParticipantStatus, Party, Payload,
    Personal, Role, Time,
    malformed::{self, MAX_VALUE_BYTES, Reason},
    vendor_text,
};

/// The longest idempotency key, in bytes.
const MAX_ID_BYTES: usize = 128;

/// The whole seconds that protobuf allows in a timestamp: the years 1 to 9999.
const TIMESTAMP_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The whole seconds that protobuf allows in a duration that is not negative: about 10,000 years.
const DURATION_SECONDS: std::ops::RangeInclusive<i64> = 0..=315_576_000_000;

/// Reads the notification of a `NotifyRequest` or a `StreamNotifyRequest`, which this source sent and which was received at that time.
///
/// # Errors
/// Bytes that are no such request; or the first field that cannot be read, as a path that begins with `notification`.
pub fn request(bytes: &[u8], source: &str, received: Time) -> Result<Notification, Refused> {
    let wire = required(wire::of_one(bytes)?, "notification")?;
    notification(wire, source, received)
}

/// The items of a `BatchNotifyRequest`, each to be read by [`item`].
///
/// # Errors
/// Bytes that are no such request. That an item is no notification shows when it is read.
pub fn items(bytes: &[u8]) -> Result<Vec<&[u8]>, Refused> {
    wire::of_many(bytes)
}

/// Reads an item of a batch, which this source sent and which was received at that time.
///
/// # Errors
/// As those of [`request`].
pub fn item(bytes: &[u8], source: &str, received: Time) -> Result<Notification, Refused> {
    let mut wire = wire::Notification::default();
    wire.merge(bytes)?;
    notification(wire, source, received)
}

fn notification(wire: wire::Notification<'_>, source: &str, received: Time) -> Result<Notification, Refused> {
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

fn payload(wire: Option<wire::Payload<'_>>, received: Time) -> Result<Payload, Refused> {
    match wire {
        Some(wire::Payload::Conf(wire)) => conf(wire).map(Payload::Conf),
        Some(wire::Payload::Party(wire)) => party(wire, received).map(Payload::Party),
        Some(wire::Payload::Raw(wire)) => raw(&wire, received),
        None => Err(Refused::malformed("notification", Reason::PayloadMissing)),
    }
}

fn conf(wire: wire::Conf<'_>) -> Result<Conf, Refused> {
    Ok(Conf {
        billing_code: required_identifier(wire.billing_code, "notification.conf.billing_code")?,
        status: ConferenceStatus(required(wire.status, "notification.conf.status")?),
        extra: None,
    })
}

fn party(wire: wire::Party<'_>, received: Time) -> Result<Party, Refused> {
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

fn raw(wire: &wire::Raw<'_>, received: Time) -> Result<Payload, Refused> {
    let kind = vendor_text::Kind::from_name(wire.kind)
        .ok_or_else(|| Refused::malformed("notification.raw.type", Reason::UnknownType))?;
    vendor_text::parse(kind, wire.body, received)
        .map_err(|refusal| Refused::unreadable("notification.raw.body", refusal))
}

fn connect_time(wire: prost_types::Timestamp, received: Time) -> Result<Time, Refused> {
    let field = "notification.party.connect_time";
    let time = timestamp(wire, field)?;
    malformed::connect_time(time, received).map_err(|reason| Refused::malformed(field, reason))?;
    Ok(time)
}

/// On the wire an absent string is an empty one.
fn required_identifier(value: &str, field: &'static str) -> Result<CompactString, Refused> {
    if value.is_empty() {
        return Err(Refused::malformed(field, Reason::RequiredFieldMissing));
    }
    identifier(value, MAX_VALUE_BYTES, field)
}

fn identifier(value: &str, max_bytes: usize, field: &'static str) -> Result<CompactString, Refused> {
    malformed::identifier(value, max_bytes).map_err(|reason| Refused::malformed(field, reason))?;
    Ok(value.into())
}

fn text(value: &str, field: &'static str) -> Result<CompactString, Refused> {
    malformed::free_text(value).map_err(|reason| Refused::malformed(field, reason))?;
    Ok(value.into())
}

fn personal(value: &str, field: &'static str) -> Result<Personal, Refused> {
    text(value, field).map(Personal::new)
}
