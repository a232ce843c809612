//! Bits flipped, files cut, removed and exchanged: the folder opens with everything that was acknowledged, or is refused by name.

use std::{fs, path::Path};

use super::{Seen, change, copy_into, files, fill, killed, open, read, segments, temp};
use crate::journal::{Flaw, JournalError};

const FRAMES: u32 = 8;

/// A folder with three segments, the last one begun, and what is in it.
fn store() -> (tempfile::TempDir, Vec<Seen>) {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    let expected = fill(&mut opened.journal, FRAMES);
    assert_eq!(opened.journal.reader().segments().len(), 3);
    opened.journal.close().unwrap();
    (temp, expected)
}

/// Opens and reads everything.
fn reopen(dir: &Path) -> Result<Vec<Seen>, JournalError> {
    read(&open(dir)?.journal.reader())
}

/// Either all is there, or the error names the file. Tells which.
fn is_refused(dir: &Path, file: &Path, expected: &[Seen]) -> bool {
    match reopen(dir) {
        Ok(found) => {
            assert_eq!(found, expected, "after damage to {file:?}");
            false
        }
        Err(error) => {
            assert_eq!(error.exit_code(), 65, "{error}");
            let name = file.file_name().unwrap().to_string_lossy();
            assert!(error.to_string().contains(&*name), "{name} is not named: {error}");
            true
        }
    }
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let (temp, expected) = store();
    let copy = killed(temp.path());
    for file in files(temp.path()) {
        let content = fs::read(&file).unwrap();
        let is_mark = file.ends_with("mark");
        let is_segment = file.extension().is_some_and(|extension| extension == "seg");
        let target = copy.path().join(file.strip_prefix(temp.path()).unwrap());
        for at in (0..content.len()).step_by(if is_mark { 61 } else { 3 }) {
            copy_into(temp.path(), copy.path());
            change(&target, |content| content[at] ^= 1 << (at % 8));
            let refused = is_refused(copy.path(), &file, &expected);
            if is_segment && content[at] != 0 {
                assert!(refused, "byte {at} of {file:?} was part of a frame");
            }
        }
    }
}

#[test]
fn no_cut_goes_unnoticed() {
    let (temp, expected) = store();
    let copy = killed(temp.path());
    for file in files(temp.path()) {
        let len = fs::metadata(&file).unwrap().len();
        let target = copy.path().join(file.strip_prefix(temp.path()).unwrap());
        let step = if file.ends_with("mark") { 1024 } else { 64 };
        for at in (0..len).step_by(step) {
            copy_into(temp.path(), copy.path());
            fs::File::options()
                .write(true)
                .open(&target)
                .unwrap()
                .set_len(at)
                .unwrap();
            is_refused(copy.path(), &file, &expected);
        }
    }
}

#[test]
fn no_missing_file_goes_unnoticed() {
    let (temp, expected) = store();
    for file in files(temp.path()) {
        let copy = killed(temp.path());
        let relative = file.strip_prefix(temp.path()).unwrap();
        fs::remove_file(copy.path().join(relative)).unwrap();
        let refused = is_refused(copy.path(), &file, &expected);
        assert_eq!(refused, !file.ends_with("LOCK"), "{file:?}");
    }
}

#[test]
fn no_older_copy_of_a_file_goes_unnoticed() {
    let (temp, _) = store();
    let yesterday = killed(temp.path());
    let mut opened = open(temp.path()).unwrap();
    fill(&mut opened.journal, 6);
    let expected = read(&opened.journal.reader()).unwrap();
    drop(opened);
    let mut refused = 0;
    for file in files(yesterday.path()) {
        let relative = file.strip_prefix(yesterday.path()).unwrap();
        let copy = killed(temp.path());
        fs::copy(&file, copy.path().join(relative)).unwrap();
        refused += u32::from(is_refused(copy.path(), &file, &expected));
    }
    assert_eq!(refused, 1, "the segment that was the last one");
}

#[test]
fn segments_in_the_wrong_place_are_refused() {
    let (temp, _) = store();
    let ours = segments(temp.path(), "journal");
    let (other, _) = store();
    let stranger = &segments(other.path(), "journal")[0];

    let exchanged = killed(temp.path());
    let place = |at: usize| exchanged.path().join(ours[at].strip_prefix(temp.path()).unwrap());
    fs::copy(&ours[0], place(1)).unwrap();
    fs::copy(&ours[1], place(0)).unwrap();
    let error = reopen(exchanged.path()).unwrap_err();
    assert!(
        matches!(error, JournalError::Damaged { flaw: Flaw::Gap(_), .. }),
        "{error}"
    );

    let foreign = killed(temp.path());
    fs::copy(
        stranger,
        foreign.path().join(ours[0].strip_prefix(temp.path()).unwrap()),
    )
    .unwrap();
    let error = reopen(foreign.path()).unwrap_err();
    assert!(
        matches!(
            error,
            JournalError::Damaged {
                flaw: Flaw::Foreign,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_write_cut_short_is_put_aside() {
    let (temp, expected) = store();
    let before = killed(temp.path());
    let mut opened = open(temp.path()).unwrap();
    let extra = fill(&mut opened.journal, 1);
    drop(opened);
    // What was acknowledged last is what the mark of before says.
    fs::copy(before.path().join("mark"), temp.path().join("mark")).unwrap();
    let segment = segments(temp.path(), "journal").pop().unwrap();
    let old = fs::read(before.path().join(segment.strip_prefix(temp.path()).unwrap())).unwrap();
    let new = fs::read(&segment).unwrap();
    let start = (0..new.len()).find(|at| old[*at] != new[*at]).unwrap();
    let end = (0..new.len()).rfind(|at| old[*at] != new[*at]).unwrap() + 1;

    for cut in start + 1..end {
        for torn in [start..cut, cut..end] {
            // Either the beginning or the end never reached the disk.
            let copy = killed(temp.path());
            let target = copy.path().join(segment.strip_prefix(temp.path()).unwrap());
            change(&target, |content| content[torn.clone()].fill(0));
            let left = fs::read(&target).unwrap();
            if left == new || cut % 11 > 0 {
                continue;
            }
            let mut opened = open(copy.path()).unwrap();
            assert_eq!(read(&opened.journal.reader()).unwrap(), expected);
            let kept = files(&copy.path().join("quarantine"));
            assert_eq!(kept.len(), 1);
            assert!(left[start..].starts_with(&fs::read(&kept[0]).unwrap()));
            assert_eq!(fill(&mut opened.journal, 1), extra);
        }
    }
    // All of it reached the disk: then it stays.
    let all = [expected, extra].concat();
    assert_eq!(reopen(temp.path()).unwrap(), all);
}

#[test]
fn a_journal_that_ends_before_its_mark_is_refused_with_both_numbers() {
    let (temp, expected) = store();
    let segment = segments(temp.path(), "journal").pop().unwrap();
    change(&segment, |content| content.fill(0));
    let (last, before) = (expected.last().unwrap(), &expected[expected.len() - 2]);
    let error = reopen(temp.path()).unwrap_err();
    match &error {
        JournalError::Behind { head, claimed, .. } => {
            assert_eq!(*claimed, last.0 + u64::from(last.1));
            assert!(*head <= before.0 + u64::from(before.1));
        }
        _ => panic!("{error}"),
    }
    assert_eq!(
        fs::read(&segment).unwrap().iter().filter(|byte| **byte != 0).count(),
        0,
        "it is left as it is"
    );
}
