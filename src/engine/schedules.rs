//! Which rules see. A rule that names a schedule sees nothing outside of it: at the close its state drops and its alerts end, at the
//! opening what lasts is weighed as if it began then. When a schedule is open is absent: that is the schedule's to say.
//!
//! A schedule turns by the engine's time, before all else that happens at that instant. One that turned several times while nobody ran
//! has turned to where it is now, and what was open before has been closed in between.

use serde::{Deserialize, Serialize};

use super::{
    Engine,
    deadlines::{Deadline, Deadlines, Timer},
    effect::Effect,
    keyed,
};
use crate::{
    model::{ResolveReason, Time},
    rules::RuleSet,
};

/// The schedules that rules use.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Schedules {
    /// By rule: whether it sees nothing. Kept beside the schedules since it is asked for every rule that a notification can touch.
    blind: Vec<bool>,
    /// By schedule: when it turns next; `None`: never, or nobody uses it.
    turns: Vec<Option<Deadline>>,
}

impl Schedules {
    /// By rule: whether it sees nothing.
    pub fn blind(&self) -> &[bool] {
        &self.blind
    }

    /// A new rule set is in force: its schedules stand as they do now.
    pub fn load(&mut self, rules: &RuleSet, deadlines: &mut Deadlines, now: Time) {
        for turn in self.turns.drain(..).flatten() {
            deadlines.cancel(turn);
        }
        self.blind = vec![false; rules.rules.len()];
        self.turns = vec![None; rules.schedules.len()];
        for schedule in (0u32..).take(rules.schedules.len()) {
            if !users(rules, schedule).is_empty() {
                self.turn(schedule, rules, deadlines, now);
            }
        }
    }

    /// Turns a schedule to how it stands now, and sees to its next turn.
    fn turn(&mut self, schedule: u32, rules: &RuleSet, deadlines: &mut Deadlines, now: Time) {
        let times = &rules.schedules[schedule as usize];
        self.blind_all(&users(rules, schedule), !times.contains(now));
        let next = times.next_change(now);
        self.turns[schedule as usize] = next.map(|at| deadlines.set_first(at, schedule, Timer::Schedule(schedule)));
    }

    fn blind_all(&mut self, rules: &[u32], blind: bool) {
        for rule in rules {
            self.blind[*rule as usize] = blind;
        }
    }
}

impl Engine {
    /// A schedule turns: the rules that use it see no more, or see again.
    pub(super) fn schedule_turns(&mut self, offset: u64, schedule: u32, out: &mut Vec<Effect>) {
        let users = users(&self.rules, schedule);
        let is_open = |engine: &Self| {
            let blind = |rule: &u32| engine.state.schedules.blind[*rule as usize];
            !users.iter().any(blind)
        };
        if is_open(self) {
            self.state.schedules.blind_all(&users, true);
            self.drop_state(offset, &users, ResolveReason::OffSchedule, out);
        }
        let state = &mut self.state;
        state
            .schedules
            .turn(schedule, &self.rules, &mut state.deadlines, state.now);
        if is_open(self) {
            let (meetings, alerts, mut step) = self.parts(offset, out);
            meetings.watch(&mut step, alerts, &users);
            for rule in &users {
                keyed::listen(&mut step, *rule);
            }
        }
    }

    /// Drops all that rules have begun, and ends their alerts, oldest first.
    fn drop_state(&mut self, offset: u64, rules: &[u32], reason: ResolveReason, out: &mut Vec<Effect>) {
        let (meetings, alerts, mut step) = self.parts(offset, out);
        meetings.drop_holds(&mut step, rules);
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
