//! What a mail says: an intent's content as words, masked or clear, and its two renderings. Headers are absent: they are `message`'s.

mod card;
mod heading;
mod intro;
mod notes;
mod shown;
mod subject;
mod words;

use askama::Template;

use self::{
    card::{Card, Detail, Fact},
    heading::{color, heading, is_over},
    notes::{footer, notes},
    shown::{MAX_VALUE, clock},
    subject::subject,
    words::Words,
};
use super::{clean::one_line, header_text::HeaderText};
use crate::{
    engine::{
        Change, TimelineEntry,
        outbox::{AlertList, Digest, Intent, Numbers, Told},
    },
    model::Alert,
};

/// All that the templates see. Every text is already free of control and invisible characters.
#[derive(Debug)]
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

/// Plain text; the ending of the template's name says that values are put in as they stand.
#[derive(Template)]
#[template(path = "mail.txt")]
struct Text<'p> {
    page: &'p Page,
}

/// HTML; the ending of the template's name says that values are escaped.
#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'p> {
    page: &'p Page,
}

/// Alerts of one kind.
#[derive(Debug)]
struct Section {
    /// Empty where the mail is about one alert alone.
    title: String,
    cards: Vec<Card>,
    /// How many more there are, in words; empty: none.
    more: String,
}

/// One line of a meeting's timeline.
#[derive(Debug)]
struct Moment {
    at: String,
    who: String,
    what: String,
    color: &'static str,
}

/// The words that stand in the templates.
#[derive(Debug)]
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
            title: intro::title(intent, alerts, words),
            intro: intro::intro(intent, words),
            counts: match &*intent.told {
                Told::Digest(digest) => counts(digest, words),
                _ => Vec::new(),
            },
            sections: sections(alerts, intent, console, words),
            timeline: match &*intent.told {
                Told::Group(news) => news.timeline.iter().map(|entry| moment(entry, words)).collect(),
                _ => Vec::new(),
            },
            notes: notes(intent, words),
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
    pub(super) fn render(&self) -> Result<Rendered, askama::Error> {
        Ok(Rendered {
            text: Text { page: self }.render()?,
            html: Html { page: self }.render()?,
        })
    }
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
                .map(|alert| Card::of(alert, detail, intent, console, words))
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

#[cfg(test)]
mod tests;
