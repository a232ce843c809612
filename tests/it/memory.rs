//! What the engine takes of memory: nothing for a notification that touches no rule, and little for a participant.

use std::{sync::Arc, time::Duration};

use allocation_counter::measure;
use bellwether::{
    engine::{
        Engine, StoreId,
        effect::Effect,
        input::{Input, NewRules, Settings},
    },
    model::{Conf, ConferenceStatus, Notification, ParticipantStatus, Party, Payload, Personal, Role, Time},
    rules::{RuleSource, catalogue, compile::compile},
};

/// An engine under some files of the catalogue, and its clock.
struct World {
    engine: Engine,
    effects: Vec<Effect>,
    offset: u64,
}

impl World {
    fn new(is_loaded: impl Fn(&str) -> bool) -> Self {
        let mut source: RuleSource = catalogue::source();
        source.files.retain(|file| is_loaded(&file.name));
        let source = Arc::new(source);
        let compiled = Some(Arc::new(compile(&source).unwrap().set));
        let mut world = Self {
            engine: Engine::new(StoreId::default()),
            effects: Vec::with_capacity(64),
            offset: 0,
        };
        world.apply(Input::Start(Settings::default()));
        world.apply(Input::Rules(NewRules { source, compiled }));
        world
    }

    fn apply(&mut self, input: Input) {
        let time = Time::from_parts(1_700_000_000, 0)
            .unwrap()
            .plus(Duration::from_millis(self.offset));
        self.engine.apply(self.offset, time, input, &mut self.effects);
        self.offset += 1;
        self.effects.clear();
    }
}

fn conf(meeting: usize, status: ConferenceStatus) -> Input {
    notification(Payload::Conf(Conf {
        billing_code: billing_code(meeting),
        status,
        extra: None,
    }))
}

fn party(meeting: usize, seat: usize, status: ParticipantStatus) -> Input {
    notification(Payload::Party(Party {
        billing_code: billing_code(meeting),
        party_id: format!("1595239400000YY{seat:05}").into(),
        name: Personal::new("真实名称"),
        phone: Personal::new(format!("139{meeting:05}{seat:03}")),
        country: "86".into(),
        area_code: "010".into(),
        acm_phone: Personal::new(format!("(86)139{meeting:05}{seat:03}")),
        city: Personal::new("陕西.西安"),
        role: Some(if seat == 0 { Role::EXPERT } else { Role::CLIENT }),
        status,
        disconnect_reason: None,
        connect_time: None,
        extra: None,
    }))
}

fn billing_code(meeting: usize) -> compact_str::CompactString {
    format!("{}", 33_333 + meeting).into()
}

fn notification(payload: Payload) -> Input {
    Input::Notification(Notification {
        source: "bridge".into(),
        id: None,
        occurred_at: None,
        payload,
    })
}

#[test]
fn a_notification_that_touches_no_rule_takes_no_memory() {
    // Silence is listened for in all that is said.
    let mut world = World::new(|file| !file.ends_with("upstream.yaml"));
    let talk = [ParticipantStatus::SPEAKING, ParticipantStatus::MUTED];
    world.apply(conf(0, ConferenceStatus::MEETING_START));
    for status in talk.into_iter().cycle().take(100) {
        (0..3).for_each(|seat| world.apply(party(0, seat, status)));
    }
    let inputs: Vec<Input> = talk.map(|status| party(0, 1, status)).into();
    let taken = measure(|| inputs.into_iter().for_each(|input| world.apply(input)));
    assert_eq!(taken.count_total, 0, "{taken:?}");
}

#[test]
fn a_participant_takes_little_memory() {
    // What rules keep of each number beside that is theirs: most of it is the notification that an alert would show.
    assert_each_takes(600, |file| {
        file.ends_with("meetings.yaml") || file.ends_with("recording.yaml")
    });
    assert_each_takes(1_450, |_| true);
}

fn assert_each_takes(most: i64, is_loaded: impl Fn(&str) -> bool) {
    const MEETINGS: usize = 1_000;
    const SEATS: usize = 10;
    let mut world = World::new(is_loaded);
    let taken = measure(|| {
        for meeting in 0..MEETINGS {
            world.apply(conf(meeting, ConferenceStatus::MEETING_START));
            for seat in 0..SEATS {
                world.apply(party(meeting, seat, ParticipantStatus::SPEAKING));
            }
        }
    });
    let each = taken.bytes_current / (MEETINGS * SEATS) as i64;
    assert!(each <= most, "{each} bytes a participant");
}
