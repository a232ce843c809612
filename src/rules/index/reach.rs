//! Rules by what must be at hand to touch them: first by its codes; then, where all that could hold with these codes asks for certain
//! texts, by those texts; else by a part that many rules share, which is weighed once. So a rule about one phone number costs nothing
//! until that number calls.

use compact_str::CompactString;
use hashbrown::HashMap;

use super::{
    Cells, Distinct,
    asked::{self, Asked, SharedGuards},
};
use crate::rules::{
    expr::{Carrier, Codes, Expr, Guard, PartyCodes},
    facts::Facts,
};

/// How many shared parts are weighed for one combination of codes.
const GUARDS: usize = 5;

#[derive(Debug, Default)]
pub struct Reach {
    /// By the places in [`Distinct::conf`].
    conf: Vec<Cell>,
    /// By the places in [`Distinct::party`].
    party: Vec<Cell>,
    /// For each field that carries a text ([`Carrier::place`]) the rules that ask for this one, ascending.
    by_text: [HashMap<CompactString, Vec<u32>>; Carrier::COUNT],
}

/// What one combination of codes can touch; all rules ascending.
#[derive(Debug, Default)]
struct Cell {
    /// The rules that it can touch whatever else is so.
    rules: Vec<u32>,
    /// Further ones that look at what was before, by the places in [`Distinct::previous`]; empty: there are none.
    by_previous: Vec<Vec<u32>>,
    /// Rules that it can touch where a part of them holds.
    guarded: Vec<(Guard, Vec<u32>)>,
    /// The fields by whose texts it can touch further ones.
    carriers: Vec<Carrier>,
}

impl Reach {
    /// Of rules, ascending, each with the expressions of which one must hold to touch it.
    pub fn of(rules: &[(u32, Vec<&Expr>)], distinct: &Distinct) -> Self {
        let (asked, shared) = asked::ask(rules);
        let mut by_text: [HashMap<CompactString, Vec<u32>>; Carrier::COUNT] = Default::default();
        for Asked { rule, expressions, .. } in &asked {
            for clue in expressions.iter().filter_map(|asking| asking.needs.as_ref()).flatten() {
                let asking = by_text[clue.carrier.place()].entry_ref(&clue.text).or_default();
                if asking.last() != Some(rule) {
                    asking.push(*rule);
                }
            }
        }
        let all: Vec<&Asked<'_>> = asked.iter().collect();
        let conf = |codes| Cell::of(&all, &shared, distinct, &codes);
        // Most rules name the status: few are left to be looked at for each reason and role.
        let party = |status| {
            let of_status = Codes::Party(PartyCodes {
                status,
                ..PartyCodes::default()
            });
            let mut left = all.clone();
            left.retain(|asked| asked.possible(&of_status).next().is_some());
            let cell = |codes| Cell::of(&left, &shared, distinct, &codes);
            distinct.party_with(status).map(cell).collect::<Vec<_>>()
        };
        Self {
            conf: distinct.conf().map(conf).collect(),
            party: distinct.statuses().flat_map(party).collect(),
            by_text,
        }
    }

    /// The rules that what is at hand can touch.
    pub fn touched(&self, cells: &Cells, facts: &Facts<'_>) -> Touched<'_> {
        let mut touched = Touched::default();
        let (cell, previous) = match *cells {
            Cells::Meeting => return touched,
            Cells::Conf(status) => (self.conf.get(status), 0),
            Cells::Party { party, previous, .. } => (self.party.get(party), previous),
        };
        let Some(cell) = cell else {
            return touched;
        };
        touched.add(&cell.rules);
        if !cell.by_previous.is_empty() {
            touched.add(&cell.by_previous[previous]);
        }
        for (guard, rules) in &cell.guarded {
            if guard.holds(facts) {
                touched.add(rules);
            }
        }
        for carrier in &cell.carriers {
            let asking = carrier
                .read(facts)
                .and_then(|text| self.by_text[carrier.place()].get(text));
            touched.add(asking.map_or(&[], Vec::as_slice));
        }
        touched
    }
}

impl Cell {
    fn of(asked: &[&Asked<'_>], shared: &SharedGuards, distinct: &Distinct, codes: &Codes) -> Self {
        let mut cell = Self::default();
        for rule in asked {
            if rule.possible(codes).any(|asking| asking.needs.is_none()) {
                cell.rules.push(rule.rule);
                continue;
            }
            for clue in rule
                .possible(codes)
                .filter_map(|asking| asking.needs.as_ref())
                .flatten()
            {
                if !cell.carriers.contains(&clue.carrier) {
                    cell.carriers.push(clue.carrier);
                }
            }
        }
        cell.guarded = asked::take_guarded(&mut cell.rules, asked, shared, codes, GUARDS);
        cell.by_previous = take_by_previous(&mut cell.rules, asked, distinct, codes);
        cell
    }
}

/// Takes rules that look at what was before out of `rules`, and says which of them each status before can touch.
fn take_by_previous(rules: &mut Vec<u32>, asked: &[&Asked<'_>], distinct: &Distinct, codes: &Codes) -> Vec<Vec<u32>> {
    let Codes::Party(codes) = *codes else {
        return Vec::new();
    };
    let look: Vec<&Asked<'_>> = asked
        .iter()
        .copied()
        .filter(|asked| asked.reads_previous && rules.binary_search(&asked.rule).is_ok())
        .collect();
    if look.is_empty() {
        return Vec::new();
    }
    rules.retain(|rule| look.binary_search_by_key(rule, |asked| asked.rule).is_err());
    let touched = |previous| {
        let codes = Codes::Party(PartyCodes { previous, ..codes });
        let possible = look.iter().filter(|asked| asked.possible(&codes).next().is_some());
        possible.map(|asked| asked.rule).collect()
    };
    distinct.previous().map(touched).collect()
}

/// Rules, ascending, each once.
#[derive(Debug, Default)]
pub struct Touched<'i> {
    /// A cell's own, those of the status before, those of its guards, and those of its texts.
    lists: [&'i [u32]; 2 + GUARDS + Carrier::COUNT],
    len: usize,
}

impl<'i> Touched<'i> {
    /// Whether there is none, before any has been taken.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

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
