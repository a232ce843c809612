//! HTTP/2 in raw frames, as RFC 9113 lays them out, for what no well-behaved client does.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::wait::soon;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const GOAWAY: u8 = 7;
const END_HEADERS: u8 = 4;

/// What came from the server.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub payload: Vec<u8>,
}

/// Opens a connection: what is read from it, and what is written to it.
pub async fn connect(address: SocketAddr) -> (Reader, OwnedWriteHalf) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (read, mut write) = stream.into_split();
    let settings = frame(SETTINGS, 0, 0, &[]);
    soon(write.write_all(&[PREFACE, &settings].concat())).await.unwrap();
    (Reader(read), write)
}

pub struct Reader(OwnedReadHalf);

impl Reader {
    /// The next frame of that kind; others are passed over. `None`: the connection was closed before it came.
    pub async fn next(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = soon(self.frame()).await.ok()?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    async fn frame(&mut self) -> std::io::Result<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).await?;
        Ok(Frame { kind: head[3], payload })
    }
}

/// A frame's bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head, &stream.to_be_bytes()[..], payload].concat()
}

/// A call's head on that stream, which goes on; `extra` is added to its fields.
pub fn call(stream: u32, path: &str, extra: &[(&str, &str)]) -> Vec<u8> {
    // Indexed fields of RFC 7541's static table: POST and http; then literals that are not to be indexed.
    let mut block = vec![0x83, 0x86];
    block.push(0x04);
    text(&mut block, path);
    block.push(0x01);
    text(&mut block, "localhost");
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers")]
        .iter()
        .chain(extra)
    {
        block.push(0);
        text(&mut block, name);
        text(&mut block, value);
    }
    frame(HEADERS, END_HEADERS, stream, &block)
}

fn text(block: &mut Vec<u8>, text: &str) {
    block.push(u8::try_from(text.len()).ok().filter(|length| *length < 0x7f).unwrap());
    block.extend_from_slice(text.as_bytes());
}
