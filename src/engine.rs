//! Decides. A function of the inputs and their times: it reads no clock, no file, no random number; it has no channel, and no `Result`
//! for what cannot fail. Durability is absent: the driver journals an input before it comes here, and lets effects out after.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod by_hash;
mod clocks;
mod count;
mod counts;
mod deadlines;
mod delivery;
pub mod effect;
mod events;
mod expected;
mod held;
mod ids;
pub mod input;
mod key;
mod keyed;
mod lifecycle;
mod meeting;
mod meetings;
mod newest;
mod news;
pub mod outbox;
mod quiet;
mod ratio;
mod received;
mod recency;
mod reload;
mod sequence;
mod sight;
mod step;
mod told;
mod watch;
mod window;
mod witness;

use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

pub use clocks::Clock;
pub use counts::{Counts, KindCounts, RuleCounts};
pub use meeting::{Change, Occurrence, Participant, TimelineEntry};
pub use reload::{Fate, Reloaded, RuleChange};
pub use sight::RuleSight;
pub use watch::{Look, Seen, Taken};

use crate::{
    model::{Alert, Notification, Time},
    rules::{RuleSet, RuleSource},
};
use deadlines::{Deadlines, Timer};
use effect::{Answer, Effect};
use ids::{Ids, Recall};
use input::{Input, Settings};
use keyed::Keyed;
use lifecycle::Alerts;
use meetings::Meetings;
use received::Received;
use reload::compiled;
use sight::Sight;
use step::Step;
use watch::Watch;

/// Identity of a store; the ids that the engine makes depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct StoreId(pub [u8; 16]);

/// 32 hexadecimal digits.
impl std::fmt::Display for StoreId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The version of what the engine does with its inputs. A journal tail written under one is never replayed under another.
pub const SEMANTICS: u32 = 6;

/// The engine.
#[derive(Debug)]
pub struct Engine {
    rules: Arc<RuleSet>,
    state: State,
    /// The rule that is being weighed, should the engine fail on it.
    at_work: Option<u32>,
    watch: Option<Box<Watch>>,
}

/// All that a snapshot holds.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    store: StoreId,
    source: Arc<RuleSource>,
    settings: Settings,
    now: Time,
    next_sequence: u64,
    next_event: u64,
    ids: Ids,
    meetings: Meetings,
    alerts: Alerts,
    keyed: Keyed,
    deadlines: Deadlines,
    sight: Sight,
    reloaded: Reloaded,
    counts: Counts,
}

impl State {
    /// Reads a snapshot, and makes the indexes that it does not hold.
    fn decode(snapshot: &[u8]) -> Result<Self, RestoreError> {
        let mut state: Self = postcard::from_bytes(snapshot).map_err(RestoreError::Decode)?;
        state.meetings.reindex();
        state.keyed.reindex();
        Ok(state)
    }
}

/// A snapshot that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Its bytes are not a snapshot of this version.
    #[error("the snapshot cannot be decoded")]
    Decode(#[source] postcard::Error),
    /// The rules in it do not compile any more.
    #[error("the rules in the snapshot do not compile: {0}")]
    Rules(String),
}

/// A meeting, and a rule of events, that make the engine panic, so that tests can show what then happens.
#[cfg(test)]
pub(crate) const POISON: &str = "poison";

impl Engine {
    /// An engine that has seen nothing, and has no rules.
    pub fn new(store: StoreId) -> Self {
        let rules = Arc::new(RuleSet::default());
        let state = State {
            store,
            source: rules.source.clone(),
            settings: Settings::default(),
            now: Time::MIN,
            next_sequence: 1,
            next_event: 1,
            ids: Ids::default(),
            meetings: Meetings::default(),
            alerts: Alerts::default(),
            keyed: Keyed::default(),
            deadlines: Deadlines::default(),
            sight: Sight::default(),
            reloaded: Reloaded::default(),
            counts: Counts::default(),
        };
        Self::of(rules, state)
    }

