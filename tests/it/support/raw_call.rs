//! Calls with bytes that no generated client would send.

use bytes::{Buf as _, BufMut as _};
use http::uri::PathAndQuery;
use tokio_stream::Stream;
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::Channel,
};

use super::wait::soon;

/// Sends one message to a unary method; hands back the answer's bytes.
pub async fn unary(channel: &Channel, path: &'static str, message: Vec<u8>) -> Result<Vec<u8>, Status> {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = PathAndQuery::from_static(path);
    let answered = soon(grpc.unary(Request::new(message), path, Plain)).await;
    answered.map(tonic::Response::into_inner)
}

/// Sends messages to a method that streams both ways, and waits for its end; hands back the answers' bytes.
pub async fn streaming(
    channel: &Channel,
    path: &'static str,
    messages: impl Stream<Item = Vec<u8>> + Send + 'static,
) -> Result<Vec<Vec<u8>>, Status> {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = PathAndQuery::from_static(path);
    let opened = soon(grpc.streaming(Request::new(messages), path, Plain)).await.unwrap();
    let mut answers = opened.into_inner();
    let mut taken = Vec::new();
    while let Some(answer) = soon(answers.message()).await? {
        taken.push(answer);
    }
    Ok(taken)
}

/// Bytes as they are.
struct Plain;

impl Codec for Plain {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length).to_vec()))
    }
}
