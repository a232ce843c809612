//! The engine alone, on one core: what deciding costs when nothing is read, written or sent.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bellwether::{
    engine::{
        Engine, StoreId,
        effect::Effect,
        input::{Input, NewRules, Settings},
    },
    grpc::from_proto,
    model::{Notification, Payload, Time},
    rules::{RuleSource, SourceFile, catalogue, compile::compile},
};
use bytes::Bytes;
use compact_str::CompactString;
use prost::Message as _;

use super::support::{
    days::Days,
    rounds::Rounds,
    table::{self, Goal},
    traffic,
};

/// How many notifications a day has, where there is time for many.
pub const DAY: usize = 200_000;

/// The beginning of the engine's time, in seconds since the Unix epoch.
const START: i64 = 1_700_000_000;

/// How many seconds ago whoever talks was connected, by what the bridge says.
const CONNECTED: i64 = 1_800;

/// How many notifications are handed over at once.
pub const CHUNK: usize = 1_024;

/// How many notifications a second there are by the engine's clock.
pub const PACE: u64 = 10_000;

/// Beside a hash map that keeps the newest of each participant.
pub fn measure(rounds: Rounds) {
    let days = days(DAY);
    let mut with_catalogue = Alone::new(catalogue::source());
    let mut map = Map::default();
    let alone = rounds.compare(
        |time| repeat(time, &days, |day| with_catalogue.decide(day)),
        |time| repeat(time, &days, |day| map.keep(day)),
    );
    table::compared(
        "engine alone, catalogue, one core : bare hash map",
        "/s",
        alone,
        Goal::None,
    );
    table::alone("  as it is", "/s", alone.ours, Goal::AtLeast(4_000_000.0));
}

/// Many rules that no notification touches beside few.
pub fn rules(rounds: Rounds) {
    let days = days(DAY);
    let sets = [
        (
            "engine, 10,000 selective rules : 10, a notification",
            10_000,
            selective as fn(usize) -> String,
        ),
        (
            "engine, 1,000 rules that share a part : 10, a notification",
            1_000,
            sharing,
        ),
    ];
    for (name, count, rule) in sets {
        let mut many = Alone::new(files(count, rule));
        let mut few = Alone::new(files(10, rule));
        let rules = rounds.compare(
            |time| 1e9 / repeat(time, &days, |day| many.decide(day)),
            |time| 1e9 / repeat(time, &days, |day| few.decide(day)),
        );
        table::compared(name, "ns", rules, Goal::AtMost(2.0));
    }
}

/// Repeats work on the notifications of days for so long, and tells how many went by in a second. They come in chunks, as from the
/// journal's thread; making them is not counted.
fn repeat(time: Duration, days: &Days, mut work: impl FnMut(Vec<Notification>)) -> f64 {
    let first = days.begin();
    let (mut took, mut count) = (Duration::ZERO, 0);
    loop {
        let chunk = first + count..first + count + CHUNK;
        let notifications = chunk.map(|place| read(&days.message(place))).collect::<Vec<_>>();
        count += notifications.len();
        let started = Instant::now();
        work(notifications);
        took += started.elapsed();
        if took >= time {
            return count as f64 / took.as_secs_f64();
        }
    }
}

/// Days of so many notifications each.
pub fn days(notifications: usize) -> Days {
    let day = traffic::day(notifications, START - CONNECTED);
    Days::of(
        day.iter()
            .map(|notification| (notification.encode_to_vec(), std::slice::from_ref(notification))),
    )
}

pub fn read(bytes: &Bytes) -> Notification {
    from_proto::item(bytes, "bridge", start()).expect("a good notification")
}

pub fn start() -> Time {
    Time::from_parts(START, 0).unwrap_or_default()
}

/// An engine and nothing else.
pub struct Alone {
    pub engine: Engine,
    pub effects: Vec<Effect>,
    offset: u64,
}

impl Alone {
    pub fn new(source: RuleSource) -> Self {
        let source = Arc::new(source);
        let compiled = compile(&source).expect("good rules").set;
        let mut alone = Self {
            engine: Engine::new(StoreId::default()),
            effects: Vec::new(),
            offset: 0,
        };
        alone.apply(Input::Start(Settings::default()));
        alone.apply(Input::Rules(NewRules {
            source,
            compiled: Some(Arc::new(compiled)),
        }));
        alone
    }

    pub fn decide(&mut self, notifications: Vec<Notification>) {
        for notification in notifications {
            self.apply(Input::Notification(notification));
        }
    }

    fn apply(&mut self, input: Input) {
        let time = start().plus(Duration::from_nanos(self.offset * (1_000_000_000 / PACE)));
        self.engine.apply(self.offset, time, input, &mut self.effects);
        self.offset += 1;
        self.effects.clear();
    }
}

/// The least that can be done with a notification and still know who is in which meeting.
#[derive(Default)]
struct Map(hashbrown::HashMap<(CompactString, CompactString), Notification>);

impl Map {
    fn keep(&mut self, notifications: Vec<Notification>) {
        for notification in notifications {
            let key = match &notification.payload {
                Payload::Conf(conf) => (conf.billing_code.clone(), CompactString::default()),
                Payload::Party(party) => (party.billing_code.clone(), party.party_id.clone()),
            };
            self.0.insert(key, notification);
        }
    }
}

/// A rule about somebody who never calls: known by meeting, numbers, or name and country.
fn selective(n: usize) -> String {
    let about = match n % 4 {
        0 => format!("party.billing_code == 'vip-{n}'"),
        1 => format!("party.phone in ['139-{n}', '138-{n}']"),
        2 => format!("party.country == '86' && party.name == 'vip-{n}'"),
        _ => format!("(party.phone == '139-{n}' || party.acm_phone == '139-{n}')"),
    };
    format!("party.status == DISCONNECTED && {about}")
}

/// A rule that has with all the others in common what never holds.
fn sharing(n: usize) -> String {
    format!("party.status == SPEAKING && party.name.matches('vip|VIP') && meeting.present > {n}")
}

/// So many rules, a thousand to a file.
fn files(count: usize, rule: fn(usize) -> String) -> RuleSource {
    let rule = |n| format!("  - {{ name: rule-{n}, when: \"{}\" }}\n", rule(n));
    let files = (0..count.div_ceil(1_000)).map(|file| SourceFile {
        name: format!("{file}.yaml"),
        text: "rules:\n".to_owned()
            + &(file * 1_000..count.min((file + 1) * 1_000))
                .map(rule)
                .collect::<String>(),
    });
    RuleSource { files: files.collect() }
}
