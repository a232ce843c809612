//! Receivers and relays, in protobuf's mapping.

use serde_json::{Value, json};

use super::{object, timestamp, uint64};
use crate::api;

pub(in crate::cli) fn receivers(listed: &api::ListReceiversResponse) -> Value {
    object([
        ("receivers", listed.receivers.iter().map(receiver).collect()),
        ("relays", listed.relays.iter().map(relay).collect()),
    ])
}

fn receiver(receiver: &api::Receiver) -> Value {
    object([
        ("name", json!(receiver.name)),
        ("to", json!(receiver.to)),
        ("cc", json!(receiver.cc)),
        ("replyTo", json!(receiver.reply_to)),
        ("clearPersonalData", json!(receiver.clear_personal_data)),
        ("sendResolved", json!(receiver.send_resolved)),
        ("maxPerHour", json!(receiver.max_per_hour)),
        ("language", json!(receiver.language)),
        ("fallback", json!(receiver.fallback)),
        ("waitingMails", uint64(receiver.waiting_mails)),
        ("deferredMails", uint64(receiver.deferred_mails)),
        ("oldestMailAt", timestamp(receiver.oldest_mail_at.as_ref())),
    ])
}

fn relay(relay: &api::Relay) -> Value {
    object([("name", json!(relay.name)), ("trouble", json!(relay.trouble))])
}
