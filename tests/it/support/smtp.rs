//! An SMTP server that does what its script says, and remembers what it heard.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

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
}

/// What the server does at each point; `Default` is a friendly one.
#[derive(Debug, Clone)]
pub struct Script {
    pub greeting: Act,
    pub ehlo: Act,
    pub auth: Act,
    pub mail: Act,
    pub rcpt: Act,
    /// Whoever has this in the address is refused; empty: nobody.
    pub refused: &'static str,
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
            auth: Act::Say("235 2.7.0 welcome"),
            mail: Act::Say("250 2.1.0 ok"),
            rcpt: Act::Say("250 2.1.5 ok"),
            refused: "",
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
    /// Command lines, in order, over all connections.
    pub commands: Vec<String>,
    /// Messages that reached their final dot, dots unstuffed.
    pub messages: Vec<String>,
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
}

impl FakeSmtp {
    pub async fn start(script: Script) -> Self {
        Self::start_on(0, script).await
    }

    /// Starts it on that port; 0: on any.
    pub async fn start_on(port: u16, script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            script: Mutex::new(script),
            heard: Mutex::default(),
            changed: Notify::new(),
        });
        let server = state.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                server.note(|heard| heard.connections += 1);
                // An error is the client's leaving.
                let talk = server.clone();
                tokio::spawn(async move { talk.converse(stream).await });
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
    }

    pub fn heard(&self) -> Heard {
        self.state.heard.lock().unwrap().clone()
    }

    /// Waits until what was heard is so.
    pub async fn wait_until(&self, is_so: impl Fn(&Heard) -> bool) {
        loop {
            let changed = self.state.changed.notified();
            if is_so(&self.heard()) {
                return;
            }
            changed.await;
        }
    }
}

impl State {
    fn act(&self, choose: impl Fn(Script) -> Act) -> Act {
        choose(self.script.lock().unwrap().clone())
    }

    fn note(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.heard.lock().unwrap());
        self.changed.notify_one();
    }

    async fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        perform(&mut stream, self.act(|s| s.greeting)).await?;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let command = line.trim_end().to_owned();
            self.note(|heard| heard.commands.push(command.clone()));
            let verb = command.split_whitespace().next().unwrap_or_default();
            let act = match verb {
                "EHLO" => self.act(|s| s.ehlo),
                "AUTH" => self.act(|s| s.auth),
                "MAIL" => self.act(|s| s.mail),
                "RCPT" => self.act(|s| match s.refused {
                    "" => s.rcpt,
                    refused if command.contains(refused) => Act::Say("550 5.1.1 no such mailbox"),
                    _ => s.rcpt,
                }),
                "DATA" => self.act(|s| s.data),
                "RSET" => self.act(|s| s.rset),
                "QUIT" => Act::Say("221 bye"),
                _ => Act::Say("500 what"),
            };
            let takes_message = verb == "DATA" && matches!(act, Act::Say(text) if text.starts_with("354"));
            perform(&mut stream, act).await?;
            if takes_message {
                let message = read_message(&mut stream).await?;
                self.note(|heard| heard.messages.push(message));
                perform(&mut stream, self.act(|s| s.message)).await?;
            }
        }
    }
}

/// An error ends the conversation.
async fn perform(stream: &mut BufReader<TcpStream>, act: Act) -> std::io::Result<()> {
    let closed = Err(std::io::ErrorKind::ConnectionAborted.into());
    match act {
        Act::Say(text) => say(stream, text).await,
        Act::SayAndClose(text) => say(stream, text).await.and(closed),
        Act::Silence => Ok(()),
        Act::Close => closed,
    }
}

async fn say(stream: &mut BufReader<TcpStream>, text: &str) -> std::io::Result<()> {
    let lines = text.replace('\n', "\r\n") + "\r\n";
    stream.write_all(lines.as_bytes()).await
}

async fn read_message(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
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
