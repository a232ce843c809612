//! The life of alerts: they fire, match again, and resolve. One at a time for each rule and key. What makes them do so is absent: it is
//! the conditions'.

mod firing;
mod operator;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use self::firing::new_alert;
use super::{
    deadlines::{Age, Deadline, Timer},
    delivery::{Delivery, GroupNo},
    key::{self, KeyOf},
    meeting::Place,
    meetings::Meetings,
    step::Step,
};
use crate::{
    model::{Alert, AlertEventKind, AlertId, AlertState, Evidence, ResolveReason, Severity, Time},
    rules::{Key, facts::Facts},
};

/// How many notifications an alert keeps as evidence.
pub(super) const EVIDENCE: usize = 5;

/// The least time between two updates of one alert, unless its severity was raised.
const UPDATE_INTERVAL: Duration = Duration::from_secs(10);

/// An open alert's place in the order of their firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct AlertAge(u64);

/// The alerts that are open, and who is told of them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Alerts {
    open: Open,
    by_key: HashMap<AlertKey, AlertAge>,
    /// Those about an occurrence of a meeting, which end with it.
    by_occurrence: BTreeSet<(Place, AlertAge)>,
    /// By rule, the longest idle first.
    by_rule: Vec<BTreeSet<(Time, AlertAge)>>,
    /// For operators, who name an alert by its id.
    by_id: BTreeMap<AlertId, AlertAge>,
    next_age: u64,
    delivery: Delivery,
}

/// The open alerts, oldest first.
pub(super) type Open = BTreeMap<AlertAge, OpenAlert>;

/// What one alert at a time is open for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct AlertKey {
    /// Index of the rule.
    pub rule: u32,
    pub key: KeyOf,
}

/// An open alert, with what is known of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OpenAlert {
    pub alert: Alert,
    /// Index of the rule.
    pub rule: u32,
    /// The occurrence that it is about, where its key names the meeting.
    pub place: Option<Place>,
    /// The groups that it is told of in.
    pub groups: Vec<GroupNo>,
    /// The case of `severity_if` that its severity is that of; `None`: the rule's `severity`.
    case: Option<Severity>,
    /// When it last matched, by the engine's time.
    matched_at: Time,
    /// When it was last told of.
    told_at: Time,
    update: Option<Deadline>,
    expire: Option<Deadline>,
    /// When the match of `matched_at` set that, though it may still stand at an earlier one's.
    expire_age: Age,
}

impl OpenAlert {
    fn key(&self) -> AlertKey {
        AlertKey {
            rule: self.rule,
            key: KeyOf {
                place: self.place,
                values: self.alert.key.iter().map(|(_, value)| value.clone()).collect(),
            },
        }
    }

    /// Whether the facts agree with what it is about in the fields that they have.
    fn agrees(&self, key: &Key, facts: &Facts<'_>) -> bool {
        key::agree(key, self.alert.key.iter().map(|(_, value)| value), facts)
    }
}

/// What makes an alert fire, or match again.
pub(super) struct Match<'a> {
    /// The rule, and what it is about.
    pub about: AlertKey,
    /// What the texts see.
    pub facts: &'a Facts<'a>,
    /// When it counts.
    pub at: Time,
    /// The notifications that it rests on, as far as they are known, the newest first.
    pub evidence: Vec<Arc<Evidence>>,
}

impl Alerts {
    /// A condition matched: fires the alert, or counts the match if it is open.
    pub fn matched(&mut self, step: &mut Step<'_>, matched: Match<'_>) -> AlertAge {
        step.counts.rules[matched.about.rule as usize].matched += 1;
        let case = step.rules.rules[matched.about.rule as usize]
            .severity
            .case(matched.facts);
        match self.by_key.get(&matched.about) {
            Some(&age) => {
                self.again(step, age, matched.at, matched.evidence, case);
                age
            }
            None => self.fire(step, matched, case),
        }
    }

