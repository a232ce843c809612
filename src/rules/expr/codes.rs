//! What can be said of an expression when only the codes of a notification are known. The index asks it which rules a combination of codes
//! can touch, and `check` whether there is any; a "no" is certain, a "yes" need not be.

use std::collections::BTreeSet;

use super::{
    Expr, Schema,
    contradiction::contradicts_itself,
    evaluate::compare_numbers,
    tree::{Bool, Comparison, Number, NumberField, Part, Text, TextField},
};
use crate::model::{ConferenceStatus, DisconnectReason, ParticipantStatus, Role};

/// The codes of what is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codes {
    /// Of a conf notification.
    Conf(Code<ConferenceStatus>),
    /// Of a party notification, or of a participant's state.
    Party(PartyCodes),
    /// Of nothing: a meeting's state alone.
    Meeting,
}

/// The codes of a party notification, or of a participant's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartyCodes {
    /// `party.status`
    pub status: Known<ParticipantStatus>,
    /// `party.disconnect_reason`
    pub reason: Known<DisconnectReason>,
    /// `party.role`
    pub role: Known<Role>,
    /// `previous.status`
    pub previous: Known<ParticipantStatus>,
}

/// One code, told apart as far as expressions can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code<T> {
    /// This one.
    Is(T),
    /// Any that no expression asked names ([`Expr::code_literals`]).
    Other,
}

/// What is known of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Known<T> {
    /// Nothing: it may be any, or absent.
    #[default]
    Unknown,
    /// There is none.
    Absent,
    /// This one.
    Is(Code<T>),
}

/// The codes that an expression compares the notification's codes with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeLiterals {
    /// With `conf.status`.
    pub conf_status: BTreeSet<ConferenceStatus>,
    /// With `party.status`.
    pub party_status: BTreeSet<ParticipantStatus>,
    /// With `previous.status`, of a participant.
    pub previous_status: BTreeSet<ParticipantStatus>,
    /// With `party.disconnect_reason`.
    pub disconnect_reason: BTreeSet<DisconnectReason>,
    /// With `party.role`.
    pub role: BTreeSet<Role>,
}

impl Expr {
    /// Whether it could hold for a notification or state with these codes, whatever else is so. Never false when it could.
    pub fn could_hold(&self, codes: &Codes) -> bool {
        codes.outcomes(&self.condition).can_be_true
    }

    /// Whether it could hold for any notification or state, as far as codes and literals tell; if not, a rule with it never fires.
    pub fn could_ever_hold(&self) -> bool {
        could_ever_hold(&self.condition, self.schema)
    }

    /// Whether both could hold for one notification or state, as far as codes and literals tell.
    pub fn could_hold_with(&self, other: &Expr) -> bool {
        let both = Bool::All(vec![self.condition.clone(), other.condition.clone()]);
        could_ever_hold(&both, self.schema)
    }

    /// Whether it holds for every notification or state for which the other does. Never true when it may not.
    pub fn holds_wherever(&self, other: &Expr) -> bool {
        let mut literals = self.code_literals();
        literals.extend(other.code_literals());
        let holds = |codes: &Codes| codes.outcomes(&self.condition).is_certainly_true();
        possible(&literals, self.schema).all(|codes| !other.could_hold(&codes) || holds(&codes))
    }

    /// The codes that it names; any other one makes no difference to [`Expr::could_hold`].
    pub fn code_literals(&self) -> CodeLiterals {
        code_literals(&self.condition)
    }
}

impl CodeLiterals {
    fn extend(&mut self, more: Self) {
        self.conf_status.extend(more.conf_status);
        self.party_status.extend(more.party_status);
        self.previous_status.extend(more.previous_status);
        self.disconnect_reason.extend(more.disconnect_reason);
        self.role.extend(more.role);
    }
}

fn could_ever_hold(condition: &Bool, schema: Schema) -> bool {
    !contradicts_itself(condition)
        && possible(&code_literals(condition), schema).any(|codes| codes.outcomes(condition).can_be_true)
}

