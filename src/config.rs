//! What the operator decided: `bellwether.yaml`, over it the environment, over that the flags.
//!
//! A value that cannot be used is refused here, with its place and its limits, before anything is opened. Reloading is absent: a changed
//! configuration takes a restart; rules, which change daily, have files of their own.

mod error;
mod flags;
mod limits;
mod mail;
mod secret;
#[cfg(test)]
mod tests;
pub(crate) mod value;

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

pub use self::{
    error::{ConfigError, Place},
    flags::Flags,
    limits::Limits,
    mail::{Mail, Relay, Timeouts},
    secret::Password,
};

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "bellwether.yaml";

/// All that is in force; its YAML is what `bellwether config` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where gRPC is served.
    #[serde(deserialize_with = "value::address")]
    pub listen: SocketAddr,
    /// Allows `listen` and `admin` to be reached from other machines, though there is neither TLS nor authentication.
    pub insecure_listen: bool,
    /// Where `/metrics`, `/healthz` and `/readyz` are served, over plain HTTP.
    #[serde(deserialize_with = "value::address")]
    pub admin: SocketAddr,
    /// The data folder; made if absent.
    pub data: PathBuf,
    /// Rule files and folders of them; empty: the built-in catalogue.
    pub rules: Vec<PathBuf>,
    /// How mail is sent.
    pub mail: Mail,
    /// Every bound.
    pub limits: Limits,
    /// How long what is on disk is kept.
    pub retention: Retention,
    /// What is logged, and how.
    pub log: Log,
    /// How long a shutdown may take before it is cut short: 1s to 10m.
    #[serde(
        deserialize_with = "value::duration::<1, 600, _>",
        serialize_with = "value::write_duration"
    )]
    pub shutdown_grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7400)),
            insecure_listen: false,
            admin: SocketAddr::from(([127, 0, 0, 1], 7401)),
            data: PathBuf::from("bellwether-data"),
            rules: Vec::new(),
            mail: Mail::default(),
            limits: Limits::default(),
            retention: Retention::default(),
            log: Log::default(),
            shutdown_grace: Duration::from_secs(20),
        }
    }
}

/// How long what is on disk is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Inputs and alert events: 1h to 3650d.
    #[serde(
        deserialize_with = "value::duration::<3_600, 315_360_000, _>",
        serialize_with = "value::write_duration"
    )]
    pub journal: Duration,
    /// The size that inputs are kept to, whatever their age, as far as the newest snapshots allow: 64MiB to 1024GiB.
    #[serde(
        deserialize_with = "value::size::<67_108_864, 1_099_511_627_776, _>",
        serialize_with = "value::write_size"
    )]
    pub journal_size: u64,
    /// Resolved alerts in the archive: 1d to 3650d.
    #[serde(
        deserialize_with = "value::duration::<86_400, 315_360_000, _>",
        serialize_with = "value::write_duration"
    )]
    pub alerts: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            journal: Duration::from_hours(30 * 24),
            journal_size: 64 << 30,
            alerts: Duration::from_hours(180 * 24),
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// For people or for programs.
    pub format: LogFormat,
    /// A level (`error`, `warn`, `info`, `debug`, `trace`) or directives by target (`info,bellwether::engine=debug`).
    #[serde(deserialize_with = "value::level")]
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::default(),
            level: "info".to_owned(),
        }
    }
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people, coloured on a terminal.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

impl Config {
    /// What is in force under these flags: they win over the file that they name, else over `./bellwether.yaml` if it is there.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let mut config = Self::read(flags.config.as_deref())?;
        flags.apply(&mut config);
        config.check()?;
        config.mail.complete()?;
        Ok(config)
    }

    /// The limits that the configuration at `path` sets, or [`DEFAULT_FILE`]; nothing else of it need be of use here.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or has a mistake.
    pub fn limits(path: Option<&Path>) -> Result<Limits, ConfigError> {
        Self::read(path).map(|config| config.limits)
    }

    fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        match path {
            Some(path) => Self::parse(path, &read(path)?),
            None => match fs::read_to_string(DEFAULT_FILE) {
                Ok(text) => Self::parse(Path::new(DEFAULT_FILE), &text),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
                Err(source) => Err(ConfigError::read(Path::new(DEFAULT_FILE), source)),
            },
        }
    }

    /// Reads the text of the file at `path`, which serves only to name the place of a mistake.
    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let options = serde_saphyr::options! {
            with_snippet: false,
            strict_booleans: true,
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 0 },
        };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| ConfigError::yaml(path, text, &error))
    }

    /// As YAML that [`Config::load`] reads back; secrets are shown as `<secret>`.
    pub fn to_yaml(&self) -> Result<String, ConfigError> {
        serde_saphyr::to_string(self).map_err(ConfigError::Write)
    }

    fn check(&self) -> Result<(), ConfigError> {
        for (key, address) in [("listen", self.listen), ("admin", self.admin)] {
            if !address.ip().is_loopback() && !self.insecure_listen {
                return Err(ConfigError::NotLoopback { key, address });
            }
        }
        let overlap = self.listen.ip() == self.admin.ip()
            || self.listen.ip().is_unspecified()
            || self.admin.ip().is_unspecified();
        if self.listen.port() != 0 && self.listen.port() == self.admin.port() && overlap {
            return Err(ConfigError::SamePort(self.listen.port()));
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::read(path, source))
}
