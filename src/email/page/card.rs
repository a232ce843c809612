//! One alert in a mail: whole where the mail is about it alone, short where it is one of many.

use super::{
    color,
    shown::{self, MAX_VALUE, is_link, utc},
    words::Words,
};
use crate::{
    email::clean::{lines, one_line},
    engine::outbox::Intent,
    model::{Alert, AlertState, Evidence, Party, Payload},
};

/// Longest description of an alert that stands alone, in characters, and of one among others.
const MAX_DESCRIPTION: usize = 8_000;
const MAX_SHORT_DESCRIPTION: usize = 300;

/// How much is said of each alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Everything: it is the only one.
    Whole,
    /// What it is and what it means: one of a few.
    Short,
    /// A line: one of many.
    Line,
}

impl Detail {
    /// How much is said of each of so many.
    pub(super) fn of(alerts: usize) -> Self {
        match alerts {
            ..=1 => Self::Whole,
            2..=10 => Self::Short,
            _ => Self::Line,
        }
    }
}

/// What the templates see of an alert.
#[derive(Debug)]
pub(super) struct Card {
    pub color: &'static str,
    pub severity: &'static str,
    pub title: String,
    /// `port-full · meeting 33333 · since 10:00:00`
    pub line: String,
    pub description: String,
    pub facts: Vec<Fact>,
    pub runbook: String,
    pub runbook_is_link: bool,
    pub console: String,
    /// One of many: nothing but its title and its line.
    pub is_line: bool,
    pub evidence: Vec<Item>,
}

/// A name and its value.
#[derive(Debug)]
pub(super) struct Fact {
    pub name: String,
    pub value: String,
}

/// Something that happened.
#[derive(Debug)]
pub(super) struct Item {
    pub at: String,
    pub text: String,
}

impl Card {
    pub(super) fn of(alert: &Alert, detail: Detail, intent: &Intent, console: Option<&str>, words: Words) -> Self {
        let clear = intent.clear;
        // What to do about it is over with it.
        let detail = if detail == Detail::Short && is_over(alert) {
            Detail::Line
        } else {
            detail
        };
        let is_whole = detail == Detail::Whole;
        let runbook = match detail {
            Detail::Line => "",
            Detail::Whole | Detail::Short => &alert.runbook_url,
        };
        Self {
            color: color(alert.severity, is_over(alert)),
            severity: words.severity(alert.severity),
            title: title(alert, clear),
            line: line(alert, intent, words),
            description: match detail {
                Detail::Whole => lines(alert.description.shown(clear), MAX_DESCRIPTION),
                Detail::Short => one_line(alert.description.shown(clear), MAX_SHORT_DESCRIPTION),
                Detail::Line => String::new(),
            },
            facts: if is_whole {
                facts(alert, clear, words)
            } else {
                Vec::new()
            },
            runbook_is_link: is_link(runbook),
            runbook: one_line(runbook, 1_000),
            console: console.map_or_else(String::new, |base| {
                format!("{}/alerts/{}", base.trim_end_matches('/'), alert.id)
            }),
            is_line: detail == Detail::Line,
            evidence: if is_whole {
                alert
                    .evidence
                    .iter()
                    .map(|evidence| item(evidence, clear, words))
                    .collect()
            } else {
                Vec::new()
            },
        }
    }

    /// Whether it leads anywhere.
    pub(super) fn has_links(&self) -> bool {
        !self.runbook.is_empty() || !self.console.is_empty()
    }
}

/// The alert's summary, or its rule's name where it has none.
pub(super) fn title(alert: &Alert, clear: bool) -> String {
    let summary = one_line(alert.summary.shown(clear), MAX_VALUE);
    if summary.is_empty() {
        one_line(&alert.rule, MAX_VALUE)
    } else {
        summary
    }
}

fn is_over(alert: &Alert) -> bool {
    matches!(alert.state, AlertState::Resolved { .. })
}

