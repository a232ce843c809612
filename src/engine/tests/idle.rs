//! What open alerts cost while nothing is due: nothing. A notification is weighed as if there were none, and a group's turn costs what
//! that group holds.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "how long the engine takes is measured from outside"
)]

use std::time::{Duration, Instant};

use allocation_counter::measure;

use super::{Bench, conf_saying, start};
use crate::{
    engine::input::{Input, NewSilence, Settings},
    model::{ConferenceStatus, DisconnectReason, Notification, ParticipantStatus, Party, Payload, Time},
};

const RULES: &str = "
rules:
- { name: full, when: party.disconnect_reason == PORT_FULL, key: [party.billing_code, party.party_id], resolve: { after: 7d } }
- { name: muted, while: meeting.muted_all }
receivers: [{ name: ops, email: { to: [a@example.com] } }]
route: { receiver: ops, group_by: [billing_code], group_wait: 5s, repeat_interval: 4h }
inhibit: [{ source: rule == 'muted', target: rule == 'full', equal: [] }]
";

/// So many alerts a group.
const PARTIES: usize = 10;

fn notification(payload: Payload) -> Input {
    Input::Notification(Notification {
        source: "bridge".into(),
        id: None,
        occurred_at: None,
        payload,
    })
}

fn refused(meeting: &str, party: usize) -> Input {
    notification(Payload::Party(Party {
        disconnect_reason: Some(DisconnectReason::PORT_FULL),
        ..Party::new(meeting, party.to_string(), ParticipantStatus::DISCONNECTED)
    }))
}

fn says(status: ParticipantStatus) -> Input {
    notification(Payload::Party(Party::new("talk", "a", status)))
}

/// An hour after so many meetings had an alert for each party, and were told of; and its clock.
struct Idle {
    bench: Bench,
    now: Time,
}

impl Idle {
    fn with(meetings: usize) -> Self {
        let settings = Settings {
            alerts_per_rule: 20_000,
            ..Settings::default()
        };
        let mut bench = Bench::with(settings, RULES);
        bench.world = bench.world.with_post(Vec::new());
        let silence = NewSilence {
            filter: "key.billing_code == 'nobody'".to_owned(),
            starts_at: start(),
            ends_at: start().plus(Duration::from_hours(24)),
            schedule: None,
            author: "wang".into(),
            comment: String::new(),
        };
        bench.apply("0s", Input::Silence(silence));
        for meeting in 0..meetings {
            for party in 0..PARTIES {
                bench.apply("0s", refused(&meeting.to_string(), party));
            }
        }
        bench.apply("1s", notification(conf_saying("talk", ConferenceStatus::MEETING_START)));
        let mut idle = Self { bench, now: start() };
        idle.bench.advance("1h");
        idle.now = idle.now.plus(Duration::from_hours(1));
        let engine = &idle.bench.world.engine;
        assert_eq!(
            (engine.open_alerts().count(), engine.group_count()),
            (meetings * PARTIES, meetings)
        );
        assert_eq!(engine.outbox().0, 0);
        assert!(
            engine.next_deadline().is_some_and(|due| due > super::at("3h")),
            "nothing is due"
        );
        idle.bench.effects();
        (0..200).for_each(|_| idle.talk(says(ParticipantStatus::SPEAKING), says(ParticipantStatus::MUTED)));
        idle
    }

    fn put(&mut self, input: Input) {
        self.now = self.now.plus(Duration::from_millis(10));
        let world = &mut self.bench.world;
        world.engine.apply(1_000_000, self.now, input, &mut world.effects);
    }

    fn talk(&mut self, one: Input, other: Input) {
        self.put(one);
        self.put(other);
        self.bench.world.effects.clear();
    }

    /// The least time that so many notifications took.
    fn fastest(&mut self) -> Duration {
        let round = |idle: &mut Self| {
            let started = Instant::now();
            (0..50).for_each(|_| idle.talk(says(ParticipantStatus::SPEAKING), says(ParticipantStatus::MUTED)));
            started.elapsed()
        };
        (0..20).map(|_| round(self)).min().unwrap()
    }

    /// The allocations of the turn of a group that has just begun.
    fn turn(&mut self) -> u64 {
        (0..PARTIES).for_each(|party| self.put(refused("new", party)));
        let due = self.bench.world.engine.next_deadline().unwrap();
        assert_eq!(due - self.now, Duration::from_millis(5_000 - 10 * (PARTIES as u64 - 1)));
        self.now = due.minus(Duration::from_millis(10));
        self.bench.effects();
        measure(|| self.put(Input::Tick)).count_total
    }
}

#[test]
fn ten_thousand_open_alerts_cost_nothing_until_a_deadline_is_due() {
    let (mut none, mut many) = (Idle::with(0), Idle::with(1_000));
    let deadlines = many.bench.world.engine.deadline_count();
    let inputs: Vec<(Input, Input)> = (0..500)
        .map(|_| (says(ParticipantStatus::SPEAKING), says(ParticipantStatus::MUTED)))
        .collect();
    let taken = measure(|| inputs.into_iter().for_each(|(one, other)| many.talk(one, other)));
    assert_eq!(taken.count_total, 0, "{taken:?}");
    assert_eq!(many.bench.world.engine.deadline_count(), deadlines);

    // To look at each open alert once would take many times as long as the notification.
    let (without, with) = (none.fastest(), many.fastest());
    assert!(with < without * 4, "{with:?}, and {without:?} without open alerts");

    let (without, with) = (none.turn(), many.turn());
    assert!(
        with <= without + without / 10,
        "{with} allocations, and {without} without open alerts"
    );
}
