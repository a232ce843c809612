//! A notification that is sent twice under one id is applied once.

use std::time::Duration;

use super::Bench;
use crate::engine::{
    effect::{Answer, Effect},
    input::Settings,
};

const RULES: &str = "
rules:
- { name: conf, when: 'true', key: [] }
";

fn answers(bench: &mut Bench) -> Vec<Answer> {
    let answer = |effect: Effect| match effect {
        Effect::Answer(answer) => Some(answer),
        _ => None,
    };
    bench.effects().into_iter().filter_map(answer).collect()
}

#[test]
fn each_id_of_each_source_is_applied_once() {
    let mut bench = Bench::new(RULES);
    bench.give(
        "
        0s conf MUTED_ALL id=a
        1s conf MUTED_ALL id=a
        2s conf UNMUTED_ALL id=a
        3s conf UNMUTED_ALL id=a source=other
        4s conf RECORDED
        5s conf RECORDED
        6s restart
        7s conf MUTED_ALL id=a
        ",
    );
    assert_eq!(
        answers(&mut bench),
        [
            Answer::Accepted { sequence: 1 },
            Answer::Duplicate { sequence: 1 },
            Answer::IdReused {
                sequence: 1,
                oldest_id_age: Duration::from_secs(2),
            },
            Answer::Accepted { sequence: 2 },
            Answer::Accepted { sequence: 3 },
            Answer::Accepted { sequence: 4 },
            Answer::Duplicate { sequence: 1 },
        ]
    );
    let counts = bench.world.engine.counts().conf;
    assert_eq!((counts.accepted, counts.duplicates, counts.ids_reused), (4, 2, 1));
    assert_eq!(bench.world.engine.open_alerts().next().unwrap().occurrences, 3);
}

#[test]
fn an_id_is_remembered_for_a_day() {
    let mut bench = Bench::new(RULES);
    bench.give("0s conf MUTED_ALL id=a\n86399s conf MUTED_ALL id=a\n24h conf MUTED_ALL id=a\n25h conf MUTED_ALL id=a");
    assert_eq!(
        answers(&mut bench),
        [
            Answer::Accepted { sequence: 1 },
            Answer::Duplicate { sequence: 1 },
            Answer::Accepted { sequence: 2 },
            Answer::Duplicate { sequence: 2 },
        ]
    );
}

#[test]
fn of_too_many_ids_the_oldest_of_that_source_is_forgotten() {
    let settings = Settings {
        ids_per_source: 2,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings, RULES);
    bench.give(
        "
        0s conf MUTED_ALL id=x source=other
        1s conf MUTED_ALL id=a
        2s conf UNMUTED_ALL id=b
        3s conf MUTED_ALL id=c
        4s conf UNMUTED_ALL id=b
        5s conf MUTED_ALL id=a
        6s conf MUTED_ALL id=x source=other
        7s conf UNMUTED_ALL id=a
        ",
    );
    assert_eq!(
        answers(&mut bench)[4..],
        [
            Answer::Duplicate { sequence: 3 },
            Answer::Accepted { sequence: 5 },
            Answer::Duplicate { sequence: 1 },
            // `c` is the oldest of this source that is remembered.
            Answer::IdReused {
                sequence: 5,
                oldest_id_age: Duration::from_secs(4),
            },
        ]
    );
    let engine = &bench.world.engine;
    assert_eq!((engine.counts().ids_evicted, engine.ids().0), (2, 3));
}
