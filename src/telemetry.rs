//! The log: to stderr, for people or for programs. Files and rotation are absent: journald or the container's runtime has them.

use std::{
    fmt::{self, Write as _},
    io::{self, IsTerminal as _},
};

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter,
    field::MakeExt as _,
    fmt::{MakeWriter, format},
    util::SubscriberInitExt as _,
};

use crate::config::{Log, LogFormat};

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level is no level.
    #[error("log.level is neither a level nor directives: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody was first.
    #[error("cannot start the log: {0}")]
    Taken(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts the log of this process; once, before anything else.
pub fn init(log: &Log) -> Result<(), TelemetryError> {
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match log.format {
        LogFormat::Text => text(&log.level, colour, io::stderr)?.try_init()?,
        LogFormat::Json => json(&log.level, io::stderr)?.try_init()?,
    }
    Ok(())
}

fn text<W>(level: &str, colour: bool, writer: W) -> Result<impl Subscriber + Send + Sync, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    Ok(tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::builder().parse(level)?)
        .with_ansi(colour)
        .with_writer(writer)
        .fmt_fields(
            format::debug_fn(|to, field, value| match field.name() {
                "message" => write!(Escaped(to), "{value:?}"),
                name => write!(Escaped(to), "{name}={value:?}"),
            })
            .delimited(" "),
        )
        .finish())
}

fn json<W>(level: &str, writer: W) -> Result<impl Subscriber + Send + Sync, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    Ok(tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(EnvFilter::builder().parse(level)?)
        .with_writer(writer)
        .finish())
}

/// Writes control characters, line breaks among them, as escapes: a participant's name must neither forge a line nor steer a terminal.
struct Escaped<'a, 'w>(&'a mut format::Writer<'w>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if c.is_control() {
                write!(self.0, "{}", c.escape_default())?;
            } else {
                self.0.write_char(c)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    const EVIL: &str = "eve\u{1b}[31m\nERROR forged";

    #[test]
    fn nothing_in_a_value_forges_a_line_or_steers_the_terminal() {
        let lines = Lines::default();
        let to = lines.clone();
        let log = text("info", false, move || to.clone()).unwrap();
        tracing::subscriber::with_default(log, || {
            tracing::info!(name = EVIL, shown = %EVIL, "joined: {EVIL}");
            tracing::debug!("below the level");
        });
        let text = lines.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.trim_end().contains(char::is_control), "{text:?}");
        assert!(
            text.contains("joined: eve\\u{1b}[31m\\nERROR forged name=\"eve"),
            "{text}"
        );
    }

    #[test]
    fn blanks_part_the_message_and_its_fields() {
        let lines = Lines::default();
        let to = lines.clone();
        let log = text("info", false, move || to.clone()).unwrap();
        tracing::subscriber::with_default(log, || tracing::info!(store = "ffd0", offset = 0, "the state is made"));
        let text = lines.text();
        assert!(
            text.ends_with(": the state is made store=\"ffd0\" offset=0\n"),
            "{text}"
        );
    }

    #[test]
    fn json_is_one_object_a_line() {
        let lines = Lines::default();
        let to = lines.clone();
        let log = json("info", move || to.clone()).unwrap();
        tracing::subscriber::with_default(log, || tracing::info!(name = EVIL, "joined"));
        let value: serde_json::Value = serde_json::from_str(&lines.text()).unwrap();
        assert_eq!(value["message"], "joined");
        assert_eq!(value["name"], EVIL);
    }
}
