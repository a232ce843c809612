//! How mail is sent: over relays, or into a folder.

use std::{
    num::{NonZeroU16, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    secret::{self, Password},
    value::{count, duration, write_duration},
};
use crate::email::{self, Auth, DkimSettings, HelloName, Identity, Login, MailSettings, RelaySettings, Sender, Tls};

/// How mail is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// Whom mail comes from; required with relays, else `Bellwether <bellwether@localhost>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Sender>,
    /// Where people reach the console, for links in mails; absent: no links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_url: Option<String>,
    /// SMTP servers, tried in their order; none: mail goes into the folder.
    pub relays: Vec<Relay>,
    /// Instead of relays: where mail is written as `.eml` files; without either, `./outbox`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// What this machine calls itself in `EHLO`; absent: the domain of `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hello_name: Option<HelloName>,
    /// How many mails are on their way to the relays at once: 1 to 64.
    #[serde(deserialize_with = "count::<1, 64, _>")]
    pub lanes: u32,
    /// How long each step of a delivery may take.
    pub timeouts: Timeouts,
    /// How long a relay that cannot be used is left alone.
    pub cool_down: CoolDown,
    /// How mails are signed; absent: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dkim: Option<Dkim>,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            from: None,
            console_url: None,
            relays: Vec::new(),
            folder: None,
            hello_name: None,
            lanes: 4,
            timeouts: Timeouts::default(),
            cool_down: CoolDown::default(),
            dkim: None,
        }
    }
}

/// How long each step of a delivery may take, each 1s to 15m.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// Connecting, and again the TLS handshake.
    #[serde(deserialize_with = "duration::<1, 900, _>", serialize_with = "write_duration")]
    pub connect: Duration,
    /// The answer to one command.
    #[serde(deserialize_with = "duration::<1, 900, _>", serialize_with = "write_duration")]
    pub command: Duration,
    /// The answer to the mail itself, which a server may scan before it takes it.
    #[serde(deserialize_with = "duration::<1, 900, _>", serialize_with = "write_duration")]
    pub message: Duration,
    /// A connection without mail, before it is closed.
    #[serde(deserialize_with = "duration::<1, 900, _>", serialize_with = "write_duration")]
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let email::Timeouts {
            connect,
            command,
            message,
            idle,
        } = email::Timeouts::default();
        Self {
            connect,
            command,
            message,
            idle,
        }
    }
}

/// How long a relay is left alone after it could not be used, each 1s to 15m: doubled with each failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoolDown {
    /// After the first failure.
    #[serde(deserialize_with = "duration::<1, 900, _>", serialize_with = "write_duration")]
    pub first: Duration,
    /// At most.
    #[serde(deserialize_with = "duration::<1, 900, _>", serialize_with = "write_duration")]
    pub longest: Duration,
}

impl Default for CoolDown {
    fn default() -> Self {
        let email::CoolDown { first, longest } = email::CoolDown::default();
        Self { first, longest }
    }
}

/// How mails are signed (DKIM).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    /// The domain that vouches for them; absent: that of `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Which of the domain's keys.
    pub selector: String,
    /// The private key, PEM, RSA or Ed25519; nobody but the owner may be able to read it.
    pub key_file: PathBuf,
}

