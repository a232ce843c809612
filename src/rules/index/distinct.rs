//! The codes that expressions can tell apart.

use crate::{
    model::{ConferenceStatus, DisconnectReason, ParticipantStatus},
    rules::{
        expr::{Before, Code, Codes, Expr},
        facts::Previous,
    },
};

/// How many codes of one kind a rule set may name. The vendor lists ten; the index grows with the product of two kinds.
pub const MAX_CODES: usize = 32;

/// The codes that some expressions name. All others are alike to these expressions, so one cell stands for them all.
#[derive(Debug, Default)]
pub struct Distinct {
    conf: Axis<ConferenceStatus>,
    status: Axis<ParticipantStatus>,
    previous: Axis<ParticipantStatus>,
    reason: Axis<DisconnectReason>,
}

impl Distinct {
    /// What these expressions can tell apart.
    pub fn of<'e>(expressions: impl IntoIterator<Item = &'e Expr>) -> Self {
        let mut distinct = Self::default();
        for expression in expressions {
            distinct.add(expression);
        }
        distinct
    }

    /// Tells apart what this expression tells apart, too.
    pub fn add(&mut self, expression: &Expr) {
        let literals = expression.code_literals();
        self.conf.add(literals.conf_status);
        self.status.add(literals.party_status);
        self.previous.add(literals.previous_status);
        self.reason.add(literals.disconnect_reason);
    }

    /// Whether there are more codes of one kind than [`MAX_CODES`].
    pub fn is_too_wide(&self) -> bool {
        [
            self.conf.len(),
            self.status.len(),
            self.previous.len(),
            self.reason.len(),
        ]
        .into_iter()
        .any(|cells| cells > MAX_CODES + 1)
    }

    /// Every distinct kind of conf notification; the n-th is that of [`Self::conf_cell`] n.
    pub fn conf(&self) -> impl Iterator<Item = Codes> {
        self.conf.cells().map(Codes::Conf)
    }

    /// Every distinct kind of party notification; the n-th is that of [`Self::party_cell`] n.
    pub fn party(&self) -> impl Iterator<Item = Codes> {
        let reasons = || [None].into_iter().chain(self.reason.cells().map(Some));
        self.status.cells().flat_map(move |status| {
            reasons().map(move |reason| Codes::Party {
                status,
                reason,
                previous: Before::Unknown,
            })
        })
    }

    /// Every distinct status before; the n-th is that of [`Self::before_cell`] n.
    pub fn before(&self) -> impl Iterator<Item = Before> {
        [Before::Nothing]
            .into_iter()
            .chain(self.previous.cells().map(Before::Was))
    }

    /// The place of what was before a party notification.
    pub fn before_cell(&self, previous: Previous<'_>) -> usize {
        match previous {
            Previous::Party { known, .. } => 1 + self.previous.place(known.status),
            Previous::Nothing | Previous::Conf(_) => 0,
        }
    }

    /// The place of a conf notification.
    pub fn conf_cell(&self, status: ConferenceStatus) -> usize {
        self.conf.place(status)
    }

    /// The place of a party notification.
    pub fn party_cell(&self, status: ParticipantStatus, reason: Option<DisconnectReason>) -> usize {
        let reasons = 1 + self.reason.len();
        self.status.place(status) * reasons + reason.map_or(0, |reason| 1 + self.reason.place(reason))
    }
}

/// Codes in their order; after them a place for whatever is none of them.
#[derive(Debug)]
struct Axis<T>(Vec<T>);

impl<T> Default for Axis<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Ord> Axis<T> {
    fn add(&mut self, codes: impl IntoIterator<Item = T>) {
        for code in codes {
            if let Err(place) = self.0.binary_search(&code) {
                self.0.insert(place, code);
            }
        }
    }

    fn len(&self) -> usize {
        self.0.len() + 1
    }

    fn place(&self, code: T) -> usize {
        self.0.binary_search(&code).unwrap_or(self.0.len())
    }

    fn cells(&self) -> impl Iterator<Item = Code<T>> {
        self.0.iter().copied().map(Code::Is).chain([Code::Other])
    }
}
