//! What a bridge reports: of a meeting ("conf") or of a participant in one ("party").

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{ConferenceStatus, DisconnectReason, ParticipantStatus, Personal, Role, Time};

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payload {
    /// Of a meeting.
    Conf(Conf),
    /// Of a participant.
    Party(Party),
}

impl Payload {
    /// Which meeting it is about.
    pub fn billing_code(&self) -> &CompactString {
        match self {
            Self::Conf(conf) => &conf.billing_code,
            Self::Party(party) => &party.billing_code,
        }
    }
}

/// Keys that the vendor's document does not name, with their values, as they came; `None` for none. Their values may be personal.
pub type Extra = Option<Box<[(CompactString, Personal)]>>;

/// The vendor's "conf" notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conf {
    /// Which meeting; never empty.
    pub billing_code: CompactString,
    /// What changed.
    pub status: ConferenceStatus,
    /// Unknown keys of the vendor's text.
    pub extra: Extra,
}

/// The vendor's "party" notification. An absent text is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Which meeting; never empty.
    pub billing_code: CompactString,
    /// Which participant, unique within its meeting; never empty.
    pub party_id: CompactString,
    /// The name, or the phone number of one who called in.
    pub name: Personal,
    /// The phone number.
    pub phone: Personal,
    /// The country code.
    pub country: CompactString,
    /// The area code.
    pub area_code: CompactString,
    /// The number joined from.
    pub acm_phone: Personal,
    /// The city.
    pub city: Personal,
    /// Expert or client.
    pub role: Option<Role>,
    /// What the participant now does.
    pub status: ParticipantStatus,
    /// Why it was disconnected.
    pub disconnect_reason: Option<DisconnectReason>,
    /// When it was connected.
    pub connect_time: Option<Time>,
    /// Unknown keys of the vendor's text.
    pub extra: Extra,
}

impl Party {
    /// One that says no more than it must.
    pub fn new(
        billing_code: impl Into<CompactString>,
        party_id: impl Into<CompactString>,
        status: ParticipantStatus,
    ) -> Self {
        Self {
            billing_code: billing_code.into(),
            party_id: party_id.into(),
            name: Personal::default(),
            phone: Personal::default(),
            country: CompactString::default(),
            area_code: CompactString::default(),
            acm_phone: Personal::default(),
            city: Personal::default(),
            role: None,
            status,
            disconnect_reason: None,
            connect_time: None,
            extra: None,
        }
    }
}

/// The caller's idempotency key with a digest of what was sent under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationId {
    /// The key: 1 to 128 bytes, no control characters.
    pub id: CompactString,
    /// A digest of the notification's meaning: equal for equal content, however it was encoded.
    pub content: u128,
}

/// A notification that has been read and found well-formed, before it has a sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The authenticated caller, or `anonymous`.
    pub source: CompactString,
    /// The idempotency key, if the caller gave one.
    pub id: Option<NotificationId>,
    /// When it happened, if the caller said so.
    pub occurred_at: Option<Time>,
    /// What it says.
    pub payload: Payload,
}