/// An SMTP server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Its name, which its certificate must bear.
    pub host: String,
    /// Its port; absent: 465 for `tls`, 587 for `starttls`, 25 for `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<NonZeroU16>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: Tls,
    /// A certificate authority to trust besides the system's, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The certificate to show, PEM, with those between it and its authority; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_cert_file: Option<PathBuf>,
    /// Its private key, PEM; nobody but the owner may be able to read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key_file: Option<PathBuf>,
    /// How to log in; absent: by password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// Whom to log in as; absent: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where the password or the access token stands; nobody but the owner may be able to read it. It is read anew at each login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// What stood there at the start: a file that cannot be used is found before anything is sent.
    #[serde(
        default,
        deserialize_with = "secret::refuse",
        serialize_with = "secret::write",
        skip_serializing_if = "Option::is_none"
    )]
    pub password: Option<Password>,
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
        if let Some(url) = &self.console_url
            && !url.parse::<http::Uri>().is_ok_and(|url| {
                matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some() && url.query().is_none()
            })
        {
            return Err(ConfigError::ConsoleUrl);
        }
        if let Some(dkim) = &self.dkim {
            let is_name = |name: &String| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            };
            if !is_name(&dkim.selector) || !dkim.domain.iter().all(is_name) {
                return Err(ConfigError::DkimName);
            }
        }
        if self.cool_down.first > self.cool_down.longest {
            return Err(ConfigError::CoolDown);
        }
        self.from.get_or_insert_with(|| MailSettings::default().from);
        for (index, relay) in self.relays.iter_mut().enumerate() {
            relay.complete(index)?;
        }
        Ok(())
    }

    /// As the mailer takes it.
    pub fn settings(&self) -> MailSettings {
        let unset = MailSettings::default();
        let from = self.from.clone().unwrap_or(unset.from);
        let Timeouts {
            connect,
            command,
            message,
            idle,
        } = self.timeouts;
        MailSettings {
            relays: self.relays.iter().map(Relay::settings).collect(),
            folder: self.folder.clone(),
            hello_name: self.hello_name.clone(),
            lanes: usize::try_from(self.lanes)
                .ok()
                .and_then(NonZeroUsize::new)
                .unwrap_or(unset.lanes),
            timeouts: email::Timeouts {
                connect,
                command,
                message,
                idle,
            },
            cool_down: email::CoolDown {
                first: self.cool_down.first,
                longest: self.cool_down.longest,
            },
            console: self.console_url.clone(),
            dkim: self.dkim.as_ref().map(|dkim| DkimSettings {
                domain: dkim.domain.clone().unwrap_or_else(|| from.domain().to_owned()),
                selector: dkim.selector.clone(),
                key_file: dkim.key_file.clone(),
            }),
            from,
        }
    }
}

impl Relay {
    /// In clear and without a login, on the port that is usual for that.
    pub fn plain(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            port: None,
            tls: Tls::None,
            ca_file: None,
            client_cert_file: None,
            client_key_file: None,
            auth: None,
            username: None,
            password_file: None,
            password: None,
        }
    }

    fn complete(&mut self, index: usize) -> Result<(), ConfigError> {
        if self.username.is_some() != self.password_file.is_some() {
            return Err(ConfigError::HalfLogin { relay: index });
        }
        if self.username.is_some() && self.tls == Tls::None {
            return Err(ConfigError::PasswordInClear { relay: index });
        }
        if self.auth.is_some() && self.username.is_none() {
            return Err(ConfigError::AuthWithoutLogin { relay: index });
        }
        let has_identity = self.client_cert_file.is_some();
        if has_identity != self.client_key_file.is_some() || (has_identity && self.tls == Tls::None) {
            return Err(ConfigError::HalfIdentity { relay: index });
        }
        self.port = NonZeroU16::new(self.settings().port());
        self.password = self.password_file.as_deref().map(Password::read).transpose()?;
        Ok(())
    }

    fn settings(&self) -> RelaySettings {
        RelaySettings {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
            ca_file: self.ca_file.clone(),
            identity: both(&self.client_cert_file, &self.client_key_file)
                .map(|(cert_file, key_file)| Identity { cert_file, key_file }),
            login: both(&self.username, &self.password_file).map(|(username, file)| Login {
                username,
                secret_file: file,
                auth: self.auth.unwrap_or_default(),
            }),
        }
    }
}

fn both<A: Clone, B: Clone>(a: &Option<A>, b: &Option<B>) -> Option<(A, B)> {
    a.clone().zip(b.clone())
}
