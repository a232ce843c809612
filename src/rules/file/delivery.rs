//! The shape of `receivers:`, `route:` and `inhibit:`. Whether their names name anything, and what the expressions mean, is absent: that
//! is checked when the document is compiled.

use std::time::Duration;

use super::{Fields, Node, Value, listed};
use crate::{
    model::Language,
    rules::diagnostic::{Findings, Span, Spanned},
};

/// How many mails an hour a receiver can be limited to.
const MAX_PER_HOUR: std::ops::RangeInclusive<u32> = 1..=10_000;

/// A receiver as written.
#[derive(Debug)]
pub struct ReceiverText {
    /// Its name.
    pub name: Spanned<String>,
    /// Addresses.
    pub to: Vec<Spanned<String>>,
    /// Addresses that get a copy.
    pub cc: Vec<Spanned<String>>,
    /// Where answers go.
    pub reply_to: Option<Spanned<String>>,
    /// `personal_data: clear`
    pub clear: bool,
    /// `send_resolved`; true if not given.
    pub send_resolved: bool,
    /// `max_per_hour`
    pub max_per_hour: Option<u32>,
    /// `language`; English if not given.
    pub language: Language,
    /// Who is told where this one cannot be reached.
    pub fallback: Option<Spanned<String>>,
}

/// `route`, or an element of its `routes`; what is not given is the one's above it.
#[derive(Debug)]
pub struct RouteText {
    /// All of it.
    pub span: Span,
    /// Its first key, or all of it if it has none: the place to complain about it as a whole.
    pub head: Span,
    /// What it takes; `None`: all.
    pub filter: Option<Spanned<String>>,
    /// Who is told.
    pub receiver: Option<Spanned<String>>,
    /// What the alerts told of in one mail have in common.
    pub group_by: Option<GroupByText>,
    /// How long a group waits for more.
    pub group_wait: Option<Spanned<Duration>>,
    /// How long after a group's last mail the next one leaves.
    pub group_interval: Option<Spanned<Duration>>,
    /// How long after an alert was told it is told again, each time; empty: never.
    pub repeat_interval: Option<Vec<Spanned<Duration>>>,
    /// Who else is told, and when.
    pub escalate: Option<Vec<EscalationText>>,
    /// Schedules while which nothing is told.
    pub mute: Option<Vec<Spanned<String>>>,
    /// The schedule outside of which nothing is told.
    pub during: Option<Spanned<String>>,
    /// Whether the routes after it are asked too.
    pub continues: bool,
    /// The routes below it.
    pub routes: Vec<RouteText>,
}

/// `group_by`
#[derive(Debug)]
pub enum GroupByText {
    /// `each`: nothing but itself.
    Each,
    /// Names.
    Names(Vec<Spanned<String>>),
}

/// `{ after, receiver }`
#[derive(Debug)]
pub struct EscalationText {
    /// How long after the first mail.
    pub after: Spanned<Duration>,
    /// Who is told.
    pub receiver: Spanned<String>,
}

/// An element of `inhibit`.
#[derive(Debug)]
pub struct InhibitionText {
    /// The alerts that hold others back.
    pub source: Spanned<String>,
    /// The alerts that are held back.
    pub target: Spanned<String>,
    /// Names whose values both must share.
    pub equal: Vec<Spanned<String>>,
}

/// Reads an element of `receivers`.
pub(super) fn receiver(node: Node, findings: &mut Findings<'_>) -> Option<ReceiverText> {
    let mut fields = Fields::of(node, "a receiver", findings)?;
    let name = fields.require("name", findings).and_then(|node| node.text(findings));
    let fallback = fields.text("fallback", findings);
    let email = fields
        .require("email", findings)
        .and_then(|node| Fields::of(node, "`email`", findings));
    fields.finish(findings);
    let mut email = email?;
    let to = email.require("to", findings).and_then(|node| node.text_list(findings));
    let cc = email.take("cc").and_then(|node| node.text_list(findings));
    let reply_to = email.text("reply_to", findings);
    let personal_data = email.text("personal_data", findings);
    let send_resolved = email.boolean("send_resolved", findings);
    let max_per_hour = email.take("max_per_hour");
    let max_per_hour = max_per_hour.and_then(|node| node.whole(MAX_PER_HOUR, findings));
    let language = email.text("language", findings);
    email.finish(findings);
    Some(ReceiverText {
        name: name?,
        to: to.map(|to| to.value).unwrap_or_default(),
        cc: cc.map(|cc| cc.value).unwrap_or_default(),
        reply_to,
        clear: personal_data.is_some_and(|text| clear(&text, findings)),
        send_resolved: send_resolved.unwrap_or(true),
        max_per_hour: max_per_hour.map(|most| most.value),
        language: language
            .and_then(|text| self::language(&text, findings))
            .unwrap_or_default(),
        fallback,
    })
}