    /// The engine that [`Self::snapshot`] was made of.
    pub fn restore(snapshot: &[u8]) -> Result<Self, RestoreError> {
        let state = State::decode(snapshot)?;
        let rules = compiled(&state.source).map_err(RestoreError::Rules)?;
        Ok(Self::of(rules, state))
    }

    /// The engine that a snapshot of this one gives, with the rules as they are compiled: to show that a snapshot leaves nothing out.
    pub(crate) fn restored(&self) -> Result<Self, RestoreError> {
        Ok(Self::of(Arc::clone(&self.rules), State::decode(&self.snapshot())?))
    }

    fn of(rules: Arc<RuleSet>, state: State) -> Self {
        Self {
            rules,
            state,
            at_work: None,
            watch: None,
        }
    }

    /// All state, as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        #[expect(
            clippy::expect_used,
            reason = "the state is plain data, which postcard can always write to memory"
        )]
        postcard::to_stdvec(&self.state).expect("plain data")
    }

    /// Applies one input, at its place in the journal and its time, and appends what it causes. Time never runs backwards: an earlier
    /// one counts as the latest.
    pub fn apply(&mut self, offset: u64, time: Time, input: Input, out: &mut Vec<Effect>) {
        let time = time.max(self.state.now);
        if matches!(input, Input::Start(_)) {
            keyed::begin_anew(&mut self.state.keyed, time, &mut self.state.deadlines);
            // What fell due while nobody ran happens now.
            self.state.counts.late_deadlines += self.state.deadlines.due_by(time);
            self.state.now = time;
            let (alerts, mut step) = self.alerts_and_step(offset, out);
            let (delivery, open) = alerts.delivery();
            delivery.restart(&mut step, open);
        }
        if let Input::Skip { rule, .. } = &input {
            // Before time goes on: it may be a deadline that the rule fails on.
            self.failed(offset, time, rule.as_deref(), out);
        }
        self.advance(offset, time, out);
        match input {
            Input::Notification(ref notification) => self.notification(offset, notification, out),
            Input::Tick => {}
            Input::Start(settings) => {
                self.state.settings = settings;
                self.forgive(offset, out);
            }
            Input::Rules(rules) => self.new_rules(offset, rules, out),
            Input::Mail(outcome) => {
                let (alerts, mut step) = self.alerts_and_step(offset, out);
                let (delivery, open) = alerts.delivery();
                delivery.outbox.ended(&mut step, outcome);
                delivery.settle(&mut step, open);
            }
            Input::Skip { .. } => {}
            Input::Silence(_)
            | Input::ExpireSilence(_)
            | Input::Acknowledge { .. }
            | Input::Resolve { .. }
            | Input::Drill { .. } => self.act(offset, input, out),
        }
        // A deadline that was set in the past falls due right after its input.
        self.advance(offset, time, out);
    }

    /// Does what an operator wants, and says what came of it.
    fn act(&mut self, offset: u64, input: Input, out: &mut Vec<Effect>) {
        let (alerts, mut step) = self.alerts_and_step(offset, out);
        let acted = match input {
            Input::Acknowledge { alert, who, why } => alerts.acknowledge(&mut step, alert, who, why),
            Input::Resolve { alert } => alerts.resolve_by_operator(&mut step, alert),
            other => {
                let (delivery, open) = alerts.delivery();
                match other {
                    Input::Silence(new) => delivery.silence(&mut step, open, new),
                    Input::ExpireSilence(id) => delivery.expire_silence(&mut step, open, id),
                    Input::Drill { receiver, by } => delivery.drill(&mut step, open, &receiver, &by),
                    _ => return,
                }
            }
        };
        out.push(Effect::Acted(acted));
    }

    /// The rule that was being weighed when the engine failed, if one was.
    pub fn rule_at_work(&self) -> Option<&CompactString> {
        let rule = self.rules.rules.get(self.at_work? as usize)?;
        Some(&rule.name)
    }

    /// Keeps from now on what expressions could see of notifications; [`Self::seen`] hands it out.
    pub fn watch(&mut self, look: Look) {
        let seen = Vec::new();
        self.watch = Some(Box::new(Watch { look, seen }));
    }

    /// What has been seen since [`Self::watch`] or the last time that this was asked; without end unless asked.
    pub fn seen(&mut self) -> Vec<Seen> {
        self.watch
            .as_mut()
            .map(|watch| std::mem::take(&mut watch.seen))
            .unwrap_or_default()
    }

    /// When the next deadline is due.
    pub fn next_deadline(&self) -> Option<Time> {
        self.state.deadlines.next()
    }

    /// The engine's time: that of its last input.
    pub fn now(&self) -> Time {
        self.state.now
    }

    /// The sequence of the next alert event.
    pub fn next_event(&self) -> u64 {
        self.state.next_event
    }

    /// The rules in force.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// What it has counted.
    pub fn counts(&self) -> &Counts {
        &self.state.counts
    }

    /// The open alerts, oldest first; then those of the service's own.
    pub fn open_alerts(&self) -> impl Iterator<Item = &Alert> {
        let own = self.state.alerts.told().outbox.alerts();
        self.state.alerts.open().chain(own)
    }

    /// How many alerts of a rule are open.
    pub fn open_alerts_of(&self, rule: u32) -> usize {
        self.state.alerts.count_of_rule(rule)
    }

    /// How many keys a rule has state for, held states apart.
    pub fn keys_of(&self, rule: u32) -> usize {
        self.state.keyed.count_of_rule(rule)
    }

    /// The open meetings, in the order of their opening, from that sequence on.
    pub fn meetings_from(&self, sequence: u64) -> impl Iterator<Item = &Occurrence> {
        self.state.meetings.open_from(sequence)
    }

    /// How many meetings are open.
    pub fn meeting_count(&self) -> usize {
        self.state.meetings.len()
    }

    /// How many participants are known in them, gone ones included.
    pub fn participant_count(&self) -> usize {
        self.state.meetings.participant_count()
    }

    /// The open meeting of a billing code, with its open alerts.
    pub fn meeting(&self, billing_code: &str) -> Option<(&Occurrence, Vec<&Alert>)> {
        let (place, occurrence) = self.state.meetings.get(billing_code)?;
        let alerts = self
            .state
            .alerts
            .of_occurrence(place)
            .filter_map(|age| self.state.alerts.get(age))
            .collect();
        Some((occurrence, alerts))
    }

    /// How many ids are remembered, and when the oldest came.
    pub fn ids(&self) -> (usize, Option<Time>) {
        (self.state.ids.len(), self.state.ids.oldest())
    }

    /// How many deadlines are set.
    #[cfg(test)]
    pub fn deadline_count(&self) -> usize {
        self.state.deadlines.len()
    }

    /// Lets every deadline up to that time fall due, each at its own.
    fn advance(&mut self, offset: u64, time: Time, out: &mut Vec<Effect>) {
        while let Some((at, timer)) = self.state.deadlines.pop(time) {
            self.state.now = self.state.now.max(at);
            if let Timer::Schedule(schedule) = timer {
                self.schedule_turns(offset, schedule, out);
                continue;
            }
            self.at_work = timer.rule();
            let (meetings, alerts, mut step) = self.parts(offset, out);
            match timer {
                Timer::Hold { subject, rule } => meetings.hold_due(&mut step, alerts, subject, rule),
                Timer::Key(place) => events::due(&mut step, alerts, meetings, place),
                Timer::Sweep(rule) => keyed::sweep(&mut step, rule),
                Timer::Grace(place) => meetings.grace_over(&mut step, alerts, place),
                Timer::Idle(place) => meetings.idle(&mut step, alerts, place),
                Timer::Forget(place) => meetings.forget(place),
                Timer::Expire(age) => alerts.expire(&mut step, age),
                Timer::Update(age) => alerts.update(&mut step, age),
                Timer::Mail(ticket) => alerts.delivery().0.outbox.due(&mut step, ticket),
                Timer::MailWaiting => alerts.delivery().0.outbox.look(&mut step),
                Timer::Group(no) => alerts.turn(&mut step, meetings, no),
                Timer::Digest(no) => {
                    let (delivery, open) = alerts.delivery();
                    delivery.digest(&mut step, open, no);
                }
                Timer::Stuck(no) => {
                    let (delivery, open) = alerts.delivery();
                    delivery.stuck(&mut step, open, no);
                }
                Timer::StuckDigest(no) => {
                    let (delivery, open) = alerts.delivery();
                    delivery.digests_stuck(&mut step, open, no);
                }
                Timer::Silence(id) => {
                    let (delivery, open) = alerts.delivery();
                    delivery.silence_turns(&mut step, open, id);
                }
                Timer::Schedule(_) => {}
            }
            self.at_work = None;
        }
        self.state.now = time;
    }

    fn notification(&mut self, offset: u64, notification: &Notification, out: &mut Vec<Effect>) {
        #[cfg(test)]
        assert_ne!(
            notification.payload.billing_code(),
            POISON,
            "what the tests make the engine fail on"
        );
        let state = &mut self.state;
        let counts = &mut state.counts;
        if let Some(id) = &notification.id {
            match state
                .ids
                .recall(&notification.source, id, state.now, state.settings.id_horizon)
            {
                Recall::New => {}
                Recall::Same(sequence) => {
                    counts.of(&notification.payload).duplicates += 1;
                    return out.push(Effect::Answer(Answer::Duplicate { sequence }));
                }
                Recall::Other {
                    sequence,
                    oldest_id_age,
                } => {
                    counts.of(&notification.payload).ids_reused += 1;
                    return out.push(Effect::Answer(Answer::IdReused {
                        sequence,
                        oldest_id_age,
                    }));
                }
            }
        }
        let sequence = state.next_sequence;
        state.next_sequence += 1;
        if let Some(id) = &notification.id {
            let bound = state.settings.ids_per_source;
            counts.ids_evicted += state.ids.remember(&notification.source, id, sequence, state.now, bound);
        }
        out.push(Effect::Answer(Answer::Accepted { sequence }));
        counts.accept(&notification.payload);
        let received = Received::new(state.now, sequence, notification, &state.settings, counts);
        let (meetings, alerts, mut step) = self.parts(offset, out);
        meetings.take(&mut step, alerts, &received);
    }

    fn parts<'a>(&'a mut self, offset: u64, out: &'a mut Vec<Effect>) -> (&'a mut Meetings, &'a mut Alerts, Step<'a>) {
        let State {
            store,
            settings,
            now,
            next_event,
            meetings,
            alerts,
            keyed,
            deadlines,
            sight,
            counts,
            ..
        } = &mut self.state;
        let step = Step {
            rules: &self.rules,
            watch: self.watch.as_deref_mut(),
            settings,
            store: *store,
            offset,
            now: *now,
            keyed,
            deadlines,
            counts,
            next_event,
            blind: sight.blind(),
            at_work: &mut self.at_work,
            out,
        };
        (meetings, alerts, step)
    }

    fn alerts_and_step<'a>(&'a mut self, offset: u64, out: &'a mut Vec<Effect>) -> (&'a mut Alerts, Step<'a>) {
        let (_, alerts, step) = self.parts(offset, out);
        (alerts, step)
    }
}

/// The first 128 bits of a digest.
fn short_hash(hasher: &blake3::Hasher) -> u128 {
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_be_bytes(short)
}

#[cfg(test)]
mod tests;
