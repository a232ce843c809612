//! What the archive promises, over real files.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::PathBuf, slice};

use prost::Message as _;
use tempfile::TempDir;

use super::*;
use crate::{
    api::{self, alert, alert_event},
    engine::{
        input::MailResult,
        outbox::{Delivery, IntentId},
    },
    journal::{EventKind, EventRecord, Position},
    model::{AlertId, Time},
};

const STORE: &str = "00000000000000000000000000000001";

struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("archive.db")
    }

    fn writer(&self) -> ArchiveWriter {
        ArchiveWriter::open(&self.path(), STORE).unwrap()
    }

    fn reader(&self) -> ArchiveReader {
        ArchiveReader::open(&self.path()).unwrap()
    }
}

/// An alert's id; its last digits are its number.
fn id(number: u64) -> String {
    AlertId(number.into()).to_string()
}

/// What happened to an alert that started `started` seconds after 1970: event `sequence`, at the offset of the same number.
fn event(sequence: u64, number: u64, started: i64, kind: alert_event::Type) -> EventRecord {
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let is_over = kind == alert_event::Type::Resolved;
    let event = api::AlertEvent {
        sequence,
        r#type: kind.into(),
        occurred_at: at(started),
        alert: Some(api::Alert {
            id: id(number),
            rule: "port-full".to_owned(),
            severity: api::Severity::Critical.into(),
            state: if is_over {
                alert::State::Resolved
            } else {
                alert::State::Firing
            }
            .into(),
            key: BTreeMap::from([("billing_code".to_owned(), "33333".to_owned())]),
            started_at: at(started),
            last_seen_at: at(started),
            resolved_at: at(started + 10).filter(|_| is_over),
            ..Default::default()
        }),
    };
    EventRecord {
        position: Position {
            offset: sequence,
            ordinal: 0,
        },
        kind: EventKind::Alert,
        sequence,
        time: Time::from_nanos(started * 1_000_000_000),
        bytes: event.encode_to_vec().into(),
    }
}

fn fired(sequence: u64, number: u64, started: i64) -> EventRecord {
    event(sequence, number, started, alert_event::Type::Fired)
}

fn resolved(sequence: u64, number: u64, started: i64) -> EventRecord {
    event(sequence, number, started, alert_event::Type::Resolved)
}

fn delivery(number: u64, attempt: u32, result: MailResult) -> Delivery {
    Delivery {
        intent: IntentId(u128::MAX - 5),
        alerts: vec![AlertId(number.into())],
        receiver: "ops".into(),
        recipient: "noc@example.com".to_owned(),
        attempt,
        date: Time::from_nanos(6),
        at: Time::from_nanos(7),
        result,
        retry_at: (attempt == 1).then_some(Time::from_nanos(8)),
    }
}

fn delivered(offset: u64, delivery: &Delivery) -> EventRecord {
    EventRecord {
        position: Position { offset, ordinal: 1 },
        kind: EventKind::Delivery,
        sequence: 0,
        time: delivery.at,
        bytes: postcard::to_stdvec(delivery).unwrap().into(),
    }
}

fn all<'a>() -> ListQuery<'a> {
    ListQuery {
        filter: None,
        descending: true,
        after: None,
        as_of: None,
        limit: 1_000,
    }
}

fn ids(page: &Page) -> Vec<String> {
    page.alerts.iter().map(|alert| alert.id.clone()).collect()
}

fn numbers<const N: usize>(numbers: [u64; N]) -> Vec<String> {
    numbers.map(id).to_vec()
}

