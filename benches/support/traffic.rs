//! The life of a bridge, made up: meetings that open, are recorded, fill, talk and end, many at once, the same on every run. Texts are
//! as long as the vendor's. Timestamps of events and idempotency keys are absent, as they are in what the vendor's bridges send.

use std::collections::VecDeque;

use bellwether::api::{
    ConferenceNotification, ConferenceStatus, DisconnectReason, Notification, ParticipantNotification,
    ParticipantStatus, Role, notification::Payload,
};
use prost_types::Timestamp;

/// How many meetings are under way at once.
const AT_ONCE: usize = 500;

const SURNAMES: [&str; 12] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "欧阳", "司马",
];
const GIVEN: [&str; 12] = [
    "伟", "芳", "秀英", "敏", "静", "丽华", "强", "磊", "建国", "志明", "晓东", "雪",
];
const CITIES: [&str; 6] = ["北京", "上海", "陕西.西安", "广东.深圳", "四川.成都", "内蒙古.呼和浩特"];

/// What a bridge sends while at least so many notifications are sent. Every meeting ends within it, so it can be sent again and again:
/// billing codes come back, as they do in life. Whoever is connected says that it was at that time, in seconds since the Unix epoch.
pub fn day(at_least: usize, connected_at: i64) -> Vec<Notification> {
    let mut random = Random(0x5eed);
    let mut day = Vec::with_capacity(at_least + 100_000);
    let mut meetings: Vec<VecDeque<Notification>> = Vec::new();
    let mut opened = 0;
    loop {
        while meetings.len() < AT_ONCE && day.len() < at_least {
            meetings.push(meeting(&mut random, opened, connected_at));
            opened += 1;
        }
        if meetings.is_empty() {
            return day;
        }
        let place = random.below(meetings.len());
        match meetings[place].pop_front() {
            Some(next) => day.push(next),
            None => drop(meetings.swap_remove(place)),
        }
    }
}

fn meeting(random: &mut Random, number: usize, connected_at: i64) -> VecDeque<Notification> {
    let conf = |status| Notification {
        payload: Some(Payload::Conf(ConferenceNotification {
            billing_code: billing_code(number),
            status: Some(status as i32),
        })),
        ..Notification::default()
    };
    let mut script = VecDeque::from([
        conf(ConferenceStatus::MeetingStart),
        conf(ConferenceStatus::RecordingOpening),
        conf(ConferenceStatus::Recorded),
    ]);
    let size = 3 + random.below(18);
    let mut calls: Vec<VecDeque<Notification>> = (0..size)
        .map(|seat| call(Person::new(random, number, seat, connected_at), random))
        .collect();
    while !calls.is_empty() {
        let place = random.below(calls.len());
        match calls[place].pop_front() {
            Some(next) => script.push_back(next),
            None => drop(calls.swap_remove(place)),
        }
        if random.below(60) == 0 {
            script.extend([conf(ConferenceStatus::MutedAll), conf(ConferenceStatus::UnmutedAll)]);
        }
    }
    script.extend([conf(ConferenceStatus::NotRecorded), conf(ConferenceStatus::MeetingEnd)]);
    script
}

/// One participant's stay: dialled, connected or refused, muted and unmuted, gone.
fn call(mut person: Person, random: &mut Random) -> VecDeque<Notification> {
    use ParticipantStatus::{Connecting, Dialing, Disconnected, ListeningToMusic, MeetingHold, Muted, Speaking};
    let mut script = VecDeque::from([person.says(Dialing, None), person.says(Connecting, None)]);
    let refusal = match random.below(2_000) {
        0 => Some(DisconnectReason::PortFull),
        1..4 => Some(DisconnectReason::MeetingFull),
        4..8 => Some(DisconnectReason::MeetingLocked),
        8..40 => Some(DisconnectReason::Busy),
        40..120 => Some(DisconnectReason::NoAnswer),
        _ => None,
    };
    if refusal.is_some() {
        script.push_back(person.says(Disconnected, refusal));
        return script;
    }
    script.push_back(person.says(Speaking, None));
    for _ in 0..random.below(6) {
        let meanwhile = match random.below(20) {
            0 => MeetingHold,
            1 => ListeningToMusic,
            _ => Muted,
        };
        script.extend([person.says(meanwhile, None), person.says(Speaking, None)]);
    }
    let hung_up = match random.below(3) {
        0 => DisconnectReason::HungUpByHost,
        _ => DisconnectReason::RemoteHungUp,
    };
    script.push_back(person.says(Disconnected, Some(hung_up)));
    script
}

struct Person {
    known: ParticipantNotification,
    connected_at: i64,
}

impl Person {
    fn new(random: &mut Random, meeting: usize, seat: usize, connected_at: i64) -> Self {
        let phone = format!("1{}{:09}", 3 + random.below(7), random.below(1_000_000_000));
        let known = ParticipantNotification {
            billing_code: billing_code(meeting),
            // Twenty characters, as in the vendor's example.
            party_id: format!("{:013}YY{seat:05}", 1_595_239_400_000 + meeting),
            name: format!("{}{}", random.one_of(&SURNAMES), random.one_of(&GIVEN)),
            acm_phone: format!("(86){phone}"),
            phone,
            country: "86".to_owned(),
            area_code: "010".to_owned(),
            city: random.one_of(&CITIES).to_owned(),
            role: Some(if seat == 0 { Role::Expert } else { Role::Client } as i32),
            status: None,
            disconnect_reason: None,
            connect_time: None,
        };
        Self { known, connected_at }
    }

    fn says(&mut self, status: ParticipantStatus, reason: Option<DisconnectReason>) -> Notification {
        if status == ParticipantStatus::Speaking && self.known.connect_time.is_none() {
            self.known.connect_time = Some(Timestamp {
                seconds: self.connected_at,
                nanos: 0,
            });
        }
        let party = ParticipantNotification {
            status: Some(status as i32),
            // The vendor's example sends a reason with every status.
            disconnect_reason: Some(reason.unwrap_or(DisconnectReason::NoReason) as i32),
            ..self.known.clone()
        };
        Notification {
            payload: Some(Payload::Party(party)),
            ..Notification::default()
        }
    }
}

fn billing_code(meeting: usize) -> String {
    (33_333 + meeting).to_string()
}

/// A small xorshift generator: what is measured must be the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or_default() % bound
    }

    fn one_of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }
}
