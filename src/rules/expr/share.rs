//! Parts that several expressions have in common, which are weighed once a notification. Found by how they are spelled when compiled,
//! so that it makes no difference whether a `define` names them.

use std::{cell::Cell, cmp::Reverse, collections::BTreeMap};

use super::{
    Expr,
    evaluate::{Reading, Scope},
    tree::{Bool, BoolField, NumberField, TextField, TextMap},
};
use crate::rules::facts::Facts;

/// How many parts are remembered; of more, those that save the most.
const MOST: usize = u64::BITS as usize;

/// A part that stands in several expressions.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Shared {
    /// Its bit in a [`Memory`].
    bit: u64,
    pub part: Bool,
}

/// What the shared parts of one rule set said of one notification, as far as it was asked.
#[derive(Debug, Default)]
pub struct Memory {
    asked: Cell<u64>,
    undecided: Cell<u64>,
    holds: Cell<u64>,
}

impl Memory {
    fn recall(&self, bit: u64) -> Option<Option<bool>> {
        let is_asked = self.asked.get() & bit != 0;
        is_asked.then(|| (self.undecided.get() & bit == 0).then(|| self.holds.get() & bit != 0))
    }

    fn keep(&self, bit: u64, value: Option<bool>) {
        self.asked.set(self.asked.get() | bit);
        match value {
            None => self.undecided.set(self.undecided.get() | bit),
            Some(true) => self.holds.set(self.holds.get() | bit),
            Some(false) => {}
        }
    }
}

/// A notification with what has been weighed of it.
struct Remembered<'a> {
    facts: &'a Facts<'a>,
    memory: &'a Memory,
}

impl Scope for Remembered<'_> {
    fn bool(&self, field: BoolField) -> Option<bool> {
        self.facts.bool(field)
    }

    fn number(&self, field: NumberField) -> Reading {
        self.facts.number(field)
    }

    fn text(&self, field: TextField) -> Option<&str> {
        self.facts.text(field)
    }

    fn entry(&self, map: TextMap, name: &str) -> Option<&str> {
        self.facts.entry(map, name)
    }

    fn shared(&self, shared: &Shared) -> Option<bool> {
        self.memory.recall(shared.bit).unwrap_or_else(|| {
            let value = shared.part.decide(self);
            self.memory.keep(shared.bit, value);
            value
        })
    }
}

impl Expr {
    /// Whether it certainly holds for a notification of which other expressions of the same rule set have been asked already.
    pub fn still_holds(&self, facts: &Facts<'_>, memory: &Memory) -> bool {
        self.condition.decide(&Remembered { facts, memory }) == Some(true)
    }
}

/// Marks the parts that these expressions share. They then need a [`Memory`] of their own for each notification.
pub fn share(expressions: &mut [&mut Expr]) {
    let mut often = BTreeMap::new();
    for expression in &*expressions {
        count(&expression.condition, &mut often);
    }
    let mut shared: Vec<(String, usize)> = often
        .into_iter()
        .filter(|(_, often)| often.times > 1)
        .map(|(spelling, often)| (spelling, (often.times - 1) * often.weight))
        .collect();
    shared.sort_by_key(|(_, saved)| Reverse(*saved));
    let bits = shared
        .into_iter()
        .take(MOST)
        .zip(0..)
        .map(|((spelling, _), place)| (spelling, 1 << place))
        .collect();
    for expression in expressions {
        mark(&mut expression.condition, &bits);
    }
}

struct Often {
    times: usize,
    weight: usize,
}

/// Counts a part, and what is in it if it has not been seen before: else that is weighed with it.
fn count(part: &Bool, often: &mut BTreeMap<String, Often>) {
    let weight = weight(part);
    if weight < 2 {
        return;
    }
    let known = often.entry(spelling(part)).or_insert(Often { times: 0, weight });
    known.times += 1;
    if known.times == 1 {
        children(part).into_iter().for_each(|child| count(child, often));
    }
}

fn mark(part: &mut Bool, bits: &BTreeMap<String, u64>) {
    if weight(part) < 2 {
        return;
    }
    let bit = bits.get(&spelling(part));
    children_mut(part).into_iter().for_each(|child| mark(child, bits));
    if let Some(bit) = bit {
        let part_itself = std::mem::replace(part, Bool::Const(false));
        *part = Bool::Shared(Box::new(Shared {
            bit: *bit,
            part: part_itself,
        }));
    }
}

fn spelling(part: &Bool) -> String {
    format!("{part:?}")
}

/// What it costs to weigh, in tests of one number: what costs only one is not worth remembering.
fn weight(part: &Bool) -> usize {
    match part {
        Bool::Const(_) | Bool::Field(_) | Bool::NumberIn(..) | Bool::Numbers(..) | Bool::There(_) | Bool::Shared(_) => {
            1
        }
        Bool::TextIn(..) | Bool::Texts(..) | Bool::Find(..) => 2,
        Bool::Matches(..) => 8,
        _ => children(part).into_iter().map(weight).sum(),
    }
}

fn children(part: &Bool) -> Vec<&Bool> {
    match part {
        Bool::Not(of) => vec![of],
        Bool::All(parts) | Bool::Any(parts) | Bool::One(parts) => parts.iter().collect(),
        Bool::Choice(of) => vec![&of.0, &of.1, &of.2],
        Bool::Same(of) => vec![&of.0, &of.1],
        _ => Vec::new(),
    }
}

fn children_mut(part: &mut Bool) -> Vec<&mut Bool> {
    match part {
        Bool::Not(of) => vec![of],
        Bool::All(parts) | Bool::Any(parts) | Bool::One(parts) => parts.iter_mut().collect(),
        Bool::Choice(of) => vec![&mut of.0, &mut of.1, &mut of.2],
        Bool::Same(of) => vec![&mut of.0, &mut of.1],
        _ => Vec::new(),
    }
}
