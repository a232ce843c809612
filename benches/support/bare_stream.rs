//! The yardstick of fan-out: a server stream that sends the same ready bytes for ever.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{Stream, future::BoxFuture, stream};
use tonic::{
    Request, Response, Status,
    body::Body,
    codegen::{Service, http},
    server::{Grpc, NamedService, ServerStreamingService},
};

use super::client::Ready;

/// Serves it under the path of `Subscribe`.
#[derive(Clone)]
pub struct BareStream(Bytes);

impl BareStream {
    /// Messages of so many bytes.
    pub fn of(bytes: usize) -> Self {
        Self(vec![0; bytes].into())
    }
}

impl NamedService for BareStream {
    const NAME: &'static str = "bellwether.v1.AlertService";
}

impl Service<http::Request<Body>> for BareStream {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(Grpc::new(Ready).server_streaming(this, request).await) })
    }
}

impl ServerStreamingService<Bytes> for BareStream {
    type Response = Bytes;
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        let message = self.0.clone();
        let messages: Self::ResponseStream = Box::pin(stream::repeat_with(move || Ok(message.clone())));
        Box::pin(async { Ok(Response::new(messages)) })
    }
}
