//! A test made ready to run: the vendor's text read, and what contradicts itself refused.

use std::{ops::Range, sync::Arc, time::Duration};

use super::Beside;
use crate::{
    model::{
        MAIL_WAITING, Notification, NotificationId, Payload, Time, WeeklyTimes,
        vendor_text::{self, Kind, Refusal},
    },
    rules::{
        RuleSet, compile,
        diagnostic::{Diagnostic, Findings, Span, Spanned},
        expr::{Defines, Expr, MAX_FILTER, Schema},
        file::{
            AlertText, Down, Expected, ExpectedMail, Given, Step, TestCase, TestNotification, WeeklyText,
            duration::written,
        },
        schedule::{Schedule, WeeklyPart},
    },
};

/// When a test begins that does not say: 2026-01-05T08:00:00Z, a Monday.
pub const START: Time = Time::from_nanos(1_767_600_000_000_000_000);

/// The caller of notifications that do not say who sent them.
const SOURCE: &str = "test";

/// A test that can be run.
#[derive(Debug)]
pub struct Script {
    /// Its name.
    pub name: Spanned<String>,
    /// When it begins.
    pub start: Time,
    /// What happens.
    pub steps: Vec<ScriptStep>,
    /// Every alert event that must happen, in order.
    pub expect: Vec<Expected>,
    /// Every mail that must leave, in order; `None`: it does not look at mails.
    pub deliveries: Option<Vec<ExpectedMail>>,
    /// When mail servers take nothing.
    pub down: Vec<Down>,
    /// How long it looks.
    pub until: Duration,
    rules: Option<Vec<Spanned<String>>>,
}

/// Something that happens in a test.
#[derive(Debug)]
pub struct ScriptStep {
    /// When, from the start of the test.
    pub at: Duration,
    /// What.
    pub act: Act,
    /// Where it is written.
    pub span: Span,
}

/// What happens in a step of a test.
#[derive(Debug)]
pub enum Act {
    /// A notification is received.
    Notify(Box<Notification>),
    /// The service goes down, and comes back so much later.
    Restart {
        /// How long it is down.
        down: Duration,
    },
    /// Other rules come into force.
    Reload(Arc<RuleSet>),
    /// The mail of some alerts is held back for so long.
    Silence {
        /// Which: an expression over the alert, which compiles.
        filter: String,
        /// For how long.
        lasts: Duration,
        /// When within it; it can be read. `None`: all the time.
        schedule: Option<WeeklyTimes>,
    },
    /// Somebody takes an open alert on.
    Acknowledge(AlertText),
    /// Somebody ends an open alert.
    Resolve(AlertText),
}

impl Script {
    /// Makes a test ready to run.
    ///
    /// # Errors
    ///
    /// Everything in it that cannot be: vendor's text that the service would refuse, steps while the service is down, an event that
    /// the test does not look at.
    pub fn read(test: &TestCase, rules: &RuleSet, beside: Option<Beside<'_>>) -> Result<Self, Vec<Diagnostic>> {
        let mut findings = Findings::new(&rules.source);
        let start = test.start.unwrap_or(START);
        let steps: Vec<ScriptStep> = test
            .given
            .iter()
            .filter_map(|step| read_step(step, start, beside, &mut findings))
            .collect();
        let last = steps.iter().map(ScriptStep::end);
        let last = last.chain(test.expect.iter().map(|expected| expected.at));
        let last = last.chain(test.deliveries.iter().flatten().map(|mail| mail.at)).max();
        let script = Self {
            name: test.name.clone(),
            start,
            steps,
            expect: test.expect.clone(),
            deliveries: test.deliveries.clone(),
            down: test.down.clone(),
            until: test.until.or(last).unwrap_or_default(),
            rules: test.rules.clone(),
        };
        script.check_times(&mut findings);
        // A step that cannot be read may be the one that brings the rules.
        if !findings.has_errors() {
            script.check_rules(rules, &mut findings);
        }
        findings.finish().map(|_| script)
    }

