//! What must be so for a rule to match, compiled. How it is written is `conditions`' to say, and what it does the engine's.

use std::time::Duration;

use super::{KeyField, expr::Expr};

/// What must be so for a rule to match.
#[derive(Debug)]
pub enum Condition {
    /// Every notification for which this holds.
    Each {
        /// Over the notification.
        when: Expr,
    },
    /// So many notifications in a sliding window.
    Count(Count),
    /// The share of some notifications among others.
    Ratio(Ratio),
    /// A state that lasts.
    Held {
        /// Over the state of the participant and the meeting.
        condition: Expr,
        /// How long it must have lasted, in event time.
        for_: Duration,
        /// How long it must have ended before the alert ends.
        keep_firing_for: Duration,
    },
    /// What should have followed.
    Expected(Expected),
    /// Steps in order.
    Sequence(Sequence),
    /// Nothing of the kind for so long.
    Quiet(Quiet),
}

/// So many notifications in a sliding window.
#[derive(Debug)]
pub struct Count {
    /// Those that are counted.
    pub when: Expr,
    /// How many there must be: 1 to 10,000.
    pub at_least: u32,
    /// The length of the window, more than nothing; it is open at its beginning.
    pub within: Duration,
    /// How varied they must be.
    pub distinct: Option<Varied>,
}

/// Notifications that differ in a field.
#[derive(Debug)]
pub struct Varied {
    /// The field. A notification that does not have it is counted, but adds no value.
    pub of: KeyField,
    /// How many values there must be: 1 to the number of notifications.
    pub at_least: u32,
}

/// The share of some notifications among others in a sliding window.
#[derive(Debug)]
pub struct Ratio {
    /// Those among the others.
    pub when: Expr,
    /// All of which the share is.
    pub of: Expr,
    /// How large it must be.
    pub at_least: Share,
    /// The length of the window, more than nothing; it is open at its beginning.
    pub within: Duration,
    /// How many there must be for a share to tell anything: 1 to [`Ratio::MOST_SAMPLES`].
    pub min_samples: u32,
}

impl Ratio {
    /// How many a window holds at most.
    pub const MOST_SAMPLES: u32 = 4_096;
}

/// A share: more than nothing, at most all. Counted in millionths, so that comparing is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    /// So many millionths; `None` if that is nothing or more than all.
    pub fn of_millionths(millionths: u32) -> Option<Self> {
        (1..=1_000_000).contains(&millionths).then_some(Self(millionths))
    }

    /// In millionths: 1 to 1,000,000.
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// Whether so many of those are at least this share.
    pub fn is_reached(self, part: u64, whole: u64) -> bool {
        part.saturating_mul(1_000_000) >= whole.saturating_mul(u64::from(self.0))
    }
}

/// What should have followed.
#[derive(Debug)]
pub struct Expected {
    /// What opens an expectation.
    pub after: Expr,
    /// What meets it.
    pub expect: Expr,
    /// How soon that must be, more than nothing; the last instant is too late.
    pub within: Duration,
    /// What calls it off.
    pub unless: Option<Expr>,
}

/// Steps in order; other notifications may lie between.
#[derive(Debug)]
pub struct Sequence {
    /// The steps: 2 to 16.
    pub steps: Vec<Expr>,
    /// The last one happens less than so long after the first, more than nothing.
    pub within: Duration,
    /// What ends those that are half done.
    pub unless: Option<Expr>,
}

/// Nothing of the kind for so long.
#[derive(Debug)]
pub struct Quiet {
    /// What is of the kind.
    pub what: Expr,
    /// How long, more than nothing.
    pub for_: Duration,
}

impl Condition {
    /// The expressions each of which must hold for a notification, or a state, if the rule is ever to fire. A notification for which
    /// one of them holds needs the whole key.
    pub fn required(&self) -> Vec<&Expr> {
        match self {
            Self::Each { when } | Self::Count(Count { when, .. }) => vec![when],
            Self::Held { condition, .. } => vec![condition],
            Self::Ratio(ratio) => vec![&ratio.of, &ratio.when],
            Self::Expected(expected) => vec![&expected.after],
            Self::Sequence(sequence) => sequence.steps.iter().collect(),
            Self::Quiet(quiet) => vec![&quiet.what],
        }
    }

    /// The expressions that end something which has begun, each with its key in the rule file. A notification for which one of them
    /// holds may lack a part of the key.
    pub fn ending(&self) -> Vec<(&'static str, &Expr)> {
        match self {
            Self::Each { .. } | Self::Count(_) | Self::Ratio(_) | Self::Held { .. } | Self::Quiet(_) => Vec::new(),
            Self::Expected(expected) => {
                let unless = expected.unless.as_ref().map(|unless| ("unless", unless));
                [("expect", &expected.expect)].into_iter().chain(unless).collect()
            }
            Self::Sequence(sequence) => sequence.unless.iter().map(|unless| ("unless", unless)).collect(),
        }
    }

    /// All its expressions.
    pub fn expressions(&self) -> Vec<&Expr> {
        let ending = self.ending().into_iter().map(|(_, ending)| ending);
        self.required().into_iter().chain(ending).collect()
    }

    /// All its expressions, each with where it stands in the rule, in words.
    pub fn named_expressions(&self) -> Vec<(String, &Expr)> {
        let under = |key: &str, expr| vec![(format!("`{key}`"), expr)];
        let mut named = match self {
            Self::Each { when } | Self::Count(Count { when, .. }) => under("when", when),
            Self::Held { condition, .. } => under("while", condition),
            Self::Ratio(ratio) => [under("of", &ratio.of), under("when", &ratio.when)].concat(),
            Self::Expected(expected) => under("after", &expected.after),
            Self::Sequence(sequence) => {
                let step = |(place, step)| (format!("step {place} of `sequence`"), step);
                (1..).zip(&sequence.steps).map(step).collect()
            }
            Self::Quiet(quiet) => under("quiet", &quiet.what),
        };
        named.extend(self.ending().into_iter().flat_map(|(key, ending)| under(key, ending)));
        named
    }

    /// All its expressions, to be marked.
    pub(super) fn expressions_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Self::Each { when } | Self::Count(Count { when, .. }) => vec![when],
            Self::Held { condition, .. } => vec![condition],
            Self::Ratio(ratio) => vec![&mut ratio.of, &mut ratio.when],
            Self::Expected(expected) => [&mut expected.after, &mut expected.expect]
                .into_iter()
                .chain(&mut expected.unless)
                .collect(),
            Self::Sequence(sequence) => sequence.steps.iter_mut().chain(&mut sequence.unless).collect(),
            Self::Quiet(quiet) => vec![&mut quiet.what],
        }
    }

    /// How long a notification can matter to state that is kept by key; `None`: there is none, or it ends by itself.
    pub fn memory(&self) -> Option<Duration> {
        match self {
            Self::Each { .. } | Self::Held { .. } | Self::Expected(_) | Self::Quiet(_) => None,
            Self::Count(count) => Some(count.within),
            Self::Ratio(ratio) => Some(ratio.within),
            Self::Sequence(sequence) => Some(sequence.within),
        }
    }
}
