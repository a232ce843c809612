//! A relay that can be connected to: address, encryption, login, and whether it wants to be left alone.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{net::TcpStream, time::Instant};
use tokio_rustls::rustls::{ClientConfig, pki_types::ServerName};

use super::{
    connection::Connection,
    login::log_in,
    offers::Offers,
    settings::{CoolDown, Login, RelaySettings, Timeouts, Tls},
    step::{Failure, Step, reply, within},
    tls::{TlsError, client_config, server_name},
};
use crate::metrics::MailMetrics;

/// A relay, shared by all lanes.
pub(super) struct Relay {
    /// `smtp.example.com:587`
    name: String,
    host: String,
    port: u16,
    tls: Tls,
    trust: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    login: Option<Login>,
    hello: String,
    timeouts: Timeouts,
    cool_down: CoolDown,
    health: Mutex<Health>,
    metrics: MailMetrics,
}

/// How it went lately.
#[derive(Default)]
struct Health {
    /// Failures since it last judged a mail.
    failures: u32,
    /// The last one, and until when it is left alone for it.
    cooling: Option<(Instant, String)>,
}

/// A relay's settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The password would cross the network unencrypted.
    #[error("the relay {host} would get the password in clear; set tls to starttls or tls")]
    PasswordInClear {
        /// The relay.
        host: String,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS for the relay {host}; check its name, ca_file, client_cert_file and client_key_file")]
    Tls {
        /// The relay.
        host: String,
        /// Why.
        source: TlsError,
    },
}

impl Relay {
    /// Reads certificates; blocks for that.
    pub(super) fn new(
        settings: &RelaySettings,
        hello: &str,
        timeouts: Timeouts,
        cool_down: CoolDown,
        metrics: MailMetrics,
    ) -> Result<Self, RelayError> {
        let host = settings.host.clone();
        if settings.tls == Tls::None && settings.login.is_some() && !settings.is_loopback() {
            return Err(RelayError::PasswordInClear { host });
        }
        let trust = match settings.tls {
            Tls::None => None,
            Tls::Tls | Tls::Starttls => Some(
                client_config(settings)
                    .and_then(|config| Ok((config, server_name(&host)?)))
                    .map_err(|source| RelayError::Tls {
                        host: host.clone(),
                        source,
                    })?,
            ),
        };
        let name = format!("{host}:{}", settings.port());
        metrics.relay_known(&name);
        Ok(Self {
            name,
            host,
            port: settings.port(),
            tls: settings.tls,
            trust,
            login: settings.login.clone(),
            hello: hello.to_owned(),
            timeouts,
            cool_down,
            health: Mutex::default(),
            metrics,
        })
    }

    /// `smtp.example.com:587`
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Why it was left alone when it was last asked, if it was.
    pub(super) fn trouble(&self) -> Option<String> {
        let health = self.health();
        health.cooling.as_ref().map(|(_, reason)| reason.clone())
    }

    /// Why it is left alone now, if it is.
    pub(super) fn cooling(&self) -> Option<String> {
        let health = self.health();
        let (until, reason) = health.cooling.as_ref()?;
        let left = until.checked_duration_since(Instant::now())?;
        Some(format!("left alone for {}s more after: {reason}", left.as_secs() + 1))
    }

    /// A connection that is encrypted and logged in as configured, or none. A relay that refuses the greeting, the encryption or the
    /// login is as good as down: that is no mail's fault.
    pub(super) async fn connect(&self) -> Result<(Connection, Offers), Failure> {
        let result = self.try_connect().await;
        if let Err(failure) = &result {
            self.fails(failure);
        }
        result
    }

    async fn try_connect(&self) -> Result<(Connection, Offers), Failure> {
        let Timeouts { connect, command, .. } = self.timeouts;
        let stream = within(
            Step::Connect,
            connect,
            TcpStream::connect((self.host.as_str(), self.port)),
        )
        .await?;
        // A command waits for its reply; holding it back for more to come only costs time.
        let _ = stream.set_nodelay(true);
        let mut connection = Connection::new(stream);
        if self.tls == Tls::Tls {
            connection = self.encrypt(connection).await?;
        }
        reply(Step::Greeting, command, 220..=220, connection.reply()).await?;
        let mut offers = self.say_hello(&mut connection).await?;
        if self.tls == Tls::Starttls {
            if !offers.starttls {
                return Err(Failure::NotOffered {
                    step: Step::StartTls,
                    what: "STARTTLS",
                });
            }
            reply(Step::StartTls, command, 220..=220, connection.ask("STARTTLS")).await?;
            connection = self.encrypt(connection).await?;
            // What was offered in clear counts no more (RFC 3207, 4.2).
            offers = self.say_hello(&mut connection).await?;
        }
        if let Some(login) = &self.login {
            log_in(&mut connection, &offers, login, command).await?;
        }
        Ok((connection, offers))
    }

    async fn encrypt(&self, connection: Connection) -> Result<Connection, Failure> {
        let Some((config, name)) = &self.trust else {
            return Ok(connection);
        };
        let handshake = connection.encrypt(config.clone(), name.clone());
        within(Step::Handshake, self.timeouts.connect, handshake).await
    }

    async fn say_hello(&self, connection: &mut Connection) -> Result<Offers, Failure> {
        let hello = format!("EHLO {}", self.hello);
        let said = reply(Step::Hello, self.timeouts.command, 250..=250, connection.ask(&hello)).await?;
        Ok(Offers::read(&said))
    }

    /// Leaves the relay alone for a while, twice as long each time. Lanes that fail together count once.
    pub(super) fn fails(&self, failure: &Failure) {
        let reason = failure.to_string();
        let now = Instant::now();
        let mut health = self.health();
        if health.cooling.as_ref().is_some_and(|(until, _)| *until > now) {
            return;
        }
        if health.failures == 0 {
            tracing::warn!(relay = self.name, reason, "the relay cannot be used; its mails wait");
        }
        let pause = self.cool_down.after(health.failures);
        health.failures = health.failures.saturating_add(1);
        health.cooling = Some((now + pause, reason));
        self.metrics.relay_failed(&self.name, failure.step().name());
    }

    /// It has judged a mail. That it can be connected to says little: many a relay fails only when it is given a mail.
    pub(super) fn works(&self) {
        let mut health = self.health();
        if health.failures > 0 {
            tracing::info!(relay = self.name, "the relay can be used again");
        }
        *health = Health::default();
        self.metrics.relay_works(&self.name);
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CoolDown {
    fn after(self, failures: u32) -> Duration {
        self.first
            .saturating_mul(2_u32.saturating_pow(failures))
            .min(self.longest)
    }
}
