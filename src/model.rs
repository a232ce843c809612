//! The vocabulary: notifications and their codes, the vendor's text, alerts, time, personal data. Values only; what they cause is the
//! engine's, how they travel is the shell's.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod alert;
mod codes;
mod language;
pub mod malformed;
mod notification;
mod personal;
mod silence;
mod time;
pub mod vendor_text;

pub use alert::{
    Acknowledgement, Alert, AlertEvent, AlertEventKind, AlertId, AlertState, Evidence, FilledText, Labels,
    MAIL_WAITING, NoAlertId, ResolveReason, Severity,
};
pub use codes::{ConferenceStatus, DisconnectReason, ParticipantStatus, Role};
pub use language::Language;
pub use notification::{Conf, Extra, Notification, NotificationId, Party, Payload};
pub use personal::{Personal, masked_part};
pub use silence::{NoSilenceId, Silence, SilenceId, SilenceState, WeeklyTimes};
pub use time::Time;
