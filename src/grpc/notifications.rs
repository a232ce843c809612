//! `NotificationService`: reads notifications, submits them, answers when they are durable.

use std::{pin::Pin, sync::Arc};

use futures_util::{FutureExt as _, Stream, StreamExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::{
    encoded::{EncodedRequest, server::notification_service_server::NotificationService},
    from_proto,
    status::Refused,
    tonic_errors,
};
use crate::{
    api::{
        BatchNotifyResponse, NotifyAccepted, NotifyResponse, NotifyResult, Rejection, StreamNotifyResponse,
        notify_result,
    },
    clock,
    engine::effect::Answer,
    metrics::Metrics,
    model::Notification,
    service::{Handle, Unavailable},
};

/// Who sends, where nobody is authenticated.
const ANONYMOUS: &str = "anonymous";

/// The most notifications of one batch.
const BATCH: usize = 1000;

/// The most messages of a stream that are submitted together.
const CHUNK: usize = 512;

/// The size from which a chunk takes no more, in bytes, so that what is submitted together always fits the journal.
const CHUNK_BYTES: usize = 1 << 20;

/// How many chunks of a stream may be on their way.
const CHUNKS: usize = 16;

/// Implements the service.
#[derive(Clone)]
pub(super) struct Notifications {
    pub handle: Handle,
    pub metrics: Arc<Metrics>,
    /// Comes when no more is to be taken.
    pub drain: CancellationToken,
}

#[tonic::async_trait]
impl NotificationService for Notifications {
    async fn notify(&self, request: Request<EncodedRequest>) -> Result<Response<NotifyResponse>, Status> {
        let read = from_proto::request(request.get_ref().bytes(), ANONYMOUS, clock::wall());
        let notification = self.counted(read)?;
        let answers = self.handle.notify(vec![notification]).await.map_err(Refused::from)?;
        let answer = answers.first().copied().unwrap_or(Answer::Skipped);
        let NotifyAccepted { sequence, duplicate } = accepted(answer)?;
        Ok(Response::new(NotifyResponse { sequence, duplicate }))
    }

    async fn batch_notify(&self, request: Request<EncodedRequest>) -> Result<Response<BatchNotifyResponse>, Status> {
        let items = from_proto::items(request.get_ref().bytes())?;
        if items.len() > BATCH {
            return Err(Refused::too_many_items("notifications", BATCH).into());
        }
        let received = clock::wall();
        let mut good = Vec::with_capacity(items.len());
        let read: Vec<Result<(), Refused>> = items
            .into_iter()
            .map(|item| self.counted(from_proto::item(item, ANONYMOUS, received)))
            .map(|read| read.map(|one| good.push(one)))
            .collect();
        let mut answers = match good.is_empty() {
            true => Vec::new(),
            false => self.handle.notify(good).await.map_err(Refused::from)?,
        }
        .into_iter();
        let results = read
            .into_iter()
            .map(|read| read.and_then(|()| accepted(answers.next().unwrap_or(Answer::Skipped))))
            .map(|taken| match taken {
                Ok(accepted) => notify_result::Result::Accepted(accepted),
                Err(refused) => notify_result::Result::Error(refused.into()),
            })
            .map(|result| NotifyResult { result: Some(result) })
            .collect();
        Ok(Response::new(BatchNotifyResponse { results }))
    }

    type StreamNotifyStream = Pin<Box<dyn Stream<Item = Result<StreamNotifyResponse, Status>> + Send>>;

    async fn stream_notify(
        &self,
        request: Request<Streaming<EncodedRequest>>,
    ) -> Result<Response<Self::StreamNotifyStream>, Status> {
        let (chunks, pending) = mpsc::channel(CHUNKS);
        // The caller has to send again whatever an error leaves unacknowledged, so nothing may be taken after one was told.
        let stop = self.drain.child_token();
        tokio::spawn(self.clone().take_stream(request.into_inner(), chunks, stop.clone()));
        let answers = ReceiverStream::new(pending).then(move |chunk| {
            let stop = stop.clone();
            async move { acknowledge(chunk).await.inspect_err(|_| stop.cancel()) }
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// Messages of a stream that were submitted together, or its end.
enum Chunk {
    Submitted {
        /// How many messages have been read, these included.
        count: u64,
        rejections: Vec<Rejection>,
        /// The places in the stream of those that were submitted.
        indexes: Vec<u64>,
        answers: oneshot::Receiver<Result<Vec<Answer>, Unavailable>>,
    },
    End(Status),
}

impl Notifications {
    fn counted(&self, read: Result<Notification, Refused>) -> Result<Notification, Refused> {
        read.inspect_err(|refused| self.metrics.rejected(refused.reason()))
    }

    /// Reads a stream to its end, or until told to stop, submitting what has come in chunks; what cannot be read is rejected and costs
    /// only itself.
    async fn take_stream(
        self,
        mut inbound: Streaming<EncodedRequest>,
        chunks: mpsc::Sender<Chunk>,
        stop: CancellationToken,
    ) {
        let mut count = 0;
        let end = loop {
            // If an answer was the error, nobody listens to this one.
            let stopped = || Some(Refused::draining().into());
            let Some(first) = stop.run_until_cancelled(inbound.next()).await else {
                break stopped();
            };
            let (messages, end) = gather(first, &mut inbound);
            if !messages.is_empty() {
                match stop.run_until_cancelled(self.submit(messages, &mut count)).await {
                    // The caller may have gone away: what it sent is taken all the same.
                    Some(Ok(chunk)) => drop(chunks.send(chunk).await),
                    Some(Err(cause)) => break Some(Refused::from(cause).into()),
                    None => break stopped(),
                }
            }
            if let Some(end) = end {
                break end;
            }
        };
        if let Some(status) = end {
            let _ = chunks.send(Chunk::End(status)).await;
        }
    }

    async fn submit(&self, messages: Vec<EncodedRequest>, count: &mut u64) -> Result<Chunk, Unavailable> {
        let received = clock::wall();
        let mut good = Vec::with_capacity(messages.len());
        let mut indexes = Vec::with_capacity(messages.len());
        let mut rejections = Vec::new();
        for (index, message) in (*count..).zip(messages) {
            *count = index + 1;
            match self.counted(from_proto::request(message.bytes(), ANONYMOUS, received)) {
                Ok(notification) => {
                    good.push(notification);
                    indexes.push(index);
                }
                Err(refused) => rejections.push(Rejection {
                    index,
                    error: Some(refused.into()),
                }),
            }
        }
        let answers = self.handle.notify_later(good).await?;
        Ok(Chunk::Submitted {
            count: *count,
            rejections,
            indexes,
            answers,
        })
    }
}

/// Waits until a chunk is durable and decided upon.
async fn acknowledge(chunk: Chunk) -> Result<StreamNotifyResponse, Status> {
    let (count, mut rejections, indexes, answers) = match chunk {
        Chunk::End(status) => return Err(status),
        Chunk::Submitted {
            count,
            rejections,
            indexes,
            answers,
        } => (count, rejections, indexes, answers),
    };
    let answers = answers
        .await
        .unwrap_or(Err(Unavailable::Stopping))
        .map_err(Refused::from)?;
    for (index, answer) in indexes.into_iter().zip(answers) {
        if let Err(refused) = accepted(answer) {
            rejections.push(Rejection {
                index,
                error: Some(refused.into()),
            });
        }
    }
    rejections.sort_by_key(|rejection| rejection.index);
    Ok(StreamNotifyResponse {
        acknowledged_count: count,
        rejections,
    })
}

/// What the caller is told of a notification that the engine has seen.
fn accepted(answer: Answer) -> Result<NotifyAccepted, Refused> {
    let (sequence, duplicate) = match answer {
        Answer::Accepted { sequence } => (sequence, false),
        Answer::Duplicate { sequence } => (sequence, true),
        Answer::IdReused {
            sequence,
            oldest_id_age,
        } => return Err(Refused::id_reused(sequence, oldest_id_age)),
        Answer::Skipped => return Err(Refused::internal()),
    };
    Ok(NotifyAccepted { sequence, duplicate })
}

/// The messages that have come, up to a chunk of them, and the end of the stream if it has come: `Some(None)` where the caller ended
/// it. What has not come yet is not waited for.
#[expect(clippy::option_option, reason = "whether it ended, and whether in an error")]
fn gather(
    first: Option<Result<EncodedRequest, Status>>,
    inbound: &mut Streaming<EncodedRequest>,
) -> (Vec<EncodedRequest>, Option<Option<Status>>) {
    let mut messages = Vec::new();
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(come) = next {
        match come {
            Some(Ok(message)) => {
                bytes += message.bytes().len();
                messages.push(message);
            }
            Some(Err(status)) => return (messages, Some(Some(tonic_errors::stream_error(status)))),
            None => return (messages, Some(None)),
        }
        next = if messages.len() < CHUNK && bytes < CHUNK_BYTES {
            inbound.next().now_or_never()
        } else {
            None
        };
    }
    (messages, None)
}
