//! What happens in a test: `given`.

use std::time::Duration;

use super::{Given, Step, timed};
use crate::rules::{
    diagnostic::{Findings, Spanned},
    file::{AlertText, Fields, Node, TestNotification, Value, listed, notification, schedule},
};

pub(super) fn step(node: Node, findings: &mut Findings<'_>) -> Option<Step> {
    let (at, span, what) = timed(node, findings)?;
    let given = match what.value {
        Value::Text(text) => written(
            &Spanned {
                value: text,
                span: what.span,
            },
            findings,
        ),
        Value::Map(_) => spelled_out(what, findings),
        other => {
            findings.error(what.span, format!("{} where a step is expected", other.kind()));
            None
        }
    };
    given.map(|given| Step { at, given, span })
}

/// `conf {…}`, `party {…}` or `restart`
fn written(text: &Spanned<String>, findings: &mut Findings<'_>) -> Option<Given> {
    let (word, rest) = text
        .value
        .split_once(|c: char| c.is_whitespace() || c == '{')
        .unwrap_or((&text.value, ""));
    let body_start = text.value.len() - text.value[word.len()..].trim_start().len();
    let body = Spanned {
        value: text.value[body_start..].to_owned(),
        span: text.within(body_start..text.value.len(), findings.source()),
    };
    match word {
        "conf" => Some(Given::ConfText(body)),
        "party" => Some(Given::PartyText(body)),
        "acknowledge" => AlertText::read(&body, findings).map(Given::Acknowledge),
        "resolve" => AlertText::read(&body, findings).map(Given::Resolve),
        "restart" if rest.is_empty() => Some(Given::Restart { down: Duration::ZERO }),
        _ => {
            let span = text.within(0..word.len(), findings.source());
            let error = findings.error(span, format!("unknown step `{word}`"));
            error.advise(format!("there are {}", listed(&STEPS)));
            None
        }
    }
}

const STEPS: [&str; 7] = [
    "conf {…}",
    "party {…}",
    "restart",
    "reload: FILE",
    "silence: {…}",
    "acknowledge ALERT",
    "resolve ALERT",
];

/// `conf: {…}`, `party: {…}`, `restart: 90s`, `reload: FILE`, `silence: { filter, for, schedule }`, `acknowledge: ALERT` or `resolve: ALERT`
fn spelled_out(node: Node, findings: &mut Findings<'_>) -> Option<Given> {
    let mut fields = Fields::of(node, "a step", findings)?;
    let span = fields.head;
    let conf = fields.take("conf").map(|node| notification::conf(node, findings));
    let party = fields.take("party").map(|node| notification::party(node, findings));
    let restart = fields.duration("restart", findings);
    let reload = fields.text("reload", findings);
    let silence = fields.take("silence").map(|node| silence(node, findings));
    let acknowledge = fields.text("acknowledge", findings);
    let acknowledge = acknowledge.map(|alert| AlertText::read(&alert, findings).map(Given::Acknowledge));
    let resolve = fields.text("resolve", findings);
    let resolve = resolve.map(|alert| AlertText::read(&alert, findings).map(Given::Resolve));
    fields.finish(findings);
    let notification = |read: Option<TestNotification>| Some(Given::Notification(Box::new(read?)));
    let mut things = [
        conf.map(notification),
        party.map(notification),
        restart.map(|down| Some(Given::Restart { down: down.value })),
        reload.map(|file| Some(Given::Reload { file })),
        silence,
        acknowledge,
        resolve,
    ]
    .into_iter()
    .flatten();
    let thing = things.next();
    if things.next().is_some() {
        findings
            .error(span, "several things in one step")
            .advise("make each a step of its own");
        return None;
    }
    thing.flatten()
}

fn silence(node: Node, findings: &mut Findings<'_>) -> Option<Given> {
    let mut fields = Fields::of(node, "a silence", findings)?;
    let filter = fields.require("filter", findings).and_then(|node| node.text(findings));
    let lasts = fields.require("for", findings).and_then(|node| node.duration(findings));
    let schedule = fields.take("schedule");
    let schedule = schedule.map(|node| schedule::read_weekly(node, findings));
    fields.finish(findings);
    let schedule = match schedule {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Given::Silence {
        filter: filter?,
        lasts: lasts?.value,
        schedule,
    })
}
