//! Comparing, counting, and being in a list: which types go together, and what comes out.

use std::ops::Range;

use compact_str::CompactString;

use super::{Checker, Mistake, Operand, Value};
use crate::rules::expr::{
    syntax::{Node, Operator},
    tree::{Arithmetic, Bool, Comparison, Number, NumberField, Text},
    vocabulary::Type,
};

/// Two values of one type.
pub(super) enum Pair {
    Bools(Bool, Bool),
    Texts(Text, Text),
    Numbers(Number, Number, Type),
}

impl Checker<'_> {
    /// `==`, `!=` and the four that ask for an order.
    pub(super) fn relation(&mut self, node: &Node, operator: Operator, left: &Node, right: &Node) -> Option<Bool> {
        if self.not_a_state(left, Some(right)) || self.not_a_state(right, Some(left)) {
            return None;
        }
        let (left, right) = (self.operand(left), self.operand(right));
        let (left, right) = (left?, right?);
        let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        if left.kind() == Type::Null || right.kind() == Type::Null {
            let is_null = self.null_test(node, is_equality, left, right)?;
            return Some(if operator == Operator::NotEqual {
                not(is_null)
            } else {
                is_null
            });
        }
        let pair = self.agree(&node.span, left, right)?;
        if !is_equality && let Some(kind) = pair.unordered() {
            self.mistake(node, format!("`{}` needs an order; {kind} has none", operator.symbol()));
            return None;
        }
        Some(match operator {
            Operator::NotEqual => not(pair.compare(Comparison::Equal)),
            Operator::Less => pair.compare(Comparison::Less),
            Operator::LessOrEqual => pair.compare(Comparison::LessOrEqual),
            Operator::Greater => pair.swap().compare(Comparison::Less),
            Operator::GreaterOrEqual => pair.swap().compare(Comparison::LessOrEqual),
            _ => pair.compare(Comparison::Equal),
        })
    }

    /// `x == null`
    fn null_test(&mut self, node: &Node, is_equality: bool, left: Operand, right: Operand) -> Option<Bool> {
        let other = if left.kind() == Type::Null { right } else { left };
        match other.value {
            Value::Number(number, _) if is_equality && is_optional(&number) => Some(not(Bool::There(number))),
            Value::Number(..) if !is_equality => {
                self.mistake(node, "null has no order: it can only be equal or not");
                None
            }
            Value::Text(_) => {
                let message = format!("`{}` is text, which is empty but never null", other.source);
                self.report(Mistake::new(node.span.clone(), message).advise(format!("write has({})", other.source)));
                None
            }
            Value::Number(..) | Value::Bool(_) => {
                self.mistake(node, format!("`{}` is always there, never null", other.source));
                None
            }
            Value::Null => {
                self.mistake(node, "both sides are null");
                None
            }
        }
    }

    /// `x in [a, b]`: one list of the constants, which is quick, and a comparison with each of the others.
    pub(super) fn membership(&mut self, left: &Node, right: &Node) -> Option<Bool> {
        let left = self.operand(left);
        let elements = self.list(right);
        let (mut left, elements) = (left?, elements?);
        if matches!(left.value, Value::Bool(_) | Value::Null) {
            let message = format!("`{}` is {}, which is looked for in no list", left.source, left.kind());
            self.report(Mistake::new(left.span, message));
            return None;
        }
        let (mut numbers, mut texts, mut others) = (vec![], vec![], vec![]);
        let mut all_agree = true;
        for element in elements {
            let nodes = left.nodes;
            match self.agree(&element.span.clone(), left.clone(), element) {
                None => all_agree = false,
                Some(Pair::Numbers(number, element, kind)) => {
                    // What `previous.status` is compared with settles its kind for the elements that follow.
                    left.value = Value::Number(number, kind);
                    match element {
                        Number::Const(value) => numbers.push(value),
                        element => others.push(Value::Number(element, kind)),
                    }
                }
                Some(Pair::Texts(_, Text::Const(value))) => texts.push(value),
                Some(Pair::Texts(_, element)) => others.push(Value::Text(element)),
                Some(Pair::Bools(..)) => {}
            }
            self.count(nodes, &right.span)?;
        }
        all_agree.then(|| among(left.value, numbers, texts, others))
    }

    /// `a + b` and its like.
    pub(super) fn arithmetic(&mut self, node: &Node, with: Arithmetic, left: &Node, right: &Node) -> Option<Value> {
        use Arithmetic::{Add, Subtract};
        use Type::{Duration, Int, Timestamp};
        let (left, right) = (self.operand(left), self.operand(right));
        let (left, right) = (left?, right?);
        let kind = match (with, left.kind(), right.kind()) {
            (_, Int, Int) => Some(Int),
            (Add | Subtract, Duration, Duration) => Some(Duration),
            (Add | Subtract, Timestamp, Duration) | (Add, Duration, Timestamp) => Some(Timestamp),
            (Subtract, Timestamp, Timestamp) => Some(Duration),
            _ => None,
        };
        let Some(kind) = kind else {
            self.not_arithmetic(node, with, &left, &right);
            return None;
        };
        match (left.value, right.value) {
            (Value::Number(left, _), Value::Number(right, _)) => {
                Some(Value::Number(Number::Arithmetic(with, Box::new((left, right))), kind))
            }
            _ => None,
        }
    }

    /// Makes one type of two: a plain number becomes a code of the other's kind, and so does the status of `previous`.
    /// The span is of both.
    pub(super) fn agree(&mut self, span: &Range<usize>, left: Operand, right: Operand) -> Option<Pair> {
        let Some(kind) = common(&left, &right) else {
            self.mismatch(span, &left, &right);
            return None;
        };
        if kind.is_code() {
            self.fits_a_code(&left)?;
            self.fits_a_code(&right)?;
        }
        match (left.value, right.value) {
            (Value::Bool(left), Value::Bool(right)) => Some(Pair::Bools(left, right)),
            (Value::Text(left), Value::Text(right)) => Some(Pair::Texts(left, right)),
            (Value::Number(left, _), Value::Number(right, _)) => {
                Some(Pair::Numbers(of_kind(left, kind), of_kind(right, kind), kind))
            }
            // Two of one type are of one shape.
            _ => None,
        }
    }

    fn fits_a_code(&mut self, operand: &Operand) -> Option<()> {
        match operand.value {
            Value::Number(Number::Const(value), Type::Int) if i32::try_from(value).is_err() => {
                let message = format!("`{value}` is no code: codes have 32 bits");
                self.report(Mistake::new(operand.span.clone(), message));
                None
            }
            _ => Some(()),
        }
    }
}

