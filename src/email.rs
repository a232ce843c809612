//! Mail out: composed from what the engine says, handed to a relay or, where there is none, written into a folder.
//!
//! Deliberately absent: when a mail is sent and when it is tried again. That is the engine's; here one attempt goes in and one
//! outcome comes back.

mod clean;
mod connection;
mod dkim;
mod folder;
mod header_text;
mod lane;
mod login;
mod message;
mod offers;
mod page;
mod queue;
mod relay;
mod reply;
mod secret;
mod sender;
mod settings;
mod step;
#[cfg(test)]
mod tests;
mod tls;
mod transaction;
mod upcoming;
mod worker;

pub use dkim::DkimError;
pub use header_text::HeaderText;
pub use message::{ComposeError, Mail, compose};
pub use queue::MailQueue;
pub use relay::RelayError;
pub use secret::{SecretError, read_secret};
pub use sender::{InvalidSender, Sender};
pub use settings::{
    Auth, CoolDown, DkimSettings, HelloName, Identity, InvalidHelloName, Login, MailSettings, RelaySettings, Timeouts,
    Tls,
};
pub use tls::TlsError;
pub use worker::{Mailer, Relays, StartError};
