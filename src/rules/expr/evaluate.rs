//! Evaluates a compiled expression in three-valued logic: what cannot be known is undecided, and stays so until an operator can do
//! without it. It takes no memory of its own (a regular expression keeps its scratch space from one match to the next), always ends, and
//! nothing that it is shown can make it fail.

use super::{
    share::Shared,
    tree::{
        Arithmetic, Bool, BoolField, CalendarPart, Comparison, Find, Number, NumberField, Text, TextField, TextMap,
    },
};
use jiff::{Timestamp, tz::TimeZone};

use crate::model::Time;

/// `None`: undecided. `Some(None)`: null, an optional value that is not there.
pub(super) type Reading = Option<Option<i64>>;

/// What an expression sees. A field that the thing at hand does not have reads as `None`.
pub(super) trait Scope {
    fn bool(&self, field: BoolField) -> Option<bool>;
    fn number(&self, field: NumberField) -> Reading;
    fn text(&self, field: TextField) -> Option<&str>;
    fn entry(&self, map: TextMap, name: &str) -> Option<&str>;

    /// What a part says that other expressions share.
    fn shared(&self, shared: &Shared) -> Option<bool>
    where
        Self: Sized,
    {
        shared.part.decide(self)
    }
}

impl Bool {
    /// What has been weighed, a field, or a field beside a number is most of what is asked for; the rest stands apart, so that this can be
    /// put in place.
    #[inline]
    pub fn decide<S: Scope>(&self, scope: &S) -> Option<bool> {
        match self {
            Self::Field(field) => scope.bool(*field),
            Self::Shared(of) => scope.shared(of),
            Self::Numbers(comparison, of) => compare_numbers(*comparison, of.0.read(scope)?, of.1.read(scope)?),
            _ => self.work_out(scope),
        }
    }

    #[inline(never)]
    fn work_out<S: Scope>(&self, scope: &S) -> Option<bool> {
        match self {
            Self::Const(value) => Some(*value),
            Self::Not(of) => of.decide(scope).map(|value| !value),
            Self::All(parts) => all(parts, true, scope),
            Self::Any(parts) => all(parts, false, scope),
            Self::One(parts) => one(parts, scope),
            Self::Choice(of) => match of.0.decide(scope)? {
                true => of.1.decide(scope),
                false => of.2.decide(scope),
            },
            Self::Same(of) => Some(of.0.decide(scope)? == of.1.decide(scope)?),
            Self::NumberIn(number, among) => Some(number.read(scope)?.is_some_and(|value| among.contains(&value))),
            Self::There(number) => Some(number.read(scope)?.is_some()),
            Self::TextIn(..) | Self::Texts(..) | Self::Find(..) | Self::Matches(..) => self.decide_texts(scope),
            // These never get here; no catch-all, so that a new kind is not forgotten.
            Self::Field(_) | Self::Shared(_) | Self::Numbers(..) => self.decide(scope),
        }
    }

    /// Apart from the rest, which is quicker for not setting up what searching a text needs.
    #[inline(never)]
    fn decide_texts<S: Scope>(&self, scope: &S) -> Option<bool> {
        match self {
            Self::TextIn(text, among) => {
                let text = text.read(scope)?;
                Some(among.iter().any(|one| one == text))
            }
            Self::Texts(comparison, of) => Some(compare(*comparison, of.0.read(scope)?, of.1.read(scope)?)),
            Self::Find(find, of) => Some(find.holds(of.0.read(scope)?, of.1.read(scope)?)),
            Self::Matches(text, pattern) => Some(pattern.is_match(text.read(scope)?)),
            _ => None,
        }
    }
}

/// Whether all parts are true (or for `||`, all false, which gives the opposite). One part that is not settles it, undecided ones or no.
fn all<S: Scope>(parts: &[Bool], neutral: bool, scope: &S) -> Option<bool> {
    let mut result = Some(neutral);
    for part in parts {
        match part.decide(scope) {
            Some(value) if value == neutral => {}
            Some(value) => return Some(value),
            None => result = None,
        }
    }
    result
}

