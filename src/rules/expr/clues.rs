//! The texts that a notification must carry if an expression is to hold. By them the index finds a rule; only then is it weighed. What
//! asks for more than equality (`contains`, `matches`, an order) gives no clue, and neither does what is not at hand (`previous`).

use compact_str::CompactString;

use super::{
    Expr,
    evaluate::Scope,
    tree::{Bool, Part, Text, TextField},
};
use crate::rules::facts::Facts;

/// A text in a certain field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clue {
    /// The field.
    pub carrier: Carrier,
    /// What it carries.
    pub text: CompactString,
}

/// A field of what is at hand that carries a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Carrier(TextField);

impl Carrier {
    /// How many there are.
    pub const COUNT: usize = 11;

    fn of(field: TextField) -> Option<Self> {
        match field {
            TextField::ConfBillingCode | TextField::MeetingBillingCode | TextField::Party(_) | TextField::Source => {
                Some(Self(field))
            }
            TextField::PreviousBillingCode | TextField::Previous(_) | TextField::AlertRule => None,
        }
    }

    /// A number below [`Self::COUNT`], different for each.
    pub fn place(self) -> usize {
        match self.0 {
            TextField::Party(text) => text as usize,
            TextField::ConfBillingCode => Self::COUNT - 3,
            TextField::MeetingBillingCode => Self::COUNT - 2,
            _ => Self::COUNT - 1,
        }
    }

    /// What it carries, empty if absent; `None` if it is of the kind not at hand.
    pub fn read<'f>(self, facts: &'f Facts<'_>) -> Option<&'f str> {
        facts.text(self.0)
    }
}

impl Expr {
    /// Shows every clue in it, whether it needs it or not.
    pub fn clues(&self, see: &mut dyn FnMut(Clue)) {
        Part::Bool(&self.condition).walk(&mut |part| {
            if let Part::Bool(bool) = part {
                clues(bool).into_iter().flatten().for_each(&mut *see);
            }
        });
    }

    /// Clues of which a notification has at least one if this holds for it; `None`: it may have none. Where several sets would do, this
    /// is the lightest.
    pub fn needs(&self, weight: &dyn Fn(&Clue) -> u64) -> Option<Vec<Clue>> {
        let mut needs = needs(&self.condition, weight)?;
        needs.sort_unstable();
        needs.dedup();
        Some(needs)
    }
}

fn needs(bool: &Bool, weight: &dyn Fn(&Clue) -> u64) -> Option<Vec<Clue>> {
    let lightest = |parts: &mut dyn Iterator<Item = &Bool>| {
        let sets = parts.filter_map(|part| needs(part, weight));
        sets.min_by_key(|set| set.iter().map(weight).sum::<u64>())
    };
    match bool {
        Bool::Const(false) => Some(vec![]),
        Bool::TextIn(..) => clues(bool).map(Iterator::collect),
        Bool::All(parts) => lightest(&mut parts.iter()),
        Bool::Any(parts) | Bool::One(parts) => {
            let sets: Option<Vec<_>> = parts.iter().map(|part| needs(part, weight)).collect();
            Some(sets?.concat())
        }
        Bool::Choice(of) => {
            let mut either = lightest(&mut [&of.0, &of.1].into_iter())?;
            either.extend(needs(&of.2, weight)?);
            Some(either)
        }
        _ => None,
    }
}

/// Of a comparison with texts that are written out.
fn clues(bool: &Bool) -> Option<impl Iterator<Item = Clue>> {
    let Bool::TextIn(Text::Field(field), among) = bool else {
        return None;
    };
    let carrier = Carrier::of(*field)?;
    Some(among.iter().map(move |text| Clue {
        carrier,
        text: text.clone(),
    }))
}
