//! An SMTP server that does what its script says, and remembers what it heard.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpSocket,
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

use super::wait::soon;

/// What the server does at one point of a conversation.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answers with this line, or these.
    Say(&'static str),
    /// Answers and closes the connection.
    SayAndClose(&'static str),
    /// Says nothing and keeps the connection.
    Silence,
    /// Closes the connection.
    Close,
    /// Does nothing until the server follows another script, and then what that says.
    Wait,
}

/// What the server does at each point; `Default` is a friendly one.
#[derive(Debug, Clone)]
pub struct Script {
    pub greeting: Act,
    pub ehlo: Act,
    /// The reply to STARTTLS; after `220` comes the handshake, for which it needs a [`FakeSmtp::start_with`] certificate.
    pub starttls: Act,
    /// The reply to EHLO over TLS.
    pub ehlo_over_tls: Act,
    pub auth: Act,
    /// The replies to the lines after AUTH, as long as the one before was `334`.
    pub challenges: Vec<Act>,
    pub mail: Act,
    pub rcpt: Act,
    /// The reply to RCPT of those that are named here, instead.
    pub rcpt_of: Vec<(&'static str, Act)>,
    pub data: Act,
    /// At the final dot.
    pub message: Act,
    pub rset: Act,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: Act::Say("220 fake ESMTP"),
            ehlo: Act::Say("250 fake"),
            starttls: Act::Say("220 2.0.0 go on"),
            ehlo_over_tls: Act::Say("250 fake"),
            auth: Act::Say("235 2.7.0 welcome"),
            challenges: Vec::new(),
            mail: Act::Say("250 2.1.0 ok"),
            rcpt: Act::Say("250 2.1.5 ok"),
            rcpt_of: Vec::new(),
            data: Act::Say("354 go on"),
            message: Act::Say("250 2.0.0 queued"),
            rset: Act::Say("250 2.0.0 reset"),
        }
    }
}

/// What the server heard so far.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Connections taken.
    pub connections: usize,
    /// Connections open now, and the most there were at once.
    pub open: usize,
    pub most_open: usize,
    /// Command lines, in order, over all connections.
    pub commands: Vec<String>,
    /// Messages that reached their final dot, dots unstuffed.
    pub messages: Vec<String>,
}

impl Heard {
    /// How many of the commands begin so.
    pub fn count(&self, command: &str) -> usize {
        self.commands.iter().filter(|line| line.starts_with(command)).count()
    }
}

/// A running server; it ends with its runtime.
pub struct FakeSmtp {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    script: Mutex<Script>,
    heard: Mutex<Heard>,
    changed: Notify,
    followed: Notify,
    tls: Option<TlsAcceptor>,
    is_implicit: bool,
}

/// A stream of either kind.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

type Stream = BufReader<Box<dyn Wire>>;

/// An address of a relay that is down: it is taken, and refuses connections.
pub fn down() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    socket
}

impl FakeSmtp {
    pub async fn start(script: Script) -> Self {
        Self::listen(down(), script, None, false)
    }

    /// Starts it on an address that nobody has listened on.
    pub fn start_on(socket: TcpSocket, script: Script) -> Self {
        Self::listen(socket, script, None, false)
    }

    /// Starts it with a certificate, to be used from the first byte or after STARTTLS.
    pub async fn start_with(tls: TlsAcceptor, is_implicit: bool, script: Script) -> Self {
        Self::listen(down(), script, Some(tls), is_implicit)
    }

    fn listen(socket: TcpSocket, script: Script, tls: Option<TlsAcceptor>, is_implicit: bool) -> Self {
        let listener = socket.listen(1024).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            script: Mutex::new(script),
            heard: Mutex::default(),
            changed: Notify::new(),
            followed: Notify::new(),
            tls,
            is_implicit,
        });
        let server = state.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                server.note(|heard| {
                    heard.connections += 1;
                    heard.open += 1;
                    heard.most_open = heard.most_open.max(heard.open);
                });
                let talk = server.clone();
                tokio::spawn(async move {
                    // An error is the client's leaving.
                    let _ = talk.converse(Box::new(stream)).await;
                    talk.note(|heard| heard.open -= 1);
                });
            }
        });
        Self { address, state }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on, on open connections too.
    pub fn follow(&self, script: Script) {
        *self.state.script.lock().unwrap() = script;
        self.state.followed.notify_waiters();
    }

    pub fn heard(&self) -> Heard {
        self.state.heard.lock().unwrap().clone()
    }

    /// Waits until what was heard is so.
    #[track_caller]
    pub fn wait_until(&self, is_so: impl Fn(&Heard) -> bool) -> impl Future<Output = ()> {
        soon(async move {
            loop {
                let changed = self.state.changed.notified();
                if is_so(&self.heard()) {
                    return;
                }
                changed.await;
            }
        })
    }
}

