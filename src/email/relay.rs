//! A relay that can be connected to: address, encryption, login, and whether it could be reached lately.

use std::{
    fs,
    net::IpAddr,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lettre::transport::smtp::{
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    extension::ClientId,
};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::{
    answer::{Failure, failure, step, within},
    settings::{RelaySettings, Timeouts, Tls},
};

/// For so long a relay that could not be connected is tried after the others.
const SHUNNED: Duration = Duration::from_mins(1);

/// A relay, shared by all lanes.
pub(super) struct Relay {
    host: String,
    port: u16,
    tls: Tls,
    parameters: Option<TlsParameters>,
    credentials: Option<Credentials>,
    hello: ClientId,
    timeouts: Timeouts,
    /// When it last could not be connected; `None` since it could.
    failed_at: Mutex<Option<Instant>>,
}

/// A relay's settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// A user name without a password.
    #[error("the relay {host} has a username but no password; name its password_file")]
    NoPassword {
        /// The relay.
        host: String,
    },
    /// The password would cross the network unencrypted.
    #[error("the relay {host} would get the password in clear; set tls to starttls or tls")]
    PasswordInClear {
        /// The relay.
        host: String,
    },
    /// The file of certificate authorities cannot be read.
    #[error("cannot read the certificate authorities in {path} for the relay {host}")]
    ReadAuthorities {
        /// The relay.
        host: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The certificates cannot be used.
    #[error("cannot set up TLS for the relay {host}; check its name and its ca_file")]
    Tls {
        /// The relay.
        host: String,
        /// Why.
        source: lettre::transport::smtp::Error,
    },
}

impl Relay {
    /// Reads certificates; blocks for that.
    pub(super) fn new(settings: &RelaySettings, hello: ClientId, timeouts: Timeouts) -> Result<Self, RelayError> {
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port(),
            tls: settings.tls,
            parameters: match settings.tls {
                Tls::None => None,
                Tls::Tls | Tls::Starttls => Some(tls_parameters(settings)?),
            },
            credentials: credentials(settings)?,
            hello,
            timeouts,
            failed_at: Mutex::new(None),
        })
    }

    /// `smtp.example.com:587`
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Whether it could not be connected a short while ago.
    pub(super) fn is_shunned(&self) -> bool {
        self.failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|at| at.elapsed() < SHUNNED)
    }

    /// A connection that is encrypted and logged in as configured, or none. A relay that refuses the greeting, the encryption or the
    /// login is as good as down: that is no mail's fault.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let result = self.try_connect().await;
        self.note(&result);
        result
    }

    async fn try_connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let Timeouts { connect, command, .. } = self.timeouts;
        let implicit = self.parameters.clone().filter(|_| self.tls == Tls::Tls);
        let opening = AsyncSmtpConnection::connect_tokio1(
            (self.host.as_str(), self.port),
            Some(connect),
            &self.hello,
            implicit,
            None,
        );
        let mut smtp = within("greeting", connect + command, opening)
            .await?
            .map_err(|error| failure("greeting", &error))?;

        if let Some(parameters) = self.parameters.clone().filter(|_| self.tls == Tls::Starttls) {
            if !smtp.can_starttls() {
                return Err(Failure::Lost("STARTTLS is required but not offered".to_owned()));
            }
            within("STARTTLS", connect + command, smtp.starttls(parameters, &self.hello))
                .await?
                .map_err(|error| failure("STARTTLS", &error))?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            if smtp.server_info().get_auth_mechanism(&mechanisms).is_none() {
                return Err(Failure::Lost("neither AUTH PLAIN nor LOGIN is offered".to_owned()));
            }
            step("AUTH", command, 235..=235, smtp.auth(&mechanisms, credentials)).await?;
        }
        Ok(smtp)
    }

    /// Remembers how it went, and tells the log when that changes, not each time.
    fn note(&self, result: &Result<AsyncSmtpConnection, Failure>) {
        let failed_at = result.is_err().then(Instant::now);
        let before = std::mem::replace(
            &mut *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner),
            failed_at,
        );
        match (before, result) {
            (None, Err(failure)) => tracing::warn!(
                relay = self.name(),
                reason = failure.text(),
                "the relay cannot be used; its mails wait"
            ),
            (Some(_), Ok(_)) => tracing::info!(relay = self.name(), "the relay can be used again"),
            (None, Ok(_)) | (Some(_), Err(_)) => {}
        }
    }
}

fn tls_parameters(settings: &RelaySettings) -> Result<TlsParameters, RelayError> {
    let tls = |source| RelayError::Tls {
        host: settings.host.clone(),
        source,
    };
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let pem = fs::read(path).map_err(|source| RelayError::ReadAuthorities {
            host: settings.host.clone(),
            path: path.clone(),
            source,
        })?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(tls)?);
    }
    builder.build_rustls().map_err(tls)
}

fn credentials(settings: &RelaySettings) -> Result<Option<Credentials>, RelayError> {
    let Some(username) = &settings.username else {
        return Ok(None);
    };
    let host = settings.host.clone();
    let Some(password) = &settings.password else {
        return Err(RelayError::NoPassword { host });
    };
    if settings.tls == Tls::None && !is_loopback(&host) {
        return Err(RelayError::PasswordInClear { host });
    }
    let password = password.expose_secret().to_owned();
    Ok(Some(Credentials::new(username.clone(), password)))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
