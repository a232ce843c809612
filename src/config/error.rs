//! Why a configuration cannot be used. Every text says what was expected and what to do.

use std::{fmt, io, net::SocketAddr, path::Path};

use serde_saphyr::{DefaultMessageFormatter, MessageFormatter as _};

use crate::email::SecretError;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration {path}: {source}; name another with --config or BELLWETHER_CONFIG")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The file says something that is not understood or out of range.
    #[error("{place}: {message}\n{line}")]
    Yaml {
        /// Where.
        place: Place,
        /// What is wrong and what was expected.
        message: String,
        /// The line itself, the column marked below it; empty where the place is unknown.
        line: String,
    },
    /// A listener could be reached from other machines.
    #[error(
        "{key}: {address} can be reached from other machines, and there is no TLS or authentication yet; listen on 127.0.0.1, or set \
         insecure_listen: true where something in front of it guards the port"
    )]
    NotLoopback {
        /// `listen` or `admin`.
        key: &'static str,
        /// What it was set to.
        address: SocketAddr,
    },
    /// Both listeners want one port.
    #[error("listen and admin are both on port {0}; give each a port of its own")]
    SamePort(u16),
    /// Mail has two ways out.
    #[error(
        "mail.relays and mail.folder exclude each other: relays send, a folder keeps what would have been sent; drop one"
    )]
    RelaysAndFolder,
    /// Mail would leave without a sender of its own.
    #[error(
        "mail.from is required with mail.relays: write the address that mail comes from, such as Bellwether <alerts@example.com>"
    )]
    FromMissing,
    /// A relay has only one half of a login.
    #[error("mail.relays[{relay}]: username and password_file belong together; give both or neither")]
    HalfLogin {
        /// Which relay, from 0.
        relay: usize,
    },
    /// A relay has only one half of a client certificate, or no TLS to show it in.
    #[error("mail.relays[{relay}]: client_cert_file and client_key_file belong together, and need TLS")]
    HalfIdentity {
        /// Which relay, from 0.
        relay: usize,
    },
    /// A relay is told how to log in, but not as whom.
    #[error(
        "mail.relays[{relay}]: auth needs username and password_file; for xoauth2 that file holds the access token"
    )]
    AuthWithoutLogin {
        /// Which relay, from 0.
        relay: usize,
    },
    /// Links could not lead to the console.
    #[error("mail.console_url is no address of the web without a query; write it like https://bellwether.example.com")]
    ConsoleUrl,
    /// What names the key for signatures is no name in the DNS.
    #[error("mail.dkim: domain and selector are names in the DNS, of letters, digits, dots, hyphens and underscores")]
    DkimName,
    /// A relay would be left alone longer at first than at most.
    #[error("mail.cool_down.first is longer than mail.cool_down.longest; make it shorter")]
    CoolDown,
    /// A password would cross the network in the clear.
    #[error("mail.relays[{relay}]: a password is not sent without TLS; set tls: starttls or tls: tls")]
    PasswordInClear {
        /// Which relay, from 0.
        relay: usize,
    },
    /// A password cannot be read from its file.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// What is in force could not be written as YAML.
    #[error("cannot write the configuration as YAML: {0}")]
    Write(#[source] serde_saphyr::ser::Error),
}

impl ConfigError {
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.display().to_string(),
            source,
        }
    }

    pub(super) fn yaml(path: &Path, text: &str, error: &serde_saphyr::Error) -> Self {
        let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
        let place = Place {
            file: path.display().to_string(),
            line,
            column,
        };
        Self::Yaml {
            line: underline(text, &place),
            message: message(error),
            place,
        }
    }
}

/// The reader's message in this program's words where the reader's would lead astray, without its own naming of the place.
fn message(error: &serde_saphyr::Error) -> String {
    match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("this key").escape_debug();
            format!("{key} stands here a second time; keep one")
        }
        serde_saphyr::Error::AliasReplayLimitExceeded { .. } => {
            "aliases are not allowed; write the value out".to_owned()
        }
        other => printable(&DefaultMessageFormatter.format_message(other), |c| {
            c.escape_default().to_string()
        }),
    }
}

fn printable(text: &str, instead: impl Fn(char) -> String) -> String {
    text.chars()
        .map(|c| if c.is_control() { instead(c) } else { c.to_string() })
        .collect()
}

fn underline(text: &str, place: &Place) -> String {
    let line = usize::try_from(place.line)
        .ok()
        .and_then(|line| text.lines().nth(line.checked_sub(1)?));
    let (Some(line), Ok(column)) = (line, usize::try_from(place.column)) else {
        return String::new();
    };
    let shown = printable(line, |_| " ".to_owned());
    let gutter = place.line.to_string();
    let blank = " ".repeat(gutter.len());
    format!(
        "{gutter} | {shown}\n{blank} | {}^",
        " ".repeat(column.saturating_sub(1))
    )
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 where it is not known.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}
