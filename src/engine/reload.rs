//! Putting a rule set in force over the state that is there. Reading and checking rule files is absent: what comes here compiles.

use std::sync::Arc;

use compact_str::CompactString;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::{Engine, RuleCounts, effect::Effect, input::NewRules};
use crate::{
    model::{ResolveReason, Time},
    rules::{Rule, RuleSet, RuleSource, compile},
};

/// What a reload did to the rules: to those in force afterwards, in the order of their files, then to those that are gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// When.
    pub at: Time,
    /// What became of each rule.
    pub rules: Vec<RuleChange>,
}

/// What became of one rule at a reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleChange {
    /// Its name.
    pub name: CompactString,
    /// What became of it.
    pub fate: Fate,
    /// How many of its alerts were open.
    pub alerts: u64,
    /// How many of its clocks ran: times that a state, or its end, or its absence has to last.
    pub timers: u64,
}

/// What becomes of a rule at a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It means the same, and goes on with all its state.
    Kept,
    /// It means something else, or was switched on or off: its state drops, its alerts end.
    Reset,
    /// It is new.
    Added,
    /// It is gone: its state drops, its alerts end.
    Removed,
}

impl Fate {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Reset => "reset",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

impl Reloaded {
    /// How many rules had that fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.rules.iter().filter(|rule| rule.fate == fate).count()
    }
}

impl Engine {
    /// What putting a rule set in force now would do.
    pub fn compare(&self, new: &RuleSet) -> Reloaded {
        let timers = self.state.deadlines.by_rule();
        let had = |rule: u32| {
            let timers = timers.get(&rule).copied().unwrap_or_default();
            (self.open_alerts_of(rule) as u64, timers)
        };
        let old = &self.rules.rules;
        let by_name: HashMap<&str, u32> = old.iter().map(|rule| rule.name.as_str()).zip(0u32..).collect();
        let kept = self.kept(new);
        let there = new.rules.iter().map(|rule| {
            let (fate, (alerts, timers)) = match by_name.get(rule.name.as_str()) {
                None => (Fate::Added, (0, 0)),
                Some(&index) if kept[index as usize].is_some() => (Fate::Kept, had(index)),
                Some(&index) => (Fate::Reset, had(index)),
            };
            let name = rule.name.clone();
            RuleChange {
                name,
                fate,
                alerts,
                timers,
            }
        });
        let gone = (0u32..).zip(old).filter(|(_, rule)| new.named(&rule.name).is_none());
        let gone = gone.map(|(index, rule)| {
            let (alerts, timers) = had(index);
            let name = rule.name.clone();
            let fate = Fate::Removed;
            RuleChange {
                name,
                fate,
                alerts,
                timers,
            }
        });
        Reloaded {
            at: self.now(),
            rules: there.chain(gone).collect(),
        }
    }

    /// For each rule the index of the new one that keeps its state: the same name, the same meaning, not switched on or off, and nothing
    /// on which the engine failed.
    fn kept(&self, new: &RuleSet) -> Vec<Option<u32>> {
        let by_name: HashMap<&str, u32> = new.rules.iter().map(|rule| rule.name.as_str()).zip(0u32..).collect();
        let same = |(old, rule): (u32, &Rule)| {
            let index = *by_name.get(rule.name.as_str())?;
            let new = &new.rules[index as usize];
            let is_same = rule.meaning == new.meaning && rule.enabled == new.enabled;
            (is_same && !self.state.sight.has_failed(old)).then_some(index)
        };
        (0u32..).zip(&self.rules.rules).map(same).collect()
    }

    /// What the last reload did.
    pub fn reloaded(&self) -> &Reloaded {
        &self.state.reloaded
    }

    /// Puts a rule set in force: rules whose meaning is unchanged keep all their state, the alerts of the others end.
    pub(super) fn new_rules(&mut self, offset: u64, new: NewRules, out: &mut Vec<Effect>) {
        let rules = match new.compiled {
            Some(rules) => rules,
            None => match compiled(&new.source) {
                Ok(rules) => rules,
                // It was checked before it was journaled; under other semantics the journal is not replayed.
                Err(_) => return,
            },
        };
        self.state.reloaded = self.compare(&rules);
        let kept = self.kept(&rules);
        let old = std::mem::replace(&mut self.rules, rules);
        self.state.source = new.source;

        // The old rules end their alerts: their receivers are the ones who were told.
        let new_rules = std::mem::replace(&mut self.rules, old);
        for rule in (0u32..)
            .zip(&kept)
            .filter(|(_, new)| new.is_none())
            .map(|(rule, _)| rule)
            .collect::<Vec<_>>()
        {
            let reason = if new_rules
                .named(&self.rules.rules[rule as usize].name)
                .is_some_and(|rule| rule.enabled)
            {
                ResolveReason::RuleChanged
            } else {
                ResolveReason::RuleRemoved
            };
            let (alerts, mut step) = self.alerts_and_step(offset, out);
            for age in alerts.of_rule(rule) {
                alerts.resolve(&mut step, age, reason);
            }
        }
        self.rules = new_rules;

        let mut counts = vec![RuleCounts::default(); self.rules.rules.len()];
        for (old, new) in kept.iter().enumerate() {
            if let (Some(new), Some(count)) = (new, self.state.counts.rules.get_mut(old)) {
                counts[*new as usize] = std::mem::take(count);
            }
        }
        self.state.counts.rules = counts;
        self.state.deadlines.renumber(&kept);
        self.state.keyed.renumber(&kept);
        let state = &mut self.state;
        state.sight.load(&self.rules, &mut state.deadlines, state.now);
        let fresh: Vec<u32> = (0u32..)
            .zip(&self.rules.rules)
            .filter(|(rule, compiled)| compiled.enabled && !kept.contains(&Some(*rule)))
            .map(|(rule, _)| rule)
            .collect();
        let (meetings, alerts, mut step) = self.parts(offset, out);
        alerts.renumber(&mut step, &kept);
        meetings.renumber(&mut step, alerts, &kept);
        meetings.weigh_from_now(&mut step, alerts, &fresh);
    }
}

/// Compiles a source that did compile once.
pub(super) fn compiled(source: &Arc<RuleSource>) -> Result<Arc<RuleSet>, String> {
    if source.files.is_empty() {
        return Ok(Arc::new(RuleSet::default()));
    }
    match compile::compile(source) {
        Ok(compiled) => Ok(Arc::new(compiled.set)),
        Err(diagnostics) => Err(diagnostics
            .first()
            .map(|first| first.message.clone())
            .unwrap_or_default()),
    }
}
