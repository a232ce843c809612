//! The one that writes: takes what the event log says, in its order, and remembers how far it got in the same transaction.

use std::path::{Path, PathBuf};

use prost::Message as _;
use rusqlite::{Connection, Transaction, named_params, params};

use super::{ArchiveError, schema};
use crate::{
    api::{self, alert, alert_event},
    engine::{input::MailResult, outbox::Delivery},
    journal::{EventKind, EventRecord, Position},
    model::Time,
};

/// How many alerts, or deliveries, one transaction of [`ArchiveWriter::trim`] takes out, so that it never holds up the records for long.
const TRIMMED_AT_ONCE: u32 = 1_000;

/// The writing end of an archive. One at a time: the data folder's lock sees to that.
#[derive(Debug)]
pub struct ArchiveWriter {
    path: PathBuf,
    connection: Connection,
    reached: Option<Position>,
}

impl ArchiveWriter {
    /// Opens the archive of this store (its id as the service writes it), and makes it, readable by this user alone, if there is none.
    pub fn open(path: &Path, store: &str) -> Result<Self, ArchiveError> {
        let connection = schema::open(path, store)?;
        let reached = connection
            .query_row("SELECT reached_offset, reached_ordinal FROM archive", [], |row| {
                let reached: (Option<i64>, Option<u32>) = (row.get(0)?, row.get(1)?);
                Ok(reached)
            })
            .map_err(ArchiveError::at(path))?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            reached: match reached {
                (Some(offset), Some(ordinal)) => Some(Position {
                    offset: offset.cast_unsigned(),
                    ordinal,
                }),
                _ => None,
            },
        })
    }

    /// The last record taken; `None` before the first.
    pub fn position(&self) -> Option<Position> {
        self.reached
    }

    /// Takes records, all or none. Those that it has already are passed over, so that a feed may begin too early.
    pub fn apply(&mut self, batch: &[EventRecord]) -> Result<(), ArchiveError> {
        if let Some(pair) = batch.windows(2).find(|pair| pair[0].position >= pair[1].position) {
            return Err(ArchiveError::OutOfOrder {
                before: pair[0].position,
                after: pair[1].position,
            });
        }
        let new = batch.partition_point(|record| Some(record.position) <= self.reached);
        let Some(last) = batch[new..].last() else {
            return Ok(());
        };
        let sqlite = ArchiveError::at(&self.path);
        let transaction = self.connection.transaction().map_err(&sqlite)?;
        for record in &batch[new..] {
            let unreadable = || ArchiveError::UnreadableRecord { at: record.position };
            match record.kind {
                EventKind::Alert => {
                    let event = Event::read(&record.bytes).ok_or_else(unreadable)?;
                    event.write(record.position, &transaction).map_err(&sqlite)?;
                }
                EventKind::Delivery => {
                    let delivery = postcard::from_bytes(&record.bytes).map_err(|_| unreadable())?;
                    write_delivery(&delivery, record.position, &transaction).map_err(&sqlite)?;
                }
            }
        }
        transaction
            .prepare_cached("UPDATE archive SET reached_offset = ?1, reached_ordinal = ?2")
            .and_then(|mut update| update.execute(params![last.position.offset.cast_signed(), last.position.ordinal]))
            .map_err(&sqlite)?;
        transaction.commit().map_err(&sqlite)?;
        self.reached = Some(last.position);
        Ok(())
    }

    /// Takes out the alerts that ended before this time, with their events and deliveries; tells how many alerts there were. An open
    /// alert stays however old it is.
    pub fn trim(&mut self, before: Time) -> Result<usize, ArchiveError> {
        let trimmed = self.trim_by(|transaction| trim_alerts(before, transaction))?;
        // Those of an alert stay as long as it does.
        self.trim_by(|transaction| trim_deliveries(before, transaction))?;
        Ok(trimmed)
    }

    /// Takes some out at a time until there are no more; tells how many there were.
    fn trim_by(
        &mut self,
        take_out_some: impl Fn(&Transaction<'_>) -> rusqlite::Result<usize>,
    ) -> Result<usize, ArchiveError> {
        let sqlite = ArchiveError::at(&self.path);
        let mut trimmed = 0;
        loop {
            let transaction = self.connection.transaction().map_err(&sqlite)?;
            let count = take_out_some(&transaction).map_err(&sqlite)?;
            transaction.commit().map_err(&sqlite)?;
            trimmed += count;
            if count < TRIMMED_AT_ONCE as usize {
                return Ok(trimmed);
            }
        }
    }
}

/// An event in the terms of the tables.
struct Event {
    sequence: i64,
    kind: &'static str,
    at: i64,
    alert: api::Alert,
    started_at: i64,
    last_seen_at: i64,
    resolved_at: Option<i64>,
}

