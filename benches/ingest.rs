//! Durable ingest beside the bare echo: the same client, the same bytes, two servers, each in a process of its own.

use std::{
    cell::RefCell,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bellwether::api::{BatchNotifyRequest, Notification, NotifyRequest, StreamNotifyRequest, StreamNotifyResponse};
use bytes::Bytes;
use futures_util::{StreamExt as _, future::join_all, stream};
use prost::Message;
use tokio::runtime::Runtime;

use super::support::{
    client::Client,
    days::Days,
    process::Server,
    rounds::{Compared, Rounds, median},
    table::{self, Goal},
    traffic,
};

const NOTIFY: &str = "/bellwether.v1.NotificationService/Notify";
const BATCH_NOTIFY: &str = "/bellwether.v1.NotificationService/BatchNotify";
const STREAM_NOTIFY: &str = "/bellwether.v1.NotificationService/StreamNotify";

/// How many notifications are made up; they are sent again and again.
const DAY: usize = 100_000;

/// How long ago whoever talks was connected, by what the bridge says.
const CONNECTED: Duration = Duration::from_mins(30);

/// How many connections the callers share.
const CONNECTIONS: usize = 4;

const CALLERS: usize = 64;
const BATCH_CALLERS: usize = 8;
const BATCH: usize = 256;

/// One long stream, its acknowledgements coalesced: how a bridge sends that has much to say.
pub fn stream(rounds: Rounds) {
    let messages = days(1, |notifications| StreamNotifyRequest {
        notification: notifications.first().cloned(),
    });
    Bench::start(rounds).compare("StreamNotify", Goal::AtLeast(0.6), 1, |clients, time| {
        stream_notify(clients, Arc::clone(&messages), time)
    });
}

/// Batches from a few callers.
pub fn batch(rounds: Rounds) {
    let batches = days(BATCH, |notifications| BatchNotifyRequest {
        notifications: notifications.to_vec(),
    });
    Bench::start(rounds).compare(
        "BatchNotify, 256 each, 8 callers",
        Goal::None,
        BATCH,
        |clients, time| calls(clients, BATCH_NOTIFY, BATCH_CALLERS, Arc::clone(&batches), time),
    );
}

/// One notification a call from many callers.
pub fn unary(rounds: Rounds) {
    let requests = days(1, |notifications| NotifyRequest {
        notification: notifications.first().cloned(),
    });
    Bench::start(rounds).compare("Notify, 64 callers", Goal::AtLeast(0.8), 1, |clients, time| {
        calls(clients, NOTIFY, CALLERS, Arc::clone(&requests), time)
    });
}

/// Days of messages, each with so many notifications.
fn days<M: Message>(each: usize, message: impl Fn(&[Notification]) -> M) -> Arc<Days> {
    let connected = (SystemTime::now() - CONNECTED)
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let day = traffic::day(DAY, connected.as_secs().cast_signed());
    let messages = day
        .chunks_exact(each)
        .map(|notifications| (message(notifications).encode_to_vec(), notifications));
    Arc::new(Days::of(messages))
}

struct Bench {
    rounds: Rounds,
    runtime: Runtime,
    bellwether: Server,
    echo: Server,
}

impl Bench {
    fn start(rounds: Rounds) -> Self {
        Self {
            rounds,
            runtime: Runtime::new().expect("a runtime"),
            bellwether: Server::start(&["bellwether"]),
            echo: Server::start(&["echo"]),
        }
    }

    /// Compares what both servers take in, in notifications a second, and what it costs them. The load says how many calls or messages
    /// were answered; each carries so many notifications.
    fn compare<F>(&self, how: &str, goal: Goal, each: usize, load: impl Fn(Vec<Client>, Duration) -> F)
    where
        F: Future<Output = u64>,
    {
        let costs = RefCell::new([Vec::new(), Vec::new()]);
        let run = |server: &Server, side: usize, time| {
            let (started, cpu) = (Instant::now(), server.cpu());
            let answered = self.runtime.block_on(async {
                let clients = join_all((0..CONNECTIONS).map(|_| Client::connect(server.address))).await;
                load(clients, time).await
            });
            let rate = (answered * each as u64) as f64 / started.elapsed().as_secs_f64();
            // What is done later for what was taken in now is a part of its cost, and is not to burden the other side.
            server.settle();
            let cost = (server.cpu() - cpu).as_secs_f64() / (answered * each as u64) as f64;
            costs.borrow_mut()[side].push(cost * 1e6);
            rate
        };
        let rates = self
            .rounds
            .compare(|time| run(&self.bellwether, 0, time), |time| run(&self.echo, 1, time));
        table::compared(&format!("durable {how} : bare echo"), "/s", rates, goal);
        let [ours, yardstick] = costs.into_inner().map(|costs| median(costs.into_iter()));
        let costs = Compared {
            ours,
            yardstick,
            quotient: ours / yardstick,
        };
        table::compared("  the servers' processor time a notification", "µs", costs, Goal::None);
    }
}

/// Sends on one stream for so long, waits for the last acknowledgement, and tells how many messages were acknowledged.
async fn stream_notify(mut clients: Vec<Client>, messages: Arc<Days>, time: Duration) -> u64 {
    let end = Instant::now() + time;
    let first = messages.begin();
    let mut sent = 0;
    let requests = stream::iter(std::iter::from_fn(move || {
        let is_over = sent % 256 == 0 && Instant::now() >= end;
        sent += 1;
        (!is_over).then(|| messages.message(first + sent - 1))
    }));
    let mut answers = clients[0].stream(STREAM_NOTIFY, requests).await.expect("a stream");
    let mut last = Bytes::new();
    while let Some(answer) = answers.next().await {
        last = answer.expect("an acknowledgement");
    }
    StreamNotifyResponse::decode(last)
        .expect("an acknowledgement")
        .acknowledged_count
}

/// So many callers call for so long, each as soon as it was answered; tells how many calls were answered.
async fn calls(clients: Vec<Client>, path: &'static str, callers: usize, requests: Arc<Days>, time: Duration) -> u64 {
    let end = Instant::now() + time;
    let day = requests.begin();
    let callers = (0..callers).map(|caller| {
        let (mut client, requests) = (clients[caller % clients.len()].clone(), Arc::clone(&requests));
        // Each has a part of the day to itself, so that a meeting's notifications keep their order as far as they can.
        let first = day + caller * requests.len() / callers;
        tokio::spawn(async move {
            let mut answered = 0;
            while Instant::now() < end {
                let request = requests.message(first + answered);
                client.unary(path, request).await.expect("an answer");
                answered += 1;
            }
            answered as u64
        })
    });
    join_all(callers)
        .await
        .into_iter()
        .map(|answered| answered.expect("a caller"))
        .sum()
}
