//! The real binary, in a process that can be killed.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, ChildStderr, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Instant,
};

use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::{client::Client, server::Site, wait::DEADLINE};

/// A running process; killed when dropped.
pub struct Process {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    started: Started,
}

/// A process that may not serve yet.
pub struct Started {
    child: Child,
    log: Arc<Mutex<String>>,
    /// Comes with the addresses when it serves; closed when the process has closed its standard error.
    serves: Receiver<(SocketAddr, SocketAddr)>,
    _folder: Arc<TempDir>,
}

impl Process {
    /// Starts it and waits until it takes calls.
    pub fn start(site: &Site) -> Self {
        Started::new(site, command(site)).serving()
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    pub fn id(&self) -> u32 {
        self.started.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.started.log.lock().unwrap().clone()
    }

    /// `kill -9`
    pub fn kill(self) {
        drop(self.started);
    }

    /// SIGTERM; hands back the exit code. Meanwhile clients in this process go on, and see it end.
    pub async fn terminate(mut self) -> Option<i32> {
        self.signal("TERM");
        spawn_blocking(move || self.started.wait()).await.unwrap()
    }

    pub fn signal(&self, name: &str) {
        self.started.signal(name);
    }
}

impl Started {
    pub fn new(site: &Site, mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (log, (told, serves)) = (Arc::<Mutex<String>>::default(), channel());
        let stderr = child.stderr.take().unwrap();
        thread::spawn({
            let log = Arc::clone(&log);
            move || read(stderr, &log, &told)
        });
        Self {
            child,
            log,
            serves,
            _folder: Arc::clone(&site.folder),
        }
    }

    /// Waits until it takes calls.
    pub fn serving(self) -> Process {
        match self.serves.recv_timeout(DEADLINE) {
            Ok((address, admin)) => Process {
                address,
                admin,
                started: self,
            },
            Err(_) => panic!("it does not serve:\n{}", self.log.lock().unwrap()),
        }
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Option<i32> {
        let end = Instant::now() + DEADLINE;
        // Its standard error is closed with it.
        loop {
            match self.serves.recv_timeout(end - Instant::now()) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap().code(),
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.log.lock().unwrap()),
            }
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a process that must end by itself; hands back its exit code and its log.
pub fn run_to_end(site: &Site) -> (Option<i32>, String) {
    let mut started = Started::new(site, command(site));
    let code = started.wait();
    let log = started.log.lock().unwrap().clone();
    (code, log)
}

/// `bellwether serve` with the site's configuration.
pub fn command(site: &Site) -> Command {
    let config = site.path("bellwether.yaml");
    fs::write(&config, site.config.to_yaml().unwrap()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command
        .args(["serve", "--log-format", "json", "--config"])
        .arg(config)
        .env_clear();
    command
}

fn read(stderr: ChildStderr, log: &Mutex<String>, serves: &Sender<(SocketAddr, SocketAddr)>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if let Some(addresses) = serving(&line) {
            // Nobody waits for it a second time.
            let _ = serves.send(addresses);
        }
        let mut log = log.lock().unwrap();
        log.push_str(&line);
        log.push('\n');
    }
}

fn serving(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let address = |key: &str| line[key].as_str()?.parse().ok();
    (line["message"] == "serving").then(|| Some((address("listen")?, address("admin")?)))?
}
