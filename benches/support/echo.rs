//! The yardstick of ingest: a service that decodes the same messages with the same codec, and answers each. It checks nothing, keeps
//! nothing, decides nothing.

use std::pin::Pin;

use bellwether::api::{
    BatchNotifyRequest, BatchNotifyResponse, NotifyAccepted, NotifyRequest, NotifyResponse, NotifyResult,
    StreamNotifyRequest, StreamNotifyResponse, notification_service_server::NotificationService, notify_result,
};
use futures_util::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

pub struct Echo;

#[tonic::async_trait]
impl NotificationService for Echo {
    async fn notify(&self, _: Request<NotifyRequest>) -> Result<Response<NotifyResponse>, Status> {
        Ok(Response::new(NotifyResponse {
            sequence: 1,
            duplicate: false,
        }))
    }

    async fn batch_notify(&self, batch: Request<BatchNotifyRequest>) -> Result<Response<BatchNotifyResponse>, Status> {
        let accepted = |sequence| NotifyResult {
            result: Some(notify_result::Result::Accepted(NotifyAccepted {
                sequence,
                duplicate: false,
            })),
        };
        let results = (1..)
            .zip(batch.into_inner().notifications)
            .map(|(sequence, _)| accepted(sequence))
            .collect();
        Ok(Response::new(BatchNotifyResponse { results }))
    }

    type StreamNotifyStream = Pin<Box<dyn Stream<Item = Result<StreamNotifyResponse, Status>> + Send>>;

    async fn stream_notify(
        &self,
        stream: Request<Streaming<StreamNotifyRequest>>,
    ) -> Result<Response<Self::StreamNotifyStream>, Status> {
        let answers = stream.into_inner().scan(0, |count, message| {
            *count += 1;
            let answer = message.map(|_| StreamNotifyResponse {
                acknowledged_count: *count,
                rejections: Vec::new(),
            });
            std::future::ready(Some(answer))
        });
        Ok(Response::new(Box::pin(answers)))
    }
}