/// The combinations of codes that what is at hand can have, as far as these tell them apart.
fn possible(literals: &CodeLiterals, schema: Schema) -> Box<dyn Iterator<Item = Codes> + '_> {
    let conf = cells(&literals.conf_status).map(Codes::Conf);
    let party = cells(&literals.party_status).flat_map(|status| {
        let reasons = cells(&literals.disconnect_reason).map(Known::Is).chain([Known::Absent]);
        reasons.map(move |reason| {
            Codes::Party(PartyCodes {
                status: Known::Is(status),
                reason,
                ..PartyCodes::default()
            })
        })
    });
    match schema {
        Schema::Notification => Box::new(conf.chain(party)),
        Schema::State => Box::new(party.chain([Codes::Meeting])),
        Schema::Alert => Box::new([Codes::Meeting].into_iter()),
    }
}

fn code_literals(condition: &Bool) -> CodeLiterals {
    let mut literals = CodeLiterals::default();
    Part::Bool(condition).walk(&mut |part| {
        let Part::Bool(Bool::NumberIn(Number::Field(field), among)) = part else {
            return;
        };
        let codes = among.iter().filter_map(|code| i32::try_from(*code).ok());
        match field {
            NumberField::ConfStatus => literals.conf_status.extend(codes.map(ConferenceStatus)),
            NumberField::PartyStatus => literals.party_status.extend(codes.map(ParticipantStatus)),
            NumberField::PreviousPartyStatus | NumberField::PreviousStatus => {
                literals.previous_status.extend(codes.map(ParticipantStatus));
            }
            NumberField::PartyReason => literals.disconnect_reason.extend(codes.map(DisconnectReason)),
            NumberField::PartyRole => literals.role.extend(codes.map(Role)),
            _ => {}
        }
    });
    literals
}

fn cells<T: Copy>(literals: &BTreeSet<T>) -> impl Iterator<Item = Code<T>> {
    literals.iter().map(|code| Code::Is(*code)).chain([Code::Other])
}

/// Which results are possible.
#[derive(Debug, Clone, Copy)]
struct Outcomes {
    can_be_true: bool,
    can_be_false: bool,
    can_be_undecided: bool,
}

impl Outcomes {
    const ANY: Self = Self {
        can_be_true: true,
        can_be_false: true,
        can_be_undecided: true,
    };
    const UNDECIDED: Self = Self {
        can_be_true: false,
        can_be_false: false,
        can_be_undecided: true,
    };

    fn only(value: Option<bool>) -> Self {
        Self {
            can_be_true: value == Some(true),
            can_be_false: value == Some(false),
            can_be_undecided: value.is_none(),
        }
    }

    fn not(self) -> Self {
        Self {
            can_be_true: self.can_be_false,
            can_be_false: self.can_be_true,
            ..self
        }
    }

    /// Of `&&`.
    fn all(parts: &[Self]) -> Self {
        Self {
            can_be_true: parts.iter().all(|part| part.can_be_true),
            can_be_false: parts.iter().any(|part| part.can_be_false),
            can_be_undecided: parts.iter().any(|part| part.can_be_undecided)
                && parts.iter().all(|part| part.can_be_true || part.can_be_undecided),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            can_be_true: self.can_be_true || other.can_be_true,
            can_be_false: self.can_be_false || other.can_be_false,
            can_be_undecided: self.can_be_undecided || other.can_be_undecided,
        }
    }

    fn is_certainly_true(self) -> bool {
        !self.can_be_false && !self.can_be_undecided
    }

    fn is_certainly_undecided(self) -> bool {
        !self.can_be_true && !self.can_be_false
    }

    /// Of exactly one.
    fn one(parts: &[Self]) -> Self {
        if parts.iter().any(|part| part.is_certainly_undecided()) {
            return Self::UNDECIDED;
        }
        Self {
            can_be_true: parts.iter().any(|part| part.can_be_true),
            ..Self::ANY
        }
    }

