//! Parts that several expressions have in common, which are weighed once for each notification, and parts that look at a code alone,
//! which need no weighing once the code is known. Found by how they are spelled when compiled, so that it makes no difference whether a
//! `define` names them.

use std::{cell::Cell, cmp::Reverse, collections::BTreeMap};

use super::{
    Codes, Expr,
    evaluate::{Reading, Scope},
    tree::{Bool, BoolField, Number, NumberField, TextField, TextMap},
};
use crate::rules::facts::Facts;

/// How many parts are remembered; of more, those that save the most.
const MOST: usize = u64::BITS as usize;

/// A part that is remembered.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Shared {
    /// Its bit in a [`Memory`].
    bit: u64,
    pub part: Bool,
}

/// The parts of one rule set that are remembered.
#[derive(Debug, Default)]
pub struct SharedParts(Vec<Shared>);

/// What such parts say of one notification or state, as far as it has been weighed.
#[derive(Debug, Default)]
pub struct Memory(Cell<Answered>);

/// What such parts say, a bit each, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answered {
    known: u64,
    undecided: u64,
    holds: u64,
}

impl SharedParts {
    /// What these codes settle.
    pub fn settled(&self, codes: &Codes) -> Answered {
        let mut answered = Answered::default();
        for shared in &self.0 {
            if let Some(value) = codes.settle(&shared.part) {
                answered.keep(shared.bit, value);
            }
        }
        answered
    }
}

impl Answered {
    /// What either knows.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            known: self.known | other.known,
            undecided: self.undecided | other.undecided,
            holds: self.holds | other.holds,
        }
    }

    fn recall(self, bit: u64) -> Option<Option<bool>> {
        let is_known = self.known & bit != 0;
        is_known.then(|| (self.undecided & bit == 0).then_some(self.holds & bit != 0))
    }

    fn keep(&mut self, bit: u64, value: Option<bool>) {
        self.known |= bit;
        match value {
            None => self.undecided |= bit,
            Some(true) => self.holds |= bit,
            Some(false) => {}
        }
    }
}

impl From<Answered> for Memory {
    fn from(answered: Answered) -> Self {
        Self(Cell::new(answered))
    }
}

/// A notification or state with what has been weighed of it.
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

    #[inline]
    fn shared(&self, shared: &Shared) -> Option<bool> {
        self.memory
            .0
            .get()
            .recall(shared.bit)
            .unwrap_or_else(|| self.weigh(shared))
    }
}

impl Remembered<'_> {
    #[inline(never)]
    fn weigh(&self, shared: &Shared) -> Option<bool> {
        let value = shared.part.decide(self);
        let mut answered = self.memory.0.get();
        answered.keep(shared.bit, value);
        self.memory.0.set(answered);
        value
    }
}

/// What must be so of the parts that are remembered for an expression to hold. What is known before anything is weighed mostly rules it
/// out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    /// Parts that must hold.
    true_parts: u64,
    /// Parts that must not.
    false_parts: u64,
}

impl Needs {
    fn of(condition: &Bool) -> Self {
        match condition {
            Bool::Shared(shared) => Self {
                true_parts: shared.bit,
                false_parts: 0,
            }
            .and(Self::of(&shared.part)),
            Bool::Not(of) => Self {
                true_parts: 0,
                false_parts: if let Bool::Shared(shared) = &**of {
                    shared.bit
                } else {
                    0
                },
            },
            Bool::All(parts) => parts.iter().map(Self::of).fold(Self::default(), Self::and),
            _ => Self::default(),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            true_parts: self.true_parts | other.true_parts,
            false_parts: self.false_parts | other.false_parts,
        }
    }

    /// Whether what is known leaves no way for it to certainly hold.
    #[inline]
    pub fn are_missed(self, memory: &Memory) -> bool {
        let Answered {
            known,
            undecided,
            holds,
        } = memory.0.get();
        known & (self.true_parts & !holds | self.false_parts & (holds | undecided)) != 0
    }
}

/// What a condition says, parts of which have been weighed.
pub(super) fn decide(condition: &Bool, facts: &Facts<'_>, memory: &Memory) -> Option<bool> {
    condition.decide(&Remembered { facts, memory })
}

/// Marks the parts of these expressions that are to be remembered. They then need a [`Memory`] of their own for each notification.
pub fn share(expressions: &mut [&mut Expr]) -> SharedParts {
    let mut often = BTreeMap::new();
    for expression in &*expressions {
        count(&expression.condition, &mut often);
    }
    let mut shared: Vec<(String, usize)> = often
        .into_iter()
        .map(|(spelling, often)| (spelling, often.saves()))
        .filter(|(_, saves)| *saves > 0)
        .collect();
    shared.sort_by_key(|(_, saves)| Reverse(*saves));
    let bits = shared
        .into_iter()
        .take(MOST)
        .zip(0..)
        .map(|((spelling, _), place)| (spelling, 1 << place))
        .collect();
    let mut parts = BTreeMap::new();
    for expression in expressions {
        mark(&mut expression.condition, &bits, &mut parts);
        expression.needs = Needs::of(&expression.condition);
    }
    SharedParts(parts.into_values().collect())
}

struct Often {
    times: usize,
    weight: usize,
    is_of_code: bool,
}

impl Often {
    /// How many tests of one number less there are when it is remembered.
    fn saves(&self) -> usize {
        match self.is_of_code {
            true => self.times,
            false => (self.times - 1) * self.weight,
        }
    }
}

/// Counts a part, and what is in it if it has not been seen before: else that is weighed with it.
fn count(part: &Bool, often: &mut BTreeMap<String, Often>) {
    let (weight, is_of_code) = (weight(part), is_of_code(part));
    if weight < 2 && !is_of_code {
        return;
    }
    let known = often.entry(spelling(part)).or_insert(Often {
        times: 0,
        weight,
        is_of_code,
    });
    known.times += 1;
    if known.times == 1 {
        children(part).into_iter().for_each(|child| count(child, often));
    }
}

fn mark(part: &mut Bool, bits: &BTreeMap<String, u64>, parts: &mut BTreeMap<u64, Shared>) {
    if weight(part) < 2 && !is_of_code(part) {
        return;
    }
    let bit = bits.get(&spelling(part)).copied();
    children_mut(part)
        .into_iter()
        .for_each(|child| mark(child, bits, parts));
    if let Some(bit) = bit {
        let part_itself = std::mem::replace(part, Bool::Const(false));
        let shared = Shared { bit, part: part_itself };
        parts.entry(bit).or_insert_with(|| shared.clone());
        *part = Bool::Shared(Box::new(shared));
    }
}

/// Whether it looks at nothing but one code.
fn is_of_code(part: &Bool) -> bool {
    use NumberField as F;
    let (Bool::NumberIn(Number::Field(field), _) | Bool::There(Number::Field(field))) = part else {
        return false;
    };
    matches!(
        field,
        F::ConfStatus | F::PartyStatus | F::PartyReason | F::PartyRole | F::PreviousPartyStatus | F::PreviousStatus
    )
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
