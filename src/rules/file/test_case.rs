//! The shape of `tests:`, the rules' own tests. Running them is absent, and so is reading the vendor's text in a step: whoever runs a
//! test does both.

use std::{iter::Peekable, str::Chars, time::Duration};

use super::{
    Fields, Node, TestNotification, Value,
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
}

/// An alert event that must happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// When, from the start of the test.
    pub at: Duration,
    /// What.
    pub kind: AlertEventKind,
    /// The rule's name.
    pub rule: Spanned<String>,
    /// The alert's key, in the order in which it is written.
    pub key: Vec<(String, String)>,
    /// Where it is written.
    pub span: Span,
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
    let until = fields.duration("until", findings);
    let start = fields.text("start", findings);
    fields.finish(findings);
    let given: Vec<Step> = given.into_iter().filter_map(|node| step(node, findings)).collect();
    in_order(given.iter().map(|step| (step.at, step.span)), findings);
    let expect: Vec<Expected> = expect.into_iter().filter_map(|node| expected(node, findings)).collect();
    in_order(expect.iter().map(|expected| (expected.at, expected.span)), findings);
    Some(TestCase {
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
        "restart" if rest.is_empty() => Some(Given::Restart { down: Duration::ZERO }),
        _ => {
            let span = text.within(0..word.len(), findings.source());
            let error = findings.error(span, format!("unknown step `{word}`"));
            error.advise(format!("there are {}", listed(&STEPS)));
            None
        }
    }
}

const STEPS: [&str; 4] = ["conf {…}", "party {…}", "restart", "reload: FILE"];

/// `conf: {…}`, `party: {…}`, `restart: 90s` or `reload: FILE`
fn spelled_out(node: Node, findings: &mut Findings<'_>) -> Option<Given> {
    let mut fields = Fields::of(node, "a step", findings)?;
    let span = fields.head;
    let conf = fields.take("conf").map(|node| notification::conf(node, findings));
    let party = fields.take("party").map(|node| notification::party(node, findings));
    let restart = fields.duration("restart", findings);
    let reload = fields.text("reload", findings);
    fields.finish(findings);
    let notification = |read: Option<TestNotification>| Some(Given::Notification(Box::new(read?)));
    let mut things = [
        conf.map(notification),
        party.map(notification),
        restart.map(|down| Some(Given::Restart { down: down.value })),
        reload.map(|file| Some(Given::Reload { file })),
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

const EVENTS: [(&str, AlertEventKind); 2] = [("fired", AlertEventKind::Fired), ("resolved", AlertEventKind::Resolved)];

/// `- 90s: fired recording-stopped{billing_code="33333"}`
fn expected(node: Node, findings: &mut Findings<'_>) -> Option<Expected> {
    let (at, span, what) = timed(node, findings)?;
    let text = what.text(findings)?;
    let (word, alert) = text.value.split_once(' ').unwrap_or((&text.value, ""));
    let Some((_, kind)) = EVENTS.iter().find(|(name, _)| *name == word) else {
        let place = text.within(0..word.len(), findings.source());
        let error = findings.error(place, format!("unknown event `{word}`"));
        error.advise(format!("there are {}", listed(&EVENTS.map(|(name, _)| name))));
        return None;
    };
    let alert_start = text.value.len() - alert.trim_start().len();
    let alert = alert.trim();
    let name_end = alert.find('{').unwrap_or(alert.len());
    let Some(key) = key(&alert[name_end..]) else {
        let place = text.within(alert_start..text.value.len(), findings.source());
        findings
            .error(place, "not an alert")
            .advise("write it like `recording-stopped{billing_code=\"33333\"}`");
        return None;
    };
    let rule = Spanned {
        value: alert[..name_end].to_owned(),
        span: text.within(alert_start..alert_start + name_end, findings.source()),
    };
    Some(Expected {
        at,
        kind: *kind,
        rule,
        key,
        span,
    })
}

/// `{a="1",b="2"}`, with the values as Rust writes texts.
fn key(text: &str) -> Option<Vec<(String, String)>> {
    let inside = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut rest = inside.chars().peekable();
    let mut key = Vec::new();
    while rest.peek().is_some() {
        if !key.is_empty() {
            rest.next_if_eq(&',')?;
            while rest.next_if_eq(&' ').is_some() {}
        }
        let mut name = String::new();
        while let Some(c) = rest.next_if(|c| c.is_ascii_lowercase() || *c == '_') {
            name.push(c);
        }
        rest.next_if_eq(&'=')?;
        key.push((name, quoted(&mut rest)?));
    }
    Some(key)
}

fn quoted(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    rest.next_if_eq(&'"')?;
    let mut text = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => text.push(escaped(rest)?),
            c => text.push(c),
        }
    }
}

fn escaped(rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    match rest.next()? {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '0' => Some('\0'),
        'u' => {
            rest.next_if_eq(&'{')?;
            let mut code = 0u32;
            while let Some(digit) = rest.next_if(char::is_ascii_hexdigit) {
                code = code.checked_mul(16)?.checked_add(digit.to_digit(16)?)?;
            }
            rest.next_if_eq(&'}')?;
            char::from_u32(code)
        }
        c @ ('"' | '\\' | '\'') => Some(c),
        _ => None,
    }
}
