//! A client that costs little: it sends bytes that were encoded before, and decodes no answer. What it spares is the server's to use,
//! ours and the yardstick's.

use std::{net::SocketAddr, time::Duration};

use bytes::{Buf as _, BufMut as _, Bytes};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder, Streaming},
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};

/// Sends and takes ready bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ready;

impl Codec for Ready {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Ready {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Ready {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// One connection.
#[derive(Clone)]
pub struct Client(Grpc<Channel>);

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .expect("an address")
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(10))
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20);
        Self(Grpc::new(endpoint.connect().await.expect("a server")))
    }

    pub async fn unary(&mut self, path: &'static str, request: Bytes) -> Result<Bytes, Status> {
        self.ready().await;
        let answer = self
            .0
            .unary(Request::new(request), PathAndQuery::from_static(path), Ready);
        Ok(answer.await?.into_inner())
    }

    pub async fn stream(
        &mut self,
        path: &'static str,
        requests: impl futures_util::Stream<Item = Bytes> + Send + 'static,
    ) -> Result<Streaming<Bytes>, Status> {
        self.ready().await;
        let answer = self
            .0
            .streaming(Request::new(requests), PathAndQuery::from_static(path), Ready);
        Ok(answer.await?.into_inner())
    }

    async fn ready(&mut self) {
        self.0.ready().await.expect("a connection");
    }
}
