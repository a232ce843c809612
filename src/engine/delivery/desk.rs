//! What a receiver that gets only so many mails an hour has got and is owed: what is beyond is held back and counted until its digest
//! leaves, as soon as there is room for it, and after ten minutes in any case. Mails that were given up because too many waited are told of
//! there too. The digest itself is `digest`'s.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{
    digest::Sent,
    news::{Item, Kind, News},
    on_the_way::{OnTheWay, Reach},
};
use crate::{
    engine::{
        deadlines::{Deadline, Timer},
        lifecycle::{AlertAge, Open},
        outbox::{AlertList, Because, Digest, Finished, Intent, Numbers, Told},
        step::Step,
    },
    model::{Alert, AlertId, Severity, Time},
    rules::{Receiver, RuleSet},
};

/// The time within which mails are counted.
const WINDOW: Duration = Duration::from_hours(1);

/// How long what is held back waits at most.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// How many alerts are kept for one digest; the others are only counted.
const MOST: usize = 10_000;

/// A receiver's number here: they are counted as they are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::engine) struct DeskNo(u32);

/// By receiver, those that have something to be kept.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Desks {
    desks: BTreeMap<DeskNo, Desk>,
    by_name: BTreeMap<CompactString, DeskNo>,
    next: u32,
}

/// What is kept of a receiver.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Desk {
    name: CompactString,
    /// When the mails of the last hour left.
    sent: VecDeque<Time>,
    /// By their dates, the digests that have reached nobody yet and that somebody stands in for.
    on_the_way: BTreeMap<Time, Sent>,
    owed: Option<Owed>,
}

/// What is held back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Owed {
    since: Time,
    due: Deadline,
    held_back: u64,
    given_up: u64,
    alerts: BTreeMap<AlertAge, OwedAlert>,
    more: Numbers,
    /// As many of these as the record of a mail tells of.
    unlisted: Vec<AlertId>,
    /// The worst of all that it tells of.
    pub severity: Severity,
}

/// An alert that the digest tells of.
#[derive(Debug, Serialize, Deserialize)]
struct OwedAlert {
    kind: Kind,
    /// As it ended, if it has.
    ended: Option<Box<Alert>>,
}

impl Desks {
    /// Whether a receiver gets no further mail now.
    pub fn is_full(&mut self, receiver: &Receiver, now: Time) -> bool {
        let Some(most) = receiver.max_per_hour else {
            return false;
        };
        let desk = self.desk(&receiver.name);
        // While mails wait for the digest, later ones do, too; one that was given up alone holds back nothing.
        desk.owed.as_ref().is_some_and(|owed| owed.held_back > 0) || desk.free_at(most, now) > now
    }

    /// Whether the digest is the first mail that will tell a receiver of an alert that burns.
    pub fn owes_firing(&self, receiver: &str, age: AlertAge) -> bool {
        let desk = self.by_name.get(receiver).and_then(|no| self.desks.get(no));
        let owed = desk.and_then(|desk| desk.owed.as_ref()?.alerts.get(&age));
        owed.is_some_and(|owed| owed.kind == Kind::Fired)
    }

    /// A mail leaves; the digest need not tell what that tells, and is not sent where nothing is left for it.
    pub fn tells(&mut self, step: &mut Step<'_>, receiver: &Receiver, alerts: impl Iterator<Item = AlertAge>) {
        if receiver.max_per_hour.is_some() {
            self.desk(&receiver.name).sent.push_back(step.now);
        }
        if let Some(desk) = self.known(&receiver.name) {
            desk.forget(step, alerts);
        }
    }

    /// Holds a mail back.
    pub fn hold(&mut self, step: &mut Step<'_>, receiver: &Receiver, news: &News) {
        step.counts.mails_held_back += 1;
        let most = receiver.max_per_hour.unwrap_or(u32::MAX);
        let no = self.no(&receiver.name);
        let owed = self.owed(step, no, most);
        owed.held_back += 1;
        owed.severity = owed.severity.max(news.severity);
        for (age, kind) in &news.burning {
            owed.add(*age, *kind, None);
        }
        let kind = Kind::of_ended(receiver.send_resolved);
        for over in &news.over.listed {
            owed.add(over.age, kind, Some(&over.alert));
        }
        for more in news.over.more.values() {
            *owed.more.of(kind) += more.count;
            AlertList::note_unlisted(&mut owed.unlisted, more.ids.iter().copied());
        }
    }

    /// A mail was given up because too many waited.
    pub fn gave_up(&mut self, step: &mut Step<'_>, intent: &Intent) {
        let no = self.no(&intent.receiver);
        let owed = self.owed(step, no, u32::MAX);
        owed.given_up += match &*intent.told {
            Told::Digest(digest) => digest.held_back + digest.given_up,
            _ => 1,
        };
        // The digest is worth as much as what it stands for, lest it be given up at once.
        owed.severity = owed.severity.max(intent.severity);
    }

