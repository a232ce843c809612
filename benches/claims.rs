//! The claims about the service as a whole, each beside its yardstick: `cargo bench --bench claims`, or
//! `cargo bench --bench claims -- stream --rounds 9 --seconds 4`.
//!
//! What is named (`stream`, `batch`, `unary`, `journal`, `mail`) is measured; nothing named: all. Absolute figures drift with the machine
//! and with what else runs on it; the quotients are what is claimed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a measurement that cannot go on has nothing better to do than to say so"
)]

mod ingest;
mod journal;
mod mail;
#[allow(dead_code, reason = "the claims about the engine use the rest")]
mod support;

use std::env;

use support::{measures, process, servers};

fn main() {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let Some((process::SERVE, what)) = args.split_first().map(|(first, what)| (first.as_str(), what)) {
        return process::block_on(servers::serve(what));
    }
    measures::run(&[
        ("stream", ingest::stream),
        ("batch", ingest::batch),
        ("unary", ingest::unary),
        ("journal", journal::measure),
        ("mail", mail::measure),
    ]);
}
