//! Any sequence of operations, against a list in memory.

use proptest::{collection::vec, prelude::*};

use super::{Seen, killed, open, read, temp};
use crate::{
    journal::{SnapshotHeader, Trim},
    model::Time,
};

#[derive(Debug, Clone)]
enum Operation {
    Append { count: u32, len: usize },
    Reopen,
    Kill,
    TrimBefore(prop::sample::Index),
    TrimOlder(prop::sample::Index),
    TrimLarger(u64),
    Snapshot,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        20 => (1..5_u32, 0..850_usize).prop_map(|(count, len)| Operation::Append { count, len }),
        2 => Just(Operation::Reopen),
        2 => Just(Operation::Kill),
        1 => any::<prop::sample::Index>().prop_map(Operation::TrimBefore),
        1 => any::<prop::sample::Index>().prop_map(Operation::TrimOlder),
        1 => (0..9000_u64).prop_map(Operation::TrimLarger),
        2 => Just(Operation::Snapshot),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_journal_is_a_list(operations in vec(operation(), 1..40)) {
        let mut folder = temp();
        let mut opened = open(folder.path()).unwrap();
        let mut model: Vec<Seen> = Vec::new();
        let mut next = 0;
        let mut snapshot = None;
        for (turn, operation) in (0..).zip(operations) {
            let time = Time::from_nanos(turn);
            let pick = |index: prop::sample::Index, model: &Vec<Seen>| model.get(index.index(model.len().max(1))).cloned();
            let keep = snapshot.map_or(0, |header: SnapshotHeader| header.offset);
            match operation {
                Operation::Append { count, len } => {
                    let payload = vec![u8::try_from(turn).unwrap(); len];
                    prop_assert_eq!(opened.journal.append(time, count, &payload).unwrap(), next);
                    model.push((next, count, time, payload));
                    next += u64::from(count);
                }
                Operation::Reopen => {
                    opened.journal.close().unwrap();
                    drop((opened.events, opened.snapshots));
                    opened = open(folder.path()).unwrap();
                }
                Operation::Kill => {
                    folder = killed(folder.path());
                    opened = open(folder.path()).unwrap();
                }
                Operation::TrimBefore(index) => {
                    if let Some((offset, ..)) = pick(index, &model) {
                        let earliest = opened.journal.trim(Trim::LargerThan(0), keep.min(offset)).unwrap();
                        prop_assert!(earliest <= offset.max(model[0].0));
                    }
                }
                Operation::TrimOlder(index) => {
                    if let Some((_, _, time, _)) = pick(index, &model) {
                        let earliest = opened.journal.trim(Trim::OlderThan(time), keep).unwrap();
                        prop_assert!(model.iter().all(|frame| frame.0 >= earliest || frame.2 < time));
                    }
                }
                Operation::TrimLarger(bytes) => {
                    opened.journal.trim(Trim::LargerThan(bytes), keep).unwrap();
                }
                Operation::Snapshot => {
                    let header = SnapshotHeader {
                        offset: next,
                        last_hash: opened.journal.last_hash(),
                        time,
                        event_sequence: 0,
                        last_event: None,
                        semantics: 7,
                    };
                    opened.snapshots.write(&header, b"state").unwrap();
                    opened.snapshots.prune(opened.journal.reader().earliest()).unwrap();
                    snapshot = Some(header);
                }
            }
            let earliest = opened.journal.reader().earliest();
            prop_assert!(earliest <= snapshot.map_or(0, |header| header.offset));
            model.retain(|frame| frame.0 >= earliest);
            prop_assert_eq!(opened.journal.next_offset(), next);
            prop_assert_eq!(&read(&opened.journal.reader()).unwrap(), &model);
        }
        drop(opened);
        let opened = open(folder.path()).unwrap();
        prop_assert_eq!(opened.snapshot.map(|snapshot| snapshot.header), snapshot);
        prop_assert_eq!(&read(&opened.journal.reader()).unwrap(), &model);
    }
}
