//! Sending on one stream: much under way at once, acknowledged many at a time, resumed on a new stream where that is safe.

use std::collections::VecDeque;

use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, transport::Channel};
use tonic_types::pb;

use super::{Item, Report, Source, source::CHUNK};
use crate::{
    api::{self, notification_service_client::NotificationServiceClient},
    cli::{
        backoff::{Backoff, is_transient, is_untouched},
        failure::Failure,
    },
};

/// How many may be under way, not yet acknowledged: enough to keep the server busy across a commit, and what a break costs to send again.
const WINDOW: usize = 32 * CHUNK;

/// Sends all. A broken stream is followed by another where nothing was under way or all has ids (`safe`).
pub(super) async fn send(
    mut client: NotificationServiceClient<Channel>,
    mut source: Source,
    safe: bool,
    mut backoff: Backoff,
    report: &mut Report<'_, '_>,
) -> Result<(), Failure> {
    let mut sending = Sending::default();
    loop {
        let broke = match sending.once(&mut client, &mut source, &mut backoff, report).await {
            Ok(()) => return Ok(()),
            Err(Broken::Failure(failure)) => return Err(failure),
            Err(Broken::Stream(status)) => status,
        };
        if !is_transient(&broke) {
            return Err(broke.into());
        }
        if !safe && !sending.under_way.is_empty() && !is_untouched(&broke) {
            return Err(Failure::Unknown {
                unknown: sending.under_way.len(),
                cause: Box::new(broke),
            });
        }
        report.note(&format!(
            "stream lost ({}); trying again",
            crate::cli::show::clean(broke.message())
        ));
        backoff.wait(broke).await?;
    }
}

/// Why a stream ended before all was acknowledged.
enum Broken {
    /// The server or the connection ended it.
    Stream(Status),
    /// There is no going on.
    Failure(Failure),
}

impl<F: Into<Failure>> From<F> for Broken {
    fn from(failure: F) -> Self {
        Self::Failure(failure.into())
    }
}

#[derive(Default)]
struct Sending {
    /// Read, not sent on this stream yet.
    ready: VecDeque<Item>,
    /// Sent on this stream, not acknowledged yet, in order.
    under_way: VecDeque<Item>,
    /// How many of this stream are acknowledged.
    acknowledged: u64,
    /// The input has ended.
    ended: bool,
}

impl Sending {
    /// One stream, until all is acknowledged or it breaks.
    async fn once(
        &mut self,
        client: &mut NotificationServiceClient<Channel>,
        source: &mut Source,
        backoff: &mut Backoff,
        report: &mut Report<'_, '_>,
    ) -> Result<(), Broken> {
        // What was under way goes first, in its order.
        self.under_way.append(&mut self.ready);
        self.ready = std::mem::take(&mut self.under_way);
        self.acknowledged = 0;

        let (to, requests) = mpsc::channel::<Vec<api::StreamNotifyRequest>>(2);
        let requests = ReceiverStream::new(requests).flat_map(stream::iter);
        let mut answers = client
            .stream_notify(requests)
            .await
            .map_err(Broken::Stream)?
            .into_inner();
        let mut to = Some(to);
        let mut deaf = false;
        loop {
            if deaf || self.ended && self.ready.is_empty() && self.under_way.is_empty() {
                // The server ends its side when we have ended ours; where it already takes nothing more, its answers say why.
                to = None;
            }
            let room = WINDOW.saturating_sub(self.under_way.len());
            tokio::select! {
                biased;
                answer = answers.message() => match answer.map_err(Broken::Stream)? {
                    Some(answer) => self.acknowledge(answer, backoff, report).await?,
                    None if to.is_none() && !deaf => return Ok(()),
                    None => return Err(Broken::Stream(Status::unavailable("the server ended the stream early"))),
                },
                permit = reserve(to.as_ref()), if !self.ready.is_empty() && room > 0 => {
                    match permit {
                        Ok(permit) => permit.send(self.take(room.min(CHUNK))),
                        Err(_) => deaf = true,
                    }
                },
                chunk = source.next(), if !self.ended && self.ready.is_empty() && room > 0 => match chunk? {
                    Some(chunk) => {
                        report.read(&chunk)?;
                        self.ready.extend(chunk.items);
                    }
                    None => self.ended = true,
                },
            }
        }
    }

    /// The next to be sent; they are under way from here on.
    fn take(&mut self, number: usize) -> Vec<api::StreamNotifyRequest> {
        let number = number.min(self.ready.len());
        self.ready
            .drain(..number)
            .map(|item| {
                let notification = Some(item.notification.clone());
                self.under_way.push_back(item);
                api::StreamNotifyRequest { notification }
            })
            .collect()
    }

    /// Counts what was acknowledged; what the server had no room for is sent again after the wait that it asks for.
    async fn acknowledge(
        &mut self,
        answer: api::StreamNotifyResponse,
        backoff: &mut Backoff,
        report: &mut Report<'_, '_>,
    ) -> Result<(), Failure> {
        let newly = answer
            .acknowledged_count
            .checked_sub(self.acknowledged)
            .and_then(|newly| usize::try_from(newly).ok())
            .filter(|newly| *newly <= self.under_way.len())
            .ok_or(Failure::Contract(
                "acknowledged more than was sent, or less than before",
            ))?;
        let first = self.acknowledged;
        self.acknowledged = answer.acknowledged_count;
        let mut items: Vec<Option<Item>> = self.under_way.drain(..newly).map(Some).collect();

        let mut again = Vec::new();
        let mut because = None;
        for rejection in answer.rejections {
            let item = rejection
                .index
                .checked_sub(first)
                .and_then(|index| items.get_mut(usize::try_from(index).ok()?)?.take())
                .ok_or(Failure::Contract(
                    "rejected what was not sent, or was acknowledged before",
                ))?;
            let error = rejection.error.unwrap_or_default();
            match status(&error) {
                status if is_untouched(&status) => {
                    again.push(item);
                    because = Some(status);
                }
                _ => report.refused(&item.place, &error)?,
            }
        }
        let accepted = items.iter().flatten().count();
        report.accepted(accepted as u64);
        if accepted > 0 {
            backoff.succeeded();
        }
        for item in again.into_iter().rev() {
            self.ready.push_front(item);
        }
        match because {
            Some(status) => backoff.wait(status).await,
            None => Ok(()),
        }
    }
}

/// Waits for room on the stream; for ever when our side has ended.
async fn reserve<T>(to: Option<&mpsc::Sender<T>>) -> Result<mpsc::Permit<'_, T>, mpsc::error::SendError<()>> {
    match to {
        Some(to) => to.reserve().await,
        None => std::future::pending().await,
    }
}

/// A rejection's error as the status that a call of its own would have ended with.
pub(super) fn status(error: &pb::Status) -> Status {
    let details = prost::Message::encode_to_vec(error);
    Status::with_details(Code::from(error.code), error.message.clone(), details.into())
}