fn line(alert: &Alert, intent: &Intent, words: Words) -> String {
    let clock = |time| shown::clock_on(intent.date, time);
    let mut parts = vec![one_line(&alert.rule, MAX_VALUE)];
    for (name, value) in &alert.key {
        let value = shown::value(name, value, intent.clear);
        parts.push(match name.as_str() {
            "billing_code" => words.meeting(&value),
            _ => value,
        });
    }
    parts.push(match alert.state {
        AlertState::Resolved { at, .. } => format!(
            "{} - {} ({})",
            clock(alert.started_at),
            clock(at),
            words.lasted(at - alert.started_at)
        ),
        AlertState::Firing => format!("{} {}", words.pick("since", "始于"), clock(alert.started_at)),
    });
    if alert.occurrences > 1 {
        parts.push(format!("{}×", alert.occurrences));
    }
    if let Some(taken) = &alert.acknowledgement {
        let who = one_line(&taken.who, MAX_VALUE / 4);
        parts.push(format!("{} {who}", words.pick("taken on by", "受理人")));
    }
    parts.join(" · ")
}

fn facts(alert: &Alert, clear: bool, words: Words) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut tell = |name: &str, value: String| {
        facts.push(Fact {
            name: one_line(name, MAX_VALUE),
            value,
        });
    };
    for (name, value) in &alert.key {
        let value = shown::value(name, value, clear);
        match name.as_str() {
            "billing_code" => tell(words.pick("Meeting", "会议"), value),
            "party_id" => tell(words.pick("Participant", "与会者"), value),
            "name" => tell(words.pick("Name", "姓名"), value),
            "phone" => tell(words.pick("Phone", "电话"), value),
            other => tell(other, value),
        }
    }
    tell(words.pick("Rule", "规则"), one_line(&alert.rule, MAX_VALUE));
    tell(
        words.pick("Severity", "级别"),
        words.severity(alert.severity).to_owned(),
    );
    tell(words.pick("Since", "开始"), utc(alert.started_at));
    if let AlertState::Resolved { at, reason } = alert.state {
        tell(words.pick("Ended", "结束"), utc(at));
        tell(words.pick("Lasted", "持续"), words.lasted(at - alert.started_at));
        tell(words.pick("Because", "原因"), words.why(reason).to_owned());
    }
    let matched = words.matched(alert.occurrences, &utc(alert.last_seen_at));
    tell(words.pick("Matched", "匹配"), matched);
    if let Some(taken) = &alert.acknowledgement {
        let who = one_line(&format!("{}: {}", taken.who, taken.why), MAX_VALUE);
        tell(words.pick("Taken on", "受理"), who);
    }
    for (name, value) in &alert.labels {
        tell(name, one_line(value, MAX_VALUE));
    }
    facts
}

fn item(evidence: &Evidence, clear: bool, words: Words) -> Item {
    let text = match &evidence.payload {
        Payload::Conf(conf) => format!(
            "{}: {}",
            words.meeting(&conf.billing_code),
            words.conference(conf.status)
        ),
        Payload::Party(party) => said_of(party, clear, words),
    };
    let from = match evidence.source.is_empty() {
        true => String::new(),
        false => format!(" ({} {})", words.pick("from", "来自"), evidence.source),
    };
    Item {
        at: utc(evidence.occurred_at),
        text: one_line(&format!("{text}{from}"), 2 * MAX_VALUE),
    }
}

/// `真** 139****2332 西**, participant 7YY1, meeting 33333: disconnected: no free port`
fn said_of(party: &Party, clear: bool, words: Words) -> String {
    let who: Vec<String> = [&party.name, &party.phone, &party.city]
        .into_iter()
        .filter(|value| !value.is_empty())
        .map(|value| shown::personal(value, clear))
        .collect();
    let comma = if who.is_empty() { "" } else { words.pick(", ", "，") };
    format!(
        "{}{comma}{} {}{}{}: {}",
        who.join(" "),
        words.pick("participant", "与会者"),
        one_line(&party.party_id, MAX_VALUE / 4),
        words.pick(", ", "，"),
        words.meeting(&one_line(&party.billing_code, MAX_VALUE / 4)),
        words.participant(party.status, party.disconnect_reason),
    )
}
