//! The codes that expressions can tell apart.

use crate::{
    model::{ConferenceStatus, DisconnectReason, ParticipantStatus, Role},
    rules::{
        expr::{Code, Codes, Expr, Known, PartyCodes},
        facts::{AtHand, Facts, Previous},
    },
};

/// How many codes of one kind a rule set may name. The vendor lists ten; the index grows with the product of two kinds.
pub const MAX_CODES: usize = 32;

/// The codes that some expressions name. All others are alike to these expressions, so one cell stands for them all.
#[derive(Debug, Default)]
pub struct Distinct {
    conf: Axis,
    status: Axis,
    reason: Axis,
    role: Axis,
    previous: Axis,
}

/// The cells of what is at hand.
#[derive(Debug, Clone, Copy)]
pub enum Cells {
    /// Nothing is: a meeting's state alone.
    Meeting,
    /// A conf notification: the place of its status in [`Distinct::conf`].
    Conf(usize),
    /// A party notification, or a participant's state.
    Party {
        /// The place of its status, reason and role in [`Distinct::party`].
        party: usize,
        /// That in [`Distinct::statuses`].
        status: usize,
        /// That in [`Distinct::reasons`].
        reason: usize,
        /// That in [`Distinct::roles`].
        role: usize,
        /// That in [`Distinct::previous`].
        previous: usize,
    },
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
        self.conf.add(literals.conf_status.iter().map(|code| code.0));
        self.status.add(literals.party_status.iter().map(|code| code.0));
        self.reason.add(literals.disconnect_reason.iter().map(|code| code.0));
        self.role.add(literals.role.iter().map(|code| code.0));
        self.previous.add(literals.previous_status.iter().map(|code| code.0));
    }

    /// Whether there are more codes of one kind than [`MAX_CODES`].
    pub fn is_too_wide(&self) -> bool {
        [&self.conf, &self.status, &self.reason, &self.role, &self.previous]
            .into_iter()
            .any(|axis| axis.codes.len() > MAX_CODES)
    }

    /// The cells of what is at hand.
    pub fn cells(&self, facts: &Facts<'_>) -> Cells {
        match facts.at_hand {
            AtHand::Meeting(_) => Cells::Meeting,
            AtHand::Conf(conf) => Cells::Conf(self.conf.place(conf.status.0)),
            AtHand::Party(party) => {
                let status = self.status.place(party.status.0);
                let reason = self.reason.place_if(party.disconnect_reason.map(|reason| reason.0));
                let role = self.role.place_if(party.role.map(|role| role.0));
                let before = match facts.previous {
                    Previous::Party { known, .. } => Some(known.status.0),
                    Previous::Nothing | Previous::Conf(_) => None,
                };
                Cells::Party {
                    party: (status * self.reason.known_len() + reason) * self.role.known_len() + role,
                    status,
                    reason,
                    role,
                    previous: self.previous.place_if(before),
                }
            }
        }
    }

    /// Every distinct kind of conf notification.
    pub fn conf(&self) -> impl Iterator<Item = Codes> {
        self.conf.cells(ConferenceStatus).map(Codes::Conf)
    }

    /// Every distinct kind of party notification, whatever was before.
    pub fn party(&self) -> impl Iterator<Item = Codes> {
        self.statuses().flat_map(|status| self.party_with(status))
    }

    /// Those with this status.
    pub fn party_with(&self, status: Known<ParticipantStatus>) -> impl Iterator<Item = Codes> {
        self.reasons().flat_map(move |reason| {
            self.roles().map(move |role| {
                Codes::Party(PartyCodes {
                    status,
                    reason,
                    role,
                    previous: Known::Unknown,
                })
            })
        })
    }

    /// Every distinct status of a participant.
    pub fn statuses(&self) -> impl Iterator<Item = Known<ParticipantStatus>> {
        self.status.cells(ParticipantStatus).map(Known::Is)
    }

    /// Every distinct reason of a disconnection; the first is that there is none.
    pub fn reasons(&self) -> impl Iterator<Item = Known<DisconnectReason>> {
        self.reason.known(DisconnectReason)
    }

    /// Every distinct role; the first is that there is none.
    pub fn roles(&self) -> impl Iterator<Item = Known<Role>> {
        self.role.known(Role)
    }

    /// Every distinct status before; the first is that there was none.
    pub fn previous(&self) -> impl Iterator<Item = Known<ParticipantStatus>> {
        self.previous.known(ParticipantStatus)
    }
}

/// The codes below this are looked up, others are searched for. The vendor's are below.
const NEAR: usize = 128;

/// Codes in their order; after them a place for whatever is none of them.
#[derive(Debug)]
struct Axis {
    codes: Vec<i32>,
    /// The places of the codes from 0 on.
    near: Box<[u8]>,
}

impl Default for Axis {
    fn default() -> Self {
        Self {
            codes: Vec::new(),
            near: Box::new([0; NEAR]),
        }
    }
}

impl Axis {
    fn add(&mut self, codes: impl IntoIterator<Item = i32>) {
        for code in codes {
            if let Err(place) = self.codes.binary_search(&code) {
                self.codes.insert(place, code);
            }
        }
        for (code, near) in (0..).zip(&mut self.near) {
            let place = self.codes.binary_search(&code).unwrap_or(self.codes.len());
            *near = u8::try_from(place).unwrap_or(u8::MAX);
        }
    }

    fn place(&self, code: i32) -> usize {
        let near = usize::try_from(code).ok().and_then(|code| self.near.get(code));
        match near {
            Some(place) => usize::from(*place),
            None => self.codes.binary_search(&code).unwrap_or(self.codes.len()),
        }
    }

    fn cells<T>(&self, code: impl Fn(i32) -> T) -> impl Iterator<Item = Code<T>> {
        let named = self.codes.iter().map(move |number| Code::Is(code(*number)));
        named.chain([Code::Other])
    }

    /// The place among [`Self::known`].
    fn place_if(&self, code: Option<i32>) -> usize {
        code.map_or(0, |code| 1 + self.place(code))
    }

    fn known_len(&self) -> usize {
        self.codes.len() + 2
    }

    fn known<T>(&self, code: impl Fn(i32) -> T) -> impl Iterator<Item = Known<T>> {
        [Known::Absent].into_iter().chain(self.cells(code).map(Known::Is))
    }
}
