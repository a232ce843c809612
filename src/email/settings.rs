//! How mail leaves: what the mailer is told at its start. Reading it from the operator's file is `config`'s.

use std::{
    net::IpAddr,
    num::{NonZeroU16, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::Sender;

/// How mail leaves. By default it is written into the folder `outbox`, so that the service runs whole on a laptop.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// Who mails come from; its domain also makes the Message-IDs, so changing it parts the threads of open alerts.
    pub from: Sender,
    /// Where people reach the console, for links in mails: `https://bellwether.example.com`; no links if absent.
    pub console: Option<String>,
    /// SMTP servers that take our mail, in the order in which they are tried: a later one only where an earlier cannot be used.
    pub relays: Vec<RelaySettings>,
    /// Where mails are written as `.eml` files instead; `./outbox` if absent. Not together with `relays`.
    pub folder: Option<PathBuf>,
    /// The name in our EHLO; the domain of `from` if absent.
    pub hello_name: Option<HelloName>,
    /// How many mails are under way at once, each on a connection of its own, and so how many connections a relay sees at most; 4 by
    /// default, 64 at most.
    pub lanes: NonZeroUsize,
    /// How long each step of a conversation may take.
    pub timeouts: Timeouts,
    /// How long a relay that cannot be used is left alone.
    pub cool_down: CoolDown,
    /// In whose name mails are signed; unsigned if absent: most relays sign what they take.
    pub dkim: Option<DkimSettings>,
}

impl MailSettings {
    /// The most lanes there can be.
    pub const MAX_LANES: usize = 64;
}

impl Default for MailSettings {
    #[expect(clippy::expect_used, reason = "constants, read by a test")]
    fn default() -> Self {
        Self {
            from: "Bellwether <bellwether@localhost>".parse().expect("a valid sender"),
            console: None,
            relays: Vec::new(),
            folder: None,
            hello_name: None,
            lanes: NonZeroUsize::new(4).expect("not zero"),
            timeouts: Timeouts::default(),
            cool_down: CoolDown::default(),
            dkim: None,
        }
    }
}

/// How mails are signed (DKIM).
#[derive(Debug, Clone)]
pub struct DkimSettings {
    /// The domain that vouches for them; receivers want it to be that of `from`.
    pub domain: String,
    /// Which of the domain's keys: its public half stands in the DNS under `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// A PEM file of the private half, RSA or Ed25519, which nobody but its owner may have access to.
    pub key_file: PathBuf,
}

/// An SMTP server that takes our mail.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// Its name, which its certificate must bear, or its address.
    pub host: String,
    /// Its port: 587 for `starttls`, 465 for `tls`, 25 for `none`, if absent.
    pub port: Option<NonZeroU16>,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// A PEM file of certificate authorities to trust beside the system's, for a private relay.
    pub ca_file: Option<PathBuf>,
    /// Who we are in TLS, for relays that ask.
    pub identity: Option<Identity>,
    /// Who logs in; nobody if absent.
    pub login: Option<Login>,
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

    /// Whether nothing said to it leaves this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// A client certificate.
#[derive(Debug, Clone)]
pub struct Identity {
    /// A PEM file of the certificate, and of those between it and its authority.
    pub cert_file: PathBuf,
    /// A PEM file of its private key, which nobody but its owner may have access to.
    pub key_file: PathBuf,
}

/// Who logs in.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The file that a password or a token stands in, alone, whenever somebody logs in.
    pub secret_file: PathBuf,
    /// How it is shown.
    pub auth: Auth,
}

/// How a login proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// By a password: AUTH PLAIN, or LOGIN where a server has only that.
    #[default]
    Password,
    /// By an OAuth 2.0 access token: AUTH XOAUTH2. Something else renews the token in its file.
    Xoauth2,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name lookup and TCP, and again the TLS handshake. 30 s by default.
    pub connect: Duration,
    /// Each command, the greeting included. 60 s by default; a busy server may be allowed 5 min.
    pub command: Duration,
    /// Sending the message, and again the answer after its final dot. 10 min by default: who gives up earlier than the server makes
    /// duplicates.
    pub message: Duration,
    /// A connection without mail, before it is closed. 30 s by default.
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

/// How long a relay is left alone after it could not be connected, encrypted or logged in to, or said 421: doubled with each failure,
/// forgotten with the first success. Mails go to the next relay meanwhile; without one they are deferred unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoolDown {
    /// After the first failure. 1 s by default, less than the time to a mail's second attempt.
    pub first: Duration,
    /// At most. 60 s by default.
    pub longest: Duration,
}

impl Default for CoolDown {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_mins(1),
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
