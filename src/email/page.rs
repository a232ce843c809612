//! What a mail says: an intent's content as words, masked or clear, and its two renderings. Headers are absent: they are `message`'s.

mod card;
mod heading;
mod shown;
mod subject;
mod words;

use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use self::{
    card::{Card, Detail, Fact, title},
    heading::{color, heading, is_over},
    shown::{MAX_VALUE, clock, meeting, utc},
    subject::subject,
    words::Words,
};
use super::header_text::{HeaderText, one_line};
use crate::{
    engine::{
        Change, TimelineEntry,
        outbox::{AlertList, Because, Digest, GroupNews, Held, Intent, Numbers, Told},
    },
    model::Alert,
};

/// Steps that one rendering may take; an ordinary one takes a few hundred, one of 50 alerts some thousand.
const FUEL: u64 = 200_000;

/// All that the templates see. Every text is already free of control and invisible characters.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    language: &'static str,
    subject: String,
    banner: String,
    color: &'static str,
    title: String,
    /// Why this receiver is told, and what else is to be known before the alerts.
    intro: Vec<String>,
    /// How many alerts of each rule a digest tells of.
    counts: Vec<Fact>,
    sections: Vec<Section>,
    timeline: Vec<Moment>,
    /// What is not told of, and how the mail came to be.
    notes: Vec<String>,
    footer: String,
    labels: Labels,
}

/// A page as readers see it, lines ending in LF.
pub(super) struct Rendered {
    /// Plain text.
    pub(super) text: String,
    /// HTML.
    pub(super) html: String,
}

/// Alerts of one kind.
#[derive(Debug, Serialize)]
struct Section {
    /// Empty where the mail is about one alert alone.
    title: String,
    cards: Vec<Card>,
    /// How many more there are, in words; empty: none.
    more: String,
}

/// One line of a meeting's timeline.
#[derive(Debug, Serialize)]
struct Moment {
    at: String,
    who: String,
    what: String,
    color: &'static str,
}

/// The words that stand in the templates.
#[derive(Debug, Serialize)]
struct Labels {
    runbook: &'static str,
    console: &'static str,
    evidence: &'static str,
    timeline: &'static str,
}

impl Page {
    /// `console`: where the console is reached, for links.
    pub(super) fn of(intent: &Intent, console: Option<&str>) -> Self {
        let words = Words(intent.language);
        let none = AlertList::default();
        let alerts = intent.told.alerts().unwrap_or(&none);
        Self {
            language: intent.language.tag(),
            subject: subject(intent, words),
            banner: heading(intent, words),
            color: color(intent.severity, is_over(intent)),
            title: page_title(intent, alerts, words),
            intro: intro(intent, words),
            counts: match &*intent.told {
                Told::Digest(digest) => counts(digest, words),
                _ => Vec::new(),
            },
            sections: sections(alerts, intent, console, words),
            timeline: match &*intent.told {
                Told::Group(news) => news.timeline.iter().map(|entry| moment(entry, words)).collect(),
                _ => Vec::new(),
            },
            notes: match &*intent.told {
                Told::Group(news) => held(&news.held, words)
                    .into_iter()
                    .chain(group(news, intent.clear, words))
                    .collect(),
                _ => Vec::new(),
            },
            footer: footer(intent, alerts, words),
            labels: Labels {
                runbook: words.pick("What to do", "处理方法"),
                console: words.pick("Open in the console", "在控制台中打开"),
                evidence: words.pick("What it rests on, newest first", "依据（最新的在前）"),
                timeline: words.pick("The meeting so far (UTC)", "会议经过（UTC）"),
            },
        }
    }

    pub(super) fn subject(&self) -> HeaderText {
        HeaderText::new(&self.subject)
    }

    /// Both renderings.
    pub(super) fn render(&self) -> Result<Rendered, minijinja::Error> {
        let values = Value::from(Serde(self));
        let render = |name| TEMPLATES.get_template(name)?.render(&values);
        Ok(Rendered {
            text: render("mail.txt")?,
            html: render("mail.html")?,
        })
    }
}