impl Event {
    /// `None` for bytes that are no event of the kind that the event log holds.
    fn read(bytes: &[u8]) -> Option<Self> {
        let event = api::AlertEvent::decode(bytes).ok()?;
        let kind = match event.r#type() {
            alert_event::Type::Fired => "fired",
            alert_event::Type::Updated => "updated",
            alert_event::Type::Escalated => "escalated",
            alert_event::Type::Acknowledged => "acknowledged",
            alert_event::Type::Silenced => "silenced",
            alert_event::Type::Unsilenced => "unsilenced",
            alert_event::Type::Inhibited => "inhibited",
            alert_event::Type::Uninhibited => "uninhibited",
            alert_event::Type::Resolved => "resolved",
            alert_event::Type::Unspecified | alert_event::Type::Current => return None,
        };
        let alert = event.alert?;
        Some(Self {
            sequence: i64::try_from(event.sequence).ok()?,
            kind,
            at: nanos(event.occurred_at.as_ref())?,
            started_at: nanos(alert.started_at.as_ref())?,
            last_seen_at: nanos(alert.last_seen_at.as_ref())?,
            resolved_at: match &alert.resolved_at {
                Some(at) => Some(nanos(Some(at))?),
                None => None,
            },
            alert,
        })
    }

    fn write(&self, position: Position, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let alert = &self.alert;
        transaction
            .prepare_cached(
                "INSERT INTO alert_events (sequence, input_offset, input_ordinal, type, at, alert_id, alert)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                self.sequence,
                position.offset.cast_signed(),
                position.ordinal,
                self.kind,
                self.at,
                alert.id,
                alert.encode_to_vec(),
            ])?;
        transaction
            .prepare_cached(
                "INSERT INTO alerts (id, rule, severity, state, billing_code, started_at, last_seen_at, resolved_at, first_event,
                     last_event)
                 VALUES (:id, :rule, :severity, :state, :billing_code, :started_at, :last_seen_at, :resolved_at, :event, :event)
                 ON CONFLICT (id) DO UPDATE SET severity = :severity, state = :state, last_seen_at = :last_seen_at,
                     resolved_at = :resolved_at, last_event = :event",
            )?
            .execute(named_params! {
                ":id": alert.id,
                ":rule": alert.rule,
                ":severity": severity(alert.severity()),
                ":state": if alert.state() == alert::State::Resolved { "resolved" } else { "firing" },
                ":billing_code": alert.key.get("billing_code"),
                ":started_at": self.started_at,
                ":last_seen_at": self.last_seen_at,
                ":resolved_at": self.resolved_at,
                ":event": self.sequence,
            })?;
        Ok(())
    }
}

fn nanos(timestamp: Option<&prost_types::Timestamp>) -> Option<i64> {
    let timestamp = timestamp?;
    Time::from_parts(timestamp.seconds, timestamp.nanos).map(Time::as_nanos)
}

fn severity(severity: api::Severity) -> &'static str {
    match severity {
        api::Severity::Unspecified => "unspecified",
        api::Severity::Info => "info",
        api::Severity::Warning => "warning",
        api::Severity::Critical => "critical",
    }
}

fn write_delivery(delivery: &Delivery, position: Position, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let (result, answer) = match &delivery.result {
        MailResult::Sent(answer) => ("sent", answer),
        MailResult::Deferred(answer) => ("deferred", answer),
        MailResult::Refused(answer) => ("refused", answer),
    };
    transaction
        .prepare_cached(
            "INSERT INTO deliveries (input_offset, input_ordinal, intent, receiver, recipient, attempt, date, at, result, answer,
                 retry_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            position.offset.cast_signed(),
            position.ordinal,
            delivery.intent.to_string(),
            delivery.receiver.as_str(),
            delivery.recipient,
            delivery.attempt,
            delivery.date.as_nanos(),
            delivery.at.as_nanos(),
            result,
            answer,
            delivery.retry_at.map(Time::as_nanos),
        ])?;
    for (place, alert) in (0u32..).zip(&delivery.alerts) {
        transaction
            .prepare_cached(
                "INSERT INTO delivery_alerts (input_offset, input_ordinal, place, alert_id) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                position.offset.cast_signed(),
                position.ordinal,
                place,
                alert.to_string(),
            ])?;
    }
    Ok(())
}

fn trim_alerts(before: Time, transaction: &Transaction<'_>) -> rusqlite::Result<usize> {
    let ended: Vec<String> = transaction
        .prepare_cached("SELECT id FROM alerts WHERE resolved_at < ?1 LIMIT ?2")?
        .query_map(params![before.as_nanos(), TRIMMED_AT_ONCE], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in &ended {
        for removal in [
            "DELETE FROM alert_events WHERE alert_id = ?1",
            "DELETE FROM delivery_alerts WHERE alert_id = ?1",
            "DELETE FROM alerts WHERE id = ?1",
        ] {
            transaction.prepare_cached(removal)?.execute([id])?;
        }
    }
    Ok(ended.len())
}

/// One that told of several alerts stays as long as any of them.
fn trim_deliveries(before: Time, transaction: &Transaction<'_>) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached(
            "DELETE FROM deliveries WHERE (input_offset, input_ordinal) IN (
                 SELECT input_offset, input_ordinal FROM deliveries AS old WHERE at < ?1 AND NOT EXISTS (
                     SELECT 1 FROM delivery_alerts AS told
                     WHERE told.input_offset = old.input_offset AND told.input_ordinal = old.input_ordinal)
                 LIMIT ?2)",
        )?
        .execute(params![before.as_nanos(), TRIMMED_AT_ONCE])
}
