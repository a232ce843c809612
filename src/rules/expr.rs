//! The expression language: CEL's grammar, read by a parser of our own, checked against a schema, compiled once, evaluated often.
//!
//! Everything that can be wrong is found by [`Expr::compile`], with its place and what to write instead; afterwards nothing that comes
//! in can make an expression fail, loop, or allocate without bound. What is unknown at the time of weighing is *undecided*
//! ([`Expr::decide`]), as CEL's errors are, and an expression left undecided does not hold.
//!
//! Of CEL these are absent, each named in its own error message: maps, messages, bytes, fractions, unsigned numbers, conversions between
//! types, `map` and `filter`, joining of texts and lists, and patterns that are not literals. There is no `now`. The manual
//! (`docs/expressions.md`) lists all of it with the reasons, and where the rest differs.

mod check;
mod clues;
mod codes;
mod contradiction;
mod defines;
mod evaluate;
mod guards;
mod lex;
mod literal;
mod meaning;
mod parse;
mod reads;
mod scope;
mod share;
pub(super) mod suggest;
mod syntax;
mod trace;
mod tree;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::{fmt, ops::Range};

use compact_str::CompactString;

use self::{check::Checker, share::Needs, tree::Bool};
pub use self::{
    clues::{Carrier, Clue},
    codes::{Code, CodeLiterals, Codes, Known, PartyCodes},
    defines::Defines,
    guards::Guard,
    reads::{MeetingFields, Reads},
    share::{Answered, Memory, SharedParts, share},
    trace::{Part, PartValue, Trace, TracedPart, Tracer},
    vocabulary::Schema,
};
use super::{
    diagnostic::{Span, Spanned},
    facts::{AlertFacts, Facts},
};

/// How long an expression in a rule file may be, in bytes.
pub const MAX_RULE: usize = 4 * 1024;

/// How long a filter that comes with a call may be, in bytes.
pub const MAX_FILTER: usize = 1024;

/// Something wrong in an expression, or in another short text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    /// Where: bytes of the text.
    pub span: Range<usize>,
    /// What is wrong. What was written stands in backquotes, and nowhere else.
    pub message: String,
    /// What to write instead, where that can be told.
    pub advice: Option<String>,
}

impl Mistake {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            advice: None,
        }
    }

    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }
}

/// A checked, compiled expression: a condition over what its [`Schema`] names. Two are equal if they mean the same, however spaced,
/// quoted or spread over `define`s.
#[derive(Clone)]
pub struct Expr {
    schema: Schema,
    condition: Bool,
    needs: Needs,
    /// The canonical text, `define`s put in.
    meaning: Box<str>,
    defines: Box<[CompactString]>,
    /// As it was written, and with what.
    text: Box<str>,
    scope: Defines,
    place: Option<Span>,
}

impl Expr {
    /// Compiles an expression of at most `max_len` bytes ([`MAX_RULE`], [`MAX_FILTER`]).
    ///
    /// # Errors
    ///
    /// The first mistake of grammar, or else all mistakes of meaning; at least one, in the order in which they stand. One inside a
    /// `define` is placed where the `define` is named.
    pub fn compile(text: &str, schema: Schema, defines: &Defines, max_len: usize) -> Result<Self, Vec<Mistake>> {
        let node = parse::parse(text, max_len).map_err(|mistake| vec![mistake])?;
        let mut checker = Checker::new(schema, defines, text);
        let condition = checker.condition(&node);
        let (used, mistakes) = checker.finish();
        match condition {
            Some(condition) if mistakes.is_empty() => Ok(Self {
                schema,
                condition,
                needs: Needs::default(),
                meaning: meaning::canonical(&node, defines).into(),
                defines: used.into_iter().collect(),
                text: text.into(),
                scope: defines.clone(),
                place: None,
            }),
            _ => Err(mistakes),
        }
    }

    /// The same, known to stand in that place of the rule files.
    pub fn placed(self, place: Span) -> Self {
        Self {
            place: Some(place),
            ..self
        }
    }

    /// Its text, with its place if it stands in rule files.
    pub fn written(&self) -> Option<Spanned<String>> {
        self.place.map(|span| Spanned {
            value: self.text.to_string(),
            span,
        })
    }

    /// Its text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is over.
    pub fn schema(&self) -> Schema {
        self.schema
    }

    /// Whether it holds for a notification or a state; `None` if what it needs is not known. Undecided for one over alerts.
    pub fn decide(&self, facts: &Facts<'_>) -> Option<bool> {
        self.condition.decide(facts)
    }

    /// Whether it certainly holds for a notification or a state.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.decide(facts) == Some(true)
    }

    /// Whether it certainly holds for a notification or a state of which something has been weighed.
    #[inline]
    pub fn still_holds(&self, facts: &Facts<'_>, memory: &Memory) -> bool {
        !self.needs.are_missed(memory) && share::decide(&self.condition, facts, memory) == Some(true)
    }

    /// Whether it certainly holds for an alert. Never for one that is not over alerts and reads anything.
    pub fn matches_alert(&self, alert: &AlertFacts<'_>) -> bool {
        self.condition.decide(alert) == Some(true)
    }

    /// The `define`s that it names, also by way of others, in the order of their names.
    pub fn defines(&self) -> &[CompactString] {
        &self.defines
    }

    /// Adds its meaning to a digest.
    pub fn digest(&self, hasher: &mut blake3::Hasher) {
        // The length keeps two expressions one after the other from reading as two others.
        hasher.update(&(self.meaning.len() as u64).to_le_bytes());
        hasher.update(self.meaning.as_bytes());
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        (self.schema, &self.meaning) == (other.schema, &other.meaning)
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({})", self.schema, self.meaning)
    }
}
