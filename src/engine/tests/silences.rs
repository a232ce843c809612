//! What silences leave behind: those that have ended are shown for a while, and a snapshot has all of it.

use super::{Bench, at, every_other_minute};
use crate::{
    engine::{
        effect::{Acted, Effect},
        input::{Input, NewSilence},
    },
    model::{SilenceId, SilenceState, WeeklyTimes},
};

const RULES: &str = "rules: [{ name: muted, while: meeting.muted_all }]";

fn asked(filter: &str, from: &str, to: &str, schedule: Option<WeeklyTimes>) -> NewSilence {
    NewSilence {
        filter: filter.to_owned(),
        starts_at: at(from),
        ends_at: at(to),
        schedule,
        author: "wang".into(),
        comment: String::new(),
    }
}

/// Asks for a silence; panics unless it is made.
fn make(bench: &mut Bench, when: &str, new: NewSilence) -> SilenceId {
    bench.apply(when, Input::Silence(new));
    match bench.effects().pop() {
        Some(Effect::Acted(Acted::Silenced(id))) => id,
        other => panic!("{other:?}"),
    }
}

/// The ended ones that a restored engine shows, by how long after the start each ended.
fn ended(bench: &Bench) -> Vec<SilenceState> {
    let engine = bench.world.engine.restored().unwrap();
    engine.ended_silences().map(|(_, state)| state).collect()
}

#[test]
fn one_that_has_ended_is_shown_for_seven_days() {
    let mut bench = Bench::new(RULES);
    make(&mut bench, "0s", asked("true", "0s", "10m", None));
    let expired = make(&mut bench, "1m", asked("rule == 'muted'", "0s", "10m", None));
    bench.apply("5m", Input::ExpireSilence(expired));
    bench.advance("10m");
    let all = [
        SilenceState::Ended { at: at("5m") },
        SilenceState::Ended { at: at("10m") },
    ];
    assert_eq!(ended(&bench), all);
    assert_eq!(bench.world.engine.silences().count(), 0);
    bench.apply("7d4m", Input::Tick);
    assert_eq!(ended(&bench), all);
    bench.apply("7d5m", Input::Tick);
    assert_eq!(ended(&bench), all[1..]);
    bench.apply("7d10m", Input::Tick);
    assert_eq!(ended(&bench), []);
    bench.apply("7d10m", Input::ExpireSilence(expired));
    assert!(matches!(
        bench.effects().last(),
        Some(Effect::Acted(Acted::NoSuchSilence))
    ));
}

#[test]
fn of_too_many_that_have_ended_the_oldest_are_forgotten_and_counted() {
    let mut bench = Bench::new(RULES);
    for minute in 0..1_003 {
        let now = format!("{minute}m");
        let id = make(&mut bench, &now, asked("true", &now, "30d", None));
        bench.apply(&now, Input::ExpireSilence(id));
    }
    assert_eq!(bench.world.engine.counts().silences_forgotten, 3);
    let ended = ended(&bench);
    assert_eq!(ended.len(), 1_000);
    assert_eq!(ended[0], SilenceState::Ended { at: at("3m") });
}

#[test]
fn one_with_a_schedule_tells_when_it_changes_and_is_the_same_after_a_snapshot() {
    let mut bench = Bench::new(RULES);
    make(
        &mut bench,
        "0s",
        asked("true", "90s", "10m", Some(every_other_minute())),
    );
    for (now, expected) in [
        ("0s", SilenceState::Pending { until: at("2m") }),
        ("100s", SilenceState::Pending { until: at("2m") }),
        ("2m", SilenceState::Active { until: at("3m") }),
        ("3m", SilenceState::Pending { until: at("4m") }),
        ("9m", SilenceState::Pending { until: at("10m") }),
    ] {
        bench.apply(now, Input::Tick);
        bench.world.engine = bench.world.engine.restored().unwrap();
        let states: Vec<SilenceState> = bench.world.engine.silences().map(|(_, state)| state).collect();
        assert_eq!(states, [expected], "{now}");
    }
    bench.advance("10m");
    assert_eq!(ended(&bench), [SilenceState::Ended { at: at("10m") }]);
}

#[test]
fn one_whose_schedule_cannot_be_read_or_never_opens_is_not_made() {
    let mut bench = Bench::new(RULES);
    let unreadable = WeeklyTimes {
        time_zone: "Nowhere".to_owned(),
        ..every_other_minute()
    };
    for (schedule, to, expected) in [
        (unreadable, "10m", Acted::BadSchedule),
        (every_other_minute(), "2m", Acted::SilenceNeverHolds),
    ] {
        bench.apply("61s", Input::Silence(asked("true", "61s", to, Some(schedule))));
        assert!(matches!(bench.effects().last(), Some(Effect::Acted(acted)) if *acted == expected));
    }
    assert_eq!(bench.world.engine.silences().count(), 0);
}
