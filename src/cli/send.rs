//! `send`: a publisher. Notifications come from files, standard input or flags, and go by single calls, batches or a stream.

mod calls;
pub(super) mod lines;
mod one;
mod report;
mod source;
mod stream;
#[cfg(test)]
mod tests;

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    time::Duration,
};

use self::{
    calls::Mode,
    lines::Kind,
    one::One,
    report::Report,
    source::{Item, Source},
};
use super::{
    backoff::Backoff,
    client::{Client, duration},
    exit::Exit,
    failure::Failure,
    terminal::Terminal,
};
use crate::api::notification_service_client::NotificationServiceClient;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files of notifications, one a line: conf {…} or party {…}; - is standard input, as is none
    #[arg(value_name = "FILE", conflicts_with = "billing_code")]
    files: Vec<PathBuf>,
    /// What lines are that hold the body alone, or what the flags describe
    #[arg(long = "type", value_enum)]
    kind: Option<Kind>,
    /// How they are sent [default: stream for lines, unary for one given by flags]
    #[arg(long, value_enum)]
    mode: Option<How>,
    /// Gives each an id, this and its number, so that sending them again is safe; 100 bytes at most
    #[arg(long, value_name = "TEXT", value_parser = id_prefix)]
    id_prefix: Option<String>,
    /// How long to go on trying while the server refuses or is away
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    retry_for: Duration,
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    client: Client,
}

/// By which RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum How {
    /// A call each
    Unary,
    /// Many in a call
    Batch,
    /// All on one stream
    Stream,
}

fn id_prefix(text: &str) -> Result<String, &'static str> {
    let good = (1..=100).contains(&text.len()) && !text.contains(char::is_control);
    good.then(|| text.to_owned())
        .ok_or("expected 1 to 100 bytes without control characters")
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let one = args.one.notification(args.kind)?;
    let how = args
        .mode
        .unwrap_or(if one.is_some() { How::Unary } else { How::Stream });
    let safe = args.id_prefix.is_some();
    let source = match one {
        Some(notification) => Source::one(notification, args.id_prefix),
        None => Source::open(args.files, args.kind, args.id_prefix)?,
    };
    let client = NotificationServiceClient::new(args.client.connect().await?);
    let backoff = Backoff::new(Some(args.retry_for));
    let mut report = Report::new(
        how,
        args.client.output,
        source.bytes(),
        io::stderr().is_terminal(),
        terminal,
    );
    let sent = match how {
        How::Unary => calls::send(client, Mode::Unary, source, safe, backoff, &mut report).await,
        How::Batch => calls::send(client, Mode::Batch, source, safe, backoff, &mut report).await,
        How::Stream => stream::send(client, source, safe, backoff, &mut report).await,
    };
    // Told even when it broke off: what was accepted is accepted.
    let all_taken = report.summary()?;
    sent?;
    Ok(if all_taken { Exit::Done } else { Exit::No })
}