    /// Of a condition's two branches.
    fn choice(condition: Self, then: Self, otherwise: Self) -> Self {
        let mut outcomes = Self {
            can_be_undecided: condition.can_be_undecided,
            ..Self::only(None)
        };
        if condition.can_be_true {
            outcomes = outcomes.or(then);
        }
        if condition.can_be_false {
            outcomes = outcomes.or(otherwise);
        }
        outcomes
    }
}

/// What is known of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Is(Option<i64>),
    /// A code that no list of constants names.
    Other,
    Undecided,
    Nothing,
}

impl Value {
    fn of<T>(code: Known<T>, number: impl FnOnce(T) -> i32) -> Self {
        match code {
            Known::Unknown => Self::Nothing,
            Known::Absent => Self::Is(None),
            Known::Is(Code::Is(code)) => Self::Is(Some(number(code).into())),
            Known::Is(Code::Other) => Self::Other,
        }
    }
}

impl Codes {
    pub(super) fn always_hold(&self, bool: &Bool) -> bool {
        self.settle(bool) == Some(Some(true))
    }

    /// What they alone make of it: that it holds, does not, or is undecided; `None`: they alone do not tell.
    pub(super) fn settle(&self, bool: &Bool) -> Option<Option<bool>> {
        let outcomes = self.outcomes(bool);
        match (outcomes.can_be_true, outcomes.can_be_false, outcomes.can_be_undecided) {
            (true, false, false) => Some(Some(true)),
            (false, true, false) => Some(Some(false)),
            (false, false, true) => Some(None),
            _ => None,
        }
    }

    fn outcomes(&self, bool: &Bool) -> Outcomes {
        match bool {
            Bool::Const(value) => Outcomes::only(Some(*value)),
            Bool::Field(_) => Outcomes::ANY,
            Bool::Not(of) => self.outcomes(of).not(),
            Bool::Shared(of) => self.outcomes(&of.part),
            Bool::All(parts) => Outcomes::all(&self.outcomes_of(parts)),
            Bool::Any(parts) => {
                let negated: Vec<Outcomes> = self.outcomes_of(parts).into_iter().map(Outcomes::not).collect();
                Outcomes::all(&negated).not()
            }
            Bool::One(parts) => Outcomes::one(&self.outcomes_of(parts)),
            Bool::Choice(of) => Outcomes::choice(self.outcomes(&of.0), self.outcomes(&of.1), self.outcomes(&of.2)),
            Bool::Same(of) => {
                let sides = [self.outcomes(&of.0), self.outcomes(&of.1)];
                if sides.iter().any(|side| side.is_certainly_undecided()) {
                    Outcomes::UNDECIDED
                } else {
                    Outcomes::ANY
                }
            }
            Bool::NumberIn(number, among) => match self.number(number) {
                Value::Is(value) => Outcomes::only(Some(value.is_some_and(|value| among.contains(&value)))),
                Value::Other => Outcomes::only(Some(false)),
                Value::Undecided => Outcomes::UNDECIDED,
                Value::Nothing => Outcomes::ANY,
            },
            Bool::There(number) => match self.number(number) {
                Value::Is(value) => Outcomes::only(Some(value.is_some())),
                Value::Other => Outcomes::only(Some(true)),
                Value::Undecided => Outcomes::UNDECIDED,
                Value::Nothing => Outcomes::ANY,
            },
            Bool::Numbers(comparison, of) => self.compare(*comparison, &of.0, &of.1),
            Bool::TextIn(text, _) | Bool::Matches(text, _) => self.asks([text]),
            Bool::Texts(_, of) | Bool::Find(_, of) => self.asks([&of.0, &of.1]),
        }
    }

    fn outcomes_of(&self, parts: &[Bool]) -> Vec<Outcomes> {
        parts.iter().map(|part| self.outcomes(part)).collect()
    }

