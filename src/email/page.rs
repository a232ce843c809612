//! What a mail says: an intent's content as words, masked or clear, and its two renderings. Headers are absent: they are `message`'s.

use std::{fmt::Write as _, sync::LazyLock};

use minijinja::{Environment, UndefinedBehavior, value::Serde};
use serde::Serialize;

use super::header_text::{HeaderText, lines, one_line};
use crate::{
    engine::outbox::{AlertList, Intent, Numbers, Told},
    model::{Alert, AlertState, Evidence, Party, Payload, Personal, ResolveReason, Severity, Time},
};

/// Longest value, in characters: a name, a key's value, a line of evidence.
const MAX_VALUE: usize = 200;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 8_000;
/// Longest subject, in characters, before it is encoded.
const MAX_SUBJECT: usize = 120;
/// Steps that one rendering may take; an ordinary one takes a few hundred.
const FUEL: u64 = 200_000;

/// All that the templates see. Every text is already free of control and invisible characters.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    subject: String,
    banner: String,
    color: &'static str,
    summary: String,
    description: String,
    facts: Vec<Fact>,
    runbook: String,
    runbook_is_link: bool,
    evidence: Vec<Item>,
    id: String,
    receiver: String,
    /// The alerts that the mail tells of beside the first.
    others: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Fact {
    name: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Item {
    at: String,
    text: String,
}

impl Page {
    pub(super) fn of(intent: &Intent) -> Self {
        let alerts = intent.told.alerts();
        let Some(alert) = alerts.and_then(|alerts| alerts.iter().next()) else {
            return Self::without_alerts(intent);
        };
        let key = shown_key(alert, intent.clear);
        let rule = one_line(&alert.rule, MAX_VALUE);
        let summary = one_line(alert.summary.shown(intent.clear), MAX_VALUE);
        Self {
            subject: subject(intent, &alert.rule, &key, &summary),
            banner: format!("{}: {rule}", heading(intent)),
            color: color(intent),
            description: lines(alert.description.shown(intent.clear), MAX_DESCRIPTION),
            facts: facts(alert, key),
            runbook_is_link: ["https://", "http://"]
                .iter()
                .any(|scheme| alert.runbook_url.starts_with(scheme)),
            runbook: one_line(&alert.runbook_url, 1_000),
            evidence: alert.evidence.iter().map(|e| item(e, intent.clear)).collect(),
            id: alert.id.to_string(),
            receiver: one_line(&intent.receiver, MAX_VALUE),
            summary: if summary.is_empty() { rule } else { summary },
            others: alerts.map(|alerts| others(alerts, intent.clear)).unwrap_or_default(),
        }
    }

    /// Of a drill, or of news that has no alert to list.
    fn without_alerts(intent: &Intent) -> Self {
        let banner = match &*intent.told {
            Told::Drill { .. } => "DRILL: nothing has happened",
            _ => "Alerts",
        };
        Self {
            subject: banner.to_owned(),
            banner: banner.to_owned(),
            color: "#1f5fa8",
            summary: banner.to_owned(),
            description: String::new(),
            facts: Vec::new(),
            runbook: String::new(),
            runbook_is_link: false,
            evidence: Vec::new(),
            id: intent.id.to_string(),
            receiver: one_line(&intent.receiver, MAX_VALUE),
            others: Vec::new(),
        }
    }

    pub(super) fn subject(&self) -> HeaderText {
        HeaderText::new(&self.subject)
    }

    /// The plain text, lines ending in LF.
    pub(super) fn text(&self) -> Result<String, minijinja::Error> {
        TEMPLATES.get_template("alert.txt")?.render(Serde(self))
    }

    /// The HTML, lines ending in LF.
    pub(super) fn html(&self) -> Result<String, minijinja::Error> {
        TEMPLATES.get_template("alert.html")?.render(Serde(self))
    }
}

/// The ending of a template's name decides whether values are escaped.
#[expect(clippy::expect_used, reason = "constant templates, rendered by every test here")]
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_fuel(Some(FUEL));
    for (name, source) in [
        ("alert.txt", include_str!("templates/alert.txt")),
        ("alert.html", include_str!("templates/alert.html")),
    ] {
        templates.add_template(name, source).expect("a valid template");
    }
    templates
});

/// `[CRITICAL] port-full 33333: No free port`: what must be read on a locked phone stands within the first 70 characters.
fn subject(intent: &Intent, rule: &str, key: &[(String, String)], summary: &str) -> String {
    let rule = one_line(rule, 32);
    let mut subject = format!("[{}] {rule}", heading(intent));
    let about = match key.iter().find(|(name, _)| name == "billing_code") {
        Some((_, meeting)) => meeting.clone(),
        None => key
            .iter()
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
            .join(" "),
    };
    if !about.is_empty() {
        let _ = write!(subject, " {}", one_line(&about, 24));
    }
    if !summary.is_empty() {
        let _ = write!(subject, ": {summary}");
    }
    one_line(&subject, MAX_SUBJECT)
}

/// An end is told as an end; anything else by how bad it is.
fn heading(intent: &Intent) -> &'static str {
    match (is_over(intent), intent.severity) {
        (true, _) => "RESOLVED",
        (_, Severity::Critical) => "CRITICAL",
        (_, Severity::Warning) => "WARNING",
        (_, Severity::Info) => "INFO",
    }
}

fn color(intent: &Intent) -> &'static str {
    match (is_over(intent), intent.severity) {
        (true, _) => "#2e7d32",
        (_, Severity::Critical) => "#b3261e",
        (_, Severity::Warning) => "#9a5b00",
        (_, Severity::Info) => "#1f5fa8",
    }
}

