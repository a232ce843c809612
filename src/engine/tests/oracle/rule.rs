//! A rule as it is written, and as the oracle reads it: without the compiler, but for its expressions.

use std::{fmt, time::Duration};

use super::{
    expected::Expected,
    history::Name,
    key::Key,
    matches::{Count, Ratio},
    quiet::Quiet,
    schedule::Schedule,
    sequence::Sequence,
};
use crate::rules::{
    expr::{Defines, Expr, MAX_RULE, Schema},
    facts::Facts,
};

/// An expression with its text.
#[derive(Clone)]
pub(super) struct Text {
    pub text: &'static str,
    expr: Expr,
}

impl Text {
    pub fn of_notification(text: &'static str) -> Self {
        Self::compiled(text, Schema::Notification)
    }

    pub fn of_state(text: &'static str) -> Self {
        Self::compiled(text, Schema::State)
    }

    fn compiled(text: &'static str, schema: Schema) -> Self {
        let expr = Expr::compile(text, schema, &Defines::default(), MAX_RULE).unwrap();
        Self { text, expr }
    }

    fn reads_party(&self) -> bool {
        self.text.contains("party.")
    }

    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.expr.holds(facts)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub name: &'static str,
    pub condition: Condition,
    /// `None`: the default.
    pub key: Option<Vec<&'static str>>,
    /// `None`: the default.
    pub resolve: Option<Resolve>,
    pub during: Option<Schedule>,
    /// When its alerts are critical.
    pub critical_if: Option<Text>,
    pub enabled: bool,
    /// Changes how it is written, and nothing else.
    pub dressed: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resolve {
    pub when: Option<Text>,
    pub after: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Each {
        when: Text,
    },
    Count(Count),
    Ratio(Ratio),
    Held {
        state: Text,
        for_: Duration,
        keep: Duration,
    },
    Expected(Expected),
    Sequence(Sequence),
    Quiet(Quiet),
}

impl Rule {
    pub fn means_the_same(&self, other: &Self) -> bool {
        (self.name, self.enabled, &self.condition) == (other.name, other.enabled, &other.condition)
            && (self.fields(), self.resolve_when()) == (other.fields(), other.resolve_when())
            && (self.resolve_after(), self.during) == (other.resolve_after(), other.during)
    }

    /// The fields of its key.
    pub fn fields(&self) -> Vec<&'static str> {
        let by_participant = match &self.condition {
            Condition::Held { state: first, .. } => first.reads_party(),
            Condition::Expected(expected) => expected.after.reads_party(),
            Condition::Sequence(sequence) => sequence.steps[0].reads_party(),
            _ => false,
        };
        match &self.key {
            Some(key) => key.clone(),
            None if by_participant => vec!["party.billing_code", "party.party_id"],
            None => vec!["party.billing_code"],
        }
    }

    /// The alert of that key.
    pub fn name(&self, key: Key) -> Name {
        let rule = self.name;
        Name { rule, key }
    }

    pub fn resolve_when(&self) -> Option<&Text> {
        self.resolve.as_ref()?.when.as_ref()
    }

    /// A held and a quiet one end with what they are about.
    pub fn resolve_after(&self) -> Option<Duration> {
        match (&self.condition, &self.resolve) {
            (Condition::Held { .. } | Condition::Quiet(_), _) => None,
            (_, None) => Some(Duration::from_mins(10)),
            (_, Some(resolve)) => resolve.after,
        }
    }
}
