//! What deciding costs in instructions, under Callgrind: the guard of the hot path, since no other work on the machine disturbs it.
//! Time is absent: that is `engine`'s to say.
//!
//! Needs valgrind and `gungraun-runner`. `.ci/run` counts those of the development build, which it has anyway, and the limits are that
//! build's: `cargo bench --profile dev --bench instructions`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a measurement that cannot go on has nothing better to do than to say so"
)]
#![allow(missing_docs, reason = "the macros make public items")]

#[allow(dead_code, reason = "the claims about the engine use the rest")]
#[path = "engine/alone.rs"]
mod alone;
#[allow(dead_code, reason = "the claims about the service use the rest")]
mod support;

use bellwether::{
    model::Notification,
    rules::{RuleSource, catalogue},
};
use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, prelude::*};

use alone::Alone;

/// How many notifications the engine has seen before.
const BEFORE: usize = 2_000;

/// How many are counted.
const COUNTED: usize = 1_000;

/// An engine that knows most of those whom the notifications are about.
fn warm(rules: RuleSource) -> (Alone, Vec<Notification>) {
    let days = alone::days(BEFORE + COUNTED);
    let read = |place| alone::read(&days.message(place));
    let mut engine = Alone::new(rules);
    engine.decide((0..BEFORE).map(read).collect());
    (engine, (BEFORE..BEFORE + COUNTED).map(read).collect())
}

/// Fails where a notification takes more instructions than that.
fn at_most(instructions: usize) -> LibraryBenchmarkConfig {
    let limit = (EventKind::Ir, (instructions * COUNTED) as u64);
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind.hard_limits([limit]));
    config
}

#[library_benchmark(setup = warm)]
#[bench::without_rules(args = (RuleSource::default()), config = at_most(29_000))]
#[bench::with_the_catalogue(args = (catalogue::source()), config = at_most(55_000))]
fn decide((mut engine, notifications): (Alone, Vec<Notification>)) -> Alone {
    engine.decide(notifications);
    engine
}

library_benchmark_group!(name = engine; benchmarks = decide);

main!(library_benchmark_groups = engine);