/// The ending of a template's name decides whether values are escaped.
#[expect(clippy::expect_used, reason = "constant templates, rendered by every test here")]
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_fuel(Some(FUEL));
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    templates.set_syntax(syntax.expect("a valid syntax"));
    for (name, source) in [
        ("mail.txt", include_str!("templates/mail.txt")),
        ("mail.html", include_str!("templates/mail.html")),
    ] {
        templates.add_template(name, source).expect("a valid template");
    }
    templates
});

/// The one alert's summary, or how many there are and where.
fn page_title(intent: &Intent, alerts: &AlertList, words: Words) -> String {
    if let Told::Drill { .. } = &*intent.told {
        return words
            .pick(
                "This is a drill: nothing has happened.",
                "这是一次演练，未发生任何情况。",
            )
            .to_owned();
    }
    let Numbers { fired, resolved, open } = alerts.numbers();
    if fired + resolved + open == 1
        && let Some(alert) = alerts.iter().next()
    {
        return title(alert, intent.clear);
    }
    let numbers = words.numbers(fired, resolved, open);
    match alerts.iter().next().and_then(meeting) {
        Some(code) if alerts.iter().all(|alert| meeting(alert) == Some(code)) => {
            let (meeting, code) = (words.pick("Meeting", "会议"), one_line(code, MAX_VALUE));
            format!("{meeting} {code}{}{numbers}", words.pick(": ", "："))
        }
        _ => numbers,
    }
}

fn intro(intent: &Intent, words: Words) -> Vec<String> {
    match &*intent.told {
        Told::Group(news) => match &news.because {
            Because::Routed => Vec::new(),
            Because::Escalated { after } => {
                let after = words.lasted(*after);
                vec![match words.pick(true, false) {
                    true => format!("Nobody has taken this on within {after} of the first mail, so you are told too."),
                    false => format!("首封邮件发出后 {after} 内无人受理，现通知您。"),
                }]
            }
            Because::Unreached { receiver } => {
                let receiver = one_line(receiver, MAX_VALUE);
                vec![match words.pick(true, false) {
                    true => format!("{receiver} could not be reached, so you are told instead."),
                    false => format!("无法送达 {receiver}，现改为通知您。"),
                }]
            }
        },
        Told::Digest(digest) => digest_intro(digest, words),
        Told::RulesChanged(_) => vec![
            words
                .pick(
                    "A new set of rules was put in force, which ended these alerts. What they told of may go on.",
                    "新的规则已生效，以下告警因此结束。其所指的情况可能仍在持续。",
                )
                .to_owned(),
        ],
        Told::Drill { by } => {
            let by = one_line(by, MAX_VALUE);
            vec![match words.pick(true, false) {
                true => format!(
                    "{by} asked whether mail to {} arrives. It does.",
                    one_line(&intent.receiver, MAX_VALUE)
                ),
                false => format!(
                    "{by} 测试发往 {} 的邮件能否送达：已送达。",
                    one_line(&intent.receiver, MAX_VALUE)
                ),
            }]
        }
    }
}

fn digest_intro(digest: &Digest, words: Words) -> Vec<String> {
    let since = utc(digest.since);
    let mut lines = Vec::new();
    if digest.held_back > 0 {
        lines.push(match words.pick(true, false) {
            true => format!(
                "{} mails since {since} were held back, since this receiver gets only so many an hour. This one tells of all of them.",
                digest.held_back
            ),
            false => format!("自 {since} 起，因每小时邮件数上限，{} 封邮件合并为本封。", digest.held_back),
        });
    }
    if digest.given_up > 0 {
        lines.push(match words.pick(true, false) {
            true => format!(
                "{} mails since {since} were given up, since too many waited.",
                digest.given_up
            ),
            false => format!("自 {since} 起，因等待的邮件过多，{} 封邮件未再发送。", digest.given_up),
        });
    }
    lines
}

fn counts(digest: &Digest, words: Words) -> Vec<Fact> {
    let rules = digest.by_rule.iter();
    rules
        .map(|(rule, Numbers { fired, resolved, open })| Fact {
            name: one_line(rule, MAX_VALUE),
            value: words.numbers(*fired, *resolved, *open),
        })
        .collect()
}