    /// An alert is over, which its route's schedules or something else may hold back; true: all that there is to tell of it is the digest's.
    pub fn ended(
        &mut self,
        step: &mut Step<'_>,
        receiver: &Receiver,
        age: AlertAge,
        alert: &Alert,
        is_held: bool,
    ) -> bool {
        let Some(desk) = self.known(&receiver.name) else {
            return false;
        };
        let Some(owed) = desk.owed.as_mut().and_then(|owed| owed.alerts.get_mut(&age)) else {
            return false;
        };
        let is_told = match owed.kind {
            // What nobody was told of, and is held back at its end, is not told any more.
            Kind::Fired => !is_held,
            Kind::Open => receiver.send_resolved,
            Kind::Resolved => true,
        };
        if is_told {
            owed.ended = Some(Box::new(alert.clone()));
            if receiver.send_resolved {
                owed.kind = Kind::Resolved;
            }
        } else {
            desk.forget(step, [age].into_iter());
        }
        true
    }

    /// Whether that is the desk of this receiver.
    pub fn is_of(&self, no: DeskNo, receiver: &str) -> bool {
        self.by_name.get(receiver) == Some(&no)
    }

    /// The alerts that a digest is to tell of.
    pub fn alerts_owed(&self, no: DeskNo) -> Vec<(AlertAge, Kind)> {
        let owed = self.desks.get(&no).and_then(|desk| desk.owed.as_ref());
        owed.into_iter().flat_map(Owed::alerts).collect()
    }

    /// A digest that is due is not to tell of that one.
    pub fn forget(&mut self, no: DeskNo, age: AlertAge) {
        if let Some(owed) = self.desks.get_mut(&no).and_then(|desk| desk.owed.as_mut()) {
            owed.alerts.remove(&age);
        }
    }

    /// Takes out what is held back for a receiver, whose digest leaves now, if it has anything to tell.
    pub fn take_owed<'r>(&mut self, rules: &'r RuleSet, no: DeskNo, now: Time) -> Option<(&'r Receiver, Owed)> {
        let desk = self.desks.get_mut(&no)?;
        let owed = desk.owed.take().filter(|owed| !owed.is_empty())?;
        let receiver = rules.receiver(&desk.name)?;
        if receiver.max_per_hour.is_some() {
            desk.sent.push_back(now);
        }
        Some((receiver, owed))
    }

    /// Watches whether the digest that is about to leave arrives, if somebody stands in for the receiver.
    pub fn watch(&mut self, step: &mut Step<'_>, no: DeskNo, receiver: &Receiver, severity: Severity, digest: &Digest) {
        let on_the_way = OnTheWay::new(step, receiver, Timer::StuckDigest(no));
        if let (Some(desk), Some(on_the_way)) = (self.desks.get_mut(&no), on_the_way) {
            let sent = Sent {
                on_the_way,
                severity,
                digest: digest.clone(),
            };
            desk.on_the_way.insert(step.now, sent);
        }
    }

    /// Takes note of the end of a mail of a digest, and takes that out if none of its recipients gets it.
    pub fn take_unreached(&mut self, step: &mut Step<'_>, finished: &Finished) -> Option<Sent> {
        let Intent { receiver, date, .. } = &*finished.intent;
        let on_the_way = &mut self.known(receiver)?.on_the_way;
        match on_the_way.get_mut(date)?.on_the_way.ended(step, finished) {
            Reach::Open => None,
            Reach::Somebody => on_the_way.remove(date).and(None),
            Reach::Nobody => on_the_way.remove(date),
        }
    }

    /// Takes out the digests to a receiver that have been on their way for too long, the oldest first.
    pub fn take_stuck(&mut self, step: &mut Step<'_>, no: DeskNo) -> Option<(CompactString, Vec<Sent>)> {
        let desk = self.desks.get_mut(&no)?;
        let is_stuck = |_: &Time, sent: &mut Sent| sent.on_the_way.is_stuck(step.now);
        let stuck: Vec<Sent> = desk.on_the_way.extract_if(.., is_stuck).map(|(_, sent)| sent).collect();
        stuck.iter().for_each(|sent| sent.on_the_way.forget(step));
        Some((desk.name.clone(), stuck))
    }

    /// Forgets the receivers that are gone.
    pub fn reload(&mut self, step: &mut Step<'_>) {
        let gone = |desk: &Desk| step.rules.receiver(&desk.name).is_none();
        for (_, desk) in self.desks.extract_if(.., |_, desk| gone(desk)) {
            self.by_name.remove(&desk.name);
            desk.on_the_way.values().for_each(|sent| sent.on_the_way.forget(step));
            if let Some(owed) = desk.owed {
                step.deadlines.cancel(owed.due);
            }
        }
    }

    fn no(&mut self, receiver: &str) -> DeskNo {
        if let Some(no) = self.by_name.get(receiver) {
            return *no;
        }
        let no = DeskNo(self.next);
        self.next = self.next.wrapping_add(1);
        self.by_name.insert(receiver.into(), no);
        let name = receiver.into();
        self.desks.insert(
            no,
            Desk {
                name,
                ..Desk::default()
            },
        );
        no
    }

    /// What is kept of a receiver, if anything is.
    fn known(&mut self, receiver: &str) -> Option<&mut Desk> {
        self.desks.get_mut(self.by_name.get(receiver)?)
    }

    fn desk(&mut self, receiver: &str) -> &mut Desk {
        let no = self.no(receiver);
        self.desks.entry(no).or_default()
    }

    fn owed(&mut self, step: &mut Step<'_>, no: DeskNo, most: u32) -> &mut Owed {
        let desk = self.desks.entry(no).or_default();
        let free_at = match desk.owed {
            Some(_) => step.now,
            None => desk.free_at(most, step.now),
        };
        desk.owed.get_or_insert_with(|| {
            let latest = step.now.plus(LONGEST_WAIT);
            let at = if free_at > step.now {
                free_at.min(latest)
            } else {
                latest
            };
            Owed {
                since: step.now,
                due: step.deadlines.set(at, Timer::Digest(no)),
                held_back: 0,
                given_up: 0,
                alerts: BTreeMap::new(),
                more: Numbers::default(),
                unlisted: Vec::new(),
                severity: Severity::Info,
            }
        })
    }
}