/// Whether exactly one part is true. Unlike above, an undecided part leaves this undecided, whatever the others are.
fn one<S: Scope>(parts: &[Bool], scope: &S) -> Option<bool> {
    let mut true_parts = 0;
    for part in parts {
        true_parts += usize::from(part.decide(scope)?);
    }
    Some(true_parts == 1)
}

/// Null equals null and nothing else; it has no order.
pub(super) fn compare_numbers(comparison: Comparison, left: Option<i64>, right: Option<i64>) -> Option<bool> {
    match comparison {
        Comparison::Equal => Some(left == right),
        Comparison::Less | Comparison::LessOrEqual => Some(compare(comparison, left?, right?)),
    }
}

fn compare<T: Ord>(comparison: Comparison, left: T, right: T) -> bool {
    match comparison {
        Comparison::Equal => left == right,
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
    }
}

impl Number {
    /// A field or a constant is what is read nearly always; the rest stands apart, so that this can be put in place.
    #[inline]
    pub fn read<S: Scope>(&self, scope: &S) -> Reading {
        match self {
            Self::Field(field) => scope.number(*field),
            Self::Const(value) => Some(Some(*value)),
            _ => self.compute(scope),
        }
    }

    #[inline(never)]
    fn compute<S: Scope>(&self, scope: &S) -> Reading {
        match self {
            // These never get here.
            Self::Const(_) | Self::Field(_) => self.read(scope),
            Self::Size(text) => i64::try_from(text.read(scope)?.chars().count()).ok().map(Some),
            Self::Arithmetic(arithmetic, of) => arithmetic.apply(of.0.read(scope)??, of.1.read(scope)??).map(Some),
            Self::Calendar(part, of) => part.of(of.0.read(scope)??, &of.1).map(Some),
            Self::Choice(of) => match of.0.decide(scope)? {
                true => of.1.read(scope),
                false => of.2.read(scope),
            },
        }
    }
}

impl Text {
    pub fn read<'s, S: Scope>(&'s self, scope: &'s S) -> Option<&'s str> {
        match self {
            Self::Const(value) => Some(value),
            Self::Field(field) => scope.text(*field),
            Self::Entry(map, name) => scope.entry(*map, name),
            Self::Choice(of) => match of.0.decide(scope)? {
                true => of.1.read(scope),
                false => of.2.read(scope),
            },
        }
    }
}

impl Find {
    fn holds(self, text: &str, part: &str) -> bool {
        match self {
            Self::Anywhere => text.contains(part),
            Self::AtStart => text.starts_with(part),
            Self::AtEnd => text.ends_with(part),
        }
    }
}

impl Arithmetic {
    /// `None` where the result does not exist or does not fit.
    fn apply(self, left: i64, right: i64) -> Option<i64> {
        match self {
            Self::Add => left.checked_add(right),
            Self::Subtract => left.checked_sub(right),
            Self::Multiply => left.checked_mul(right),
            Self::Divide => left.checked_div(right),
            Self::Remainder => left.checked_rem(right),
        }
    }
}

impl CalendarPart {
    fn of(self, nanos: i64, zone: &TimeZone) -> Option<i64> {
        let (seconds, nanos) = Time::from_nanos(nanos).to_parts();
        let at = zone.to_datetime(Timestamp::new(seconds, nanos).ok()?);
        Some(match self {
            Self::FullYear => at.year().into(),
            Self::Month => i64::from(at.month()) - 1,
            Self::Date => at.day().into(),
            Self::DayOfMonth => i64::from(at.day()) - 1,
            Self::DayOfWeek => at.weekday().to_sunday_zero_offset().into(),
            Self::DayOfYear => i64::from(at.day_of_year()) - 1,
            Self::Hours => at.hour().into(),
            Self::Minutes => at.minute().into(),
            Self::Seconds => at.second().into(),
            Self::Milliseconds => at.millisecond().into(),
        })
    }
}
