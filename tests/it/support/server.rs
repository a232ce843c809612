//! The server in this process, on ports of its own and a folder of its own.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
};

use bellwether::{
    config::{Config, Relay},
    email::MailSettings,
    server::{self, ServeError},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use super::{
    client::Client,
    wait::{soon, until},
};

/// What most tests run with: every refused participant is an alert of its own, told to one address and over when the participant
/// speaks; a meeting that goes on without its recording is one for as long as it does.
pub const RULES: &str = "
rules:
  - name: port-full
    when: party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL
    key: [party.billing_code, party.party_id]
    resolve: { when: party.status == SPEAKING }
    severity: critical
    labels: { team: bridge }
    summary: '{{ party.name }} was refused from meeting {{ billing_code }}: no free port'
    description: '{{ party.phone }} from {{ party.city }}'
  - name: recording-stopped
    while: meeting.live && meeting.recording == NOT_RECORDED
    severity: warning
    summary: Meeting {{ billing_code }} goes on without its recording
receivers:
  - name: bridge-ops
    email: { to: [noc@example.com] }
route:
  receiver: bridge-ops
  group_by: each
  group_wait: 0s
  group_interval: 0s
";

/// A folder with rules, and the configuration of servers that keep their data there, one after the other. The folder goes with the last
/// of them.
pub struct Site {
    pub config: Config,
    pub(super) folder: Arc<TempDir>,
}

impl Site {
    pub fn new() -> Self {
        Self::with_rules(RULES)
    }

    pub fn with_rules(rules: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let path = |name: &str| folder.path().join(name);
        let mut config = Config {
            listen: any_port(),
            admin: any_port(),
            data: path("data"),
            rules: vec![path("rules.yaml")],
            ..Config::default()
        };
        config.mail.from = Some(MailSettings::default().from);
        config.mail.folder = Some(path("outbox"));
        let site = Self { config, folder };
        site.write_rules(rules);
        site
    }

    /// Sends mail to a server on that port of this machine, instead of into a folder.
    pub fn with_relay(mut self, port: u16) -> Self {
        self.config.mail.folder = None;
        self.config.mail.relays = vec![Relay {
            port: port.try_into().ok(),
            ..Relay::plain("127.0.0.1")
        }];
        self
    }

    pub fn write_rules(&self, rules: &str) {
        fs::write(self.path("rules.yaml"), rules).unwrap();
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path in the data folder.
    pub fn data(&self, name: &str) -> PathBuf {
        self.config.data.join(name)
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    shutdown: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), ServeError>>,
    lock: PathBuf,
    _folder: Arc<TempDir>,
}

impl Server {
    /// Starts it and waits until it takes calls.
    pub async fn start(site: &Site) -> Self {
        let (listener, admin) = (bind().await, bind().await);
        let addresses = (listener.local_addr().unwrap(), admin.local_addr().unwrap());
        let (shutdown, told) = oneshot::channel();
        let (running, runs) = oneshot::channel();
        let told = async {
            let _ = told.await;
        };
        let ended = tokio::spawn(server::run(
            site.config.clone(),
            site.config.mail.settings(),
            None,
            listener,
            admin,
            told,
            |_| running.send(()).unwrap(),
        ));
        if soon(runs).await.is_err() {
            panic!("the server does not start: {:?}", ended.await);
        }
        Self {
            address: addresses.0,
            admin: addresses.1,
            shutdown,
            ended,
            lock: site.data("LOCK"),
            _folder: Arc::clone(&site.folder),
        }
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Ends it in good order.
    pub async fn stop(self) {
        self.shutdown.send(()).unwrap();
        soon(self.ended).await.unwrap().unwrap();
        // A process that another test starts at this moment has it, too, until it runs.
        let lock = &File::open(self.lock).unwrap();
        until(|| async { lock.try_lock().ok() }).await;
    }
}

async fn bind() -> TcpListener {
    TcpListener::bind(any_port()).await.unwrap()
}

/// What a path of the admin listener answers: head and body.
pub async fn get(admin: SocketAddr, path: &str) -> String {
    let asked = async {
        let mut stream = TcpStream::connect(admin).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.map(|_| answer)
    };
    soon(asked).await.unwrap()
}

/// The value of one series, by its name and labels as they are printed.
pub async fn metric(admin: SocketAddr, series: &str) -> Option<f64> {
    let metrics = get(admin, "/metrics").await;
    let value = metrics.lines().find_map(|line| line.strip_prefix(series));
    value.and_then(|value| value.trim().parse().ok())
}
