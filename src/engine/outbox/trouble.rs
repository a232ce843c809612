//! Mail in trouble: an alert of the service's own for each receiver whose mails have been waiting for too long. It is for subscribers:
//! a mail about it would wait like the others. It ends by itself, and nobody can end it or take it on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{Intent, Ticket};
use crate::{
    engine::{
        deadlines::{Deadline, Timer},
        short_hash,
        step::Step,
    },
    model::{Alert, AlertEventKind, AlertId, AlertState, FilledText, MAIL_WAITING, ResolveReason, Severity, Time},
};

/// How long a mail may wait before it is told.
const LONG: Duration = Duration::from_mins(10);

/// The mails that wait, by the receiver's name.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Troubles {
    lines: BTreeMap<CompactString, Line>,
    /// When it is looked whether one has waited for too long; no later than the oldest has.
    look: Option<Deadline>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Line {
    mails: BTreeSet<(Time, Ticket)>,
    alert: Option<Box<Alert>>,
}

impl Line {
    /// When the oldest has waited for too long.
    fn is_late_at(&self) -> Option<Time> {
        self.mails.first().map(|(date, _)| date.plus(LONG))
    }
}

impl Troubles {
    /// A mail begins to wait.
    pub fn came(&mut self, step: &mut Step<'_>, intent: &Intent, ticket: Ticket) {
        let line = self.lines.entry(intent.receiver.clone()).or_default();
        line.mails.insert((intent.date, ticket));
        self.look_at(step, intent.date.plus(LONG));
    }

    /// A mail waits no more.
    pub fn left(&mut self, step: &mut Step<'_>, intent: &Intent, ticket: Ticket) {
        let Some(line) = self.lines.get_mut(&intent.receiver) else {
            return;
        };
        line.mails.remove(&(intent.date, ticket));
        let late_at = line.is_late_at();
        if late_at.is_none_or(|at| at > step.now)
            && let Some(mut alert) = line.alert.take()
        {
            alert.state = AlertState::Resolved {
                at: step.now,
                reason: ResolveReason::Condition,
            };
            step.say(AlertEventKind::Resolved, &alert);
        }
        match late_at {
            Some(at) => self.look_at(step, at),
            None => drop(self.lines.remove(&intent.receiver)),
        }
        if self.lines.is_empty()
            && let Some(look) = self.look.take()
        {
            step.deadlines.cancel(look);
        }
    }

    /// One may have waited for too long.
    pub fn look(&mut self, step: &mut Step<'_>) {
        self.look = None;
        let mut next = None;
        for (receiver, line) in self.lines.iter_mut().filter(|(_, line)| line.alert.is_none()) {
            match line.is_late_at() {
                Some(at) if at <= step.now => {
                    let alert = alert(step, receiver, line);
                    step.say(AlertEventKind::Fired, &alert);
                    line.alert = Some(Box::new(alert));
                }
                at => next = next.into_iter().chain(at).min(),
            }
        }
        if let Some(at) = next {
            self.look_at(step, at);
        }
    }

    /// The alerts that are open.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.lines.values().filter_map(|line| line.alert.as_deref())
    }

    fn look_at(&mut self, step: &mut Step<'_>, at: Time) {
        if self.look.is_some_and(|look| look.at() <= at) {
            return;
        }
        if let Some(later) = self.look.take() {
            step.deadlines.cancel(later);
        }
        self.look = Some(step.deadlines.set(at, Timer::MailWaiting));
    }
}

fn alert(step: &Step<'_>, receiver: &CompactString, line: &Line) -> Alert {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(MAIL_WAITING.as_bytes())
        .update(&step.store.0)
        .update(&step.offset.to_be_bytes())
        .update(receiver.as_bytes());
    let text = |masked| FilledText { masked, clear: None };
    Alert {
        id: AlertId(short_hash(&hasher)),
        rule: CompactString::const_new(MAIL_WAITING),
        severity: Severity::Critical,
        state: AlertState::Firing,
        labels: Default::default(),
        key: vec![(CompactString::const_new("receiver"), receiver.clone())],
        summary: text(format!("Mail to {receiver} has been waiting for 10 minutes")),
        description: text(format!(
            "{} mails wait. `bellwether receivers list` tells what is wrong with the relays, `bellwether deliveries list` what they said.",
            line.mails.len()
        )),
        runbook_url: String::new(),
        started_at: step.now,
        last_seen_at: step.now,
        occurrences: 1,
        evidence: Vec::new(),
        acknowledgement: None,
        silenced_by: Vec::new(),
        inhibited_by: None,
    }
}
