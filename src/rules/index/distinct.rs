//! The codes that expressions can tell apart.

use std::collections::BTreeSet;

use crate::{
    model::{ConferenceStatus, DisconnectReason, ParticipantStatus},
    rules::expr::{Code, Codes, Expr},
};

/// The codes that some expressions name. All others are alike to these expressions, so one cell stands for them all.
#[derive(Debug, Default)]
pub struct Distinct {
    conf: Axis<ConferenceStatus>,
    status: Axis<ParticipantStatus>,
    reason: Axis<DisconnectReason>,
}

impl Distinct {
    /// What these expressions can tell apart.
    pub fn of<'e>(expressions: impl IntoIterator<Item = &'e Expr>) -> Self {
        let (mut conf, mut status, mut reason) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for literals in expressions.into_iter().map(Expr::code_literals) {
            conf.extend(literals.conf_status);
            status.extend(literals.party_status);
            reason.extend(literals.disconnect_reason);
        }
        Self {
            conf: Axis::of(conf),
            status: Axis::of(status),
            reason: Axis::of(reason),
        }
    }

    /// Every distinct kind of conf notification; the n-th is that of [`Self::conf_cell`] n.
    pub fn conf(&self) -> impl Iterator<Item = Codes> {
        self.conf.cells().map(Codes::Conf)
    }

    /// Every distinct kind of party notification; the n-th is that of [`Self::party_cell`] n.
    pub fn party(&self) -> impl Iterator<Item = Codes> {
        let reasons = || [None].into_iter().chain(self.reason.cells().map(Some));
        self.status
            .cells()
            .flat_map(move |status| reasons().map(move |reason| Codes::Party { status, reason }))
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
struct Axis<T>(Box<[T]>);

impl<T> Default for Axis<T> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<T: Copy + Ord> Axis<T> {
    fn of(codes: BTreeSet<T>) -> Self {
        Self(codes.into_iter().collect())
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
