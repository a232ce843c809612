//! Servers in a process of their own: this binary, run again with another first argument. Client and server share the machine's cores,
//! but neither memory, nor runtime, nor allocator.

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

/// The first argument of a process that serves; the name of what it serves follows.
pub const SERVE: &str = "--serve";

/// A server, ended when it is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts one; it serves when this returns.
    pub fn start(what: &[&str]) -> Self {
        let mut child = Command::new(env::current_exe().expect("this binary"))
            .arg(SERVE)
            .args(what)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim().parse().expect("the address that the server printed");
        Self { child, address }
    }

    /// What it has used of the processors.
    pub fn cpu(&self) -> Duration {
        cpu(self.child.id())
    }

    /// Waits until it has nothing more to do, so that it takes nothing from what is measured next.
    pub fn settle(&self) {
        let mut before = self.cpu();
        loop {
            thread::sleep(Duration::from_millis(100));
            let now = self.cpu();
            if now - before <= Duration::from_millis(10) {
                return;
            }
            before = now;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // A server that failed has said so itself.
        let _ = self.child.wait();
    }
}

/// Says that the server serves there.
pub fn serving(address: SocketAddr) {
    println!("{address}");
}

/// Done when the process that started this one wants it to end, or is gone.
pub async fn ended() {
    let (end, ended) = oneshot::channel::<()>();
    thread::spawn(move || {
        let _ = io::stdin().read(&mut [0]);
        drop(end);
    });
    let _ = ended.await;
}

/// What a process has used of the processors, from `/proc`, in steps of 10 ms.
pub fn cpu(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is a name in brackets that may hold blanks; user and system time are the 14th and 15th.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// A runtime like that of `bellwether serve`.
pub fn block_on<T>(work: impl Future<Output = Result<T, Box<dyn Error>>>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime
        .expect("a runtime")
        .block_on(work)
        .expect("a server that serves")
}
