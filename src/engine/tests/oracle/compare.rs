//! Plays a case to both, and compares what they say.

use std::fmt;

use proptest::{prelude::*, test_runner::RngSeed};

use super::{
    Oracle,
    case::{Act, Case, notification, rule_file},
    generate,
    history::{Name, What},
};
use crate::{
    engine::{
        input::{Input, Settings},
        tests::{compiled, start},
    },
    model::{AlertEventKind, AlertState, ResolveReason, Severity, Time},
    rules::file::duration::written,
    selftest::world::World,
};

/// What is said of an alert.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    at: Time,
    alert: String,
    /// The order in which it was said of this alert.
    nth: usize,
    what: String,
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", written(self.at - start()), self.what, self.alert)
    }
}

/// In an order that does not depend on which of two rules is the first to be shown a notification.
fn in_order(mut all: Vec<Said>) -> Vec<Said> {
    for (nth, said) in all.iter_mut().enumerate() {
        said.nth = nth;
    }
    all.sort();
    for (nth, said) in all.iter_mut().enumerate() {
        said.nth = nth;
    }
    all
}

fn what(kind: AlertEventKind, occurrences: u64, reason: Option<ResolveReason>, is_critical: bool) -> String {
    let reason = reason.map(|reason| format!(" {reason:?}")).unwrap_or_default();
    let severity = if is_critical { " critical" } else { "" };
    format!("{kind}{reason}{severity} ({occurrences})")
}

fn engine_says(case: &Case) -> Vec<Said> {
    let sets: Vec<_> = case.sets.iter().map(|rules| compiled(&rule_file(rules)).0).collect();
    let mut world = World::new(start(), Settings::default(), &sets[0]);
    if case.snapshots {
        world = world.restored_after_every_input();
    }
    for (at, act) in case.timed() {
        match act {
            Act::Say { payload, source, age } => {
                world.apply(at, Input::Notification(notification(at, payload, source, *age)));
            }
            Act::Restart { down } => world.restart(at, *down),
            Act::Load(set) => world.load(at, &sets[*set]),
        }
    }
    world.advance(case.until());
    let said = world.events().map(|event| Said {
        at: event.at,
        alert: event.alert.to_string(),
        nth: 0,
        what: what(
            event.kind,
            event.alert.occurrences,
            match event.alert.state {
                AlertState::Firing => None,
                AlertState::Resolved { reason, .. } => Some(reason),
            },
            event.alert.severity == Severity::Critical,
        ),
    });
    in_order(said.collect())
}

fn oracle_says(case: &Case) -> Vec<Said> {
    let mut oracle = Oracle::new(start());
    oracle.load(start(), &case.sets[0]);
    for (at, act) in case.timed() {
        match act {
            Act::Say { payload, source, age } => oracle.hear(at, &notification(at, payload, source, *age)),
            Act::Restart { down } => oracle.restart(at, at.plus(*down)),
            Act::Load(set) => oracle.load(at, &case.sets[*set]),
        }
    }
    oracle.pass(case.until());
    let entries = &oracle.history.entries;
    let mut all = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        if let What::Told(told) = &entry.what {
            let occurrences = occurrences(&oracle, place, &told.name);
            all.push(Said {
                at: entry.at,
                alert: format!("{}{}", told.name.rule, told.name.key),
                nth: 0,
                what: what(told.kind, occurrences, told.reason, told.is_critical),
            });
        }
    }
    in_order(all)
}

/// How often an alert had matched by that place in the history.
fn occurrences(oracle: &Oracle, place: usize, name: &Name) -> u64 {
    let mut matches = 0;
    for entry in &oracle.history.entries[..=place] {
        match &entry.what {
            What::Told(told) if told.kind == AlertEventKind::Fired && told.name == *name => matches = 1,
            What::Matched(matched, _) if matched == name => matches += 1,
            _ => {}
        }
    }
    matches
}

/// The same cases on every run of the suite; `PROPTEST_RNG_SEED` asks for others, `PROPTEST_CASES` for more.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        failure_persistence: None,
        rng_seed: match asked.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            seed @ RngSeed::Fixed(_) => seed,
        },
        ..asked
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_engine_says_what_the_oracle_says(case in generate::case()) {
        let (engine, oracle) = (engine_says(&case), oracle_says(&case));
        prop_assert!(engine == oracle, "the engine says {engine:#?}\nthe oracle says {oracle:#?}");
    }
}
