//! The vendor's notification text, read and written.
//!
//! ```text
//! {billingCode = '33333' , partyId = '1595239406278YY10000' , partyStatus = '5' , city = '陕西.西安'}
//! ```
//!
//! Bridges write it with more freedom than the vendor's document promises, and so does that document, which opens and closes a value
//! with the same curly quote. So the reader takes any quote for any other (ASCII, curly, full-width, prime), any blanks, full-width
//! punctuation, keys in any order and a trailing comma. It does not repair: what has two readings or none is refused with its place.
//!
//! - [`Pairs`](scan::Pairs) finds where each value ends, in linear time;
//! - [`Fields`] says what the values are: text as it came, codes and times as integers.
//!
//! Deliberately absent: escapes, which the format does not have, and any look at whether the values make sense together.

mod fields;
mod keys;
mod refusal;
mod scan;
#[cfg(test)]
mod tests;
mod write;

use fields::Fields;
pub use refusal::{Hint, Refusal};
pub use write::{write, write_masked};

use super::{Conf, ConferenceStatus, DisconnectReason, ParticipantStatus, Party, Payload, Role, Time};

/// The vendor's notification types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of a meeting.
    Conf,
    /// Of a participant.
    Party,
}

impl Kind {
    /// The type as the vendor calls it, `conf` or `party`; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "conf" => Some(Self::Conf),
            "party" => Some(Self::Party),
            _ => None,
        }
    }

    /// The type of a payload.
    pub const fn of(payload: &Payload) -> Self {
        match payload {
            Payload::Conf(_) => Self::Conf,
            Payload::Party(_) => Self::Party,
        }
    }

    /// As the vendor calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conf => "conf",
            Self::Party => "party",
        }
    }

    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Conf => keys::CONF,
            Self::Party => keys::PARTY,
        }
    }
}

/// Reads the text of one notification, received at that time.
///
/// # Errors
/// A text that is malformed, lacks a required key, or holds a value that is not what its key wants. See [`Refusal`].
pub fn parse(kind: Kind, body: &str, received: Time) -> Result<Payload, Refusal> {
    let fields = Fields::read(kind, body)?;
    Ok(match kind {
        Kind::Conf => Payload::Conf(Conf {
            billing_code: fields.identifier(keys::BILLING_CODE)?,
            status: ConferenceStatus(fields.required_code(keys::STATUS)?),
            extra: fields.extra(),
        }),
        Kind::Party => Payload::Party(Party {
            billing_code: fields.identifier(keys::BILLING_CODE)?,
            party_id: fields.identifier(keys::PARTY_ID)?,
            name: fields.personal(keys::NAME),
            phone: fields.personal(keys::PHONE),
            country: fields.text(keys::COUNTRY),
            area_code: fields.text(keys::AREA_CODE),
            acm_phone: fields.personal(keys::ACM_PHONE),
            city: fields.personal(keys::CITY),
            role: fields.code(keys::ROLE)?.map(Role),
            status: ParticipantStatus(fields.required_code(keys::PARTY_STATUS)?),
            disconnect_reason: fields.code(keys::DISCONNECT_REASON)?.map(DisconnectReason),
            connect_time: fields.connect_time(keys::CONNECT_TIME, received)?,
            extra: fields.extra(),
        }),
    })
}