fn is_over(intent: &Intent) -> bool {
    let numbers = intent.told.alerts().map(AlertList::numbers).unwrap_or_default();
    numbers.fired + numbers.open == 0 && numbers.resolved > 0
}

/// `resolved: port-full 33333`, a line for each alert but the first, and how many are not listed.
fn others(alerts: &AlertList, clear: bool) -> Vec<String> {
    let kinds = [
        ("fired", &alerts.fired),
        ("resolved", &alerts.resolved),
        ("open", &alerts.open),
    ];
    let listed = kinds
        .into_iter()
        .flat_map(|(kind, alerts)| alerts.iter().map(move |alert| (kind, alert)))
        .skip(1);
    let mut lines: Vec<String> = listed
        .map(|(kind, alert)| {
            let key: Vec<String> = shown_key(alert, clear).into_iter().map(|(_, value)| value).collect();
            format!("{kind}: {} {}", one_line(&alert.rule, MAX_VALUE), key.join(" "))
        })
        .collect();
    let more = alerts.more;
    if more != Numbers::default() {
        lines.push(format!(
            "and not listed: {} fired, {} resolved, {} open",
            more.fired, more.resolved, more.open
        ));
    }
    lines
}

/// The key as this receiver may see it: a rule may take a name, a number or a city as its key.
fn shown_key(alert: &Alert, clear: bool) -> Vec<(String, String)> {
    alert
        .key
        .iter()
        .map(|(name, value)| {
            let shown = match name.as_str() {
                "name" | "phone" | "acm_phone" | "city" => shown(&Personal::new(value.clone()), clear),
                _ => value.to_string(),
            };
            (name.to_string(), one_line(&shown, MAX_VALUE))
        })
        .collect()
}

fn facts(alert: &Alert, key: Vec<(String, String)>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut tell = |name: &str, value: String| {
        facts.push(Fact {
            name: name.to_owned(),
            value,
        });
    };
    for (name, value) in key {
        match name.as_str() {
            "billing_code" => tell("Meeting", value),
            "party_id" => tell("Participant", value),
            _ => tell(&one_line(&name, MAX_VALUE), value),
        }
    }
    tell("Severity", alert.severity.to_string());
    tell("Since", utc(alert.started_at));
    if let AlertState::Resolved { at, reason } = alert.state {
        tell("Ended", utc(at));
        tell("Lasted", lasted(alert.started_at, at));
        tell("Because", why(reason).to_owned());
    }
    tell("Matched", matched(alert.occurrences, alert.last_seen_at));
    for (name, value) in &alert.labels {
        tell(&one_line(name, MAX_VALUE), one_line(value, MAX_VALUE));
    }
    facts
}

fn matched(times: u64, last: Time) -> String {
    if times <= 1 {
        "once".to_owned()
    } else {
        format!("{times} times, last at {}", utc(last))
    }
}

/// `2026-11-22 10:00:05 UTC`, whole seconds.
fn utc(time: Time) -> String {
    jiff::Timestamp::from_second(time.to_parts().0).map_or_else(
        |_| time.to_string(),
        |timestamp| timestamp.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// `1h 2m 5s`; `0s` if it ended at once.
fn lasted(from: Time, to: Time) -> String {
    let seconds = (to - from).as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let mut text = String::new();
    for (count, unit) in [(days, 'd'), (hours, 'h'), (minutes, 'm'), (seconds % 60, 's')] {
        if count > 0 {
            let _ = write!(text, "{count}{unit} ");
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text.trim_end().to_owned()
    }
}

fn why(reason: ResolveReason) -> &'static str {
    match reason {
        ResolveReason::Condition => "what the rule watches no longer holds",
        ResolveReason::Match => "a notification that ends it came in",
        ResolveReason::Timeout => "it has not matched again for the time that the rule sets",
        ResolveReason::MeetingClosed => "the meeting is over",
        ResolveReason::Operator => "an operator ended it",
        ResolveReason::RuleChanged => "the rule was changed",
        ResolveReason::RuleRemoved => "the rule was removed or switched off",
        ResolveReason::OffSchedule => "the rule looks only during a schedule, which has closed",
        ResolveReason::RuleFailed => "the rule was set aside, since the service failed on it; look into its log",
        ResolveReason::Evicted => "the rule reached its bound of open alerts, and this one had been idle the longest",
    }
}

fn item(evidence: &Evidence, clear: bool) -> Item {
    let text = match &evidence.payload {
        Payload::Conf(conf) => format!("meeting {}: {}", conf.billing_code, conf.status),
        Payload::Party(party) => said_of(party, clear),
    };
    Item {
        at: utc(evidence.occurred_at),
        text: one_line(&format!("{text} (from {})", evidence.source), 2 * MAX_VALUE),
    }
}

/// `真** 139****2332, participant 7YY1 of meeting 33333: DISCONNECTED, PORT_FULL`.
fn said_of(party: &Party, clear: bool) -> String {
    let mut text = String::new();
    for personal in [&party.name, &party.phone, &party.city] {
        if !personal.is_empty() {
            let _ = write!(text, "{} ", one_line(&shown(personal, clear), MAX_VALUE / 4));
        }
    }
    if !text.is_empty() {
        text.truncate(text.trim_end().len());
        text.push_str(", ");
    }
    let participant = one_line(&party.party_id, MAX_VALUE / 4);
    let meeting = one_line(&party.billing_code, MAX_VALUE / 4);
    let _ = write!(text, "participant {participant} of meeting {meeting}: {}", party.status);
    if let Some(reason) = party.disconnect_reason {
        let _ = write!(text, ", {reason}");
    }
    text
}

fn shown(personal: &Personal, clear: bool) -> String {
    if clear {
        personal.clear().to_owned()
    } else {
        personal.masked()
    }
}

#[cfg(test)]
mod tests;
