//! What the command line and the environment say. clap puts the flag before its variable; what neither says is the file's.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, builder::BoolishValueParser};

use super::{Config, LogFormat, value};

/// The flags of `serve` and `config`, each with its variable.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct Flags {
    /// The configuration; without it ./bellwether.yaml, if it is there
    #[arg(long, value_name = "FILE", env = "BELLWETHER_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where gRPC is served [default: 127.0.0.1:7400]
    #[arg(long, value_name = "ADDRESS:PORT", env = "BELLWETHER_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Let other machines connect, though there is neither TLS nor authentication
    #[arg(
        long,
        value_name = "BOOL",
        env = "BELLWETHER_INSECURE_LISTEN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new()
    )]
    pub insecure_listen: Option<bool>,
    /// Where metrics and health are served, over plain HTTP [default: 127.0.0.1:7401]
    #[arg(long, value_name = "ADDRESS:PORT", env = "BELLWETHER_ADMIN")]
    pub admin: Option<SocketAddr>,
    /// The data folder [default: bellwether-data]
    #[arg(long, value_name = "FOLDER", env = "BELLWETHER_DATA")]
    pub data: Option<PathBuf>,
    /// A rule file or a folder of them, more than once or divided by commas; without any, the built-in catalogue
    #[arg(long, value_name = "PATH", env = "BELLWETHER_RULES", value_delimiter = ',')]
    pub rules: Vec<PathBuf>,
    /// How log lines are written [default: text]
    #[arg(long, value_enum, env = "BELLWETHER_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
    /// A level, or directives such as info,bellwether::engine=debug [default: info]
    #[arg(long, value_name = "LEVEL", env = "BELLWETHER_LOG_LEVEL", value_parser = value::parse_level)]
    pub log_level: Option<String>,
    /// How long a shutdown may take, 1s to 10m [default: 20s]
    #[arg(long, value_name = "DURATION", env = "BELLWETHER_SHUTDOWN_GRACE", value_parser = grace)]
    pub shutdown_grace: Option<Duration>,
}

impl Flags {
    /// Puts what was said over what the file says.
    pub(super) fn apply(&self, config: &mut Config) {
        let Self {
            config: _,
            listen,
            insecure_listen,
            admin,
            data,
            rules,
            log_format,
            log_level,
            shutdown_grace,
        } = self;
        replace(&mut config.listen, listen);
        replace(&mut config.insecure_listen, insecure_listen);
        replace(&mut config.admin, admin);
        replace(&mut config.data, data);
        replace(
            &mut config.rules,
            &Some(rules).filter(|rules| !rules.is_empty()).cloned(),
        );
        replace(&mut config.log.format, log_format);
        replace(&mut config.log.level, log_level);
        replace(&mut config.shutdown_grace, shutdown_grace);
    }
}

fn replace<T: Clone>(value: &mut T, said: &Option<T>) {
    if let Some(said) = said {
        value.clone_from(said);
    }
}

fn grace(text: &str) -> Result<Duration, &'static str> {
    value::parse_duration(text)
        .filter(|grace| (Duration::from_secs(1)..=Duration::from_mins(10)).contains(grace))
        .ok_or("expected a duration with its unit, from 1s to 10m")
}
