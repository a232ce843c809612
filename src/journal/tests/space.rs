//! No room: met before anything was written, and left behind when there is room again.

use std::fs;

use super::{fill, open, read, small, temp};
use crate::{
    journal::{AppendError, Journal, Options, Trim},
    model::Time,
};

#[test]
fn a_full_journal_refuses_and_goes_on_after_trimming() {
    let temp = temp();
    let limited = Options {
        max_bytes: Some(5000),
        ..small()
    };
    let mut opened = Journal::open(temp.path(), limited).unwrap();
    let payload = [5; 300];
    let mut appended = 0;
    let refused = loop {
        match opened.journal.append(Time::from_nanos(appended), 1, &payload) {
            Ok(_) => appended += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refused, AppendError::NoSpace { source: None, .. }),
        "{refused}"
    );
    assert!(matches!(opened.journal.reserve(300), Err(AppendError::NoSpace { .. })));
    assert!(appended > 5);
    let frames = read(&opened.journal.reader()).unwrap();
    assert_eq!(frames.len(), usize::try_from(appended).unwrap());

    let earliest = opened.journal.trim(Trim::LargerThan(0), 4).unwrap();
    assert!(earliest > 0 && earliest <= 4);
    opened.journal.reserve(300).unwrap();
    opened.journal.append(Time::from_nanos(appended), 1, &payload).unwrap();
    assert_eq!(read(&opened.journal.reader()).unwrap().last().unwrap().3, payload);
}

#[test]
fn what_is_reserved_has_its_place() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    for _ in 0..10 {
        let largest = opened.journal.max_payload();
        opened.journal.reserve(largest).unwrap();
        fill(&mut opened.journal, 1);
    }
}

#[test]
fn the_next_segment_is_listed_once_and_by_its_right_offset() {
    let temp = temp();
    let roomy = Options {
        first_segment: 4_096,
        max_segment: 8_192,
        max_frame: 8_192,
        ..small()
    };
    let mut opened = Journal::open(temp.path(), roomy).unwrap();
    let largest = opened.journal.max_payload();
    let list = temp.path().join("journal/MANIFEST.tmp");
    let mut written = None;
    let mut all = Vec::new();
    while opened.journal.reader().size().0 == 1 {
        opened.journal.reserve(largest).unwrap();
        let at = fs::metadata(&list).unwrap().modified().unwrap();
        assert_eq!(*written.get_or_insert(at), at);
        all.extend(fill(&mut opened.journal, 1));
    }
    assert!(all.len() > 2);
    all.extend(fill(&mut opened.journal, 10));
    drop(opened);

    let again = open(temp.path()).unwrap();
    assert_eq!(read(&again.journal.reader()).unwrap(), all);
}

#[test]
fn trimming_keeps_what_is_still_needed() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    let all = fill(&mut opened.journal, 40);
    let next = opened.journal.next_offset();
    assert_eq!(opened.journal.trim(Trim::LargerThan(0), 0).unwrap(), 0);
    assert_eq!(opened.journal.trim(Trim::LargerThan(u64::MAX), next).unwrap(), 0);
    assert_eq!(opened.journal.trim(Trim::OlderThan(Time::MIN), next).unwrap(), 0);
    let earliest = opened.journal.trim(Trim::OlderThan(all[20].2), next).unwrap();
    assert!(earliest > 0 && earliest <= all[20].0);
    let frames: Vec<_> = all.into_iter().filter(|frame| frame.0 >= earliest).collect();
    assert_eq!(read(&opened.journal.reader()).unwrap(), frames);
    let error = opened.journal.reader().frames_from(0).next().unwrap().unwrap_err();
    assert!(error.to_string().contains(&format!("offset {earliest}")), "{error}");
    // The last segment stays whatever is asked for.
    let earliest = opened.journal.trim(Trim::LargerThan(0), u64::MAX).unwrap();
    assert!(earliest < next);
}
