//! How mails fared, attempt by attempt.

use rusqlite::{Row, params, types::Type};

use super::{ArchiveError, reader::ArchiveReader};
use crate::{
    engine::{
        input::MailResult,
        outbox::{Delivery, IntentId},
    },
    journal::Position,
    model::{AlertId, Time},
};

/// Which deliveries to list.
pub struct DeliveryQuery<'a> {
    /// Those of mails that told of this alert; `None`: of all.
    pub alert: Option<AlertId>,
    /// Those for which this holds.
    pub wanted: &'a dyn Fn(&Delivery) -> bool,
    /// Goes on before this one, which the page before ended with: [`DeliveryPage::next`].
    pub before: Option<Position>,
    /// How many at most; at least 1.
    pub limit: usize,
}

/// A part of a list of deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPage {
    /// The deliveries; there may be few or none although more follow.
    pub deliveries: Vec<Delivery>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Position>,
}

impl ArchiveReader {
    /// A page of deliveries, the latest first. It looks at 100,000 at most.
    pub fn list_deliveries(&self, query: &DeliveryQuery<'_>) -> Result<DeliveryPage, ArchiveError> {
        let sqlite = ArchiveError::at(&self.path);
        let before = query.before.map_or((i64::MAX, u32::MAX), |before| {
            (before.offset.cast_signed(), before.ordinal)
        });
        let mut select = self
            .connection
            .prepare_cached(if query.alert.is_some() { OF_AN_ALERT } else { OF_ALL })
            .map_err(&sqlite)?;
        let alert = query.alert.map(|alert| alert.to_string());
        let mut rows = select.query(params![before.0, before.1, alert]).map_err(&sqlite)?;
        let mut page = DeliveryPage {
            deliveries: Vec::new(),
            next: None,
        };
        let mut last = None;
        let mut looked_at = 0;
        while let Some(row) = rows.next().map_err(&sqlite)? {
            if looked_at == self.max_rows || page.deliveries.len() == query.limit {
                page.next = last;
                break;
            }
            looked_at += 1;
            let (position, delivery) = listed(row).map_err(&sqlite)?;
            if (query.wanted)(&delivery) {
                page.deliveries.push(delivery);
            }
            last = Some(position);
        }
        Ok(page)
    }
}

/// ?1 and ?2: before which place in the event log; ?3: of which alert.
const OF_ALL: &str = "
SELECT intent, receiver, recipient, attempt, date, at, result, answer, retry_at, (
    SELECT group_concat(alert_id, ' ' ORDER BY place) FROM delivery_alerts AS listed
    WHERE listed.input_offset = told.input_offset AND listed.input_ordinal = told.input_ordinal),
    input_offset, input_ordinal
FROM deliveries AS told WHERE (input_offset, input_ordinal) < (?1, ?2) AND ?3 IS NULL
ORDER BY input_offset DESC, input_ordinal DESC";
const OF_AN_ALERT: &str = "
SELECT intent, receiver, recipient, attempt, date, at, result, answer, retry_at, (
    SELECT group_concat(alert_id, ' ' ORDER BY place) FROM delivery_alerts AS listed
    WHERE listed.input_offset = told.input_offset AND listed.input_ordinal = told.input_ordinal),
    input_offset, input_ordinal
FROM delivery_alerts AS told JOIN deliveries USING (input_offset, input_ordinal)
WHERE told.alert_id = ?3 AND (input_offset, input_ordinal) < (?1, ?2)
ORDER BY input_offset DESC, input_ordinal DESC";

fn listed(row: &Row<'_>) -> rusqlite::Result<(Position, Delivery)> {
    let unreadable = |column| rusqlite::Error::InvalidColumnType(column, String::new(), Type::Text);
    let intent: String = row.get(0)?;
    let receiver: String = row.get(1)?;
    let result: String = row.get(6)?;
    let answer = row.get(7)?;
    // A mail that tries a receiver lists none.
    let alerts: Option<String> = row.get(9)?;
    let alerts = alerts.as_deref().unwrap_or_default().split_ascii_whitespace();
    let alerts = alerts.map(|alert| alert.parse::<AlertId>().map_err(|_| unreadable(9)));
    let delivery = Delivery {
        intent: IntentId(u128::from_str_radix(&intent, 16).map_err(|_| unreadable(0))?),
        alerts: alerts.collect::<Result<_, _>>()?,
        receiver: receiver.into(),
        recipient: row.get(2)?,
        attempt: row.get(3)?,
        date: Time::from_nanos(row.get(4)?),
        at: Time::from_nanos(row.get(5)?),
        result: match result.as_str() {
            "sent" => MailResult::Sent(answer),
            "deferred" => MailResult::Deferred(answer),
            "refused" => MailResult::Refused(answer),
            _ => return Err(unreadable(6)),
        },
        retry_at: row.get::<_, Option<i64>>(8)?.map(Time::from_nanos),
    };
    let position = Position {
        offset: row.get::<_, i64>(10)?.cast_unsigned(),
        ordinal: row.get(11)?,
    };
    Ok((position, delivery))
}
