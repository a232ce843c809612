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
        ("state", name(silence.state, api::silence::State::as_str_name)),
    ])
}