#[test]
fn it_knows_how_far_it_got() {
    let files = Files::new();
    let mut writer = files.writer();
    assert_eq!(writer.position(), None);
    writer.apply(&[]).unwrap();
    assert_eq!(writer.position(), None);
    writer.apply(&[fired(1, 1, 100), resolved(2, 1, 100)]).unwrap();
    drop(writer);

    let writer = files.writer();
    assert_eq!(writer.position(), Some(Position { offset: 2, ordinal: 0 }));
    let alert = files.reader().get_alert(&id(1)).unwrap().unwrap();
    assert_eq!(alert.state(), alert::State::Resolved);
    assert_eq!(files.reader().get_alert(&id(2)).unwrap(), None);
    let mode = fs::metadata(files.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_it_has_is_passed_over() {
    let files = Files::new();
    let mut writer = files.writer();
    let log = [
        fired(1, 1, 100),
        delivered(1, &delivery(1, 1, MailResult::Sent("250".to_owned()))),
        resolved(2, 1, 100),
        fired(3, 2, 200),
    ];
    writer.apply(&log[..3]).unwrap();
    writer.apply(&log).unwrap();
    writer.apply(&log[..2]).unwrap();
    assert_eq!(writer.position(), Some(log[3].position));
    assert_eq!(ids(&files.reader().list_alerts(&all()).unwrap()), numbers([2, 1]));
    assert_eq!(told_of(&files.reader(), 1).len(), 1);
}

#[test]
fn a_batch_is_all_or_nothing() {
    let files = Files::new();
    let mut writer = files.writer();
    let mut garbage = fired(2, 2, 200);
    garbage.bytes = bytes::Bytes::from_static(b"\xff");
    let result = writer.apply(&[fired(1, 1, 100), garbage]);
    assert!(matches!(result, Err(ArchiveError::UnreadableRecord { at }) if at.offset == 2));
    assert_eq!(writer.position(), None);
    assert_eq!(files.reader().get_alert(&id(1)).unwrap(), None);

    let result = writer.apply(&[fired(2, 2, 200), fired(1, 1, 100)]);
    assert!(matches!(result, Err(ArchiveError::OutOfOrder { .. })));
    writer.apply(&[fired(1, 1, 100), fired(2, 2, 200)]).unwrap();
}

#[test]
fn lists_by_start_then_id() {
    let files = Files::new();
    let log = [fired(1, 5, 100), fired(2, 3, 300), fired(3, 4, 100), fired(4, 1, 200)];
    files.writer().apply(&log).unwrap();
    let reader = files.reader();
    let descending = all();
    assert_eq!(ids(&reader.list_alerts(&descending).unwrap()), numbers([3, 1, 5, 4]));
    let ascending = ListQuery {
        descending: false,
        ..all()
    };
    assert_eq!(ids(&reader.list_alerts(&ascending).unwrap()), numbers([4, 5, 1, 3]));
}

#[test]
fn pages_show_one_moment() {
    for descending in [true, false] {
        let files = Files::new();
        let mut writer = files.writer();
        let log: Vec<_> = (1..=5).map(|n| fired(n, n, 100 * i64::try_from(n).unwrap())).collect();
        writer.apply(&log).unwrap();
        let reader = files.reader();
        let mut seen = Vec::new();
        let mut query = ListQuery {
            limit: 2,
            descending,
            ..all()
        };
        let mut sequence = 5;
        loop {
            let page = reader.list_alerts(&query).unwrap();
            assert_eq!(page.as_of, 5);
            assert!(page.alerts.iter().all(|alert| alert.state() == alert::State::Firing));
            seen.extend(ids(&page));
            query.as_of = Some(page.as_of);
            query.after = page.next;
            // Meanwhile every old alert ends, and new ones start on both sides.
            writer
                .apply(&[
                    resolved(sequence + 1, sequence % 5 + 1, 100),
                    fired(sequence + 2, sequence + 10, 50),
                    fired(sequence + 3, sequence + 50, 900),
                ])
                .unwrap();
            sequence += 3;
            if query.after.is_none() {
                break;
            }
        }
        let mut expected = numbers([1, 2, 3, 4, 5]);
        if descending {
            expected.reverse();
        }
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_page_ends_where_its_bounds_are() {
    let files = Files::new();
    let log: Vec<_> = (1..=4).map(|n| fired(n, n, 100)).collect();
    files.writer().apply(&log).unwrap();
    let mut reader = files.reader();
    reader.max_rows = 3;

    let only_first = |alert: &api::Alert| alert.id == id(1);
    let mut query = ListQuery {
        filter: Some(&only_first),
        ..all()
    };
    let page = reader.list_alerts(&query).unwrap();
    assert!(page.alerts.is_empty());
    query.after = page.next;
    assert!(query.after.is_some());
    let page = reader.list_alerts(&query).unwrap();
    assert_eq!((ids(&page), page.next), (numbers([1]), None));

    let exact = ListQuery { limit: 4, ..all() };
    assert_eq!(files.reader().list_alerts(&exact).unwrap().next, None);
}

#[test]
fn an_empty_archive_lists_nothing() {
    let files = Files::new();
    files.writer();
    let page = files.reader().list_alerts(&all()).unwrap();
    assert_eq!((page.alerts.len(), page.as_of, page.next), (0, 0, None));
}

/// The deliveries of mails that told of that alert.
fn told_of(reader: &ArchiveReader, alert: u128) -> Vec<Delivery> {
    let query = DeliveryQuery {
        alert: Some(AlertId(alert)),
        wanted: &|_| true,
        before: None,
        limit: 10,
    };
    reader.list_deliveries(&query).unwrap().deliveries
}

#[test]
fn deliveries_are_kept() {
    let files = Files::new();
    let attempts = [
        delivery(1, 1, MailResult::Deferred("451 later".to_owned())),
        delivery(1, 2, MailResult::Sent("250 ok".to_owned())),
    ];
    let other = delivery(2, 2, MailResult::Refused("550 no".to_owned()));
    files
        .writer()
        .apply(&[
            delivered(1, &attempts[0]),
            delivered(2, &other),
            delivered(3, &attempts[1]),
        ])
        .unwrap();
    let reader = files.reader();
    let [first, second] = attempts;
    assert_eq!(told_of(&reader, 1), [second.clone(), first.clone()]);
    assert_eq!(told_of(&reader, 2), slice::from_ref(&other));

    let any = |_: &Delivery| true;
    let mut query = DeliveryQuery {
        alert: None,
        wanted: &any,
        before: None,
        limit: 2,
    };
    let page = reader.list_deliveries(&query).unwrap();
    assert_eq!(page.deliveries, [second, other]);
    query.before = page.next;
    assert!(query.before.is_some());
    let page = reader.list_deliveries(&query).unwrap();
    assert_eq!((page.deliveries, page.next), (vec![first], None));
    let sent = |delivery: &Delivery| matches!(delivery.result, MailResult::Sent(_));
    let query = DeliveryQuery {
        wanted: &sent,
        before: None,
        ..query
    };
    assert_eq!(reader.list_deliveries(&query).unwrap().deliveries.len(), 1);
}

#[test]
fn retention_takes_what_ended_long_ago() {
    let files = Files::new();
    let mut writer = files.writer();
    writer
        .apply(&[
            fired(1, 1, 100),
            delivered(1, &delivery(1, 1, MailResult::Sent(String::new()))),
            fired(2, 2, 100),
            resolved(3, 1, 100),
            fired(4, 3, 500),
            resolved(5, 3, 500),
        ])
        .unwrap();
    let before = |seconds| Time::from_parts(seconds, 0).unwrap();
    assert_eq!(writer.trim(before(110)).unwrap(), 0);
    assert_eq!(writer.trim(before(111)).unwrap(), 1);
    let reader = files.reader();
    assert_eq!(ids(&reader.list_alerts(&all()).unwrap()), numbers([3, 2]));
    assert_eq!(told_of(&reader, 1), []);
    assert_eq!(writer.position().unwrap().offset, 5);
}

#[test]
fn more_goes_than_one_transaction_takes_out() {
    let files = Files::new();
    let mut writer = files.writer();
    let many = 1_001;
    let mut log = Vec::new();
    for alert in 1..=many {
        log.push(fired(2 * alert - 1, alert, 100));
        let sent = delivery(alert, 1, MailResult::Sent(String::new()));
        log.push(delivered(2 * alert - 1, &sent));
        log.push(resolved(2 * alert, alert, 100));
    }
    writer.apply(&log).unwrap();
    assert_eq!(writer.trim(Time::MAX).unwrap(), 1_001);
    let sqlite = rusqlite::Connection::open(files.path()).unwrap();
    for table in ["alerts", "alert_events", "deliveries", "delivery_alerts"] {
        let left: u32 = sqlite
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[test]
fn readers_are_kept_as_long_as_the_file_is_the_same() {
    let files = Files::new();
    let mut writer = files.writer();
    writer.apply(&[fired(1, 1, 100)]).unwrap();
    let readers = ArchiveReaders::new(files.path());
    let listed = || readers.ask(|reader| Ok(ids(&reader.list_alerts(&all())?))).unwrap();
    let is_marked = |reader: &ArchiveReader| {
        let marks = reader
            .connection
            .query_row("SELECT count(*) FROM temp.sqlite_schema", [], |row| {
                row.get::<_, u32>(0)
            });
        Ok(marks.unwrap() > 0)
    };
    readers
        .ask(|reader| {
            reader.connection.execute_batch("CREATE TEMP TABLE mark (it)").unwrap();
            Ok(())
        })
        .unwrap();
    assert!(readers.ask(is_marked).unwrap());
    writer.apply(&[fired(2, 2, 100)]).unwrap();
    assert_eq!(listed(), numbers([2, 1]));

    // One in use is not given to another.
    readers
        .ask(|_| {
            assert!(!readers.ask(is_marked)?);
            Ok(())
        })
        .unwrap();
    drop(writer);
    for suffix in ["", "-wal", "-shm"] {
        let from = format!("{}{suffix}", files.path().display());
        fs::rename(&from, format!("{from}.damaged")).unwrap();
    }
    files.writer().apply(&[fired(1, 3, 100)]).unwrap();
    assert!(!readers.ask(is_marked).unwrap());
    assert_eq!(listed(), numbers([3]));
}

#[test]
fn it_opens_only_what_is_its_own() {
    let files = Files::new();
    files.writer();
    assert!(matches!(
        ArchiveWriter::open(&files.path(), "another"),
        Err(ArchiveError::ForeignStore { found, .. }) if found == STORE
    ));

    let sqlite = rusqlite::Connection::open(files.path()).unwrap();
    sqlite.pragma_update(None, "user_version", 99).unwrap();
    drop(sqlite);
    assert!(matches!(
        ArchiveWriter::open(&files.path(), STORE),
        Err(ArchiveError::Newer { found: 99, .. })
    ));

    let foreign = Files::new();
    let sqlite = rusqlite::Connection::open(foreign.path()).unwrap();
    sqlite.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    drop(sqlite);
    let before = fs::read(foreign.path()).unwrap();
    assert!(matches!(
        ArchiveWriter::open(&foreign.path(), STORE),
        Err(ArchiveError::NotAnArchive { .. })
    ));
    assert_eq!(fs::read(foreign.path()).unwrap(), before);
}

#[test]
fn damage_is_told_as_damage() {
    let files = Files::new();
    fs::write(files.path(), "this is no database, however long it may be ".repeat(100)).unwrap();
    assert!(matches!(
        ArchiveWriter::open(&files.path(), STORE),
        Err(ArchiveError::Damaged { .. })
    ));

    let files = Files::new();
    let log: Vec<_> = (1..=500).map(|n| fired(n, n, 100)).collect();
    files.writer().apply(&log).unwrap();
    // Every page but the first, which holds the schema.
    let mut bytes = fs::read(files.path()).unwrap();
    bytes[4096..].fill(0xa5);
    fs::write(files.path(), bytes).unwrap();
    let damaged = ArchiveWriter::open(&files.path(), STORE)
        .and_then(|mut writer| writer.apply(&[fired(501, 501, 100)]))
        .unwrap_err();
    assert!(matches!(damaged, ArchiveError::Damaged { .. }), "{damaged}");
}
