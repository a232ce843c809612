//! To the wire: why an alert fired, or why a rule did not. Personal data is masked here as everywhere.

use super::{alert_event, evidence, key, timestamp};
use crate::{
    api::{self, clock_change::Change, explained_notification::Taken as WireTaken, explanation_step::What},
    engine::{Clock, Seen, Taken},
    model::Evidence,
    service::explain::{Explanation, Step, Weighed},
};

/// What a rule saw and did.
pub fn explanation(explanation: &Explanation) -> api::Explanation {
    api::Explanation {
        rule: explanation.rule.to_string(),
        rule_text: explanation.text.clone(),
        steps: explanation.steps.iter().map(step).collect(),
        left_out_count: explanation.left_out,
        has_begun: explanation.has_begun,
    }
}

fn step(step: &Step) -> api::ExplanationStep {
    let (at, what) = match step {
        Step::Seen { seen, weighed } => (seen.received_at, What::Notification(notification(seen, weighed))),
        Step::Set { at, clock } => (*at, What::Clock(change(clock, Change::Set))),
        Step::Ended { at, clock, is_due } => {
            let kind = if *is_due { Change::Due } else { Change::Stopped };
            (*at, What::Clock(change(clock, kind)))
        }
        Step::Event(event) => (event.at, What::Event(alert_event(event))),
    };
    api::ExplanationStep {
        occurred_at: Some(timestamp(at)),
        what: Some(what),
    }
}

fn notification(seen: &Seen, weighed: &[Weighed]) -> api::ExplainedNotification {
    let taken = match seen.taken {
        Taken::News => WireTaken::News,
        Taken::Late => WireTaken::Late,
        Taken::Repeat => WireTaken::Repeat,
    };
    api::ExplainedNotification {
        notification: Some(evidence(&Evidence {
            sequence: seen.sequence,
            occurred_at: seen.at,
            received_at: seen.received_at,
            source: seen.notification.source.clone(),
            payload: seen.notification.payload.clone(),
        })),
        taken: taken.into(),
        expressions: weighed.iter().map(expression).collect(),
    }
}

fn expression(weighed: &Weighed) -> api::TracedExpression {
    let place = weighed.place.as_ref();
    let parts = weighed.trace.parts.iter().map(|part| api::TracedPart {
        text: part.text.clone(),
        depth: u32::try_from(part.depth).unwrap_or(u32::MAX),
        value: part.value.shown(false),
    });
    api::TracedExpression {
        file: place.map(|place| place.file.clone()).unwrap_or_default(),
        line: place.map_or(0, |place| place.line),
        column: place.map_or(0, |place| place.column),
        parts: parts.collect(),
    }
}

fn change(clock: &Clock, change: Change) -> api::ClockChange {
    api::ClockChange {
        change: change.into(),
        due_at: Some(timestamp(clock.due_at)),
        key: key(&clock.key),
    }
}
