//! Where alerts go and how their mails fare, in protobuf's mapping.

use serde_json::{Value, json};

use super::{name, object, timestamp};
use crate::api;

pub(in crate::cli) fn delivery(delivery: &api::Delivery) -> Value {
    object([
        ("mailId", json!(delivery.mail_id)),
        ("alertIds", json!(delivery.alert_ids)),
        ("receiver", json!(delivery.receiver)),
        ("recipient", json!(delivery.recipient)),
        ("attempt", json!(delivery.attempt)),
        ("mailedAt", timestamp(delivery.mailed_at.as_ref())),
        ("endedAt", timestamp(delivery.ended_at.as_ref())),
        ("outcome", name(delivery.outcome, api::delivery::Outcome::as_str_name)),
        ("answer", json!(delivery.answer)),
        ("retryAt", timestamp(delivery.retry_at.as_ref())),
    ])
}

pub(in crate::cli) fn destination(destination: &api::Destination) -> Value {
    object([
        ("way", destination.way.iter().map(passed_route).collect()),
        ("receiver", json!(destination.receiver)),
        ("recipients", json!(destination.recipients)),
        ("group", json!(destination.group)),
        ("each", json!(destination.each)),
        ("heldBy", json!(destination.held_by)),
        ("firstMailAt", timestamp(destination.first_mail_at.as_ref())),
        ("mails", destination.mails.iter().map(expected_mail).collect()),
    ])
}

fn passed_route(route: &api::PassedRoute) -> Value {
    object([
        ("filter", json!(route.filter)),
        ("file", json!(route.file)),
        ("line", json!(route.line)),
    ])
}

fn expected_mail(mail: &api::ExpectedMail) -> Value {
    object([
        (
            "after",
            mail.after
                .as_ref()
                .map_or(Value::Null, |after| json!(after.to_string())),
        ),
        ("receiver", json!(mail.receiver)),
    ])
}
