//! `kill -9` at random moments under load. Callers outside keep a record of what was acknowledged, and a watcher of what it was told;
//! afterwards each acknowledged notification is there once, each alert fired once, and each event came once.
//!
//! The suite runs a short form. `BELLWETHER_KILL_ROUNDS=200 cargo test --test it crash -- --nocapture` runs a long one.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bellwether::api::{
    Notification, SubscribeRequest, alert_event::Type, subscribe_request::Start, subscribe_response::Payload,
};
use tokio::{
    sync::watch,
    task::{JoinHandle, block_in_place},
    time::sleep,
};
use tonic::{Code, Status};

use crate::support::{
    client::{Client, after, endpoint, port_full, starting, with_id},
    process::{Process, Started, command},
    say,
    server::Site,
    wait::soon,
};

/// How often the process is killed in the short form.
const ROUNDS: u32 = 5;

/// Every so many rounds the process is killed that long after its start, whether it serves yet or not.
const EARLY: u32 = 4;

/// Every so many rounds there is an end in good order besides: the next ones start from its snapshot.
const GRACEFUL: u32 = 10;

const RULES: &str = "
rules:
  - name: port-full
    when: party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL
    key: [party.billing_code, party.party_id]
    resolve: { after: 1h }
";

const PROBE: &str = "probe";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_however_often_the_process_is_killed() {
    let rounds = env::var("BELLWETHER_KILL_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let site = Site::with_rules(RULES);
    let (address, reached) = watch::channel(None);
    let outside = Outside {
        address: reached,
        record: Arc::default(),
    };
    let watcher = tokio::spawn(watch_alerts(outside.clone()));
    let callers = [
        tokio::spawn(call(outside.clone(), "unary", unary)),
        tokio::spawn(call(outside.clone(), "batch", batch)),
        tokio::spawn(call(outside.clone(), "stream", stream)),
        tokio::spawn(call(outside.clone(), "repeat", repeat)),
    ];

    let started = Instant::now();
    for round in 1..=rounds {
        kill_once(&site, &address, round % EARLY == 0).await;
        if round % GRACEFUL == 0 {
            stop_once(&site, &address).await;
        }
    }
    for caller in callers {
        end(caller).await;
    }
    let took = started.elapsed();

    let process = block_in_place(|| Process::start(&site));
    address.send_replace(Some(process.address));
    let client = process.client().await;
    let next = client.notify(notification(PROBE)).await.unwrap().sequence;
    let watched = soon(watcher).await.unwrap();
    let sent = std::mem::take(&mut *outside.record.lock().unwrap());
    let verdict = Verdict::reach(&client, &sent, next).await;
    say(&format!(
        "{rounds} kills in {took:.1?}: {} sent, {} acknowledged, {} lost, {} applied twice, {} unknown of which {} applied; \
         {} events over {} subscriptions, {} alerts fired",
        sent.len(),
        verdict.acknowledged,
        verdict.lost.len(),
        verdict.twice.len(),
        sent.len() - verdict.acknowledged,
        verdict.applied.len() - (verdict.acknowledged - verdict.lost.len()),
        watched.sequences.len(),
        watched.subscriptions,
        watched.fired.len(),
    ));

    assert!(verdict.acknowledged > 0);
    assert_eq!(verdict.lost, [] as [String; 0], "acknowledged, and lost");
    assert_eq!(
        verdict.twice,
        [] as [u64; 0],
        "sequences of notifications that were applied once more"
    );
    assert_eq!(watched.sequences.first(), Some(&1));
    let mut steps = watched.sequences.windows(2);
    assert_eq!(
        steps.find(|step| step[1] != step[0] + 1),
        None,
        "each event once, in order"
    );
    let mut expected = verdict.applied;
    expected.insert(PROBE.to_owned());
    assert!(watched.fired.values().all(|times| *times == 1), "an alert fired twice");
    let fired: BTreeSet<String> = watched.fired.into_keys().collect();
    assert_eq!(fired, expected, "one alert for each notification");
    assert_eq!(process.terminate().await, Some(0));
}

/// Starts the process and kills it after 50 to 500 ms: of its serving, or of its start.
async fn kill_once(site: &Site, address: &watch::Sender<Option<SocketAddr>>, early: bool) {
    let started = Started::new(site, command(site));
    let moment = Duration::from_millis(50 + getrandom::u64().unwrap() % 450);
    if early {
        sleep(moment).await;
        return drop(started);
    }
    let process = block_in_place(|| started.serving());
    address.send_replace(Some(process.address));
    sleep(moment).await;
    process.kill();
}

async fn stop_once(site: &Site, address: &watch::Sender<Option<SocketAddr>>) {
    let process = block_in_place(|| Process::start(site));
    address.send_replace(Some(process.address));
    sleep(Duration::from_millis(100)).await;
    assert_eq!(process.terminate().await, Some(0));
}

/// Ends a caller wherever it is; its own failure is ours.
async fn end(caller: JoinHandle<()>) {
    caller.abort();
    match caller.await {
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        _ => {}
    }
}

/// What clients outside know.
#[derive(Clone)]
struct Outside {
    /// Where the process listens, or did last.
    address: watch::Receiver<Option<SocketAddr>>,
    record: Arc<Mutex<Record>>,
}

/// Every id that was ever sent, and what was heard of it.
type Record = BTreeMap<String, Heard>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// No answer came.
    Nothing,
    /// It is durable.
    Acknowledged,
    /// It is durable, and that is its sequence.
    Sequence(u64),
}