impl Desk {
    /// Takes alerts from the digest, and the digest away where nothing is left for it to tell.
    fn forget(&mut self, step: &mut Step<'_>, alerts: impl Iterator<Item = AlertAge>) {
        let Some(owed) = &mut self.owed else {
            return;
        };
        for age in alerts {
            owed.alerts.remove(&age);
        }
        if owed.is_empty() {
            step.deadlines.cancel(owed.due);
            self.owed = None;
        }
    }

    /// When there is room for a further mail; `now` if there is.
    fn free_at(&mut self, most: u32, now: Time) -> Time {
        while self.sent.front().is_some_and(|sent| sent.plus(WINDOW) <= now) {
            self.sent.pop_front();
        }
        let beyond = (self.sent.len() + 1).saturating_sub(most as usize);
        match beyond.checked_sub(1).and_then(|place| self.sent.get(place)) {
            Some(sent) => sent.plus(WINDOW),
            None => now,
        }
    }
}

impl Owed {
    fn add(&mut self, age: AlertAge, kind: Kind, ended: Option<&Alert>) {
        if self.alerts.len() >= MOST && !self.alerts.contains_key(&age) {
            *self.more.of(kind) += 1;
            return;
        }
        let owed = self.alerts.entry(age).or_insert(OwedAlert { kind, ended: None });
        // What was first told by a mail that was held back is first told by the digest.
        if kind == Kind::Resolved {
            owed.kind = kind;
        }
        if let Some(ended) = ended {
            owed.ended = Some(Box::new(ended.clone()));
        }
    }

    /// Whether there is nothing left to tell.
    fn is_empty(&self) -> bool {
        self.alerts.is_empty() && self.more == Numbers::default() && self.given_up == 0
    }

    /// The alerts that it tells of, and as what.
    pub fn alerts(&self) -> impl Iterator<Item = (AlertAge, Kind)> {
        self.alerts.iter().map(|(age, owed)| (*age, owed.kind))
    }

    /// The digest, of the alerts as they are now.
    pub fn told<'a>(&'a self, open: &'a Open) -> Digest {
        let item = |(age, owed): (&AlertAge, &'a OwedAlert)| {
            let burning = || open.get(age).map(|open| &open.alert);
            Some(Item {
                age: *age,
                kind: owed.kind,
                has_risen: false,
                alert: owed.ended.as_deref().or_else(burning)?,
            })
        };
        let items: Vec<Item<'_>> = self.alerts.iter().filter_map(item).collect();
        let mut by_rule: BTreeMap<CompactString, Numbers> = BTreeMap::new();
        for item in &items {
            *by_rule.entry(item.alert.rule.clone()).or_default().of(item.kind) += 1;
        }
        let mut alerts = AlertList::of(items);
        alerts.more += self.more;
        AlertList::note_unlisted(&mut alerts.unlisted, self.unlisted.iter().copied());
        Digest {
            because: Because::Routed,
            since: self.since,
            held_back: self.held_back,
            given_up: self.given_up,
            by_rule: by_rule.into_iter().collect(),
            alerts,
        }
    }
}
