//! The folder itself: made, found again, kept to one process and to its owner.

use std::{fs, os::unix::fs::PermissionsExt, process};

use super::{fill, killed, open, read, small, temp};
use crate::{
    journal::{AppendError, Identity, Journal, JournalError, Options},
    model::Time,
};

#[test]
fn what_was_appended_is_there_again() {
    let temp = temp();
    let dir = temp.path().join("a/data");
    let mut opened = open(&dir).unwrap();
    let identity = opened.journal.identity();
    let mut expected = fill(&mut opened.journal, 20);
    let hash = opened.journal.last_hash();
    assert!(opened.journal.reader().segments().len() > 3, "the test is to roll");
    drop(opened);

    let mut opened = open(&dir).unwrap();
    assert_eq!(opened.journal.identity(), identity);
    assert_eq!(opened.journal.last_hash(), hash);
    assert_eq!(read(&opened.journal.reader()).unwrap(), expected);
    expected.extend(fill(&mut opened.journal, 5));
    assert_eq!(read(&opened.journal.reader()).unwrap(), expected);
    opened.journal.close().unwrap();
}

#[test]
fn reading_begins_with_the_frame_that_holds_the_offset() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    let expected = fill(&mut opened.journal, 12);
    let reader = opened.journal.reader();
    for offset in 0..opened.journal.next_offset() {
        let first = reader.frames_from(offset).next().unwrap().unwrap();
        let holds = |(first, count, ..): &&(u64, u32, Time, Vec<u8>)| *first + u64::from(*count) > offset;
        assert_eq!(first.first_offset, expected.iter().find(holds).unwrap().0);
    }
    assert!(reader.frames_from(opened.journal.next_offset()).next().is_none());
}

#[test]
fn a_second_opener_is_told_who_has_it() {
    let temp = temp();
    let opened = open(temp.path()).unwrap();
    let error = open(temp.path()).unwrap_err();
    assert_eq!(error.exit_code(), 75);
    assert!(
        error.to_string().contains(&format!("process {}", process::id())),
        "{error}"
    );
    // Whoever can still write holds it too.
    let snapshots = opened.snapshots;
    drop((opened.journal, opened.events));
    assert!(matches!(open(temp.path()), Err(JournalError::Locked { .. })));
    drop(snapshots);
    open(temp.path()).unwrap();
}

#[test]
fn only_the_owner_has_access() {
    let temp = temp();
    let dir = temp.path().join("data");
    drop(open(&dir).unwrap());
    for file in super::files(&dir) {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "{file:?}");
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o750)).unwrap();
    let error = open(&dir).unwrap_err();
    assert!(matches!(error, JournalError::Exposed { mode: 0o750, .. }), "{error}");
    assert!(error.to_string().contains("chmod 700"));
}

#[test]
fn a_tail_of_other_semantics_is_not_read() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    fill(&mut opened.journal, 3);
    drop(opened);
    let other = Options {
        semantics: 8,
        ..small()
    };
    let error = Journal::open(temp.path(), other).unwrap_err();
    assert!(
        matches!(
            error,
            JournalError::Unsupported {
                found: 7,
                understood: 8,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.exit_code(), 65);
}

#[test]
fn a_restored_folder_goes_on_in_a_new_epoch() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    fill(&mut opened.journal, 3);
    assert!(matches!(
        Identity::begin_epoch(temp.path()),
        Err(JournalError::Locked { .. })
    ));
    drop(opened);
    let backup = killed(temp.path());

    let restored = Identity::begin_epoch(backup.path()).unwrap();
    let mut opened = open(backup.path()).unwrap();
    assert_eq!(opened.journal.identity(), restored);
    fill(&mut opened.journal, 1);
    let frames = opened.journal.reader().frames_from(0);
    let epochs: Vec<_> = frames.map(|frame| frame.unwrap().epoch).collect();
    assert_eq!(epochs, [0, 0, 0, 1]);
    drop(opened);

    // What the later life wrote does not go into the folder of the earlier one.
    fs::copy(backup.path().join("mark"), temp.path().join("mark")).unwrap();
    assert!(matches!(open(temp.path()), Err(JournalError::Foreign { .. })));
}

#[test]
fn unfit_frames_change_nothing() {
    let temp = temp();
    let mut journal = open(temp.path()).unwrap().journal;
    assert!(matches!(journal.append(Time::MIN, 0, b""), Err(AppendError::Empty)));
    let large = vec![1; journal.max_payload() + 1];
    assert!(matches!(
        journal.append(Time::MIN, 1, &large),
        Err(AppendError::TooLarge { .. })
    ));
    // Larger than the first segment: goes into the next.
    let largest = &large[1..];
    assert_eq!(journal.append(Time::MIN, 1, largest).unwrap(), 0);
    assert_eq!(read(&journal.reader()).unwrap(), [(0, 1, Time::MIN, largest.to_vec())]);
    assert_eq!(journal.append(Time::MAX, u32::MAX, b"").unwrap(), 1);
    assert_eq!(journal.next_offset(), 1 + u64::from(u32::MAX));
}

#[test]
fn a_reader_follows_while_the_journal_is_written() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    let reader = opened.journal.reader();
    let follower = std::thread::spawn(move || {
        let mut frames = reader.frames_from(0);
        let mut found = Vec::new();
        while found.len() < 200 {
            match frames.next() {
                Some(frame) => found.push(super::seen(frame.unwrap())),
                None => std::thread::yield_now(),
            }
        }
        found
    });
    let expected = fill(&mut opened.journal, 200);
    assert_eq!(follower.join().unwrap(), expected);
}
