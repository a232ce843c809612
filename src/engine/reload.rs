//! Putting a rule set in force over the state that is there. Reading and checking rule files is absent: what comes here compiles.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{Engine, RuleCounts, effect::Effect, input::NewRules};
use crate::{
    model::ResolveReason,
    rules::{Rule, RuleSet, RuleSource, compile},
};

/// What happened to the rules at a reload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Names of new rules.
    pub added: Vec<String>,
    /// Names of rules that are gone.
    pub removed: Vec<String>,
    /// Names of rules whose meaning changed.
    pub reset: Vec<String>,
    /// How many rules kept their state.
    pub kept: u32,
}

impl Engine {
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
        let old = std::mem::replace(&mut self.rules, rules);
        let kept = kept(&old, &self.rules);
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
        let fresh: Vec<u32> = (0u32..)
            .zip(&self.rules.rules)
            .filter(|(rule, compiled)| compiled.enabled && !kept.contains(&Some(*rule)))
            .map(|(rule, _)| rule)
            .collect();
        let (meetings, alerts, mut step) = self.parts(offset, out);
        alerts.renumber(&mut step, &kept);
        meetings.renumber(&mut step, alerts, &kept, &fresh);
    }
}

/// What a reload did to the rules, by their names and meanings.
pub fn compare(old: &RuleSet, new: &RuleSet) -> Reloaded {
    let mut reloaded = Reloaded::default();
    for (rule, kept) in old.rules.iter().zip(kept(old, new)) {
        match (kept, new.named(&rule.name)) {
            (Some(_), _) => reloaded.kept += 1,
            (None, Some(_)) => reloaded.reset.push(rule.name.to_string()),
            (None, None) => reloaded.removed.push(rule.name.to_string()),
        }
    }
    let is_new = |name: &str| old.named(name).is_none();
    reloaded.added = new
        .rules
        .iter()
        .filter(|rule| is_new(&rule.name))
        .map(|rule| rule.name.to_string())
        .collect();
    reloaded
}

/// For each old rule the index of the new one that keeps its state: the same name, the same meaning, and not switched on or off.
fn kept(old: &RuleSet, new: &RuleSet) -> Vec<Option<u32>> {
    let by_name: HashMap<&str, u32> = new.rules.iter().map(|rule| rule.name.as_str()).zip(0u32..).collect();
    let same = |old: &Rule| {
        let index = *by_name.get(old.name.as_str())?;
        let new = &new.rules[index as usize];
        (old.meaning == new.meaning && old.enabled == new.enabled).then_some(index)
    };
    old.rules.iter().map(same).collect()
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