impl Outside {
    /// A connection to the process, as soon as there is one to be had.
    async fn connect(&mut self) -> Client {
        loop {
            let address = *self.address.borrow_and_update();
            if let Some(address) = address
                && let Ok(client) = Client::dial(endpoint(address)).await
            {
                return client;
            }
            self.address.changed().await.unwrap();
        }
    }

    fn sent(&self, id: &str) {
        self.record
            .lock()
            .unwrap()
            .entry(id.to_owned())
            .or_insert(Heard::Nothing);
    }

    fn heard(&self, id: &str, heard: Heard) {
        self.record.lock().unwrap().insert(id.to_owned(), heard);
    }
}

/// The notification of an id: a participant of its own, so that each is an alert of its own.
fn notification(id: &str) -> Notification {
    let meeting = &id[..id.len().saturating_sub(3)];
    with_id(id, port_full(meeting, id))
}

/// The ids of one caller, in their order.
struct Ids(&'static str, u64);

impl Ids {
    fn next(&mut self) -> String {
        self.1 += 1;
        format!("{}-{:06}", self.0, self.1)
    }
}

/// Calls in one way, over one connection after the other.
async fn call(mut outside: Outside, name: &'static str, way: impl AsyncFn(&Client, &Outside, &mut Ids) -> Status) {
    let mut ids = Ids(name, 0);
    loop {
        let client = outside.connect().await;
        let broken = way(&client, &outside, &mut ids).await;
        assert_passing(&broken);
    }
}

/// A connection that breaks may end a call with any of these, and a service that drains with the first.
fn assert_passing(status: &Status) {
    let passing = [Code::Unavailable, Code::Unknown, Code::Internal, Code::Cancelled];
    assert!(passing.contains(&status.code()), "{status:?}");
}

async fn unary(client: &Client, outside: &Outside, ids: &mut Ids) -> Status {
    loop {
        let id = ids.next();
        outside.sent(&id);
        match client.notify(notification(&id)).await {
            Ok(answer) => {
                assert!(!answer.duplicate, "{id} was sent once");
                outside.heard(&id, Heard::Sequence(answer.sequence));
            }
            Err(status) => return status,
        }
    }
}

async fn batch(client: &Client, outside: &Outside, ids: &mut Ids) -> Status {
    loop {
        let batch: Vec<String> = (0..20).map(|_| ids.next()).collect();
        for id in &batch {
            outside.sent(id);
        }
        match client.batch(batch.iter().map(|id| notification(id)).collect()).await {
            Ok(results) => {
                for (id, result) in batch.iter().zip(results) {
                    let accepted = result.unwrap();
                    assert!(!accepted.duplicate, "{id} was sent once");
                    outside.heard(id, Heard::Sequence(accepted.sequence));
                }
            }
            Err(status) => return status,
        }
    }
}

/// Keeps some on their way at any time.
async fn stream(client: &Client, outside: &Outside, ids: &mut Ids) -> Status {
    let mut stream = match client.stream().await {
        Ok(stream) => stream,
        Err(status) => return status,
    };
    let mut sent = Vec::new();
    let mut acknowledged = 0;
    loop {
        while sent.len() < acknowledged + 64 {
            let id = ids.next();
            outside.sent(&id);
            let message = bellwether::api::StreamNotifyRequest {
                notification: Some(notification(&id)),
            };
            sent.push(id);
            if soon(stream.messages.send(message)).await.is_err() {
                break;
            }
        }
        match stream.answer().await {
            Ok(answer) => {
                let answer = answer.unwrap();
                assert_eq!(answer.rejections, []);
                let count = usize::try_from(answer.acknowledged_count).unwrap();
                for id in &sent[acknowledged..count] {
                    outside.heard(id, Heard::Acknowledged);
                }
                acknowledged = count;
            }
            Err(status) => return status,
        }
    }
}

/// Sends each until it is acknowledged, over as many connections as that takes, and once more.
async fn repeat(client: &Client, outside: &Outside, ids: &mut Ids) -> Status {
    loop {
        let mut last = Ids(ids.0, ids.1.saturating_sub(1));
        let before = last.next();
        let unknown = outside.record.lock().unwrap().get(&before) == Some(&Heard::Nothing);
        let id = if unknown { before } else { ids.next() };
        outside.sent(&id);
        let first = match client.notify(notification(&id)).await {
            Ok(answer) => answer,
            Err(status) => return status,
        };
        assert!(unknown || !first.duplicate, "{id} was sent once");
        outside.heard(&id, Heard::Sequence(first.sequence));
        match client.notify(notification(&id)).await {
            Ok(again) => assert_eq!((again.sequence, again.duplicate), (first.sequence, true), "{id}"),
            Err(status) => return status,
        }
    }
}

/// What the watcher was told.
#[derive(Default)]
struct Watched {
    /// Of all events, in the order of their coming.
    sequences: Vec<u64>,
    /// How often the alert of each notification fired.
    fired: HashMap<String, u32>,
    subscriptions: u32,
}

/// Follows the alerts until the probe's, over one connection after the other, each time from its last cursor on.
async fn watch_alerts(mut outside: Outside) -> Watched {
    let mut watched = Watched::default();
    let mut request: SubscribeRequest = starting(Start::Since(prost_types::Timestamp::default()));
    loop {
        let client = outside.connect().await;
        let mut feed = match client.subscribe(request.clone()).await {
            Ok(feed) => feed,
            Err(status) => {
                assert_passing(&status);
                continue;
            }
        };
        watched.subscriptions += 1;
        loop {
            let response = match feed.next().await {
                Ok(response) => response.unwrap(),
                Err(status) => {
                    assert_passing(&status);
                    break;
                }
            };
            request = after(&response.cursor);
            let Some(Payload::Event(event)) = response.payload else {
                continue;
            };
            watched.sequences.push(event.sequence);
            if event.r#type() == Type::Fired {
                let party = event.alert.unwrap().key["party_id"].clone();
                let is_last = party == PROBE;
                *watched.fired.entry(party).or_default() += 1;
                if is_last {
                    return watched;
                }
            }
        }
    }
}