fn clear(text: &Spanned<String>, findings: &mut Findings<'_>) -> bool {
    if !["masked", "clear"].contains(&text.value.as_str()) {
        let error = findings.error(text.span, format!("`personal_data` cannot be `{}`", text.value));
        error.advise("write `masked` or `clear`");
    }
    text.value == "clear"
}

fn language(text: &Spanned<String>, findings: &mut Findings<'_>) -> Option<Language> {
    let named = Language::ALL.into_iter().find(|language| language.tag() == text.value);
    if named.is_none() {
        let error = findings.error(
            text.span,
            format!("no mail is written in the language `{}`", text.value),
        );
        error.advise(format!("there are {}", listed(&Language::ALL.map(Language::tag))));
    }
    named
}

/// Reads `route`.
pub(super) fn route(node: Node, findings: &mut Findings<'_>) -> Option<RouteText> {
    let mut fields = Fields::of(node, "`route`", findings)?;
    let route = route_of(&mut fields, findings);
    fields.finish(findings);
    Some(route)
}

fn branch(node: Node, findings: &mut Findings<'_>) -> Option<RouteText> {
    let mut fields = Fields::of(node, "an element of `routes`", findings)?;
    let filter = fields.text("match", findings);
    let continues = fields.boolean("continue", findings);
    let route = route_of(&mut fields, findings);
    fields.finish(findings);
    Some(RouteText {
        filter,
        continues: continues.unwrap_or(false),
        ..route
    })
}

/// What a route can have wherever it stands.
fn route_of(fields: &mut Fields, findings: &mut Findings<'_>) -> RouteText {
    RouteText {
        span: fields.span,
        head: fields.head,
        filter: None,
        receiver: fields.text("receiver", findings),
        group_by: fields.take("group_by").and_then(|node| group_by(node, findings)),
        group_wait: fields.duration("group_wait", findings),
        group_interval: fields.duration("group_interval", findings),
        repeat_interval: fields.take("repeat_interval").and_then(|node| repeat(node, findings)),
        escalate: fields.take("escalate").and_then(|node| escalations(node, findings)),
        mute: fields
            .take("mute")
            .and_then(|node| node.texts(findings))
            .map(|names| names.value),
        during: fields.text("during", findings),
        continues: false,
        routes: fields
            .list("routes", findings)
            .into_iter()
            .filter_map(|node| branch(node, findings))
            .collect(),
    }
}

fn group_by(node: Node, findings: &mut Findings<'_>) -> Option<GroupByText> {
    match &node.value {
        Value::Text(text) if text == "each" => Some(GroupByText::Each),
        Value::List(_) => node.text_list(findings).map(|names| GroupByText::Names(names.value)),
        _ => {
            let error = findings.error(node.span, "`group_by` is a list of names, or `each`");
            error.advise("write it like `[rule, billing_code]`; `[]` puts all into one mail, `each` none together");
            None
        }
    }
}

/// One duration, a list of them, or `never`.
fn repeat(node: Node, findings: &mut Findings<'_>) -> Option<Vec<Spanned<Duration>>> {
    match node.value {
        Value::Text(text) if text == "never" => Some(Vec::new()),
        Value::List(list) if list.is_empty() => {
            findings
                .error(node.span, "`repeat_interval` is empty")
                .advise("write `never`");
            None
        }
        Value::List(list) => Some(list.into_iter().filter_map(|node| node.duration(findings)).collect()),
        _ => node.duration(findings).map(|every| vec![every]),
    }
}

fn escalations(node: Node, findings: &mut Findings<'_>) -> Option<Vec<EscalationText>> {
    let list = node.list(findings)?.value;
    Some(list.into_iter().filter_map(|node| escalation(node, findings)).collect())
}

fn escalation(node: Node, findings: &mut Findings<'_>) -> Option<EscalationText> {
    let mut fields = Fields::of(node, "an element of `escalate`", findings)?;
    let after = fields
        .require("after", findings)
        .and_then(|node| node.duration(findings));
    let receiver = fields
        .require("receiver", findings)
        .and_then(|node| node.text(findings));
    fields.finish(findings);
    Some(EscalationText {
        after: after?,
        receiver: receiver?,
    })
}

/// Reads an element of `inhibit`.
pub(super) fn inhibition(node: Node, findings: &mut Findings<'_>) -> Option<InhibitionText> {
    let mut fields = Fields::of(node, "an element of `inhibit`", findings)?;
    let source = fields.require("source", findings).and_then(|node| node.text(findings));
    let target = fields.require("target", findings).and_then(|node| node.text(findings));
    let equal = fields.take("equal").and_then(|node| node.text_list(findings));
    fields.finish(findings);
    Some(InhibitionText {
        source: source?,
        target: target?,
        equal: equal.map(|names| names.value).unwrap_or_default(),
    })
}