impl State {
    async fn act(&self, choose: impl Fn(Script) -> Act) -> Act {
        loop {
            let followed = self.followed.notified();
            let script = self.script.lock().unwrap().clone();
            match choose(script) {
                Act::Wait => followed.await,
                act => return act,
            }
        }
    }

    fn note(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.heard.lock().unwrap());
        self.changed.notify_one();
    }

    async fn converse(&self, stream: Box<dyn Wire>) -> std::io::Result<()> {
        let mut is_encrypted = self.is_implicit;
        let mut stream = match &self.tls {
            Some(tls) if self.is_implicit => BufReader::new(Box::new(tls.accept(stream).await?) as Box<dyn Wire>),
            _ => BufReader::new(stream),
        };
        perform(&mut stream, self.act(|s| s.greeting).await).await?;
        while let Some(command) = self.line(&mut stream).await? {
            let verb = command.split_whitespace().next().unwrap_or_default();
            let act = match verb {
                "EHLO" if is_encrypted => self.act(|s| s.ehlo_over_tls).await,
                "EHLO" => self.act(|s| s.ehlo).await,
                "STARTTLS" => self.act(|s| s.starttls).await,
                "AUTH" => self.act(|s| s.auth).await,
                "MAIL" => self.act(|s| s.mail).await,
                "RCPT" => self.act(|s| s.rcpt_of(&command)).await,
                "DATA" => self.act(|s| s.data).await,
                "RSET" => self.act(|s| s.rset).await,
                "QUIT" => Act::Say("221 bye"),
                _ => Act::Say("500 what"),
            };
            perform(&mut stream, act.clone()).await?;
            match verb {
                "STARTTLS" if act.says("220") => {
                    let tls = self.tls.as_ref().expect("a certificate");
                    stream = BufReader::new(Box::new(tls.accept(stream.into_inner()).await?));
                    is_encrypted = true;
                }
                "AUTH" if act.says("334") => self.challenge(&mut stream).await?,
                "DATA" if act.says("354") => {
                    let message = read_message(&mut stream).await?;
                    self.note(|heard| heard.messages.push(message));
                    perform(&mut stream, self.act(|s| s.message).await).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn challenge(&self, stream: &mut Stream) -> std::io::Result<()> {
        let acts = self.script.lock().unwrap().challenges.clone();
        for act in acts {
            if self.line(stream).await?.is_none() {
                return Ok(());
            }
            perform(stream, act).await?;
        }
        Ok(())
    }

    async fn line(&self, stream: &mut Stream) -> std::io::Result<Option<String>> {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let command = line.trim_end().to_owned();
        self.note(|heard| heard.commands.push(command.clone()));
        Ok(Some(command))
    }
}

impl Script {
    fn rcpt_of(self, command: &str) -> Act {
        let named = self.rcpt_of.into_iter().find(|(name, _)| command.contains(name));
        named.map_or(self.rcpt, |(_, act)| act)
    }
}

impl Act {
    fn says(&self, code: &str) -> bool {
        matches!(self, Self::Say(text) if text.lines().next_back().is_some_and(|last| last.starts_with(code)))
    }
}

/// An error ends the conversation.
async fn perform(stream: &mut Stream, act: Act) -> std::io::Result<()> {
    let closed = Err(std::io::ErrorKind::ConnectionAborted.into());
    match act {
        Act::Say(text) => say(stream, text).await,
        Act::SayAndClose(text) => say(stream, text).await.and(closed),
        Act::Silence => Ok(()),
        Act::Close => closed,
        Act::Wait => unreachable!("it has become another act"),
    }
}

async fn say(stream: &mut Stream, text: &str) -> std::io::Result<()> {
    let lines = text.replace('\n', "\r\n") + "\r\n";
    stream.write_all(lines.as_bytes()).await?;
    stream.flush().await
}

async fn read_message(stream: &mut Stream) -> std::io::Result<String> {
    let mut message = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(message);
        }
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// How many mails about that meeting were heard.
pub fn about(heard: &Heard, meeting: &str) -> usize {
    let subject = format!("port-full {meeting}");
    heard.messages.iter().filter(|mail| mail.contains(&subject)).count()
}