    /// Whether it looks at the alerts of that rule.
    pub fn takes_part(&self, rule: &str) -> bool {
        let named = self.rules.as_ref();
        named.is_none_or(|rules| rules.iter().any(|named| named.value == rule))
    }

    fn check_times(&self, findings: &mut Findings<'_>) {
        for pair in self.steps.windows(2) {
            let [before, step] = pair else { continue };
            if step.at < before.end() {
                let (before, source) = (before.span, findings.source());
                let error = findings.error(step.span, "the service is down at that time");
                error.other(source, before, "since here");
            }
        }
        let steps = self.steps.iter().map(|step| (step.end(), step.span));
        let expected = self.expect.iter().map(|expected| (expected.at, expected.span));
        let mails = self.deliveries.iter().flatten().map(|mail| (mail.at, mail.span));
        for (at, span) in steps.chain(expected).chain(mails).filter(|(at, _)| *at > self.until) {
            findings
                .error(span, format!("later than the test looks: {}", written(self.until)))
                .advise(format!("make `until` at least {}", written(at)));
        }
    }

    fn check_rules(&self, rules: &RuleSet, findings: &mut Findings<'_>) {
        let sets = self.steps.iter().filter_map(|step| match &step.act {
            Act::Reload(rules) => Some(rules.as_ref()),
            _ => None,
        });
        let sets: Vec<&RuleSet> = [rules].into_iter().chain(sets).collect();
        let mails = self.deliveries.iter().flatten();
        let mailed = mails.flat_map(|mail| mail.fired.iter().chain(&mail.resolved).chain(&mail.open));
        let expected = self.expect.iter().map(|expected| &expected.alert);
        let expected = expected.chain(mailed).map(|alert| &alert.rule);
        for name in self.rules.iter().flatten().chain(expected.clone()) {
            if name.value != MAIL_WAITING && sets.iter().all(|set| set.named(&name.value).is_none()) {
                findings.error(name.span, format!("no rule is named `{}`", name.value));
            }
        }
        let receivers = self.deliveries.iter().flatten().map(|mail| &mail.receiver);
        for name in receivers.chain(self.down.iter().map(|down| &down.receiver)) {
            let has = |set: &&RuleSet| set.receiver(&name.value).is_some();
            if !sets.iter().any(has) {
                findings.error(name.span, format!("no receiver is named `{}`", name.value));
            }
        }
        for rule in expected.filter(|rule| !self.takes_part(&rule.value)) {
            findings
                .error(rule.span, format!("`{}` does not take part in this test", rule.value))
                .advise("name it under `rules`");
        }
    }
}

impl ScriptStep {
    /// When the service is there again.
    fn end(&self) -> Duration {
        match self.act {
            Act::Restart { down } => self.at + down,
            _ => self.at,
        }
    }
}

fn read_step(step: &Step, start: Time, beside: Option<Beside<'_>>, findings: &mut Findings<'_>) -> Option<ScriptStep> {
    let received = start.plus(step.at);
    let act = match &step.given {
        Given::ConfText(text) => Act::Notify(Box::new(read_text(Kind::Conf, text, received, findings)?)),
        Given::PartyText(text) => Act::Notify(Box::new(read_text(Kind::Party, text, received, findings)?)),
        Given::Notification(written) => Act::Notify(Box::new(spelled_out(written, start))),
        Given::Restart { down } => Act::Restart { down: *down },
        Given::Silence {
            filter,
            lasts,
            schedule,
        } => {
            let schedule = schedule.as_ref();
            let held = received..received.plus(*lasts);
            let schedule = schedule.map(|written| read_schedule(written, held, findings));
            Act::Silence {
                filter: read_filter(filter, findings)?,
                lasts: *lasts,
                schedule: match schedule {
                    Some(read) => Some(read?),
                    None => None,
                },
            }
        }
        Given::Acknowledge(alert) => Act::Acknowledge(alert.clone()),
        Given::Resolve(alert) => Act::Resolve(alert.clone()),
        Given::Reload { file } => Act::Reload(read_anew(file, beside, findings)?),
    };
    let (at, span) = (step.at, step.span);
    Some(ScriptStep { at, act, span })
}