    /// The state of an open alert was weighed again: its severity may have risen.
    pub fn weighed(&mut self, step: &mut Step<'_>, age: AlertAge, facts: &Facts<'_>) {
        if let Some(open) = self.open.get_mut(&age) {
            let case = step.rules.rules[open.rule as usize].severity.case(facts);
            if open.raise(step, case) {
                self.update(step, age);
                self.delivery.raised(step, &mut self.open, age);
            }
        }
    }

    /// A repeat of what matched: the alert, if open, was seen again, and nothing else.
    pub fn seen(&mut self, rule: u32, key: KeyOf, at: Time) {
        let Some(age) = self.by_key.get(&AlertKey { rule, key }) else {
            return;
        };
        if let Some(open) = self.open.get_mut(age) {
            open.alert.last_seen_at = open.alert.last_seen_at.max(at);
        }
    }

    /// Ends an alert; no harm if it is not open any more.
    pub fn resolve(&mut self, step: &mut Step<'_>, age: AlertAge, reason: ResolveReason) {
        let Some(mut open) = self.remove(age) else {
            return;
        };
        for deadline in [open.expire, open.update].into_iter().flatten() {
            step.deadlines.cancel(deadline);
        }
        open.alert.state = AlertState::Resolved { at: step.now, reason };
        step.say(AlertEventKind::Resolved, &open.alert);
        self.delivery.resolved(step, &mut self.open, age, &open);
    }

    /// Ends the alert about that, if one is open.
    pub fn resolve_key(&mut self, step: &mut Step<'_>, rule: u32, key: KeyOf, reason: ResolveReason) {
        if let Some(&age) = self.by_key.get(&AlertKey { rule, key }) {
            self.resolve(step, age, reason);
        }
    }

    /// The rule's `resolve.when` held for that notification: ends every alert of the rule whose key agrees with it.
    pub fn resolve_agreeing(&mut self, step: &mut Step<'_>, rule: u32, place: Place, facts: &Facts<'_>) {
        let compiled = &step.rules.rules[rule as usize];
        let agrees = |age: &AlertAge| {
            self.open
                .get(age)
                .is_some_and(|open| open.rule == rule && open.agrees(&compiled.key, facts))
        };
        let agreeing: Vec<AlertAge> = if compiled.key.names_meeting() {
            self.of_occurrence(place).filter(agrees).collect()
        } else {
            // Checked at load: what could lack a part of the key has a key with the meeting. Whoever sent no number is nobody's end.
            let key = KeyOf::of(&compiled.key, place, facts).map(|key| AlertKey { rule, key });
            key.and_then(|key| self.by_key.get(&key).copied()).into_iter().collect()
        };
        for age in agreeing {
            self.resolve(step, age, ResolveReason::Match);
        }
    }

    /// An occurrence closed: ends the alerts about it.
    pub fn close(&mut self, step: &mut Step<'_>, place: Place, reason: ResolveReason) {
        let ages: Vec<AlertAge> = self.of_occurrence(place).collect();
        for age in ages {
            self.resolve(step, age, reason);
        }
    }

    /// An alert may have gone without a match for as long as its rule's `resolve.after`.
    pub fn expire(&mut self, step: &mut Step<'_>, age: AlertAge) {
        let Some(open) = self.open.get_mut(&age) else {
            return;
        };
        let Some(after) = step.rules.rules[open.rule as usize].resolve.after else {
            return;
        };
        let at = open.matched_at.plus(after);
        // After a time without service both may have passed; then too it is the later one that counts.
        if open.expire.is_some_and(|set| set.at() < at) {
            open.expire = Some(step.deadlines.set_aged(at, open.expire_age, Timer::Expire(age)));
        } else {
            open.expire = None;
            self.resolve(step, age, ResolveReason::Timeout);
        }
    }

