//! The journal beside the least that makes bytes durable: the same bytes written into a file of zeros, and an fsync.

use std::{
    fs::File,
    io::Write as _,
    os::unix::fs::FileExt as _,
    path::Path,
    time::{Duration, Instant},
};

use bellwether::{
    journal::{Journal, Options},
    model::Time,
};

use super::support::{
    rounds::Rounds,
    servers::SCRATCH,
    table::{self, Goal},
};

/// The length of a record, in bytes.
const RECORD: usize = 250;

/// The size of the bare file, in bytes: as that of a segment. It is overwritten from its beginning when it is full.
const FILE: usize = 64 << 20;

pub fn measure(rounds: Rounds) {
    for batch in [1, 64, 1024_u32] {
        let folder = tempfile::tempdir_in(SCRATCH).expect("a folder");
        let mut journal = Journal::open(&folder.path().join("data"), Options::default())
            .expect("a journal")
            .journal;
        let mut raw = Raw::new(&folder.path().join("raw"));
        let payload: Vec<u8> = (0..=255).cycle().take(batch as usize * RECORD).collect();
        let compared = rounds.compare(
            |time| {
                repeat(time, batch, || {
                    journal.append(Time::default(), batch, &payload).expect("room");
                })
            },
            |time| repeat(time, batch, || raw.append(&payload)),
        );
        let claim = format!("journal, {batch} records of 250 B a commit : raw file");
        table::compared(&claim, "/s", compared, Goal::None);
    }
}

fn repeat(time: Duration, batch: u32, mut append: impl FnMut()) -> f64 {
    let started = Instant::now();
    let mut count = 0_u64;
    while started.elapsed() < time {
        append();
        count += u64::from(batch);
    }
    count as f64 / started.elapsed().as_secs_f64()
}

struct Raw {
    file: File,
    position: usize,
}

impl Raw {
    fn new(path: &Path) -> Self {
        let mut file = File::create(path).expect("a file");
        file.write_all(&vec![0; FILE]).expect("room");
        file.sync_all().expect("an fsync");
        Self { file, position: 0 }
    }

    fn append(&mut self, payload: &[u8]) {
        if self.position + payload.len() > FILE {
            self.position = 0;
        }
        self.file.write_all_at(payload, self.position as u64).expect("a write");
        self.file.sync_data().expect("an fsync");
        self.position += payload.len();
    }
}
