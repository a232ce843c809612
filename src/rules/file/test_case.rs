//! The shape of `tests:`, the rules' own tests. Running them is absent, and so is reading the vendor's text in a step: whoever runs a
//! test does both.

use std::time::Duration;

use super::{
    AlertText, Fields, Node, TestNotification, Value,
    fields::duration_of,
    listed,
    notification::{self, time},
};
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
    let given: Vec<Step> = given.into_iter().filter_map(|node| step(node, findings)).collect();
    in_order(given.iter().map(|step| (step.at, step.span)), findings);
    let expect: Vec<Expected> = expect.into_iter().filter_map(|node| expected(node, findings)).collect();
    in_order(expect.iter().map(|expected| (expected.at, expected.span)), findings);
    let deliveries = deliveries.map(|list| list.value.into_iter().filter_map(|node| mail(node, findings)).collect());
    let deliveries: Option<Vec<ExpectedMail>> = deliveries;
    in_order(deliveries.iter().flatten().map(|mail| (mail.at, mail.span)), findings);
    let down = down
        .into_iter()
        .filter_map(|(name, node)| self::down(name, node, findings));
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

fn step(node: Node, findings: &mut Findings<'_>) -> Option<Step> {
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

/// `conf: {…}`, `party: {…}`, `restart: 90s`, `reload: FILE`, `silence: { filter, for }`, `acknowledge: ALERT` or `resolve: ALERT`
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
    fields.finish(findings);
    let lasts = lasts?.value;
    Some(Given::Silence { filter: filter?, lasts })
}

/// What can be expected of an alert; an update is told by the number of its matches, which tests have no use for.
fn events() -> impl Iterator<Item = AlertEventKind> {
    let all = AlertEventKind::ALL.into_iter();
    all.filter(|kind| *kind != AlertEventKind::Updated)
}

/// `- 90s: fired recording-stopped{billing_code="33333"}`
fn expected(node: Node, findings: &mut Findings<'_>) -> Option<Expected> {
    let (at, span, what) = timed(node, findings)?;
    let text = what.text(findings)?;
    let (word, rest) = first_word(&text, findings);
    let Some(kind) = events().find(|kind| kind.name() == word) else {
        let place = text.within(0..word.len(), findings.source());
        let error = findings.error(place, format!("unknown event `{word}`"));
        let names: Vec<&str> = events().map(AlertEventKind::name).collect();
        error.advise(format!("there are {}", listed(&names)));
        return None;
    };
    let alert = AlertText::read(&rest, findings)?;
    Some(Expected { at, kind, alert, span })
}

/// The first word of a text, and what stands behind it.
fn first_word<'t>(text: &'t Spanned<String>, findings: &Findings<'_>) -> (&'t str, Spanned<String>) {
    let word = text.value.split_whitespace().next().unwrap_or_default();
    let start = text.value.find(word).unwrap_or_default() + word.len();
    let rest = text.value[start..].trim_start();
    let start = text.value.len() - rest.len();
    let rest = Spanned {
        value: rest.to_owned(),
        span: text.within(start..text.value.len(), findings.source()),
    };
    (word, rest)
}

/// `- 5s: bridge-ops fired port-full{billing_code="1"} resolved … open …`
fn mail(node: Node, findings: &mut Findings<'_>) -> Option<ExpectedMail> {
    let (at, span, what) = timed(node, findings)?;
    let text = what.text(findings)?;
    let (receiver, mut rest) = first_word(&text, findings);
    let receiver = Spanned {
        value: receiver.to_owned(),
        span: text.within(0..receiver.len(), findings.source()),
    };
    let mut mail = ExpectedMail {
        at,
        receiver,
        fired: Vec::new(),
        resolved: Vec::new(),
        open: Vec::new(),
        span,
    };
    let mut parts: &[&str] = &MAIL_PARTS;
    while !rest.value.is_empty() {
        let (word, after) = first_word(&rest, findings);
        let Some(part) = parts.iter().position(|part| *part == word) else {
            let error = findings.error(rest.span, format!("`{word}` where a part of a mail is expected"));
            error.advise("write `fired`, then `resolved`, then `open`, each with its alerts; leave out empty ones");
            return None;
        };
        let name = parts[part];
        parts = &parts[part + 1..];
        let end = next_part(&after.value, parts);
        let alerts = Spanned {
            value: after.value[..end].to_owned(),
            span: after.within(0..end, findings.source()),
        };
        let alerts = AlertText::read_all(&alerts, findings)?;
        match name {
            "fired" => mail.fired = alerts,
            "resolved" => mail.resolved = alerts,
            _ => mail.open = alerts,
        }
        rest = Spanned {
            value: after.value[end..].to_owned(),
            span: after.within(end..after.value.len(), findings.source()),
        };
    }
    Some(mail)
}

/// In their order.
const MAIL_PARTS: [&str; 3] = ["fired", "resolved", "open"];

/// Where the next part of a mail begins, outside of all quotes.
fn next_part(text: &str, parts: &[&str]) -> usize {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (place, c) in text.char_indices() {
        if !is_quoted && text[..place].ends_with(char::is_whitespace) {
            let word = text[place..].split_whitespace().next().unwrap_or_default();
            if parts.contains(&word) {
                return place;
            }
        }
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
    }
    text.len()
}

/// `receivers: { bridge-ops: { down: [0s, 90s] } }`
fn down(name: Spanned<String>, node: Node, findings: &mut Findings<'_>) -> Option<Down> {
    let mut fields = Fields::of(node, "a receiver of a test", findings)?;
    let node = fields.require("down", findings);
    fields.finish(findings);
    let list = node?.list(findings)?;
    let times: Vec<_> = list
        .value
        .into_iter()
        .filter_map(|node| node.duration(findings))
        .collect();
    match times.as_slice() {
        [from, to] if from.value < to.value => Some(Down {
            receiver: name,
            from: from.value,
            to: to.value,
        }),
        _ => {
            findings
                .error(list.span, "not a time from and to")
                .advise("write it like `[0s, 90s]`");
            None
        }
    }
}
