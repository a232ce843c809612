//! The event log: in order, found by position and by time, behind the journal but never before it.

use std::fs;

use bytes::Bytes;

use super::{change, files, fill, killed, open, segments, temp};
use crate::{
    journal::{AppendError, EventKind, EventRecord, Events, JournalError, Opened, Position, SnapshotHeader, Trim},
    model::Time,
};

fn record(offset: u64, ordinal: u32) -> EventRecord {
    let alert = ordinal == 0;
    EventRecord {
        position: Position { offset, ordinal },
        kind: if alert { EventKind::Alert } else { EventKind::Delivery },
        sequence: if alert { offset + 1 } else { 0 },
        time: Time::from_nanos(i64::try_from(offset).unwrap() * 10),
        bytes: Bytes::from(vec![u8::try_from(offset % 200).unwrap(); 40 + 30 * ordinal as usize]),
    }
}

/// Two records for each even offset.
fn records(offsets: std::ops::Range<u64>) -> Vec<EventRecord> {
    offsets
        .filter(|offset| offset % 2 == 0)
        .flat_map(|offset| [record(offset, 0), record(offset, 1)])
        .collect()
}

fn filled(opened: &mut Opened) -> Vec<EventRecord> {
    let mut all = Vec::new();
    while opened.journal.next_offset() < 60 {
        let from = opened.journal.next_offset();
        fill(&mut opened.journal, 4);
        let batch = records(from..opened.journal.next_offset());
        opened.events.append(&batch).unwrap();
        all.extend(batch);
    }
    all
}

fn collect(events: Result<Events, JournalError>) -> Result<Vec<EventRecord>, JournalError> {
    events?.collect()
}

#[test]
fn is_read_from_any_position_and_time() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    assert_eq!(opened.events.last_position(), None);
    let all = filled(&mut opened);
    for reopened in [false, true] {
        if reopened {
            drop(opened);
            opened = open(temp.path()).unwrap();
        }
        let reader = opened.events.reader();
        assert_eq!(opened.events.last_position(), all.last().map(|last| last.position));
        assert_eq!(reader.earliest().unwrap(), Some(all[0].position));
        assert_eq!(collect(reader.after(None)).unwrap(), all);
        for offset in 0..70 {
            let position = Position { offset, ordinal: 0 };
            let after: Vec<_> = all
                .iter()
                .filter(|record| record.position > position)
                .cloned()
                .collect();
            assert_eq!(collect(reader.after(Some(position))).unwrap(), after);
            let time = Time::from_nanos(i64::try_from(offset).unwrap() * 10 - 3);
            let since: Vec<_> = all.iter().filter(|record| record.time >= time).cloned().collect();
            assert_eq!(collect(reader.since(time)).unwrap(), since);
        }
    }
}

#[test]
fn a_reader_goes_on_with_what_comes_later() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    let mut events = opened.events.reader().after(None).unwrap();
    for offset in [0, 2, 4] {
        assert!(events.next().is_none());
        opened.events.append(&records(offset..offset + 1)).unwrap();
        assert_eq!(events.next().unwrap().unwrap(), record(offset, 0));
        assert_eq!(events.next().unwrap().unwrap(), record(offset, 1));
    }
}

#[test]
fn a_damaged_end_is_cut_as_far_as_it_can_be_made_again() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    let all = filled(&mut opened);
    opened.events.sync().unwrap();
    let bare = killed(temp.path());
    let header = SnapshotHeader {
        offset: opened.journal.next_offset(),
        last_hash: opened.journal.last_hash(),
        time: Time::MIN,
        event_sequence: 0,
        last_event: opened.events.last_position(),
        semantics: 7,
    };
    opened.snapshots.write(&header, b"").unwrap();
    drop(opened);

    let segment = segments(temp.path(), "events").pop().unwrap();
    let len = fs::read(&segment).unwrap().iter().rposition(|byte| *byte != 0).unwrap();
    for at in (0..len).step_by(29) {
        // Since the snapshot holds all of it, nobody could make it again.
        let copy = killed(temp.path());
        change(
            &copy.path().join(segment.strip_prefix(temp.path()).unwrap()),
            |content| content[at] ^= 4,
        );
        let error = open(copy.path()).unwrap_err();
        assert_eq!(error.exit_code(), 65, "{error}");

        let copy = killed(bare.path());
        change(
            &copy.path().join(segment.strip_prefix(temp.path()).unwrap()),
            |content| content[at] ^= 4,
        );
        let Ok(mut opened) = open(copy.path()) else {
            // A header that names another format or store was never half a write.
            continue;
        };
        let last = opened.events.last_position();
        let left: Vec<_> = all
            .iter()
            .filter(|record| Some(record.position) <= last)
            .cloned()
            .collect();
        assert_eq!(collect(opened.events.reader().after(None)).unwrap(), left);
        assert!(left.len() < all.len() && !files(&copy.path().join("quarantine")).is_empty());
        opened.events.append(&all[left.len()..]).unwrap();
        assert_eq!(collect(opened.events.reader().after(None)).unwrap(), all);
    }
}

#[test]
fn must_not_tell_of_what_the_journal_does_not_have() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    fill(&mut opened.journal, 1);
    opened.events.append(&[record(0, 0), record(1, 0)]).unwrap();
    drop(opened);
    let error = open(temp.path()).unwrap_err();
    assert!(matches!(error, JournalError::EventsAhead { head: 1, .. }), "{error}");
}

#[test]
fn refuses_what_is_out_of_order_or_too_large() {
    let temp = temp();
    let mut events = open(temp.path()).unwrap().events;
    events.append(&[record(4, 0)]).unwrap();
    for unfit in [vec![record(4, 0)], vec![record(6, 0), record(5, 0)]] {
        assert!(matches!(events.append(&unfit), Err(AppendError::OutOfOrder { .. })));
    }
    let large = EventRecord {
        bytes: Bytes::from(vec![0; 1000]),
        ..record(8, 0)
    };
    assert!(matches!(
        events.append(&[record(6, 0), large]),
        Err(AppendError::TooLarge { .. })
    ));
    assert_eq!(events.last_position(), Some(record(4, 0).position));
}

#[test]
fn says_so_when_what_was_asked_for_is_gone() {
    let temp = temp();
    let mut opened = open(temp.path()).unwrap();
    let all = filled(&mut opened);
    opened.events.trim(Trim::OlderThan(all[40].time)).unwrap();
    let reader = opened.events.reader();
    let earliest = reader.earliest().unwrap().unwrap();
    assert!(earliest > all[0].position && earliest <= all[40].position);
    let error = reader.after(Some(all[0].position)).unwrap_err();
    assert!(
        matches!(error, JournalError::EventsTrimmed { earliest: e, .. } if e == earliest),
        "{error}"
    );
    let kept: Vec<_> = all
        .iter()
        .filter(|record| record.position >= earliest)
        .cloned()
        .collect();
    assert_eq!(collect(reader.after(None)).unwrap(), kept);
    assert_eq!(collect(reader.after(Some(earliest.just_before()))).unwrap(), kept);
    assert_eq!(collect(reader.after(Some(earliest))).unwrap(), &kept[1..]);
}
