//! One SMTP connection: lines out, replies in (RFC 5321, 4.2), in clear or over TLS. What a reply means is absent: that is `step`'s
//! and `lane`'s.
//!
//! Nothing is sent after something that was not asked for: a reply too many would be taken for the answer to what comes next.

use std::{io, sync::Arc};

use futures_util::FutureExt as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};

use super::reply::Reply;

/// Longest reply, in bytes; the longest line of one is 512 (RFC 5321, 4.5.3.1.5), and servers list a dozen extensions.
const LONGEST_REPLY: u64 = 16 * 1024;

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A connection. Whoever gives up a call half done must drop it.
pub(super) struct Connection {
    wire: BufReader<Box<dyn Wire>>,
    /// How many replies were asked for and have not been read.
    owed: usize,
}

/// The server said something that nobody asked for, or left.
#[derive(Debug, thiserror::Error)]
#[error("the server spoke out of turn or closed the connection")]
struct OutOfTurn;

/// What came is no SMTP reply.
#[derive(Debug, thiserror::Error)]
#[error("the server's reply is no SMTP")]
struct NotSmtp;

impl Connection {
    /// In clear so far; the server owes its greeting.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            wire: BufReader::new(Box::new(stream)),
            owed: 1,
        }
    }

    /// Puts TLS under the conversation. What came in clear before it and was not asked for ends it: it could have been slipped in by
    /// anybody (CVE-2021-38371 and its many kin).
    pub(super) async fn encrypt(self, config: Arc<ClientConfig>, name: ServerName<'static>) -> io::Result<Self> {
        if !self.wire.buffer().is_empty() {
            return Err(io::Error::other(OutOfTurn));
        }
        let stream = TlsConnector::from(config).connect(name, self.wire.into_inner()).await?;
        Ok(Self {
            wire: BufReader::new(Box::new(stream)),
            owed: self.owed,
        })
    }

    /// Sends a command, given without its line end, and reads the reply.
    pub(super) async fn ask(&mut self, command: &str) -> io::Result<Reply> {
        self.send(format!("{command}\r\n").as_bytes(), 1).await?;
        self.reply().await
    }

    /// Sends bytes as they are, which so many replies answer.
    pub(super) async fn send(&mut self, bytes: &[u8], replies: usize) -> io::Result<()> {
        if !self.is_in_step() {
            return Err(io::Error::other(OutOfTurn));
        }
        self.owed += replies;
        self.wire.write_all(bytes).await?;
        self.wire.flush().await
    }

    /// Whether nothing waits to be read that was not asked for, the end of the connection included.
    pub(super) fn is_in_step(&mut self) -> bool {
        self.owed > 0 || self.wire.fill_buf().now_or_never().is_none()
    }

    /// Reads a reply of one line or more.
    pub(super) async fn reply(&mut self) -> io::Result<Reply> {
        self.owed = self.owed.saturating_sub(1);
        let mut limited = (&mut self.wire).take(LONGEST_REPLY);
        let mut text = Vec::new();
        loop {
            let begin = text.len();
            if limited.read_until(b'\n', &mut text).await? == 0 || text.last() != Some(&b'\n') {
                let is_endless = limited.limit() == 0;
                return Err(if is_endless {
                    io::Error::other(NotSmtp)
                } else {
                    io::ErrorKind::UnexpectedEof.into()
                });
            }
            let is_last = text.get(begin + 3) != Some(&b'-');
            if is_last {
                return Reply::read(&text).ok_or_else(|| io::Error::other(NotSmtp));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A connection whose server says that and leaves.
    async fn told(text: &[u8]) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
        server.unwrap().0.write_all(text).await.unwrap();
        Connection::new(client.unwrap())
    }

    #[tokio::test]
    async fn reads_replies_of_any_length_and_nothing_else() {
        let mut connection = told(b"220-one\r\n220 two\r\n250\r\n").await;
        assert_eq!(connection.reply().await.unwrap().text(), "220 one two");
        assert_eq!(connection.reply().await.unwrap().text(), "250");
        assert!(connection.reply().await.is_err(), "the server left");

        for strange in [
            "HTTP/1.1 400 Bad Request\r\n".to_owned(),
            "220-a\r\n250 b\r\n".to_owned(),
            "220 without its end".to_owned(),
            "\r\n".to_owned(),
            "é20 x\r\n".to_owned(),
            format!("220 {}", "x".repeat(1 << 20)),
            "220-more\r\n".repeat(1 << 14),
        ] {
            assert!(told(strange.as_bytes()).await.reply().await.is_err(), "{strange:.20}");
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_over_what_nobody_asked_for() {
        let mut connection = told(b"220 hello\r\n250 and more\r\n").await;
        connection.reply().await.unwrap();
        assert!(!connection.is_in_step());
        assert!(connection.send(b"EHLO a\r\n", 1).await.is_err());
    }
}