/// What is in the store, found out by sending everything once more.
struct Verdict {
    acknowledged: usize,
    /// Acknowledged ids that the store does not know, or knows under another sequence.
    lost: Vec<String>,
    /// The ids that the store has, acknowledged or not.
    applied: BTreeSet<String>,
    /// Sequences that were given out and belong to no id: the id's notification was applied under another one too.
    twice: Vec<u64>,
}

impl Verdict {
    /// `next` is the first sequence that was given out after all that was sent.
    async fn reach(client: &Client, sent: &Record, next: u64) -> Self {
        let mut verdict = Self {
            acknowledged: sent.values().filter(|heard| **heard != Heard::Nothing).count(),
            lost: Vec::new(),
            applied: BTreeSet::new(),
            twice: Vec::new(),
        };
        let mut sequences = BTreeSet::new();
        let all: Vec<(&String, &Heard)> = sent.iter().collect();
        for chunk in all.chunks(1000) {
            let again = chunk.iter().map(|(id, _)| notification(id)).collect();
            let results = client.batch(again).await.unwrap();
            for ((id, heard), result) in chunk.iter().zip(results) {
                let found = result.unwrap();
                if found.duplicate {
                    verdict.applied.insert((*id).clone());
                    sequences.insert(found.sequence);
                }
                let is_lost = match heard {
                    Heard::Nothing => false,
                    Heard::Acknowledged => !found.duplicate,
                    Heard::Sequence(sequence) => !found.duplicate || found.sequence != *sequence,
                };
                if is_lost {
                    verdict.lost.push((*id).clone());
                }
            }
        }
        verdict.twice = (1..next).filter(|sequence| !sequences.contains(sequence)).collect();
        verdict
    }
}
