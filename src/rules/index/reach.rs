//! Rules by what must be at hand to touch them: first by its codes, then, where all that could hold with these codes asks for certain
//! texts, by those texts. So a rule about one phone number costs nothing until that number calls.

use compact_str::CompactString;
use hashbrown::HashMap;

use super::Distinct;
use crate::rules::{
    expr::{Carrier, Clue, Codes, Expr},
    facts::{AtHand, Facts},
};

/// A rule with the expressions of which one must hold to touch it.
pub type Touchable<'r> = (u32, Vec<&'r Expr>);

#[derive(Debug, Default)]
pub struct Reach {
    /// By [`Distinct::conf_cell`].
    conf: Vec<Cell>,
    /// By [`Distinct::party_cell`].
    party: Vec<Cell>,
    /// For each field that carries a text ([`Carrier::place`]) the rules that ask for this one, ascending.
    by_text: [HashMap<CompactString, Vec<u32>>; Carrier::COUNT],
}

/// What one combination of codes can touch.
#[derive(Debug, Default)]
struct Cell {
    /// The rules that it can touch whatever the texts, ascending.
    rules: Vec<u32>,
    /// The fields by whose texts it can touch further ones.
    carriers: Vec<Carrier>,
}

/// An expression, and the clues of which a notification needs one.
type Needing<'r> = (&'r Expr, Option<Vec<Clue>>);

impl Reach {
    /// Of rules, ascending.
    pub fn of(rules: &[Touchable<'_>], distinct: &Distinct) -> Self {
        let mut weights: HashMap<Clue, u64> = HashMap::new();
        for expression in rules.iter().flat_map(|(_, expressions)| expressions) {
            expression.clues(&mut |clue| *weights.entry(clue).or_default() += 1);
        }
        // What few rules ask for tells most.
        let weight = |clue: &Clue| weights.get(clue).copied().unwrap_or_default();
        let needing = |expression: &&'_ Expr| expression.needs(&weight);
        let rules: Vec<(u32, Vec<Needing<'_>>)> = rules
            .iter()
            .map(|(rule, expressions)| (*rule, expressions.iter().map(|one| (*one, needing(one))).collect()))
            .collect();

        let mut by_text: [HashMap<CompactString, Vec<u32>>; Carrier::COUNT] = Default::default();
        for (rule, expressions) in &rules {
            for clue in expressions.iter().filter_map(|(_, needs)| needs.as_ref()).flatten() {
                let asking = by_text[clue.carrier.place()].entry_ref(&clue.text).or_default();
                if asking.last() != Some(rule) {
                    asking.push(*rule);
                }
            }
        }
        Self {
            conf: distinct.conf().map(|codes| Cell::of(&rules, codes)).collect(),
            party: distinct.party().map(|codes| Cell::of(&rules, codes)).collect(),
            by_text,
        }
    }

    /// The rules that what is at hand can touch.
    pub fn touched(&self, distinct: &Distinct, facts: &Facts<'_>) -> Touched<'_> {
        let cell = match facts.at_hand {
            AtHand::Conf(conf) => self.conf.get(distinct.conf_cell(conf.status)),
            AtHand::Party(party) => self
                .party
                .get(distinct.party_cell(party.status, party.disconnect_reason)),
            AtHand::Nothing => None,
        };
        let mut touched = Touched::default();
        if let Some(cell) = cell {
            touched.add(&cell.rules);
            for carrier in &cell.carriers {
                let asking = carrier
                    .read(facts)
                    .and_then(|text| self.by_text[carrier.place()].get(text));
                touched.add(asking.map_or(&[], Vec::as_slice));
            }
        }
        touched
    }
}

impl Cell {
    fn of(rules: &[(u32, Vec<Needing<'_>>)], codes: Codes) -> Self {
        let mut cell = Self::default();
        for (rule, expressions) in rules {
            let possible = || {
                expressions
                    .iter()
                    .filter(|(expression, _)| expression.could_hold(&codes))
            };
            if possible().any(|(_, needs)| needs.is_none()) {
                cell.rules.push(*rule);
                continue;
            }
            for clue in possible().filter_map(|(_, needs)| needs.as_ref()).flatten() {
                if !cell.carriers.contains(&clue.carrier) {
                    cell.carriers.push(clue.carrier);
                }
            }
        }
        cell
    }
}

/// Rules, ascending, each once.
#[derive(Debug, Default)]
pub struct Touched<'i> {
    lists: [&'i [u32]; Carrier::COUNT + 1],
    len: usize,
}

impl<'i> Touched<'i> {
    fn add(&mut self, list: &'i [u32]) {
        if !list.is_empty() {
            self.lists[self.len] = list;
            self.len += 1;
        }
    }
}

impl Iterator for Touched<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let lists = &mut self.lists[..self.len];
        let next = lists.iter().filter_map(|list| list.first().copied()).min()?;
        for list in lists {
            if let Some((first, rest)) = list.split_first()
                && *first == next
            {
                *list = rest;
            }
        }
        Some(next)
    }
}