    fn compare(&self, comparison: Comparison, left: &Number, right: &Number) -> Outcomes {
        match (self.number(left), self.number(right)) {
            (Value::Undecided, _) | (_, Value::Undecided) => Outcomes::UNDECIDED,
            (Value::Is(left), Value::Is(right)) => Outcomes::only(compare_numbers(comparison, left, right)),
            _ => Outcomes::ANY,
        }
    }

    /// Of a question to texts, which are unknown but for whether they are at hand.
    fn asks<const N: usize>(&self, texts: [&Text; N]) -> Outcomes {
        if texts.iter().any(|text| self.is_undecided(text)) {
            Outcomes::UNDECIDED
        } else {
            Outcomes::ANY
        }
    }

    fn number(&self, number: &Number) -> Value {
        let undecided_if = |undecided: bool| if undecided { Value::Undecided } else { Value::Nothing };
        match number {
            Number::Const(value) => Value::Is(Some(*value)),
            Number::Field(field) => self.field(*field),
            Number::Size(text) => undecided_if(self.is_undecided(text)),
            Number::Arithmetic(_, of) => undecided_if(self.gives_none(&of.0) || self.gives_none(&of.1)),
            Number::Calendar(_, of) => undecided_if(self.gives_none(&of.0)),
            // Not what the branches have in common: the codes in them are not among the literals that the index knows.
            Number::Choice(of) => undecided_if(self.is_undecided_choice(
                &of.0,
                self.number(&of.1) == Value::Undecided,
                self.number(&of.2) == Value::Undecided,
            )),
        }
    }

    /// Whether there is certainly nothing to count with: null or undecided.
    fn gives_none(&self, number: &Number) -> bool {
        matches!(self.number(number), Value::Undecided | Value::Is(None))
    }

    fn is_undecided(&self, text: &Text) -> bool {
        match text {
            Text::Const(_) | Text::Entry(..) => false,
            Text::Field(field) => match field {
                TextField::ConfBillingCode => !matches!(self, Self::Conf(_)),
                TextField::Party(_) | TextField::Previous(_) => !matches!(self, Self::Party(_)),
                TextField::PreviousBillingCode => matches!(self, Self::Meeting),
                TextField::MeetingBillingCode | TextField::Source | TextField::AlertRule => false,
            },
            Text::Choice(of) => self.is_undecided_choice(&of.0, self.is_undecided(&of.1), self.is_undecided(&of.2)),
        }
    }

    fn is_undecided_choice(&self, condition: &Bool, then: bool, otherwise: bool) -> bool {
        let of = |undecided| if undecided { Outcomes::UNDECIDED } else { Outcomes::ANY };
        Outcomes::choice(self.outcomes(condition), of(then), of(otherwise)).is_certainly_undecided()
    }

    fn field(&self, field: NumberField) -> Value {
        use NumberField as F;
        match (field, *self) {
            (F::ConfStatus, Self::Conf(status)) => Value::of(Known::Is(status), |status| status.0),
            (F::PartyStatus, Self::Party(PartyCodes { status, .. })) => Value::of(status, |status| status.0),
            (F::PartyReason, Self::Party(PartyCodes { reason, .. })) => Value::of(reason, |reason| reason.0),
            (F::PartyRole, Self::Party(PartyCodes { role, .. })) => Value::of(role, |role| role.0),
            (F::PreviousPartyStatus | F::PreviousStatus, Self::Party(PartyCodes { previous, .. })) => {
                Value::of(previous, |status| status.0)
            }
            (F::ConfStatus | F::PreviousConfStatus, Self::Party(_) | Self::Meeting)
            | (
                F::PartyStatus
                | F::PartyReason
                | F::PartyRole
                | F::PartyConnectTime
                | F::PreviousPartyStatus
                | F::PreviousReason
                | F::PreviousRole
                | F::PreviousConnectTime,
                Self::Conf(_) | Self::Meeting,
            )
            | (F::PreviousStatus, Self::Meeting) => Value::Undecided,
            _ => Value::Nothing,
        }
    }
}
