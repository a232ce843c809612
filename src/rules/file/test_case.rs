//! The shape of `tests:`, the rules' own tests. Running them is absent, and so is reading the vendor's text in a step: whoever runs a
//! test does both.

mod expected;
mod step;

use std::time::Duration;

use super::{AlertText, Fields, Node, TestNotification, Value, WeeklyText, fields::duration_of, notification::time};
use crate::{
    model::{AlertEventKind, Time},
    rules::diagnostic::{Findings, Span, Spanned},
};

/// One test: notifications at their times, and the alert events that they must cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCase {
    /// Its name.
    pub name: Spanned<String>,
    /// The rules that take part; `None`: all.
    pub rules: Option<Vec<Spanned<String>>>,
    /// What is received, in order.
    pub given: Vec<Step>,
    /// Every alert event that must happen, in order.
    pub expect: Vec<Expected>,
    /// Every mail that must leave, in order; `None`: the test does not look at mails.
    pub deliveries: Option<Vec<ExpectedMail>>,
    /// When mail servers take nothing.
    pub down: Vec<Down>,
    /// How long the test looks; `None`: until the last time named in it.
    pub until: Option<Duration>,
    /// When it begins; `None`: 2026-01-05T08:00:00Z.
    pub start: Option<Time>,
}

/// Something that happens in a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When, from the start of the test.
    pub at: Duration,
    /// What.
    pub given: Given,
    /// Where it is written.
    pub span: Span,
}

/// What happens in a step of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// The vendor's text of a meeting's notification.
    ConfText(Spanned<String>),
    /// The vendor's text of a participant's notification.
    PartyText(Spanned<String>),
    /// A notification written out.
    Notification(Box<TestNotification>),
    /// The service goes down and comes back.
    Restart {
        /// How long it is down; zero: back at once.
        down: Duration,
    },
    /// Another file takes the place of the test's own, and the rules are read anew.
    Reload {
        /// Its name; it lies beside the test's file.
        file: Spanned<String>,
    },
    /// The mail of some alerts is held back.
    Silence {
        /// Which: an expression over the alert.
        filter: Spanned<String>,
        /// For how long.
        lasts: Duration,
        /// When within it; `None`: all the time.
        schedule: Option<WeeklyText>,
    },
    /// Somebody takes an alert on.
    Acknowledge(AlertText),
    /// Somebody ends an alert.
    Resolve(AlertText),
}

/// An alert event that must happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// When, from the start of the test.
    pub at: Duration,
    /// What.
    pub kind: AlertEventKind,
    /// To what.
    pub alert: AlertText,
    /// Where it is written.
    pub span: Span,
}

/// A mail that must leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedMail {
    /// When, from the start of the test.
    pub at: Duration,
    /// To whom.
    pub receiver: Spanned<String>,
    /// The alerts that it is the first to tell of.
    pub fired: Vec<AlertText>,
    /// Those that it is the first to tell the end of.
    pub resolved: Vec<AlertText>,
    /// Those that were told before and burn.
    pub open: Vec<AlertText>,
    /// Where it is written.
    pub span: Span,
}

/// A time for which a receiver's mail server takes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// The receiver's name.
    pub receiver: Spanned<String>,
    /// From when on, from the start of the test.
    pub from: Duration,
    /// Until when.
    pub to: Duration,
}

impl TestCase {
    /// Whether rules are read anew in it.
    pub fn reloads(&self) -> bool {
        self.given.iter().any(|step| matches!(step.given, Given::Reload { .. }))
    }
}

/// Reads one element of `tests:`.
pub(super) fn read(node: Node, findings: &mut Findings<'_>) -> Option<TestCase> {
    let mut fields = Fields::of(node, "a test", findings)?;
    let name = fields.require("name", findings).and_then(|node| node.text(findings));
    let rules = fields.take("rules").and_then(|node| node.text_list(findings));
    let given = fields.list("given", findings);
    let expect = fields.list("expect", findings);
    let deliveries = fields.take("deliveries").and_then(|node| node.list(findings));
    let down = fields.entries("receivers", findings);
    let until = fields.duration("until", findings);
    let start = fields.text("start", findings);
    fields.finish(findings);
    let given: Vec<Step> = given
        .into_iter()
        .filter_map(|node| step::step(node, findings))
        .collect();
    in_order(given.iter().map(|step| (step.at, step.span)), findings);
    let expect: Vec<Expected> = expect
        .into_iter()
        .filter_map(|node| expected::expected(node, findings))
        .collect();
    in_order(expect.iter().map(|expected| (expected.at, expected.span)), findings);
    let deliveries = deliveries.map(|list| {
        list.value
            .into_iter()
            .filter_map(|node| expected::mail(node, findings))
            .collect()
    });
    let deliveries: Option<Vec<ExpectedMail>> = deliveries;
    in_order(deliveries.iter().flatten().map(|mail| (mail.at, mail.span)), findings);
    let down = down
        .into_iter()
        .filter_map(|(name, node)| expected::down(name, node, findings));
    Some(TestCase {
        down: down.collect(),
        deliveries,
        rules: rules.map(|rules| rules.value),
        given,
        expect,
        until: until.map(|until| until.value),
        start: start.and_then(|text| time(&text, findings)),
        name: name?,
    })
}

/// Steps stand in the order in which they happen.
fn in_order(times: impl Iterator<Item = (Duration, Span)>, findings: &mut Findings<'_>) {
    let mut latest = Duration::ZERO;
    for (at, span) in times {
        if at < latest {
            let error = findings.error(span, "earlier than what stands before it");
            error.advise("steps stand in the order in which they happen");
        }
        latest = latest.max(at);
    }
}

/// `- 60s: what`: the time and what happens then.
fn timed(node: Node, findings: &mut Findings<'_>) -> Option<(Duration, Span, Node)> {
    let span = node.span;
    if let Value::Map(mut entries) = node.value
        && entries.len() == 1
        && let Some((time, what)) = entries.pop()
    {
        let at = duration_of(&time, findings)?;
        return Some((at.value, span, what));
    }
    findings
        .error(span, "a step is one time with what happens then")
        .advise("write it like `- 60s: …`");
    None
}
