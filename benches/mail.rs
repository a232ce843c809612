//! Mails: how many are made a second, and how fast they leave beside Postfix's `smtp-source`, both into Postfix's `smtp-sink` over as many
//! connections. Where Postfix is not installed the second is skipped.

#[path = "../tests/it/email/letter.rs"]
mod letter;

use std::{
    env,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bellwether::{
    email::{MailSettings, Mailer, RelaySettings, Tls, compose},
    engine::{
        Change, TimelineEntry,
        input::MailResult,
        outbox::{Attempt, Intent, IntentId},
    },
    metrics::MailMetrics,
    model::{AlertId, ParticipantStatus},
};
use tokio::sync::mpsc;

use self::letter::TEN_O_CLOCK;
use super::support::{
    rounds::Rounds,
    table::{self, Goal},
};

/// How many connections both sides have.
const CONNECTIONS: usize = 4;

pub fn measure(rounds: Rounds) {
    composing(rounds);
    match (postfix("smtp-sink"), postfix("smtp-source")) {
        (Some(sink), Some(source)) => leaving(rounds, &sink, &source),
        _ => println!("mails into smtp-sink: skipped, Postfix's smtp-sink and smtp-source are not installed"),
    }
}

/// On two threads, as two cores of the service would.
fn composing(rounds: Rounds) {
    let from = MailSettings::default().from;
    for (name, alerts) in [("1 alert", 1), ("50 alerts", 50)] {
        let rate = rounds.compare(
            |time| {
                let threads: Vec<_> = (0..2)
                    .map(|_| {
                        let (from, intent) = (from.clone(), intent(1, alerts));
                        thread::spawn(move || {
                            repeat(time, || {
                                compose(&intent, &from, Some("https://bellwether.example.com")).expect("a mail");
                            })
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().expect("a rate")).sum()
            },
            |_| 1.0,
        );
        let goal = if alerts == 1 {
            Goal::AtLeast(5_000.0)
        } else {
            Goal::None
        };
        table::alone(&format!("mails made of {name}, 2 threads"), "/s", rate.ours, goal);
    }
}

fn repeat(time: Duration, mut once: impl FnMut()) -> f64 {
    let started = Instant::now();
    let mut count = 0_u32;
    while started.elapsed() < time {
        once();
        count += 1;
    }
    f64::from(count) / started.elapsed().as_secs_f64()
}

/// Ours makes each mail anew, text and HTML; `smtp-source` sends one of the same size, made beforehand.
fn leaving(rounds: Rounds, sink: &PathBuf, source: &PathBuf) {
    let sink = Sink::start(sink);
    let length = compose(&intent(1, 1), &MailSettings::default().from, None)
        .expect("a mail")
        .bytes
        .len();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let compared = rounds.compare(
        // On the runtime's own threads, as in the service.
        |time| runtime.block_on(async { tokio::spawn(ours(sink.port, time)).await.expect("a rate") }),
        // It is told how many to send, not for how long.
        |time| {
            let mails = (time.as_secs_f64() * 4_000.0) as u32;
            let started = Instant::now();
            let status = Command::new(source)
                .args(["-d", "-s", &CONNECTIONS.to_string(), "-m", &mails.to_string()])
                .args(["-l", &length.to_string(), "-f", "a@example.com", "-t", "b@example.com"])
                .arg(format!("inet:127.0.0.1:{}", sink.port))
                .stdout(Stdio::null())
                .status()
                .expect("smtp-source");
            assert!(status.success(), "smtp-source failed");
            f64::from(mails) / started.elapsed().as_secs_f64()
        },
    );
    let claim = format!("mails of {length} B into smtp-sink, {CONNECTIONS} connections : smtp-source");
    table::compared(&claim, "/s", compared, Goal::AtLeast(0.9));
}

/// Mails taken a second, with enough of them waiting that no connection idles.
async fn ours(port: u16, time: Duration) -> f64 {
    let settings = MailSettings {
        relays: vec![RelaySettings {
            host: "127.0.0.1".to_owned(),
            port: port.try_into().ok(),
            tls: Tls::None,
            ca_file: None,
            identity: None,
            login: None,
        }],
        lanes: CONNECTIONS.try_into().expect("some"),
        ..MailSettings::default()
    };
    let (sender, mut outcomes) = mpsc::channel(1_024);
    let mailer = Mailer::start(&settings, sender, MailMetrics::default()).expect("a mailer");
    let queue = mailer.queue();
    let mut number = 0;
    let mut send = || {
        number += 1;
        queue.send(Attempt {
            number: 1,
            intent: Arc::new(intent(number, 1)),
        });
    };
    (0..64).for_each(|_| send());
    let started = Instant::now();
    let mut taken = 0_u32;
    while started.elapsed() < time {
        let outcome = outcomes.recv().await.expect("an outcome");
        assert!(matches!(outcome.result, MailResult::Sent(_)), "{:?}", outcome.result);
        taken += 1;
        send();
    }
    let rate = f64::from(taken) / started.elapsed().as_secs_f64();
    drop(outcomes);
    mailer.shutdown(Duration::from_secs(5)).await;
    rate
}

/// A mail of so many alerts, with a meeting's timeline.
fn intent(number: u128, alerts: u32) -> Intent {
    let alert = |place: u32| letter::alert(AlertId(place.into()), "The bridge is full. More ports help.");
    let moment = |second| TimelineEntry {
        at: TEN_O_CLOCK.plus(Duration::from_secs(second)),
        change: Change::Participant {
            party_id: "7YY1".into(),
            status: ParticipantStatus::SPEAKING,
            reason: None,
        },
    };
    let alerts = (0..alerts).map(alert).collect();
    letter::fired(IntentId(number), alerts, (0..8).map(moment).collect())
}

/// A program of Postfix's, where it is on the path or where Debian puts it.
fn postfix(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.exists())
}

/// A running `smtp-sink`, ended when it is dropped.
struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    fn start(program: &PathBuf) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let mut command = Command::new(program);
        // It refuses to run as root, and to change its user as anybody else.
        if env::var_os("USER").is_none_or(|user| user == "root") {
            command.args(["-u", "nobody"]);
        }
        let child = command
            .args([&format!("127.0.0.1:{port}"), "1000"])
            .stderr(Stdio::null())
            .spawn()
            .expect("smtp-sink");
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::sleep(Duration::from_millis(20));
        }
        Self { child, port }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
