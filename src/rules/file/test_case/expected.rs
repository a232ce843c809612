//! What a test expects: events of alerts (`expect`) and mails (`deliveries`).

use super::{Down, Expected, ExpectedMail, timed};
use crate::{
    model::AlertEventKind,
    rules::{
        diagnostic::{Findings, Spanned},
        file::{AlertText, Fields, Node, listed},
    },
};

/// What can be expected of an alert; an update is told by the number of its matches, which tests have no use for.
fn events() -> impl Iterator<Item = AlertEventKind> {
    let all = AlertEventKind::ALL.into_iter();
    all.filter(|kind| *kind != AlertEventKind::Updated)
}

/// `- 90s: fired recording-stopped{billing_code="33333"}`
pub(super) fn expected(node: Node, findings: &mut Findings<'_>) -> Option<Expected> {
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
pub(super) fn mail(node: Node, findings: &mut Findings<'_>) -> Option<ExpectedMail> {
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
pub(super) fn down(name: Spanned<String>, node: Node, findings: &mut Findings<'_>) -> Option<Down> {
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