    /// A group's turn has come.
    pub fn turn(&mut self, step: &mut Step<'_>, meetings: &Meetings, group: GroupNo) {
        self.delivery.turn(step, &mut self.open, meetings, group);
    }

    /// Whoever is told of alerts, with the open ones.
    pub fn delivery(&mut self) -> (&mut Delivery, &mut Open) {
        (&mut self.delivery, &mut self.open)
    }

    /// Whoever is told of alerts.
    pub fn told(&self) -> &Delivery {
        &self.delivery
    }

    /// How many mails have no final outcome yet, and the date of the oldest.
    pub fn outbox(&self) -> (usize, Option<Time>) {
        (self.delivery.outbox.len(), self.delivery.outbox.oldest())
    }

    /// How many alerts of a rule are open.
    pub fn count_of_rule(&self, rule: u32) -> usize {
        self.by_rule.get(rule as usize).map_or(0, BTreeSet::len)
    }

    /// Tells of an update, and so of one that was held back.
    pub fn update(&mut self, step: &mut Step<'_>, age: AlertAge) {
        if let Some(open) = self.open.get_mut(&age) {
            if let Some(held_back) = open.update.take() {
                step.deadlines.cancel(held_back);
            }
            open.told_at = step.now;
            step.say(AlertEventKind::Updated, &open.alert);
        }
    }

    /// A new rule set is in force. Alerts of rules that were kept go on under their new index, with the rule's new severity, labels and
    /// runbook; the others have been resolved before.
    pub fn renumber(&mut self, step: &mut Step<'_>, kept: &[Option<u32>]) {
        self.by_rule = vec![BTreeSet::new(); step.rules.rules.len()];
        self.by_key.clear();
        for (age, open) in &mut self.open {
            let Some(rule) = kept.get(open.rule as usize).copied().flatten() else {
                continue;
            };
            open.rule = rule;
            self.by_rule[rule as usize].insert((open.matched_at, *age));
            self.by_key.insert(open.key(), *age);
            let compiled = &step.rules.rules[rule as usize];
            let alert = &mut open.alert;
            let severity = match open.case {
                Some(case) if compiled.severity.all().any(|severity| severity == case) => case,
                _ => compiled.severity.otherwise,
            };
            if alert.severity != severity
                || alert.labels != compiled.labels
                || alert.runbook_url != compiled.runbook_url
            {
                alert.severity = severity;
                alert.labels.clone_from(&compiled.labels);
                alert.runbook_url.clone_from(&compiled.runbook_url);
                open.told_at = step.now;
                step.say(AlertEventKind::Updated, alert);
            }
        }
        self.delivery.reload(step, &mut self.open);
    }

    /// The open alerts of a rule, oldest first.
    pub fn of_rule(&self, rule: u32) -> Vec<AlertAge> {
        let mut ages: Vec<AlertAge> = self
            .by_rule
            .get(rule as usize)
            .into_iter()
            .flatten()
            .map(|(_, age)| *age)
            .collect();
        ages.sort_unstable();
        ages
    }

