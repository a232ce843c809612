//! What every verb that talks to a server has in common.

use std::{net::SocketAddr, time::Duration};

use tonic::transport::{Channel, Endpoint};

use super::failure::Failure;
use crate::{config::value::parse_duration, model::Time};

/// How much of one stream may wait to be read.
const STREAM_WINDOW: u32 = 256 << 10;

/// h2 ends a connection on which small frames worth half its window wait to be read, each counted as 256 bytes. At this size the window
/// of a stream is full before that, so that a reader that pauses costs nothing but the pause.
const CONNECTION_WINDOW: u32 = 16 << 20;

/// How to reach the server, and how to show what it says.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub(super) struct Client {
    /// The server
    #[arg(
        long,
        value_name = "URL",
        env = "BELLWETHER_SERVER",
        default_value = "http://127.0.0.1:7400",
        value_parser = server
    )]
    server: String,
    /// How long to wait for a connection
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    connect_timeout: Duration,
    /// How long to wait for an answer; streams go on
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// For people or for programs
    #[arg(long, short, value_enum, default_value_t, env = "BELLWETHER_OUTPUT")]
    pub(super) output: Output,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Output {
    /// Tables and lines for people
    #[default]
    Table,
    /// JSON for programs
    Json,
}

impl Client {
    /// A client of a server on this machine.
    pub(super) fn of(address: SocketAddr) -> Self {
        Self {
            server: format!("http://{address}"),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            output: Output::default(),
        }
    }

    /// Connects, so that a server that is not there is told of at once; a connection lost later is made again by itself.
    pub(super) async fn connect(&self) -> Result<Channel, Failure> {
        let failed = |source| Failure::Unreachable {
            server: self.server.clone(),
            source,
        };
        Endpoint::from_shared(self.server.clone())
            .map_err(failed)?
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .tcp_nodelay(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .keep_alive_while_idle(true)
            .connect()
            .await
            .map_err(failed)
    }
}

fn server(text: &str) -> Result<String, &'static str> {
    let text = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    match text.parse::<http::Uri>() {
        Ok(uri) if uri.scheme_str() == Some("http") && uri.port_u16().is_some() => Ok(text),
        Ok(uri) if uri.scheme_str() == Some("https") => Err("TLS is not supported yet: use http://HOST:PORT"),
        _ => Err("expected http://HOST:PORT"),
    }
}

/// The longest duration on the command line: a silence ends within it.
const LONGEST: Duration = Duration::from_hours(90 * 24);

/// A duration on the command line, written as in the configuration.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text)
        .filter(|duration| !duration.is_zero() && *duration <= LONGEST)
        .ok_or("expected a duration with its unit, such as 500ms, 10s, 2h or 7d, of 90d at most")
}

/// An instant on the command line.
pub(super) fn instant(text: &str) -> Result<Time, &'static str> {
    let read = text.parse::<jiff::Timestamp>().ok();
    read.and_then(|timestamp| i64::try_from(timestamp.as_nanosecond()).ok())
        .map(Time::from_nanos)
        .ok_or("expected an instant such as 2026-01-05T08:00:00Z")
}

/// A name and its value on the command line.
pub(super) fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_with_or_without_its_scheme() {
        assert_eq!(server("localhost:1").as_deref(), Ok("http://localhost:1"));
        assert_eq!(server("http://[::1]:1").as_deref(), Ok("http://[::1]:1"));
        for bad in ["", "localhost", "https://a:1", "ftp://a:1", "a b:1"] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pair_has_a_name() {
        assert_eq!(pair("team=a=b"), Ok(("team".to_owned(), "a=b".to_owned())));
        assert_eq!(pair("team="), Ok(("team".to_owned(), String::new())));
        for bad in ["team", "=bridge", ""] {
            assert!(pair(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_duration_has_its_unit() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("90d"), Ok(Duration::from_hours(90 * 24)));
        for bad in ["5", "0s", "-5s", "", "91d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
