//! `demo`: the whole story on a laptop, with nothing to set up. The real service runs in this process; a bridge reports an hour of its
//! meetings over gRPC, a subscriber shows the alerts as it receives them, and mail is written to files.
//!
//! An hour passes in seconds because the demo moves the hands of the service's clock, and moves them only when all up to a moment is
//! acknowledged. Stamps of the past on an ordinary clock would not do: a rule that waits for a state to last a minute would fire at
//! once, its minute long gone, before the report came that the state has ended. Nothing else is other than in service: the same
//! wire, journal, engine, rules and mailer.

mod bridge;
mod folder;
mod mailbox;
mod screen;
mod service;
mod story;
mod summary;
mod tally;

use std::{
    future::Future,
    pin::pin,
    time::{Duration, Instant},
};

use tokio::{
    select,
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tonic::{Status, Streaming, transport::Channel};

use self::{
    bridge::{Progress, Tempo},
    folder::Folder,
    mailbox::Mailbox,
    screen::Screen,
    service::Service,
    story::LENGTH,
    tally::Tally,
};
use super::{
    client::{Client, duration},
    exit::Exit,
    failure::Failure,
    terminal::Terminal,
};
use crate::{
    api::{self, alert_service_client::AlertServiceClient, subscribe_request::Start, subscribe_response::Payload},
    clock::{self, Hands},
    config::Log,
    model::Time,
    telemetry,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How long the hour takes here; longer on a slow machine
    #[arg(long = "in", value_name = "DURATION", default_value = "6s", value_parser = duration)]
    takes: Duration,
    /// Keep not only the mails but the data and the rules, so that `serve` can go on from there
    #[arg(long)]
    keep: bool,
}

/// What came of the hour.
struct Played {
    /// How far it came.
    progress: Progress,
    /// How many meetings were told of.
    meetings: usize,
    /// How long it took here.
    took: Duration,
    /// What the subscriber saw.
    tally: Tally,
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    telemetry::init(&Log {
        level: "warn".to_owned(),
        ..Log::default()
    })?;
    let interrupted = interrupted()?;
    let folder = Folder::make(args.keep)?;
    let begins = an_hour_ago();
    let tempo = Tempo {
        begins,
        takes: args.takes,
        hands: Hands::at(begins),
    };
    let service = Service::start(&folder, tempo.hands.clone()).await?;
    let played = play(&service, &folder, &tempo, interrupted, terminal).await;
    // If the service has failed, that is why the story broke off.
    service.stop().await?;
    let played = played?;
    let mails = Mailbox::open(&folder.mail()).map_err(|source| Failure::File {
        path: folder.mail(),
        source,
    })?;
    summary::end(terminal, &played, &mails, &folder)?;
    Ok(Exit::Done)
}

/// Plays the hour, or what there is of it until somebody interrupts.
async fn play(
    service: &Service,
    folder: &Folder,
    tempo: &Tempo,
    interrupted: impl Future<Output = ()>,
    terminal: &mut Terminal<'_>,
) -> Result<Played, Failure> {
    summary::begin(terminal, service.address, folder)?;
    let mut screen = Screen::new(terminal);
    let story = story::hour();
    let channel = Client::of(service.address).connect().await?;
    let mut alerts = subscribe(channel.clone(), tempo.begins).await?;
    let mut tally = Tally::default();
    let began = Instant::now();

    let (tell, mut told) = watch::channel(Progress::default());
    let mut reporting = pin!(bridge::report(&story, tempo, channel, &tell));
    let mut interrupted = pin!(interrupted);
    loop {
        select! {
            event = next(&mut alerts) => screen.alert(tally.count(event?))?,
            Ok(()) = told.changed() => screen.progress(&told.borrow_and_update()),
            reported = &mut reporting => break reported?,
            () = &mut interrupted => break,
        }
    }
    let last = service
        .settle()
        .await
        .map_err(|cause| Status::unavailable(cause.to_string()))?;
    while tally.last < last {
        screen.alert(tally.count(next(&mut alerts).await?))?;
    }
    service.mails_are_written().await;
    let progress = told.borrow().clone();
    Ok(Played {
        meetings: story.meetings(progress.taken),
        progress,
        took: began.elapsed(),
        tally,
    })
}

async fn subscribe(channel: Channel, since: Time) -> Result<Streaming<api::SubscribeResponse>, Status> {
    let (seconds, nanos) = since.to_parts();
    let request = api::SubscribeRequest {
        start: Some(Start::Since(prost_types::Timestamp { seconds, nanos })),
        ..api::SubscribeRequest::default()
    };
    Ok(AlertServiceClient::new(channel).subscribe(request).await?.into_inner())
}

/// The next alert event.
async fn next(alerts: &mut Streaming<api::SubscribeResponse>) -> Result<api::AlertEvent, Failure> {
    loop {
        let response = alerts.message().await?;
        let response = response.ok_or(Failure::Contract("it ended the subscription"))?;
        if let Some(Payload::Event(event)) = response.payload {
            return Ok(event);
        }
    }
}

/// The story's hour ends about now, so that its alerts and mails bear times of today.
fn an_hour_ago() -> Time {
    let (seconds, _) = clock::wall().minus(LENGTH).to_parts();
    let whole_minute = seconds - seconds.rem_euclid(60);
    Time::from_parts(whole_minute, 0).unwrap_or_default()
}

/// Done when somebody wants this to end; what is under way then ends in order.
fn interrupted() -> Result<impl Future<Output = ()>, Failure> {
    let mut int = signal(SignalKind::interrupt()).map_err(Failure::Runtime)?;
    let mut term = signal(SignalKind::terminate()).map_err(Failure::Runtime)?;
    Ok(async move {
        select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
        }
    })
}
