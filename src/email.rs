//! Mail out: composed from what the engine says, handed to a relay or, where there is none, written into a folder.
//!
//! Deliberately absent: when a mail is sent and when it is tried again. That is the engine's; here one attempt goes in and one
//! outcome comes back.

mod answer;
#[cfg(test)]
mod fixture;
mod folder;
mod header_text;
mod lane;
mod message;
mod page;
mod relay;
mod sender;
mod settings;
mod worker;

pub use header_text::HeaderText;
pub use message::{ComposeError, Mail, compose};
pub use relay::RelayError;
pub use sender::{InvalidSender, Sender};
pub use settings::{HelloName, InvalidHelloName, MailSettings, RelaySettings, SecretError, Timeouts, Tls};
pub use worker::{Counts, MailQueue, Mailer, StartError};
