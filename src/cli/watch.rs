//! `watch`: a subscriber that resumes by itself from where it was, and with a cursor file even after it was itself restarted.

mod cursor;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use tokio::time::timeout;
use tonic::{Status, Streaming, transport::Channel};

use self::cursor::Cursor;
use super::{
    backoff::{Backoff, is_transient},
    client::{Client, Output, duration, instant},
    exit::Exit,
    failure::Failure,
    json, show,
    terminal::Terminal,
};
use crate::{
    api::{self, alert_service_client::AlertServiceClient, subscribe_request::Start, subscribe_response::Payload},
    clock,
    grpc::to_proto::timestamp,
    model::Time,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only alerts for which this holds, such as "severity >= WARNING && labels.team == 'bridge'"
    #[arg(long, short, value_name = "EXPRESSION", default_value = "")]
    filter: String,
    /// Begin with the alerts that are open
    #[arg(long, group = "start")]
    snapshot: bool,
    /// Begin with what occurred then (2026-01-05T08:00:00Z) or so long ago (10m)
    #[arg(long, group = "start", value_name = "TIME", value_parser = since)]
    since: Option<Time>,
    /// Begin after this cursor, whatever the cursor file says
    #[arg(long, group = "start", value_name = "CURSOR")]
    after: Option<String>,
    /// Keep the cursor in this file, and begin after it where it is there
    #[arg(long, value_name = "FILE")]
    cursor_file: Option<PathBuf>,
    /// End after so many events
    #[arg(long, short = 'n', value_name = "NUMBER")]
    count: Option<u64>,
    /// End after so long
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    for_: Option<Duration>,
    #[command(flatten)]
    client: Client,
}

/// An instant, or how long ago it was.
fn since(text: &str) -> Result<Time, &'static str> {
    match (instant(text), duration(text)) {
        (Ok(instant), _) => Ok(instant),
        (_, Ok(ago)) => Ok(clock::wall().minus(ago)),
        _ => Err("expected an instant such as 2026-01-05T08:00:00Z, or how long ago it was, such as 10m"),
    }
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let end = args.for_;
    let watching = async {
        let channel = args.client.connect().await?;
        Watch::new(args, AlertServiceClient::new(channel), terminal)?
            .follow()
            .await
    };
    let interrupted = pin!(tokio::signal::ctrl_c());
    match select(pin!(timeout(end.unwrap_or(Duration::MAX), watching)), interrupted).await {
        Either::Left((Ok(ended), _)) => ended.map(|()| Exit::Done),
        Either::Left((Err(_), _)) | Either::Right(_) => Ok(Exit::Done),
    }
}

struct Watch<'a, 't> {
    client: AlertServiceClient<Channel>,
    filter: String,
    /// Where the next stream begins.
    start: Option<Start>,
    cursor: Cursor,
    left: Option<u64>,
    output: Output,
    terminal: &'a mut Terminal<'t>,
}

impl<'a, 't> Watch<'a, 't> {
    fn new(args: Args, client: AlertServiceClient<Channel>, terminal: &'a mut Terminal<'t>) -> Result<Self, Failure> {
        let cursor = Cursor::new(args.cursor_file);
        let after = match args.after {
            Some(given) => Some(given),
            None => cursor.read()?,
        };
        let start = match after {
            Some(cursor) => Some(Start::AfterCursor(cursor)),
            None if args.snapshot => Some(Start::Snapshot(true)),
            None => args.since.map(|since| Start::Since(timestamp(since))),
        };
        Ok(Self {
            client,
            filter: args.filter,
            start,
            cursor,
            left: args.count,
            output: args.client.output,
            terminal,
        })
    }

    /// Follows until the count is reached or the server refuses for good.
    async fn follow(mut self) -> Result<(), Failure> {
        let mut backoff = Backoff::new(None);
        while self.left != Some(0) {
            let broke = match self.subscribe().await {
                Ok(stream) => self.take(stream, &mut backoff).await?,
                Err(status) => Some(status),
            };
            let Some(status) = broke else { continue };
            if !is_transient(&status) {
                return Err(status.into());
            }
            let from = match &self.start {
                Some(Start::AfterCursor(_)) => "resuming after the last event",
                Some(Start::Snapshot(_)) => "starting over with the snapshot",
                Some(Start::Since(_)) => "starting over",
                None => "no cursor came yet, so events in between are missed",
            };
            self.terminal.note(format_args!(
                "connection lost ({}); {from}",
                show::clean(status.message())
            ));
            backoff.wait(status).await?;
        }
        Ok(())
    }

    async fn subscribe(&mut self) -> Result<Streaming<api::SubscribeResponse>, Status> {
        let request = api::SubscribeRequest {
            filter: self.filter.clone(),
            heartbeat_interval: None,
            start: self.start.clone(),
        };
        self.client.subscribe(request).await.map(tonic::Response::into_inner)
    }

    /// Prints what comes until the count is reached (`None`) or the stream ends.
    async fn take(
        &mut self,
        mut stream: Streaming<api::SubscribeResponse>,
        backoff: &mut Backoff,
    ) -> Result<Option<Status>, Failure> {
        loop {
            let response = match stream.message().await {
                Ok(Some(response)) => response,
                Ok(None) => return Ok(Some(Status::unavailable("the server ended the stream"))),
                Err(status) => return Ok(Some(status)),
            };
            backoff.succeeded();
            if let Some(Payload::Event(event)) = &response.payload {
                self.print(&response.cursor, event)?;
                self.left = self.left.map(|left| left - 1);
            }
            if !response.cursor.is_empty() {
                self.cursor.write(&response.cursor)?;
                self.start = Some(Start::AfterCursor(response.cursor));
            }
            if self.left == Some(0) {
                return Ok(None);
            }
        }
    }

    fn print(&mut self, cursor: &str, event: &api::AlertEvent) -> Result<(), Failure> {
        match self.output {
            Output::Json => self.terminal.json(&json::subscribe_response(cursor, event))?,
            Output::Table => self.terminal.line(line(event))?,
        }
        // The cursor is kept only for what the reader has.
        self.terminal.flush()?;
        Ok(())
    }
}

/// An event on one line, for people.
pub(super) fn line(event: &api::AlertEvent) -> String {
    let alert = event.alert.clone().unwrap_or_default();
    format!(
        "{} {} {:<8} {}  {}",
        show::time(event.occurred_at.as_ref()),
        show::styled(show::severity_style(alert.severity), show::severity(alert.severity), 8),
        show::event(event.r#type),
        show::alert_name(&alert),
        ended(&alert).unwrap_or_else(|| show::clean(&alert.summary))
    )
}

/// After how long an alert ended, and why: its summary tells of a state that is over.
fn ended(alert: &api::Alert) -> Option<String> {
    let lasted = show::lasted(alert.started_at.as_ref()?, alert.resolved_at.as_ref()?);
    Some(match show::resolve_reason(alert.resolve_reason) {
        Some(reason) => format!("after {lasted} ({reason})"),
        None => format!("after {lasted}"),
    })
}