fn sections(alerts: &AlertList, intent: &Intent, console: Option<&str>, words: Words) -> Vec<Section> {
    let listed = alerts.iter().count();
    let numbers = alerts.numbers();
    let is_one = numbers.fired + numbers.resolved + numbers.open == 1;
    let detail = Detail::of(listed);
    let kinds: [(&str, &[Alert], u64); 3] = [
        (words.pick("New", "新触发"), &alerts.fired, alerts.more.fired),
        (words.pick("Over", "已恢复"), &alerts.resolved, alerts.more.resolved),
        (words.pick("Still burning", "仍在持续"), &alerts.open, alerts.more.open),
    ];
    kinds
        .into_iter()
        .filter(|(_, alerts, more)| !alerts.is_empty() || *more > 0)
        .map(|(title, alerts, more)| Section {
            title: if is_one { String::new() } else { title.to_owned() },
            cards: alerts
                .iter()
                .map(|alert| Card::of(alert, detail, intent.clear, console, words))
                .collect(),
            more: match (more, words.pick(true, false)) {
                (0, _) => String::new(),
                (_, true) => format!("and {more} more, not listed"),
                (_, false) => format!("另有 {more} 条未列出"),
            },
        })
        .collect()
}

fn moment(entry: &TimelineEntry, words: Words) -> Moment {
    let (who, what, color) = match &entry.change {
        Change::Meeting(status) => (
            words.pick("meeting", "会议").to_owned(),
            words.conference(*status),
            "#1f5fa8",
        ),
        Change::Participant {
            party_id,
            status,
            reason,
        } => (
            one_line(party_id, MAX_VALUE / 4),
            words.participant(*status, *reason),
            match reason {
                Some(reason) if reason.is_refusal() => "#b3261e",
                _ if status.is_present() => "#2e7d32",
                _ => "#65676b",
            },
        ),
    };
    Moment {
        at: clock(entry.at),
        who,
        what,
        color,
    }
}

/// `Grouped by rule: port-full, billing_code: 33333`; nothing where the mail is about one alert, which says all that itself.
fn group(news: &GroupNews, clear: bool, words: Words) -> Option<String> {
    let Numbers { fired, resolved, open } = news.alerts.numbers();
    let names: Vec<String> = news
        .common
        .iter()
        .map(|(name, value)| format!("{}: {}", one_line(name, MAX_VALUE), shown::value(name, value, clear)))
        .collect();
    let is_told = fired + resolved + open > 1 && !names.is_empty();
    is_told.then(|| {
        format!(
            "{} {}",
            words.pick("Grouped by", "分组："),
            names.join(words.pick(", ", "，"))
        )
    })
}

/// `Not told of: 2 silenced, 1 taken on`
fn held(held: &Held, words: Words) -> Option<String> {
    let Held {
        silenced,
        inhibited,
        acknowledged,
    } = *held;
    let parts: Vec<String> = [
        (silenced, words.pick("silenced", "已静默")),
        (inhibited, words.pick("held back by another alert", "被其他告警抑制")),
        (acknowledged, words.pick("taken on", "已受理")),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}"))
    .collect();
    let label = words.pick("Burning in this group, and not told of: ", "同组中仍在持续但未通知：");
    (!parts.is_empty()).then(|| format!("{label}{}", parts.join(words.pick(", ", "，"))))
}

/// `Alert 2a…, told to bridge-ops; mail 2 of its thread`
fn footer(intent: &Intent, alerts: &AlertList, words: Words) -> String {
    let receiver = one_line(&intent.receiver, MAX_VALUE);
    let mut listed = alerts.iter();
    let alert = match (listed.next(), listed.next()) {
        (Some(alert), None) => format!("{} {} · ", words.pick("Alert", "告警"), alert.id),
        _ => String::new(),
    };
    match words.pick(true, false) {
        true => format!(
            "{alert}Told to {receiver} · mail {} of this thread · times are UTC",
            intent.number
        ),
        false => format!(
            "{alert}通知对象 {receiver} · 本会话第 {} 封 · 时间均为 UTC",
            intent.number
        ),
    }
}

#[cfg(test)]
mod tests;