    /// The open alerts about an occurrence, oldest first.
    pub fn of_occurrence(&self, place: Place) -> impl Iterator<Item = AlertAge> + '_ {
        self.by_occurrence
            .range((place, AlertAge(0))..=(place, AlertAge(u64::MAX)))
            .map(|(_, age)| *age)
    }

    /// All open alerts, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Alert> {
        self.open.values().map(|open| &open.alert)
    }

    /// An open alert.
    pub fn get(&self, age: AlertAge) -> Option<&Alert> {
        self.open.get(&age).map(|open| &open.alert)
    }

    fn again(
        &mut self,
        step: &mut Step<'_>,
        age: AlertAge,
        at: Time,
        evidence: Vec<Arc<Evidence>>,
        case: Option<Severity>,
    ) {
        let Some(open) = self.open.get_mut(&age) else {
            return;
        };
        open.alert.occurrences += 1;
        open.alert.last_seen_at = open.alert.last_seen_at.max(at);
        let known = &mut open.alert.evidence;
        known.retain(|old| evidence.iter().all(|new| new.sequence != old.sequence));
        known.splice(0..0, evidence);
        known.truncate(EVIDENCE);
        if at > open.matched_at {
            let idle = &mut self.by_rule[open.rule as usize];
            idle.remove(&(open.matched_at, age));
            idle.insert((at, age));
            open.matched_at = at;
            open.expire_age = step.deadlines.age();
        }
        if open.raise(step, case) {
            self.update(step, age);
            return self.delivery.raised(step, &mut self.open, age);
        }
        if open.update.is_some() {
            return;
        }
        let at = open.told_at.plus(UPDATE_INTERVAL);
        if at > step.now {
            open.update = Some(step.deadlines.set(at, Timer::Update(age)));
        } else {
            self.update(step, age);
        }
    }

    fn fire(&mut self, step: &mut Step<'_>, matched: Match<'_>, case: Option<Severity>) -> AlertAge {
        let key = matched.about.clone();
        let rule = key.rule as usize;
        self.make_room(step, rule);
        let severity = case.unwrap_or(step.rules.rules[rule].severity.otherwise);
        let alert = new_alert(step, matched, severity);
        let counts = &mut step.counts.rules[rule];
        counts.fired += 1;
        counts.last_fired_at = Some(step.now);

        let age = AlertAge(self.next_age);
        self.next_age += 1;
        step.say(AlertEventKind::Fired, &alert);
        let matched_at = alert.last_seen_at;
        let expire_age = step.deadlines.age();
        let expire = step.rules.rules[rule].resolve.after.map(|after| {
            let at = matched_at.plus(after);
            step.deadlines.set_aged(at, expire_age, Timer::Expire(age))
        });
        self.by_rule[rule].insert((matched_at, age));
        if let Some(place) = key.key.place {
            self.by_occurrence.insert((place, age));
        }
        let open = OpenAlert {
            alert,
            rule: key.rule,
            place: key.key.place,
            case,
            matched_at,
            told_at: step.now,
            update: None,
            expire,
            expire_age,
            groups: Vec::new(),
        };
        self.by_key.insert(key, age);
        self.by_id.insert(open.alert.id, age);
        self.open.insert(age, open);
        self.delivery.fired(step, &mut self.open, age);
        age
    }

    /// Ends the longest idle alerts of a rule that has as many as it may.
    fn make_room(&mut self, step: &mut Step<'_>, rule: usize) {
        if self.by_rule.len() < step.rules.rules.len() {
            self.by_rule.resize(step.rules.rules.len(), BTreeSet::new());
        }
        while self.by_rule[rule].len() >= step.settings.alerts_per_rule.max(1) as usize {
            let Some(&(_, age)) = self.by_rule[rule].first() else {
                return;
            };
            step.counts.alerts_evicted += 1;
            self.resolve(step, age, ResolveReason::Evicted);
        }
    }

    fn remove(&mut self, age: AlertAge) -> Option<OpenAlert> {
        let open = self.open.remove(&age)?;
        self.by_key.remove(&open.key());
        self.by_id.remove(&open.alert.id);
        if let Some(place) = open.place {
            self.by_occurrence.remove(&(place, age));
        }
        if let Some(idle) = self.by_rule.get_mut(open.rule as usize) {
            idle.remove(&(open.matched_at, age));
        }
        Some(open)
    }
}

impl OpenAlert {
    /// Raises the severity to that of a case, or to what holds where there is none; false: it is as bad already.
    fn raise(&mut self, step: &Step<'_>, case: Option<Severity>) -> bool {
        let severity = case.unwrap_or(step.rules.rules[self.rule as usize].severity.otherwise);
        let is_worse = severity > self.alert.severity;
        if is_worse {
            (self.alert.severity, self.case) = (severity, case);
        }
        is_worse
    }
}