fn read_filter(text: &Spanned<String>, findings: &mut Findings<'_>) -> Option<String> {
    match Expr::compile(&text.value, Schema::Alert, &Defines::default(), MAX_FILTER) {
        Ok(_) => Some(text.value.clone()),
        Err(mistakes) => {
            for mistake in &mistakes {
                findings.mistake(text, mistake);
            }
            None
        }
    }
}

/// The times of a silence that lasts for this span, within which they must open.
fn read_schedule(text: &WeeklyText, span: Range<Time>, findings: &mut Findings<'_>) -> Option<WeeklyTimes> {
    let times = text.times();
    match Schedule::weekly(&times) {
        Ok(schedule) if schedule.is_open_within(span) => Some(times),
        Ok(_) => {
            findings.error(text.span, "the silence ends before its schedule opens");
            None
        }
        Err(mistakes) => {
            for (part, mistake) in &mistakes {
                let within = match part {
                    WeeklyPart::TimeZone => &text.time_zone,
                    WeeklyPart::Weekdays(place) => &text.weekdays[*place],
                    WeeklyPart::Times(place) => &text.times[*place],
                };
                findings.mistake(within, mistake);
            }
            None
        }
    }
}

/// The rules with another file in the place of the test's own.
fn read_anew(file: &Spanned<String>, beside: Option<Beside<'_>>, findings: &mut Findings<'_>) -> Option<Arc<RuleSet>> {
    let mut source = findings.source().clone();
    let own = source.files.get_mut(file.span.file)?;
    match beside?(&own.name, &file.value) {
        Ok(read) => *own = read,
        Err(error) => {
            findings.error(file.span, error.to_string());
            return None;
        }
    }
    match compile::compile(&Arc::new(source)) {
        Ok(compiled) => Some(Arc::new(compiled.set)),
        Err(mistakes) => {
            let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
            findings
                .error(file.span, format!("with this file the rules do not compile: {first}"))
                .advise("see all mistakes with `bellwether check`");
            None
        }
    }
}

fn read_text(kind: Kind, text: &Spanned<String>, received: Time, findings: &mut Findings<'_>) -> Option<Notification> {
    match vendor_text::parse(kind, &text.value, received) {
        Ok(payload) => Some(Notification {
            source: SOURCE.into(),
            id: None,
            occurred_at: None,
            payload,
        }),
        Err(refusal) => {
            let span = text.within(place(&refusal, &text.value), findings.source());
            let refusal = Refusal {
                column: None,
                ..refusal
            };
            findings.error(span, format!("the service would refuse this: {refusal}"));
            None
        }
    }
}

/// From the column of a refusal on to the end of its word; all of the text where something is missing.
fn place(refusal: &Refusal, text: &str) -> Range<usize> {
    let Some(column) = refusal.column else {
        return 0..text.len();
    };
    let start = text
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(text.len(), |(start, _)| start);
    let word = text[start..]
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(text.len() - start);
    let first = text[start..].chars().next().map_or(0, char::len_utf8);
    start..start + word.max(first)
}

fn spelled_out(written: &TestNotification, start: Time) -> Notification {
    let occurred_at = written.occurred_at.map(|at| start.plus(at));
    Notification {
        source: written.source.clone().unwrap_or_else(|| SOURCE.into()),
        id: written.id.clone().map(|id| NotificationId {
            id,
            content: content(occurred_at, &written.payload),
        }),
        occurred_at,
        payload: written.payload.clone(),
    }
}

/// Equal for equal content. It never leaves the test, so it need not be the one that the service makes.
fn content(occurred_at: Option<Time>, payload: &Payload) -> u128 {
    let mut digest = [0; 16];
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{occurred_at:?}{}", vendor_text::write(payload)).as_bytes());
    hasher.finalize_xof().fill(&mut digest);
    u128::from_be_bytes(digest)
}
