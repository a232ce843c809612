//! Snapshots: the newest good one counts, and the journal must go on from it.

use std::fs;

use super::{change, files, fill, killed, open, read, temp};
use crate::{
    journal::{Journal, JournalError, Opened, SnapshotHeader, Trim},
    model::Time,
};

const HOUR: i64 = 3_600_000_000_000;

fn header(journal: &Journal, time: Time) -> SnapshotHeader {
    SnapshotHeader {
        offset: journal.next_offset(),
        last_hash: journal.last_hash(),
        time,
        event_sequence: 3,
        last_event: None,
        semantics: 7,
    }
}

/// Takes a snapshot after each of so many frames.
fn take(opened: &mut Opened, count: u32) -> Vec<SnapshotHeader> {
    let one = |number: u32| {
        fill(&mut opened.journal, 1);
        let header = header(&opened.journal, Time::from_nanos(i64::from(number) * 10 * HOUR));
        opened.snapshots.write(&header, &number.to_le_bytes()).unwrap();
        header
    };
    (0..count).map(one).collect()
}

#[test]
fn a_damaged_one_gives_way_to_the_one_before() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    let headers = take(&mut opened, 2);
    let expected = read(&opened.journal.reader()).unwrap();
    drop(opened);
    let newest = fs::read(&files(&temp.path().join("snapshots"))[1]).unwrap();
    for at in 0..newest.len() {
        let copy = killed(temp.path());
        change(&files(&copy.path().join("snapshots"))[1], |content| {
            content[at] ^= 1 << (at % 8)
        });
        let opened = open(copy.path()).unwrap();
        let snapshot = opened.snapshot.unwrap();
        assert_eq!(
            (snapshot.header, &*snapshot.payload),
            (headers[0], &[0_u8, 0, 0, 0][..])
        );
        assert_eq!(read(&opened.journal.reader()).unwrap(), expected);
    }
    let opened = open(temp.path()).unwrap();
    assert_eq!(opened.snapshot.unwrap().header, headers[1]);
    assert_eq!(opened.snapshots.list().unwrap(), headers);
    let before = opened.snapshots.before(headers[1].offset - 1).unwrap().unwrap();
    assert_eq!(before.header, headers[0]);
}

#[test]
fn without_a_base_the_folder_is_refused() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    take(&mut opened, 20);
    let next = opened.journal.next_offset();
    assert!(opened.journal.trim(Trim::LargerThan(0), next).unwrap() > 0);
    opened.snapshots.prune(opened.journal.reader().earliest()).unwrap();
    drop(opened);
    for file in files(&temp.path().join("snapshots")) {
        fs::remove_file(file).unwrap();
    }
    let error = open(temp.path()).unwrap_err();
    assert!(matches!(error, JournalError::NoBase { .. }), "{error}");
}

#[test]
fn a_snapshot_must_lie_on_the_journal() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    fill(&mut opened.journal, 4);
    let good = header(&opened.journal, Time::MIN);
    drop(opened);
    let ahead = SnapshotHeader {
        offset: good.offset + 1,
        ..good
    };
    let other = SnapshotHeader {
        last_hash: blake3::hash(b"another history"),
        ..good
    };
    for wrong in [ahead, other] {
        let copy = killed(temp.path());
        open(copy.path()).unwrap().snapshots.write(&wrong, b"").unwrap();
        let error = open(copy.path()).unwrap_err();
        assert!(
            matches!(error, JournalError::Behind { .. } | JournalError::Damaged { .. }),
            "{error}"
        );
    }
}

#[test]
fn the_newest_three_and_the_first_of_each_day_stay() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    let headers = take(&mut opened, 12);
    opened.snapshots.prune(0).unwrap();
    // One each ten hours: the days begin with numbers 0, 3, 5 and 8.
    let kept = [0, 3, 5, 8, 9, 10, 11].map(|number| headers[number]);
    assert_eq!(opened.snapshots.list().unwrap(), kept);
    opened.snapshots.prune(headers[5].offset).unwrap();
    assert_eq!(opened.snapshots.list().unwrap(), &kept[2..]);
}
