//! How mail is sent: over relays, or into a folder.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    secret::{self, Password},
    value::{self, count, duration, write_duration},
};

/// How mail is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// Whom mail comes from; required with relays, else `Bellwether <bellwether@localhost>`.
    #[serde(deserialize_with = "value::mailbox", skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// SMTP servers, tried in their order; none: mail goes into the folder.
    pub relays: Vec<Relay>,
    /// Instead of relays: where mail is written as `.eml` files; without either, `./outbox`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// What this machine calls itself in `EHLO`; absent: the domain of `from`.
    #[serde(deserialize_with = "value::hello_name", skip_serializing_if = "Option::is_none")]
    pub hello_name: Option<String>,
    /// How many mails are on their way to the relays at once: 1 to 64.
    #[serde(deserialize_with = "count::<1, 64, _>")]
    pub lanes: u32,
    /// How long each step of a delivery may take.
    pub timeouts: Timeouts,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            from: None,
            relays: Vec::new(),
            folder: None,
            hello_name: None,
            lanes: 4,
            timeouts: Timeouts::default(),
        }
    }
}

/// How long each step of a delivery may take, each 1s to 15m.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// Connecting, TLS included, and the greeting.
    #[serde(deserialize_with = "duration::<1, 900, _>", serialize_with = "write_duration")]
    pub connect: Duration,
    /// The answer to one command.
    #[serde(deserialize_with = "duration::<1, 900, _>", serialize_with = "write_duration")]
    pub command: Duration,
    /// The answer to the mail itself, which a server may scan before it takes it.
    #[serde(deserialize_with = "duration::<1, 900, _>", serialize_with = "write_duration")]
    pub message: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_mins(1),
            message: Duration::from_mins(10),
        }
    }
}

/// An SMTP server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Its name, which its certificate must bear.
    pub host: String,
    /// Its port; absent: 465 for `tls`, 587 for `starttls`, 25 for `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: Tls,
    /// A certificate authority to trust besides the system's, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Whom to log in as; absent: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where the password stands; nobody but the owner may be able to read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// What stands there.
    #[serde(
        default,
        deserialize_with = "secret::refuse",
        serialize_with = "secret::write",
        skip_serializing_if = "Option::is_none"
    )]
    pub password: Option<Password>,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From its first byte.
    Tls,
    /// By `STARTTLS`, without which no mail is sent.
    #[default]
    Starttls,
    /// Not at all.
    None,
}

impl Tls {
    /// The port that is customary for it.
    pub const fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::Starttls => 587,
            Self::None => 25,
        }
    }
}

impl Mail {
    /// Checks what belongs together, fills in what was left out, and reads the passwords.
    pub(super) fn complete(&mut self) -> Result<(), ConfigError> {
        match (self.relays.is_empty(), &self.folder) {
            (false, Some(_)) => return Err(ConfigError::RelaysAndFolder),
            (false, None) if self.from.is_none() => return Err(ConfigError::FromMissing),
            (true, None) => self.folder = Some(PathBuf::from("outbox")),
            _ => {}
        }
        self.from
            .get_or_insert_with(|| "Bellwether <bellwether@localhost>".to_owned());
        for (index, relay) in self.relays.iter_mut().enumerate() {
            relay.complete(index)?;
        }
        Ok(())
    }
}

impl Relay {
    fn complete(&mut self, index: usize) -> Result<(), ConfigError> {
        if self.username.is_some() != self.password_file.is_some() {
            return Err(ConfigError::HalfLogin { relay: index });
        }
        if self.username.is_some() && self.tls == Tls::None {
            return Err(ConfigError::PasswordInClear { relay: index });
        }
        self.port.get_or_insert(self.tls.port());
        self.password = self.password_file.as_deref().map(Password::read).transpose()?;
        Ok(())
    }
}
