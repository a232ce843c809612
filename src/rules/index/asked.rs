//! What the expressions of a rule set ask for, as far as it can be looked up or weighed once for many rules.

use hashbrown::HashMap;

use crate::rules::expr::{Clue, Codes, Expr, Guard};

/// So many rules have to share a part before it is weighed for them all.
const SHARED: usize = 4;

/// A rule with what its expressions ask for; one of them must hold to touch it.
#[derive(Debug)]
pub struct Asked<'r> {
    pub rule: u32,
    pub expressions: Vec<Asking<'r>>,
    /// Whether any of them looks at what was before.
    pub reads_previous: bool,
}

#[derive(Debug)]
pub struct Asking<'r> {
    pub expression: &'r Expr,
    /// Clues of which a notification needs one; `None`: it can do without.
    pub needs: Option<Vec<Clue>>,
    /// Places in [`SharedGuards`].
    pub guards: Vec<usize>,
}

impl Asked<'_> {
    /// The expressions that could hold with these codes.
    pub fn possible(&self, codes: &Codes) -> impl Iterator<Item = &Asking<'_>> {
        self.expressions
            .iter()
            .filter(|asking| asking.expression.could_hold(codes))
    }
}

/// The parts that some rules share.
#[derive(Debug, Default)]
pub struct SharedGuards(Vec<Guard>);

impl SharedGuards {
    pub fn get(&self, place: usize) -> &Guard {
        &self.0[place]
    }
}

/// Looks through the expressions of all rules.
pub fn ask<'r>(rules: &[(u32, Vec<&'r Expr>)]) -> (Vec<Asked<'r>>, SharedGuards) {
    let expressions = || rules.iter().flat_map(|(_, expressions)| expressions);
    let mut weights: HashMap<Clue, u64> = HashMap::new();
    let mut often: HashMap<String, usize> = HashMap::new();
    for expression in expressions() {
        expression.clues(&mut |clue| *weights.entry(clue).or_default() += 1);
        for guard in expression.guards() {
            *often.entry(guard.spelling()).or_default() += 1;
        }
    }
    // What few rules ask for tells most.
    let weight = |clue: &Clue| weights.get(clue).copied().unwrap_or_default();

    let mut shared = SharedGuards::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut place_of = |guard: Guard| {
        let spelling = guard.spelling();
        if often.get(&spelling).is_none_or(|often| *often < SHARED) {
            return None;
        }
        let next = shared.0.len();
        let place = *places.entry(spelling).or_insert(next);
        if place == next {
            shared.0.push(guard);
        }
        Some(place)
    };
    let asked = rules
        .iter()
        .map(|(rule, expressions)| Asked {
            rule: *rule,
            reads_previous: expressions.iter().any(|expression| expression.reads().previous),
            expressions: expressions
                .iter()
                .map(|expression| Asking {
                    expression,
                    needs: expression.needs(&weight),
                    guards: expression.guards().into_iter().filter_map(&mut place_of).collect(),
                })
                .collect(),
        })
        .collect();
    (asked, shared)
}

/// Takes rules that share a part which these codes leave open out of `rules`, the parts that most share first, at most so many parts.
pub fn take_guarded(
    rules: &mut Vec<u32>,
    asked: &[&Asked<'_>],
    shared: &SharedGuards,
    codes: &Codes,
    most: usize,
) -> Vec<(Guard, Vec<u32>)> {
    if rules.is_empty() || shared.0.is_empty() {
        return Vec::new();
    }
    let mut by_guard: Vec<Vec<u32>> = vec![Vec::new(); shared.0.len()];
    for asked in asked.iter().filter(|asked| rules.binary_search(&asked.rule).is_ok()) {
        let mut possible = asked.possible(codes);
        if let (Some(asking), None) = (possible.next(), possible.next()) {
            for guard in &asking.guards {
                if by_guard[*guard].last() != Some(&asked.rule) {
                    by_guard[*guard].push(asked.rule);
                }
            }
        }
    }
    let mut guards: Vec<usize> = (0..by_guard.len())
        .filter(|guard| by_guard[*guard].len() >= SHARED && !shared.get(*guard).always_holds(codes))
        .collect();
    guards.sort_by_key(|guard| std::cmp::Reverse(by_guard[*guard].len()));
    let mut taken = Vec::new();
    for guard in guards {
        let mut of_guard = std::mem::take(&mut by_guard[guard]);
        of_guard.retain(|rule| rules.binary_search(rule).is_ok());
        if of_guard.len() >= SHARED && taken.len() < most {
            rules.retain(|rule| of_guard.binary_search(rule).is_err());
            taken.push((shared.get(guard).clone(), of_guard));
        }
    }
    taken
}
