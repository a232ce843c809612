//! The bridge: reports the story over gRPC, in the vendor's own text, and moves the service's clock along with it.

use std::time::{Duration, Instant};

use tokio::{
    sync::{mpsc, watch},
    time::sleep_until,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use super::story::{LENGTH, Report, Story};
use crate::{
    api::{self, notification::Payload, notification_service_client::NotificationServiceClient},
    cli::Failure,
    clock::Hands,
    model::{
        Time,
        vendor_text::{self, Kind},
    },
};

/// How far the story has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// How much of the hour has passed.
    pub(super) at: Duration,
    /// How many notifications are acknowledged, and so durable.
    pub(super) taken: usize,
    /// How long each acknowledgement took.
    pub(super) waits: Vec<Duration>,
}

/// The time of the story.
#[derive(Debug)]
pub(super) struct Tempo {
    /// When its hour began.
    pub(super) begins: Time,
    /// How long the hour takes here.
    pub(super) takes: Duration,
    /// The hands of the service's clock.
    pub(super) hands: Hands,
}

impl Tempo {
    /// Moves the service's clock to that moment of the hour.
    fn move_to(&self, at: Duration) {
        self.hands.set(self.begins.plus(at));
    }
}

/// Reports all of the story. The clock is moved on only when all up to a moment has been acknowledged, so the service receives each
/// report at its very second of the hour, however slow this machine is.
pub(super) async fn report(
    story: &Story,
    tempo: &Tempo,
    channel: Channel,
    progress: &watch::Sender<Progress>,
) -> Result<(), Failure> {
    let (to, requests) = mpsc::channel(64);
    let mut answers = NotificationServiceClient::new(channel)
        .stream_notify(ReceiverStream::new(requests))
        .await?
        .into_inner();
    let began = Instant::now();
    let mut sent = 0;
    for moment in story.reports.chunk_by(|one, next| one.at == next.at) {
        let at = moment[0].at;
        sleep_until((began + tempo.takes.mul_f64(at.div_duration_f64(LENGTH))).into()).await;
        tempo.move_to(at);
        let sent_at = Instant::now();
        for report in moment {
            // The answers say why nothing more is taken.
            let _ = to.send(request(report)).await;
        }
        sent += moment.len() as u64;
        let mut acknowledged = 0;
        while acknowledged < sent {
            let answer = answers.message().await?;
            let answer = answer.ok_or(Failure::Contract("it ended the stream before it had acknowledged all"))?;
            if !answer.rejections.is_empty() {
                return Err(Failure::Contract("it rejected a notification of the demo"));
            }
            acknowledged = answer.acknowledged_count;
        }
        progress.send_modify(|progress| {
            progress.at = at;
            progress.taken += moment.len();
            progress.waits.push(sent_at.elapsed());
        });
    }
    tempo.move_to(LENGTH);
    progress.send_modify(|progress| progress.at = LENGTH);
    Ok(())
}

fn request(report: &Report) -> api::StreamNotifyRequest {
    let raw = api::RawNotification {
        r#type: Kind::of(&report.payload).name().to_owned(),
        body: vendor_text::write(&report.payload),
    };
    api::StreamNotifyRequest {
        notification: Some(api::Notification {
            payload: Some(Payload::Raw(raw)),
            ..api::Notification::default()
        }),
    }
}
