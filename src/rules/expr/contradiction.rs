//! Conditions that contradict themselves whatever is so: `party.country == '86' && party.country == '1'`. A "yes" is certain, a "no" need
//! not be: only what `&&` holds together is compared, field by field, with literals. Codes at hand are absent: `codes` goes by those.

use compact_str::CompactString;

use super::tree::{Bool, BoolField, Comparison, Number, NumberField, Text, TextField};

/// Whether it can never be true.
pub(super) fn contradicts_itself(condition: &Bool) -> bool {
    is_never(condition, true)
}

/// What must be so all at once for a condition to be true.
#[derive(Debug, Default)]
struct Demands {
    bools: Vec<(BoolField, bool)>,
    numbers: Vec<(NumberField, NumberDemand)>,
    texts: Vec<(TextField, TextDemand)>,
    /// They contradict each other.
    never: bool,
}

/// What a number must be.
#[derive(Debug)]
struct NumberDemand {
    lowest: i64,
    highest: i64,
    among: Option<Vec<i64>>,
    not: Vec<i64>,
    null: bool,
    there: bool,
}

/// What a text must be.
#[derive(Debug, Default)]
struct TextDemand {
    among: Option<Vec<CompactString>>,
    not: Vec<CompactString>,
}

impl Demands {
    /// Adds what must be so for the condition to be certainly true, or certainly false.
    fn all_of(&mut self, condition: &Bool, wanted: bool) {
        match (condition, wanted) {
            (Bool::Const(value), wanted) => self.never |= *value != wanted,
            (Bool::Not(of), wanted) => self.all_of(of, !wanted),
            (Bool::All(parts), true) | (Bool::Any(parts), false) => {
                parts.iter().for_each(|part| self.all_of(part, wanted));
            }
            (Bool::Any(parts), true) | (Bool::All(parts), false) => {
                self.never |= parts.iter().all(|part| is_never(part, wanted));
            }
            (Bool::Choice(of), wanted) => self.never |= is_never(&of.1, wanted) && is_never(&of.2, wanted),
            (Bool::Field(field), wanted) => {
                self.never |= self.bools.contains(&(*field, !wanted));
                self.bools.push((*field, wanted));
            }
            (Bool::NumberIn(Number::Field(field), among), wanted) => self.number(*field, |demand| match wanted {
                true => narrow(&mut demand.among, among),
                false => demand.not.extend(among),
            }),
            (Bool::There(Number::Field(field)), wanted) => self.number(*field, |demand| match wanted {
                true => demand.there = true,
                false => demand.null = true,
            }),
            (Bool::Numbers(comparison, of), wanted) => match &**of {
                (Number::Field(field), Number::Const(bound)) => self.bound(*field, *comparison, *bound, wanted),
                // `bound < field` is `!(field <= bound)`, and the other way round.
                (Number::Const(bound), Number::Field(field)) => match comparison {
                    Comparison::Less => self.bound(*field, Comparison::LessOrEqual, *bound, !wanted),
                    Comparison::LessOrEqual => self.bound(*field, Comparison::Less, *bound, !wanted),
                    Comparison::Equal => {}
                },
                _ => {}
            },
            (Bool::TextIn(Text::Field(field), among), wanted) => self.text(*field, |demand| match wanted {
                true => narrow(&mut demand.among, among),
                false => demand.not.extend(among.iter().cloned()),
            }),
            _ => {}
        }
    }

    /// A comparison that has an outcome at all has something to compare.
    fn bound(&mut self, field: NumberField, comparison: Comparison, bound: i64, wanted: bool) {
        self.number(field, |demand| {
            demand.there = true;
            match (comparison, wanted) {
                (Comparison::Less, true) => demand.highest = demand.highest.min(bound.saturating_sub(1)),
                (Comparison::LessOrEqual, true) => demand.highest = demand.highest.min(bound),
                (Comparison::Less, false) => demand.lowest = demand.lowest.max(bound),
                (Comparison::LessOrEqual, false) => demand.lowest = demand.lowest.max(bound.saturating_add(1)),
                (Comparison::Equal, _) => {}
            }
        });
    }

    fn number(&mut self, field: NumberField, add: impl FnOnce(&mut NumberDemand)) {
        let place = self.numbers.iter().position(|(known, _)| *known == field);
        let place = place.unwrap_or_else(|| {
            self.numbers.push((field, NumberDemand::of(field)));
            self.numbers.len() - 1
        });
        let demand = &mut self.numbers[place].1;
        add(demand);
        self.never |= demand.is_impossible();
    }

    fn text(&mut self, field: TextField, add: impl FnOnce(&mut TextDemand)) {
        let place = self.texts.iter().position(|(known, _)| *known == field);
        let place = place.unwrap_or_else(|| {
            self.texts.push((field, TextDemand::default()));
            self.texts.len() - 1
        });
        let demand = &mut self.texts[place].1;
        add(demand);
        self.never |= leaves_none(demand.among.as_deref(), &demand.not);
    }
}

impl NumberDemand {
    fn of(field: NumberField) -> Self {
        Self {
            lowest: if field.is_count() { 0 } else { i64::MIN },
            highest: i64::MAX,
            among: None,
            not: Vec::new(),
            null: false,
            there: false,
        }
    }

    fn is_impossible(&self) -> bool {
        let is_within = |value: &&i64| (self.lowest..=self.highest).contains(*value);
        let within: Option<Vec<i64>> = self
            .among
            .as_ref()
            .map(|among| among.iter().filter(is_within).copied().collect());
        let is_empty = self.lowest > self.highest || leaves_none(within.as_deref(), &self.not);
        is_empty || (self.null && (self.there || self.among.is_some()))
    }
}

fn is_never(condition: &Bool, wanted: bool) -> bool {
    let mut demands = Demands::default();
    demands.all_of(condition, wanted);
    demands.never
}

/// What is left of the values that are possible.
fn narrow<T: Clone + PartialEq>(possible: &mut Option<Vec<T>>, among: &[T]) {
    match possible {
        Some(possible) => possible.retain(|value| among.contains(value)),
        None => *possible = Some(among.to_vec()),
    }
}

/// Whether all values that are possible are ruled out.
fn leaves_none<T: PartialEq>(possible: Option<&[T]>, ruled_out: &[T]) -> bool {
    possible.is_some_and(|possible| possible.iter().all(|value| ruled_out.contains(value)))
}
