//! Which rules, and which branches of their expressions, tests reach. A rule is reached when a test that looks at it sees it fire; a
//! branch is a condition within an expression (an operand of `&&`, `||` or `?:`, a comparison, the whole), and has two outcomes: it has
//! been seen true, and it has been seen false, where the whole asked for it.
//!
//! The engine itself evaluates far less, since its index spares a rule what cannot match it. So the engine is watched, and everything
//! that a rule could have seen is put to its expressions once more.

use std::{collections::BTreeMap, sync::Arc};

use compact_str::CompactString;

use super::{Script, looked_at, world::World};
use crate::{
    engine::{Seen, Taken, input::Settings},
    model::{AlertEventKind, Party},
    rules::{
        Rule, RuleSet,
        compile::Compiled,
        diagnostic::{Diagnostic, Span, Spanned},
        expr::{Expr, Part, PartValue, Schema, Tracer},
        facts::Facts,
    },
};

/// What tests have reached of a rule set.
#[derive(Debug)]
pub struct Coverage {
    rules: Vec<RuleCoverage>,
}

#[derive(Debug)]
struct RuleCoverage {
    name: CompactString,
    place: Span,
    /// Its states are those of participants, rather than of meetings.
    is_of_participants: bool,
    fired: bool,
    expressions: Vec<Traced>,
    branches: BTreeMap<Span, Outcomes>,
}

/// An expression, with where each of its branches stands.
#[derive(Debug)]
struct Traced {
    schema: Schema,
    tracer: Tracer,
    places: Vec<Option<Span>>,
}

/// What a branch has been seen to come to.
#[derive(Debug, Clone, Copy, Default)]
struct Outcomes {
    yes: bool,
    no: bool,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many there are.
    pub all: usize,
    /// How many of them were reached.
    pub reached: usize,
}

impl Share {
    /// In hundredths, rounded down; all of nothing is all.
    pub fn percent(self) -> usize {
        (100 * self.reached).checked_div(self.all).unwrap_or(100)
    }
}

impl Coverage {
    /// Nothing is reached yet. Rules that are not enabled do not count.
    pub fn new(compiled: &Compiled) -> Self {
        let enabled = compiled.set.rules.iter().filter(|rule| rule.enabled);
        Self {
            rules: enabled.map(|rule| RuleCoverage::new(rule, compiled)).collect(),
        }
    }

    /// Runs a test once more, and looks at what it reaches.
    pub fn add(&mut self, rules: &Arc<RuleSet>, script: &Script) {
        let mut world = World::new(script.start, Settings::default(), rules).watched();
        world.play(script);
        for rule in self.rules.iter_mut().filter(|rule| script.takes_part(&rule.name)) {
            rule.fired |= looked_at(script, &world)
                .any(|event| event.kind == AlertEventKind::Fired && event.alert.rule == rule.name);
            rule.look_at(&world.seen);
        }
    }

    /// How many rules fire in a test.
    pub fn rules(&self) -> Share {
        Share {
            all: self.rules.len(),
            reached: self.rules.iter().filter(|rule| rule.fired).count(),
        }
    }

    /// How many outcomes of branches are seen in a test.
    pub fn outcomes(&self) -> Share {
        let branches = || self.rules.iter().flat_map(|rule| rule.branches.values());
        Share {
            all: 2 * branches().count(),
            reached: branches()
                .map(|seen| usize::from(seen.yes) + usize::from(seen.no))
                .sum(),
        }
    }

    /// What no test reaches, each as a warning at its place, in the order of the rules.
    pub fn gaps(&self, rules: &RuleSet) -> Vec<Diagnostic> {
        self.rules.iter().flat_map(|rule| rule.gaps(rules)).collect()
    }
}

impl RuleCoverage {
    fn new(rule: &Rule, compiled: &Compiled) -> Self {
        let expressions: Vec<Traced> = rule
            .expressions()
            .filter_map(|expr| Traced::new(expr, compiled))
            .collect();
        let places = expressions.iter().flat_map(|traced| traced.places.iter().flatten());
        Self {
            name: rule.name.clone(),
            place: rule.place.name,
            is_of_participants: rule.key.names_participant(),
            fired: false,
            branches: places.map(|place| (*place, Outcomes::default())).collect(),
            expressions,
        }
    }

    /// Puts to its expressions what they could have seen.
    fn look_at(&mut self, seen: &[Seen]) {
        let Self {
            expressions,
            branches,
            is_of_participants,
            ..
        } = self;
        let mut known: BTreeMap<u64, BTreeMap<&str, &Party>> = BTreeMap::new();
        for seen in seen.iter().filter(|seen| seen.taken != Taken::Repeat) {
            let participants = known.entry(seen.occurrence).or_default();
            if let Some(party) = &seen.participant {
                participants.insert(&party.party_id, party);
            }
            for traced in expressions.iter() {
                match traced.schema {
                    Schema::Notification => traced.put(&seen.facts(), branches),
                    Schema::State if *is_of_participants => {
                        for participant in participants.values() {
                            traced.put(&seen.state_of(Some(participant)), branches);
                        }
                    }
                    Schema::State => traced.put(&seen.state_of(None), branches),
                    Schema::Alert => {}
                }
            }
        }
    }

    fn gaps(&self, rules: &RuleSet) -> Vec<Diagnostic> {
        let source = &rules.source;
        let mut gaps = Vec::new();
        if !self.fired {
            gaps.push(Diagnostic::warning(
                source,
                self.place,
                format!("`{}` fires in no test", self.name),
            ));
        }
        for (place, seen) in &self.branches {
            let never = match (seen.yes, seen.no) {
                (true, true) => continue,
                (true, false) => "false",
                (false, true) => "true",
                (false, false) => "true or false",
            };
            let message = format!("`{}`: this is never {never} in a test", self.name);
            gaps.push(Diagnostic::warning(source, *place, message));
        }
        gaps
    }
}

impl Traced {
    /// `None` for an expression that stands in no file.
    fn new(expr: &Expr, compiled: &Compiled) -> Option<Self> {
        let written = expr.written()?;
        let tracer = expr.tracer();
        let places = tracer.parts().iter().map(|part| {
            let text = text_of(part, &written, compiled)?;
            part.is_branch()
                .then(|| text.within(part.span.clone(), &compiled.set.source))
        });
        Some(Self {
            schema: expr.schema(),
            places: places.collect(),
            tracer,
        })
    }

    fn put(&self, facts: &Facts<'_>, branches: &mut BTreeMap<Span, Outcomes>) {
        for part in self.tracer.trace(facts).parts.iter().filter(|part| part.reached) {
            let Some(seen) = self.places[part.part].and_then(|place| branches.get_mut(&place)) else {
                continue;
            };
            seen.yes |= part.value == PartValue::Bool(true);
            seen.no |= part.value == PartValue::Bool(false);
        }
    }
}

/// The text in which a part stands: a `define`'s, or the expression's own.
fn text_of<'a>(part: &Part, written: &'a Spanned<String>, compiled: &'a Compiled) -> Option<&'a Spanned<String>> {
    let Some(define) = &part.define else {
        return Some(written);
    };
    let named = compiled.defines.iter().find(|(name, _)| name.value == *define);
    named.map(|(_, text)| text)
}