impl Pair {
    /// The type, if it has no order.
    fn unordered(&self) -> Option<Type> {
        match self {
            Self::Bools(..) => Some(Type::Bool),
            Self::Numbers(.., Type::State) => Some(Type::State),
            Self::Numbers(..) | Self::Texts(..) => None,
        }
    }

    fn swap(self) -> Self {
        match self {
            Self::Bools(left, right) => Self::Bools(right, left),
            Self::Texts(left, right) => Self::Texts(right, left),
            Self::Numbers(left, right, kind) => Self::Numbers(right, left, kind),
        }
    }

    fn compare(self, comparison: Comparison) -> Bool {
        match (comparison, self) {
            (_, Self::Bools(left, right)) => Bool::Same(Box::new((left, right))),
            (
                Comparison::Equal,
                Self::Texts(text, Text::Const(constant)) | Self::Texts(Text::Const(constant), text),
            ) => Bool::TextIn(text, Box::new([constant])),
            (
                Comparison::Equal,
                Self::Numbers(number, Number::Const(constant), _) | Self::Numbers(Number::Const(constant), number, _),
            ) => Bool::NumberIn(number, Box::new([constant])),
            (comparison, Self::Texts(left, right)) => Bool::Texts(comparison, Box::new((left, right))),
            (comparison, Self::Numbers(left, right, _)) => Bool::Numbers(comparison, Box::new((left, right))),
        }
    }
}

/// Whether it equals one of the constants or of the others; null does not, although null equals null.
fn among(left: Value, mut numbers: Vec<i64>, texts: Vec<CompactString>, others: Vec<Value>) -> Bool {
    match left {
        Value::Number(left, _) => {
            numbers.sort_unstable();
            numbers.dedup();
            let mut parts = vec![Bool::NumberIn(left.clone(), numbers.into())];
            parts.extend(others.into_iter().filter_map(|other| match other {
                Value::Number(other, _) => Some(Bool::Numbers(Comparison::Equal, Box::new((left.clone(), other)))),
                _ => None,
            }));
            match (parts.len(), is_optional(&left)) {
                (1, _) => parts.remove(0),
                (_, false) => Bool::Any(parts),
                (_, true) => Bool::All(vec![Bool::There(left), Bool::Any(parts)]),
            }
        }
        Value::Text(left) => {
            let mut parts = vec![Bool::TextIn(left.clone(), texts.into())];
            parts.extend(others.into_iter().filter_map(|other| match other {
                Value::Text(other) => Some(Bool::Texts(Comparison::Equal, Box::new((left.clone(), other)))),
                _ => None,
            }));
            if parts.len() == 1 {
                parts.remove(0)
            } else {
                Bool::Any(parts)
            }
        }
        Value::Bool(_) | Value::Null => Bool::Const(false),
    }
}

/// The type that both have or can take on.
fn common(left: &Operand, right: &Operand) -> Option<Type> {
    use Type::{ConferenceStatus, Int, ParticipantStatus, PreviousStatus};
    match (left.kind(), right.kind()) {
        (a, b) if a == b => Some(a),
        (PreviousStatus, kind @ (ConferenceStatus | ParticipantStatus))
        | (kind @ (ConferenceStatus | ParticipantStatus), PreviousStatus) => Some(kind),
        (kind, Int) if kind.is_code() && right.is_constant() => Some(kind),
        (Int, kind) if kind.is_code() && left.is_constant() => Some(kind),
        _ => None,
    }
}

/// Reads the status of `previous` as one of that kind.
fn of_kind(number: Number, kind: Type) -> Number {
    let field = match kind {
        Type::ConferenceStatus => NumberField::PreviousConfStatus,
        Type::ParticipantStatus => NumberField::PreviousPartyStatus,
        _ => return number,
    };
    match number {
        Number::Field(NumberField::PreviousStatus) => Number::Field(field),
        Number::Choice(of) => {
            let (condition, then, otherwise) = *of;
            Number::Choice(Box::new((condition, of_kind(then, kind), of_kind(otherwise, kind))))
        }
        other => other,
    }
}

fn is_optional(number: &Number) -> bool {
    match number {
        Number::Field(field) => field.is_optional(),
        Number::Choice(of) => is_optional(&of.1) || is_optional(&of.2),
        _ => false,
    }
}

fn not(bool: Bool) -> Bool {
    Bool::Not(Box::new(bool))
}
