//! The claims about the engine, each beside its yardstick: `cargo bench --bench engine`, or
//! `cargo bench --bench engine -- alone --rounds 9`.
//!
//! What is named (`alone`, `rules`, `replay`) is measured; nothing named: all. What deciding costs in instructions, which no other work
//! on the machine disturbs, is `instructions`' to say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a measurement that cannot go on has nothing better to do than to say so"
)]

#[path = "engine/alone.rs"]
mod alone;
#[path = "engine/replay.rs"]
mod replay;
#[allow(dead_code, reason = "the claims about the service use the rest")]
mod support;

use support::measures;

fn main() {
    measures::run(&[
        ("alone", alone::measure),
        ("rules", alone::rules),
        ("replay", replay::measure),
    ]);
}
