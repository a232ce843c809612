//! Accepting connections: as many as are allowed, calmly when the system has no descriptor left, and for no longer than a while where
//! the other side says nothing.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tonic::transport::server::{Connected, TcpConnectInfo};
use tracing::warn;

/// How long to wait when the system refuses a connection, for want of descriptors or memory.
const PAUSE: Duration = Duration::from_millis(100);

/// What a client of HTTP/2 begins with, in bytes (RFC 9113, 3.4).
const PREFACE: usize = 24;

/// A connection, counted for as long as it is open.
pub(super) struct Connection {
    stream: TcpStream,
    /// Until the other side has begun: HTTP/2 has no deadline of its own before that.
    greeting: Option<Greeting>,
    _place: OwnedSemaphorePermit,
}

/// What is awaited of a connection at first.
struct Greeting {
    /// How many bytes are to come.
    missing: usize,
    /// Done when it is too late for them.
    too_late: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// The connections that come to a listener; beyond `most` at once, a new one waits in the system's queue. Where nobody speaks HTTP/2
/// within the patience, or before the drain, a connection fails: it would hold its place for ever, and hold up the end.
pub(super) fn accept(
    listener: TcpListener,
    most: usize,
    patience: Duration,
    drain: CancellationToken,
) -> impl Stream<Item = io::Result<Connection>> {
    stream::unfold(
        (listener, Arc::new(Semaphore::new(most)), drain),
        move |(listener, places, drain)| async move {
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        // Acknowledgements are small and must not wait for company.
                        if let Err(cause) = stream.set_nodelay(true) {
                            warn!(%cause, "a connection was lost at once");
                            continue;
                        }
                        let greeting = Greeting::awaited(patience, drain.clone());
                        let connection = Connection {
                            stream,
                            greeting: Some(greeting),
                            _place: place,
                        };
                        return Some((Ok(connection), (listener, places, drain)));
                    }
                    Err(cause) => {
                        warn!(%cause, "a connection could not be accepted");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        },
    )
}

impl Greeting {
    fn awaited(patience: Duration, drain: CancellationToken) -> Self {
        let too_late = async move {
            // Whichever comes first.
            let _ = timeout(patience, drain.cancelled()).await;
        };
        Self {
            missing: PREFACE,
            too_late: Box::pin(too_late),
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let Some(greeting) = &mut self.greeting else {
            return read;
        };
        greeting.missing = greeting.missing.saturating_sub(buf.filled().len() - before);
        if greeting.missing == 0 {
            self.greeting = None;
        } else if read.is_pending() && greeting.too_late.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Both ends of a connection, and what ends the wait for its beginning.
    async fn connect(patience: Duration) -> (TcpStream, Connection, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let drain = CancellationToken::new();
        let mut accepted = Box::pin(accept(listener, 1, patience, drain.clone()));
        let connection = accepted.next().await.unwrap().unwrap();
        (client, connection, drain)
    }

    #[tokio::test]
    async fn who_says_too_little_is_given_up() {
        let said = [&[][..], &[b'P'; PREFACE - 1]];
        for (said, drains) in said.into_iter().flat_map(|said| [(said, false), (said, true)]) {
            let patience = if drains {
                Duration::MAX
            } else {
                Duration::from_millis(1)
            };
            let (mut client, mut connection, drain) = connect(patience).await;
            client.write_all(said).await.unwrap();
            if drains {
                drain.cancel();
            }
            let read = connection.read_to_end(&mut Vec::new()).await;
            assert_eq!(read.unwrap_err().kind(), io::ErrorKind::TimedOut);
        }
    }

    #[tokio::test]
    async fn who_has_begun_may_be_silent() {
        let (mut client, mut connection, drain) = connect(Duration::MAX).await;
        client.write_all(&[b'P'; PREFACE]).await.unwrap();
        connection.read_exact(&mut [0; PREFACE]).await.unwrap();
        drain.cancel();
        let mut rest = Vec::new();
        let mut read = Box::pin(connection.read_to_end(&mut rest));
        assert!(futures_util::poll!(&mut read).is_pending());
        drop(client);
        assert_eq!(read.await.unwrap(), 0);
    }
}
