//! Explanations as JSON.

use serde_json::{Value, json};

use super::{alert_event, evidence, name, object, timestamp, uint64};
use crate::api::{self, explanation_step::What};

/// Why an alert fired, or why a rule did not.
pub(in crate::cli) fn explanation(explanation: &api::Explanation) -> Value {
    object([
        ("rule", json!(explanation.rule)),
        ("ruleText", json!(explanation.rule_text)),
        ("steps", explanation.steps.iter().map(step).collect()),
        ("leftOutCount", uint64(explanation.left_out_count)),
        ("hasBegun", json!(explanation.has_begun)),
    ])
}

fn step(step: &api::ExplanationStep) -> Value {
    let (mut seen, mut clock, mut event) = (Value::Null, Value::Null, Value::Null);
    match &step.what {
        Some(What::Notification(of)) => seen = notification(of),
        Some(What::Clock(of)) => clock = change(of),
        Some(What::Event(of)) => event = alert_event(of),
        None => {}
    }
    object([
        ("occurredAt", timestamp(step.occurred_at.as_ref())),
        ("notification", seen),
        ("clock", clock),
        ("event", event),
    ])
}

fn notification(seen: &api::ExplainedNotification) -> Value {
    object([
        ("notification", seen.notification.as_ref().map_or(Value::Null, evidence)),
        (
            "taken",
            name(seen.taken, api::explained_notification::Taken::as_str_name),
        ),
        ("expressions", seen.expressions.iter().map(expression).collect()),
    ])
}

fn expression(expression: &api::TracedExpression) -> Value {
    let part = |part: &api::TracedPart| {
        object([
            ("text", json!(part.text)),
            ("depth", json!(part.depth)),
            ("value", json!(part.value)),
        ])
    };
    object([
        ("file", json!(expression.file)),
        ("line", json!(expression.line)),
        ("column", json!(expression.column)),
        ("parts", expression.parts.iter().map(part).collect()),
    ])
}

fn change(clock: &api::ClockChange) -> Value {
    object([
        ("change", name(clock.change, api::clock_change::Change::as_str_name)),
        ("dueAt", timestamp(clock.due_at.as_ref())),
        ("key", json!(clock.key)),
    ])
}
