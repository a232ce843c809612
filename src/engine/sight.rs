//! Which rules see. A rule that names a schedule sees nothing outside of it: at the close its state drops and its alerts end, at the
//! opening what lasts is weighed as if it began then. Neither does one on which the engine failed again and again, until the rules change
//! or the process starts anew. When a schedule is open is absent: that is the schedule's to say.
//!
//! A schedule turns by the engine's time, before all else that happens at that instant. One that turned several times while nobody ran
//! has turned to where it is now, and what was open before has been closed in between.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Engine,
    deadlines::{Deadline, Deadlines, Timer},
    effect::Effect,
    keyed,
};
use crate::{
    model::{ResolveReason, Time},
    rules::{Rule, RuleSet},
};

/// Two failures of the engine within this time, and the rule that was at work at the second sees nothing any more.
const FORGIVEN: Duration = Duration::from_hours(1);

/// Whether a rule sees anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleSight {
    /// It does.
    Sees,
    /// It is switched off.
    SwitchedOff,
    /// Its schedule is closed.
    OffSchedule,
    /// The engine failed on it.
    Failed,
}

/// What decides which rules see.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Sight {
    /// By rule: whether it sees nothing. It follows from the rest, and is kept since it is asked for every rule that a notification can
    /// touch.
    blind: Vec<bool>,
    /// By schedule.
    turns: Vec<Turn>,
    /// The rules on which the engine failed.
    failed: BTreeSet<u32>,
    /// When it last failed.
    failed_at: Option<Time>,
}

/// How a schedule stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Turn {
    closed: bool,
    /// When it turns next; `None`: never, or no rule uses it.
    next: Option<Deadline>,
}

impl Sight {
    /// By rule: whether it sees nothing.
    pub fn blind(&self) -> &[bool] {
        &self.blind
    }

    /// Whether the engine failed on a rule too often.
    pub fn has_failed(&self, rule: u32) -> bool {
        self.failed.contains(&rule)
    }

    /// A new rule set is in force: its schedules stand as they do now, and no rule of it has failed.
    pub fn load(&mut self, rules: &RuleSet, deadlines: &mut Deadlines, now: Time) {
        for next in self.turns.drain(..).filter_map(|turn| turn.next) {
            deadlines.cancel(next);
        }
        self.failed.clear();
        self.turns.resize_with(rules.schedules.len(), Turn::default);
        for schedule in (0u32..).take(rules.schedules.len()) {
            if !users(rules, schedule).is_empty() {
                self.turn(schedule, rules, deadlines, now);
            }
        }
        self.look(rules);
    }

    /// Turns a schedule to how it stands now, and sees to its next turn.
    fn turn(&mut self, schedule: u32, rules: &RuleSet, deadlines: &mut Deadlines, now: Time) {
        let times = &rules.schedules[schedule as usize];
        let next = times.next_change(now);
        self.turns[schedule as usize] = Turn {
            closed: !times.contains(now),
            next: next.map(|at| deadlines.set_first(at, schedule, Timer::Schedule(schedule))),
        };
    }

    /// Finds out which rules see.
    fn look(&mut self, rules: &RuleSet) {
        let is_blind = |(index, rule): (u32, &Rule)| {
            rule.during.is_some_and(|schedule| self.turns[schedule].closed) || self.has_failed(index)
        };
        self.blind = (0u32..).zip(&rules.rules).map(is_blind).collect();
    }
}

impl Engine {
    /// Whether a rule sees anything now.
    pub fn sight_of(&self, rule: u32) -> RuleSight {
        let is_blind = self.state.sight.blind.get(rule as usize).copied();
        match self.rules.rules.get(rule as usize) {
            Some(compiled) if !compiled.enabled => RuleSight::SwitchedOff,
            _ if self.state.sight.has_failed(rule) => RuleSight::Failed,
            _ if is_blind == Some(true) => RuleSight::OffSchedule,
            _ => RuleSight::Sees,
        }
    }

    /// A schedule turns: the rules that use it see no more, or see again.
    pub(super) fn schedule_turns(&mut self, offset: u64, schedule: u32, out: &mut Vec<Effect>) {
        let users = users(&self.rules, schedule);
        if !self.state.sight.turns[schedule as usize].closed {
            self.drop_state(offset, &users, ResolveReason::OffSchedule, out);
        }
        let state = &mut self.state;
        state.sight.turn(schedule, &self.rules, &mut state.deadlines, state.now);
        state.sight.look(&self.rules);
        if !state.sight.turns[schedule as usize].closed {
            self.see_again(offset, &users, out);
        }
    }

    /// The engine failed on an input while this rule was at work, if one was.
    pub(super) fn failed(&mut self, offset: u64, time: Time, rule: Option<&str>, out: &mut Vec<Effect>) {
        self.state.counts.inputs_skipped += 1;
        let sight = &mut self.state.sight;
        let last = sight.failed_at.replace(time);
        let again = last.is_some_and(|last| time < last.plus(FORGIVEN));
        let mut names = (0u32..).zip(&self.rules.rules);
        if let Some(rule) = rule.filter(|_| again)
            && let Some((rule, _)) = names.find(|(_, compiled)| compiled.name == rule)
        {
            sight.failed.insert(rule);
            sight.look(&self.rules);
            self.drop_state(offset, &[rule], ResolveReason::RuleFailed, out);
        }
    }

    /// The process starts, perhaps as a version that does not fail: the rules on which it did see again.
    pub(super) fn forgive(&mut self, offset: u64, out: &mut Vec<Effect>) {
        let failed: Vec<u32> = std::mem::take(&mut self.state.sight.failed).into_iter().collect();
        if failed.is_empty() {
            return;
        }
        self.state.sight.look(&self.rules);
        self.see_again(offset, &failed, out);
    }

    /// What rules watch begins now if it is there.
    fn see_again(&mut self, offset: u64, rules: &[u32], out: &mut Vec<Effect>) {
        let (meetings, alerts, mut step) = self.parts(offset, out);
        meetings.weigh_from_now(&mut step, alerts, rules);
        for rule in rules {
            if step.sees(*rule) {
                keyed::listen(&mut step, *rule);
            }
        }
    }

    /// Drops all that rules have begun, and ends their alerts, oldest first.
    fn drop_state(&mut self, offset: u64, rules: &[u32], reason: ResolveReason, out: &mut Vec<Effect>) {
        let (meetings, alerts, mut step) = self.parts(offset, out);
        meetings.drop_holds(&mut step, alerts, rules);
        for rule in rules {
            keyed::drop_of(&mut step, *rule);
        }
        let mut ages: Vec<_> = rules.iter().flat_map(|rule| alerts.of_rule(*rule)).collect();
        ages.sort_unstable();
        for age in ages {
            alerts.resolve(&mut step, age, reason);
        }
    }
}

/// The rules that see only during a schedule, ascending.
fn users(rules: &RuleSet, schedule: u32) -> Vec<u32> {
    let uses = |during: Option<usize>| during == usize::try_from(schedule).ok();
    (0u32..)
        .zip(&rules.rules)
        .filter(|(_, rule)| rule.enabled && uses(rule.during))
        .map(|(index, _)| index)
        .collect()
}
