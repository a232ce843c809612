//! Errors that tonic makes by itself, over a service that answers with them.

use axum::body::Body;
use tonic::{Request, Streaming};
use tonic_types::StatusExt as _;
use tower::Service as _;

use super::*;
use crate::api::{
    BatchNotifyRequest, BatchNotifyResponse, NotifyRequest, NotifyResponse, StreamNotifyRequest, StreamNotifyResponse,
    notification_service_server::{NotificationService, NotificationServiceServer},
};

/// Accepts everything; a stream ends as its inbound half does.
struct Lenient;

#[tonic::async_trait]
impl NotificationService for Lenient {
    async fn notify(&self, _: Request<NotifyRequest>) -> Result<tonic::Response<NotifyResponse>, Status> {
        Ok(NotifyResponse::default().into())
    }

    async fn batch_notify(
        &self,
        _: Request<BatchNotifyRequest>,
    ) -> Result<tonic::Response<BatchNotifyResponse>, Status> {
        Ok(BatchNotifyResponse::default().into())
    }

    type StreamNotifyStream = tokio_stream::Empty<Result<StreamNotifyResponse, Status>>;

    async fn stream_notify(
        &self,
        request: Request<Streaming<StreamNotifyRequest>>,
    ) -> Result<tonic::Response<Self::StreamNotifyStream>, Status> {
        let mut stream = request.into_inner();
        while stream.message().await.map_err(stream_error)?.is_some() {}
        Ok(tokio_stream::empty().into())
    }
}

/// The error in the head of the answer to a message of so many bytes.
async fn answer(method: &str, bytes: usize) -> Option<Status> {
    let mut service = NotificationServiceServer::new(Lenient).max_decoding_message_size(64);
    // An unknown field, number 15, which every message here skips.
    let mut message = vec![0x7A];
    prost::encode_length_delimiter(bytes, &mut message).unwrap();
    message.extend(vec![0; bytes]);
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let request = http::Request::post(format!("/bellwether.v1.NotificationService/{method}"))
        .header("content-type", "application/grpc")
        .body(Body::from(frame))
        .unwrap();
    let response = service.call(request).await.unwrap();
    Status::from_header_map(complete_response(response).headers())
}

#[tokio::test]
async fn an_over_long_message_is_not_an_expired_cursor() {
    for method in ["Notify", "BatchNotify", "StreamNotify"] {
        let status = answer(method, 1000).await.expect("the message is too long");
        assert_eq!(status.code(), Code::ResourceExhausted, "{method}");
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "MESSAGE_TOO_LARGE");
        assert!(details.retry_info().is_none());
    }
}

#[tokio::test]
async fn an_error_of_tonics_own_gets_a_reason() {
    let status = answer("Nothing", 0).await.unwrap();
    assert_eq!(status.code(), Code::Unimplemented);
    let info = status.get_details_error_info().unwrap();
    assert_eq!(
        (info.domain.as_str(), info.reason.as_str()),
        ("bellwether", "UNIMPLEMENTED")
    );
}

#[tokio::test]
async fn what_is_no_error_is_left_alone() {
    for method in ["Notify", "StreamNotify"] {
        assert_eq!(answer(method, 1).await.map(|status| status.code()), None, "{method}");
    }
}

#[test]
fn an_error_with_details_is_left_alone() {
    let expired = || Status::from(Refused::cursor_expired("c1".to_owned()));
    let response = complete_response(expired().into_http::<()>());
    let status = Status::from_header_map(response.headers()).unwrap();
    assert_eq!(status.code(), Code::OutOfRange);
    assert_eq!(status.details(), expired().details());
    assert_eq!(stream_error(expired()).details(), expired().details());
}
