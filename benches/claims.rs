//! The claims about speed, each beside its yardstick: `cargo bench`, or `cargo bench --bench claims -- stream --rounds 9 --seconds 4`.
//!
//! What is named (`stream`, `batch`, `unary`, `engine`, …) is measured; nothing named: all. Absolute figures drift with the machine and with
//! what else runs on it; the quotients are what is claimed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a measurement that cannot go on has nothing better to do than to say so"
)]

mod engine;
mod ingest;
mod journal;
mod mail;
mod replay;
mod support;

use std::{env, time::Duration};

use support::{process, rounds::Rounds, servers, table};

/// Measures one claim, and prints it.
type Measure = fn(Rounds);

fn main() {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let Some((process::SERVE, what)) = args.split_first().map(|(first, what)| (first.as_str(), what)) {
        return process::block_on(servers::serve(what));
    }
    let number = |flag| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1)?.parse::<u32>().ok()
    };
    let rounds = Rounds {
        each: Duration::from_secs(number("--seconds").unwrap_or(2).into()),
        count: number("--rounds").unwrap_or(5) as usize,
    };
    let all: [(&str, Measure); 8] = [
        ("stream", ingest::stream),
        ("batch", ingest::batch),
        ("unary", ingest::unary),
        ("engine", engine::alone),
        ("rules", engine::rules),
        ("replay", replay::measure),
        ("journal", journal::measure),
        ("mail", mail::measure),
    ];
    let is_named = |name: &str| args.iter().any(|arg| arg == name);
    let none_named = !all.iter().any(|(name, _)| is_named(name));
    table::heading();
    for (name, measure) in all {
        if none_named || is_named(name) {
            measure(rounds);
        }
    }
}
