//! Candidate rules over a recorded journal, by the verb itself, beside reading and decoding the same journal and nothing else.

use std::{
    hint::black_box,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bellwether::{
    engine::input::{Input, Settings},
    journal::{self, Journal, Options, codec},
};

use super::{
    alone::{self, CHUNK, PACE},
    support::{
        rounds::Rounds,
        servers::SCRATCH,
        table::{self, Goal},
    },
};

/// How many notifications are recorded: enough for starting to count for little.
const RECORDED: usize = 500_000;

pub fn measure(rounds: Rounds) {
    let folder = tempfile::tempdir_in(SCRATCH).expect("a folder");
    let data = folder.path().join("data");
    record(&data);
    let compared = rounds.compare(|_| replayed(&data), |_| decoded(&data));
    table::compared(
        "replay, catalogue : reading the journal alone",
        "/s",
        compared,
        Goal::None,
    );
    table::alone("  as it is", "/s", compared.ours, Goal::AtLeast(1_000_000.0));
}

fn record(data: &Path) {
    let days = alone::days(alone::DAY);
    let mut journal = Journal::open(data, Options::default()).expect("a journal").journal;
    let time = |place: usize| alone::start().plus(Duration::from_nanos(place as u64 * (1_000_000_000 / PACE)));
    let mut payload = Vec::new();
    codec::encode(&Input::Start(Settings::default()), &mut payload).expect("an encoding");
    journal.append(time(0), 1, &payload).expect("room");
    for first in (0..RECORDED).step_by(CHUNK) {
        payload.clear();
        for place in first..first + CHUNK {
            codec::encode_notification(&alone::read(&days.message(place)), &mut payload).expect("an encoding");
        }
        journal.append(time(first), CHUNK as u32, &payload).expect("room");
    }
}

fn replayed(data: &Path) -> f64 {
    let started = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_bellwether"))
        .args(["replay", "--rules", "rules", "--data"])
        .arg(data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("bellwether replay");
    // 1: what would have fired differs from what did, which was nothing.
    assert!(matches!(status.code(), Some(0 | 1)), "bellwether replay: {status}");
    RECORDED as f64 / started.elapsed().as_secs_f64()
}

fn decoded(data: &Path) -> f64 {
    let started = Instant::now();
    let looked = journal::look(data).expect("a data folder");
    let mut inputs = 0;
    for frame in looked.journal.frames_from(0) {
        let frame = frame.expect("a frame");
        for input in codec::decode(&frame.payload, frame.count) {
            drop(black_box(input.expect("an input")));
            inputs += 1;
        }
    }
    assert!(inputs > RECORDED, "{inputs} inputs");
    RECORDED as f64 / started.elapsed().as_secs_f64()
}
