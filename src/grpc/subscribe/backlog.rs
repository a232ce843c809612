//! What a subscription reads from storage while the ring does not reach back so far. Storage has an event before it is said: what is not
//! said yet is left to the ring, or to another reading.

use super::{CHUNK, End};
use crate::{
    grpc::status::Refused,
    journal::Position,
    journal::{EventRecord, Events},
    service::Fanout,
};

/// Some of what was said.
pub(super) struct Part {
    pub records: Vec<EventRecord>,
    /// Nothing that was said up to here is left.
    pub until: Position,
    /// There is no more; `Events` may have passed over what was not said yet, and must not be read on.
    pub is_last: bool,
}

/// Reads the next part.
pub(super) async fn read(mut log: Events, fanout: &Fanout) -> Result<(Events, Part), End> {
    // Whatever was said before this moment is in the log.
    let head = fanout.head();
    let read = tokio::task::spawn_blocking(move || {
        let records = log.by_ref().take(CHUNK).collect::<Result<Vec<_>, _>>();
        (log, records)
    });
    let (log, mut records) = match read.await {
        Ok((log, Ok(records))) => (log, records),
        Ok((_, Err(cause))) => {
            tracing::error!(%cause, "the event log cannot be read");
            return Err(Refused::internal().into());
        }
        Err(_) => return Err(Refused::internal().into()),
    };
    records.retain(|record| record.position <= head);
    let is_last = records.len() < CHUNK;
    let until = match records.last() {
        Some(last) if !is_last => last.position,
        _ => head,
    };
    Ok((
        log,
        Part {
            records,
            until,
            is_last,
        },
    ))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        journal::{EventKind, Journal, Options},
        model::Time,
    };

    fn record(offset: u64) -> EventRecord {
        EventRecord {
            position: Position { offset, ordinal: 0 },
            kind: EventKind::Alert,
            sequence: offset,
            time: Time::from_nanos(0),
            bytes: Bytes::new(),
        }
    }

    async fn part(fanout: &Fanout, records: u64) -> (Vec<u64>, u64, bool) {
        let folder = tempfile::tempdir().unwrap();
        let mut opened = Journal::open(&folder.path().join("data"), Options::default()).unwrap();
        let all: Vec<EventRecord> = (1..=records).map(record).collect();
        opened.events.append(&all).unwrap();
        let log = opened.events.reader().after(None).unwrap();
        let Ok((_, part)) = read(log, fanout).await else {
            panic!("the log can be read")
        };
        let read = part.records.iter().map(|record| record.sequence).collect();
        (read, part.until.offset, part.is_last)
    }

    #[tokio::test]
    async fn what_is_not_said_yet_is_never_passed_over() {
        let head = |offset| Fanout::new(record(offset).position, None, 16);
        let chunk = CHUNK as u64;
        // 3 is in the log, but not said: all is read up to the head, and not further.
        assert_eq!(part(&head(2), 3).await, (vec![1, 2], 2, true));
        assert_eq!(part(&head(0), 3).await, (vec![], 0, true));
        assert_eq!(part(&head(9), 3).await, (vec![1, 2, 3], 9, true));
        let (read, until, is_last) = part(&head(chunk + 9), chunk + 1).await;
        assert_eq!((read.len() as u64, until, is_last), (chunk, chunk, false));
    }
}
