//! The `mail:` part of the configuration.

use std::{
    fs, io,
    num::{NonZeroU16, NonZeroUsize},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Sender;

/// How mail leaves. With nothing configured it is written into the folder `outbox`, so that the service runs whole on a laptop.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// Who mails come from; its domain also makes the Message-IDs, so changing it parts the threads of open alerts.
    pub from: Sender,
    /// SMTP servers that take our mail, in the order in which they are tried: a later one only where an earlier cannot be connected.
    pub relays: Vec<RelaySettings>,
    /// Where mails are written as `.eml` files instead; `./outbox` if absent. Not together with `relays`.
    pub folder: Option<PathBuf>,
    /// The name in our EHLO; the domain of `from` if absent.
    pub hello_name: Option<HelloName>,
    /// How many mails are under way at once, each on a connection of its own; 4 if absent, 64 at most.
    pub lanes: NonZeroUsize,
    /// How long each step of a conversation may take.
    pub timeouts: Timeouts,
}

impl MailSettings {
    /// The most lanes there can be.
    pub const MAX_LANES: usize = 64;

    /// Reads the password files into memory. To be called once, before the mailer starts.
    pub fn read_secrets(&mut self) -> Result<(), SecretError> {
        for relay in &mut self.relays {
            if let Some(path) = &relay.password_file {
                relay.password = Some(read_secret(path)?);
            }
        }
        Ok(())
    }
}

impl Default for MailSettings {
    #[expect(clippy::expect_used, reason = "constants, read by a test")]
    fn default() -> Self {
        Self {
            from: "Bellwether <bellwether@localhost>".parse().expect("a valid sender"),
            relays: Vec::new(),
            folder: None,
            hello_name: None,
            lanes: NonZeroUsize::new(4).expect("not zero"),
            timeouts: Timeouts::default(),
        }
    }
}

/// An SMTP server that takes our mail.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RelaySettings {
    /// Its name, which its certificate must bear, or its address.
    pub host: String,
    /// Its port: 587 for `starttls`, 465 for `tls`, 25 for `none`, if absent.
    #[serde(default)]
    pub port: Option<NonZeroU16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: Tls,
    /// A PEM file of certificate authorities to trust beside the system's, for a private relay.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Who logs in; nobody if absent.
    #[serde(default)]
    pub username: Option<String>,
    /// The file that holds the password; a line break at its end does not count. A password never stands in the configuration.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// What [`MailSettings::read_secrets`] found in the file.
    #[serde(skip)]
    pub password: Option<SecretString>,
}

impl RelaySettings {
    /// The port in force.
    pub fn port(&self) -> u16 {
        self.port.map_or(
            match self.tls {
                Tls::Tls => 465,
                Tls::Starttls => 587,
                Tls::None => 25,
            },
            NonZeroU16::get,
        )
    }
}

/// How the connection to a relay is encrypted; never less than asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte (RFC 8314).
    Tls,
    /// After STARTTLS (RFC 3207). A relay that does not offer it gets nothing.
    #[default]
    Starttls,
    /// Not at all: for a relay on this machine.
    None,
}

/// How long each step of an SMTP conversation may take. RFC 5321, 4.5.3.2, has patience as a virtue; but for the last one, what is
/// lost by giving up early is only the time until the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// Name lookup, TCP and TLS. 30 s if absent.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub connect: Duration,
    /// Each command, the greeting included. 60 s if absent; a busy server may be allowed 5 min.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub command: Duration,
    /// The message, to the answer after its final dot. 10 min if absent: who gives up earlier than the server makes duplicates.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub message: Duration,
    /// A connection without mail, before it is closed. 30 s if absent.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_mins(1),
            message: Duration::from_mins(10),
            idle: Duration::from_secs(30),
        }
    }
}

/// What a client calls itself in EHLO: a domain name or an address in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct HelloName(String);

impl HelloName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What was given as the EHLO name could not stand in a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "hello_name may hold letters, digits, dots, hyphens, colons and brackets only: mail.example.com or [192.0.2.1]"
)]
pub struct InvalidHelloName;

impl TryFrom<String> for HelloName {
    type Error = InvalidHelloName;

    fn try_from(name: String) -> Result<Self, InvalidHelloName> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b".-:[]".contains(&b);
        if !name.is_empty() && name.len() <= 255 && name.bytes().all(fits) {
            Ok(Self(name))
        } else {
            Err(InvalidHelloName)
        }
    }
}

impl From<HelloName> for String {
    fn from(name: HelloName) -> Self {
        name.0
    }
}

/// A password file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("cannot read the password file {path}; create it, readable by the service alone")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is empty.
    #[error("the password file {path} is empty; write the password into it")]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

fn read_secret(path: &Path) -> Result<SecretString, SecretError> {
    let mut text = fs::read_to_string(path).map_err(|source| SecretError::Read {
        path: path.to_owned(),
        source,
    })?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    if text.is_empty() {
        return Err(SecretError::Empty { path: path.to_owned() });
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn reads_the_manuals_example() {
        let settings: MailSettings = serde_saphyr::from_str(
            "from: Bellwether <alerts@example.com>\n\
             relays: [{ host: smtp.example.com, username: u, password_file: /p }, { host: '::1', port: 2525, tls: none }]\n\
             timeouts: { command: 5m }\n",
        )
        .unwrap();
        assert_eq!(settings.relays[0].tls, Tls::Starttls);
        assert_eq!(settings.relays[0].port(), 587);
        assert_eq!(settings.relays[1].port(), 2525);
        assert_eq!(settings.timeouts.command, Duration::from_mins(5));
        assert_eq!(settings.timeouts.message, Duration::from_mins(10));
        assert_eq!(settings.lanes.get(), 4);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for text in [
            "relay: []",
            "relays: [{ host: a, password: secret }]",
            "relays: [{ host: a, tls: maybe }]",
            "relays: [{ host: a, port: 0 }]",
            "from: nobody",
            "lanes: 0",
            "hello_name: \"a\\r\\nMAIL FROM:<>\"",
            "timeouts: { command: 5 }",
        ] {
            assert!(serde_saphyr::from_str::<MailSettings>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_comes_from_its_file_and_does_not_show() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "pass word\r\n").unwrap();
        let mut settings: MailSettings = serde_saphyr::from_str(&format!(
            "relays: [{{ host: a, username: u, password_file: '{}' }}]",
            file.path().display()
        ))
        .unwrap();
        settings.read_secrets().unwrap();
        assert_eq!(
            settings.relays[0].password.as_ref().unwrap().expose_secret(),
            "pass word"
        );
        assert!(!format!("{settings:?}").contains("pass word"));
        assert!(!serde_json::to_string(&settings).unwrap().contains("pass word"));

        fs::write(file.path(), "\n").unwrap();
        assert!(matches!(settings.read_secrets(), Err(SecretError::Empty { .. })));
    }
}
