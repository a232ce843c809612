//! Silences, in protobuf's mapping.

use serde_json::{Value, json};

use super::{name, object, timestamp};
use crate::api;

pub(in crate::cli) fn silence(silence: &api::Silence) -> Value {
    object([
        ("id", json!(silence.id)),
        ("filter", json!(silence.filter)),
        ("startsAt", timestamp(silence.starts_at.as_ref())),
        ("endsAt", timestamp(silence.ends_at.as_ref())),
        ("author", json!(silence.author)),
        ("comment", json!(silence.comment)),
        ("schedule", silence.schedule.as_ref().map_or(Value::Null, weekly_times)),
        ("changesAt", timestamp(silence.changes_at.as_ref())),
        ("endedAt", timestamp(silence.ended_at.as_ref())),
        ("state", name(silence.state, api::silence::State::as_str_name)),
    ])
}

fn weekly_times(times: &api::WeeklyTimes) -> Value {
    object([
        ("timeZone", json!(times.time_zone)),
        ("weekdays", json!(times.weekdays)),
        ("times", json!(times.times)),
    ])
}
