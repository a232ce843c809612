//! Checks a tree against its schema and compiles it: every name, every type, `define`s and macros put in. It goes on behind a mistake, so
//! that all are told at once.

mod advice;
mod call;
mod operand;
mod operators;
mod times;
mod usage;

use std::{collections::BTreeSet, ops::Range};

use compact_str::CompactString;
use regex::Regex;

use self::{operand::Operand, operators::Pair};
use super::{
    Mistake, Schema,
    defines::{Define, Defines},
    parse::{self, MAX_DEPTH, MAX_NODES},
    syntax::{Kind, Node, Operator},
    trace::{Part, Recorder},
    tree::{Arithmetic, Bool, Number, Text},
    vocabulary::{Field, Type, find},
};

/// A compiled part with its type.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Bool(Bool),
    Text(Text),
    Number(Number, Type),
    Null,
}

impl Value {
    fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Text(_) => Type::Text,
            Self::Number(_, kind) => *kind,
            Self::Null => Type::Null,
        }
    }
}

pub(super) struct Checker<'a> {
    schema: Schema,
    defines: &'a Defines,
    /// Of the expression, or of the `define` that is being put in.
    text: &'a str,
    /// The `define` whose text it is.
    define: Option<&'a CompactString>,
    /// The `define` that the expression itself names, and where, while the checker is inside it.
    inside: Option<(&'a CompactString, Range<usize>)>,
    /// Variables of the macros around, the innermost last.
    locals: Vec<Local>,
    /// Parts compiled so far, those put in by `define`s and macros included.
    nodes: usize,
    depth: usize,
    patterns: Vec<(CompactString, Regex)>,
    used: BTreeSet<CompactString>,
    mistakes: Vec<Mistake>,
    recorder: Option<Recorder>,
}

/// A macro's variable, standing for one element of its list.
struct Local {
    name: CompactString,
    value: Value,
    nodes: usize,
}

impl<'a> Checker<'a> {
    pub fn new(schema: Schema, defines: &'a Defines, text: &'a str) -> Self {
        Self {
            schema,
            defines,
            text,
            define: None,
            inside: None,
            locals: vec![],
            nodes: 0,
            depth: 0,
            patterns: vec![],
            used: BTreeSet::new(),
            mistakes: vec![],
            recorder: None,
        }
    }

    /// Keeps every part by itself, for [`Self::recorded`].
    pub fn recording(self) -> Self {
        Self {
            recorder: Some(Recorder::default()),
            ..self
        }
    }

    /// The parts that it went by.
    pub fn recorded(self) -> Vec<Part> {
        self.recorder.map(Recorder::finish).unwrap_or_default()
    }

    /// The `define`s that were put in, and what is wrong.
    pub fn finish(mut self) -> (BTreeSet<CompactString>, Vec<Mistake>) {
        self.mistakes.sort_by_key(|mistake| mistake.span.start);
        (self.used, self.mistakes)
    }

    /// A part that is true or false. `None`: it has a mistake, which was told.
    pub fn condition(&mut self, node: &Node) -> Option<Bool> {
        match self.value(node)? {
            Value::Bool(bool) => Some(bool),
            other => {
                self.not_a_condition(node, &other);
                None
            }
        }
    }

    /// A part of any type, or a list.
    pub fn any_value(&mut self, node: &Node) {
        if self.is_list(node) {
            drop(self.list(node));
        } else {
            drop(self.value(node));
        }
    }

    fn is_list(&self, node: &Node) -> bool {
        match &node.kind {
            Kind::List(_) => true,
            Kind::Name(name) => self.defines.body(name).is_some_and(|body| self.is_list(body)),
            _ => false,
        }
    }

    fn value(&mut self, node: &Node) -> Option<Value> {
        self.count(1, &node.span)?;
        if self.depth == MAX_DEPTH {
            self.report(parse::too_deep(node.span.clone()));
            return None;
        }
        self.depth += 1;
        let (text, define) = (self.text, self.define);
        let part = self
            .recorder
            .as_mut()
            .map(|recorder| recorder.begin(node, text, define));
        let value = self.value_of(node);
        if let (Some(recorder), Some(part), Some(value)) = (&mut self.recorder, part, &value) {
            let is_local = |name: &CompactString| self.locals.iter().any(|local| local.name == *name);
            recorder.end(part, value, node.as_name().is_some_and(is_local));
        }
        self.depth -= 1;
        value
    }

    fn value_of(&mut self, node: &Node) -> Option<Value> {
        match &node.kind {
            Kind::Null => Some(Value::Null),
            Kind::Bool(value) => Some(Value::Bool(Bool::Const(*value))),
            Kind::Int(value) => Some(Value::Number(Number::Const(*value), Type::Int)),
            Kind::Text(text) => Some(Value::Text(Text::Const(text.clone()))),
            Kind::Name(name) => self.name(node, name),
            Kind::Field(of, name) => self.field(node, of, name),
            Kind::Element(pair) => self.element(node, &pair.0, &pair.1),
            Kind::Call(call) => self.call(node, call),
            Kind::List(_) => {
                self.mistake(
                    node,
                    "a list stands only after `in`, in size() and before .exists(), .all() and .exists_one()",
                );
                None
            }
            Kind::Not(of) => Some(Value::Bool(Bool::Not(Box::new(self.negated(node, of)?)))),
            Kind::Negate(of) => self.minus(node, of),
            Kind::All(parts) => self.conditions(parts).map(|parts| Value::Bool(Bool::All(parts))),
            Kind::Any(parts) => self.conditions(parts).map(|parts| Value::Bool(Bool::Any(parts))),
            Kind::Binary(operator, pair) => self.binary(node, *operator, &pair.0, &pair.1),
            Kind::Choice(three) => self.choice(node, &three.0, &three.1, &three.2),
        }
    }

    fn name(&mut self, node: &Node, name: &CompactString) -> Option<Value> {
        if let Some(local) = self.locals.iter().rev().find(|local| local.name == *name) {
            let (value, nodes) = (local.value.clone(), local.nodes);
            self.count(nodes, &node.span)?;
            return Some(value);
        }
        if let Some((name, define)) = self.defines.get(name) {
            return self.put_in(name, define, node, |checker, body| checker.value(body));
        }
        if let Some(field) = find(self.schema.fields(), name) {
            return (!self.not_a_state(node, None)).then(|| field.into());
        }
        if let Some((kind, value)) = self.schema.constant(name) {
            return Some(Value::Number(Number::Const(value), kind));
        }
        self.unknown_name(node, name);
        None
    }

    fn field(&mut self, node: &Node, of: &Node, name: &str) -> Option<Value> {
        let group = of
            .as_name()
            .filter(|group| self.locals.iter().all(|local| local.name != **group));
        if let Some(map) = group.and_then(|group| find(self.schema.maps(), group)) {
            return Some(Value::Text(Text::Entry(map, name.into())));
        }
        let Some(fields) = group.and_then(|group| find(self.schema.groups(), group)) else {
            self.value(of)?;
            let mistake = format!("`{}` has no parts to name", self.source(of));
            self.mistake(node, mistake);
            return None;
        };
        let Some(field) = find(fields, name) else {
            self.unknown_field(node, of, name, fields);
            return None;
        };
        (!self.not_a_state(node, None)).then(|| field.into())
    }

    /// `labels['name']`
    fn element(&mut self, node: &Node, of: &Node, index: &Node) -> Option<Value> {
        match (
            of.as_name().and_then(|name| find(self.schema.maps(), name)),
            &index.kind,
        ) {
            (Some(map), Kind::Text(name)) => Some(Value::Text(Text::Entry(map, name.clone()))),
            _ => {
                self.mistake(
                    node,
                    "only labels['…'] and key['…'] of an alert are looked up in brackets",
                );
                None
            }
        }
    }

    fn conditions(&mut self, parts: &[Node]) -> Option<Vec<Bool>> {
        // Every part is looked at before the first mistake counts.
        let parts: Vec<Option<Bool>> = parts.iter().map(|part| self.condition(part)).collect();
        parts.into_iter().collect()
    }

    /// What `!` is put before.
    fn negated(&mut self, node: &Node, of: &Node) -> Option<Bool> {
        match self.value(of)? {
            Value::Bool(bool) => Some(bool),
            other => {
                let message = format!("`!` negates a condition; `{}` is {}", self.source(of), other.kind());
                self.report(
                    Mistake::new(node.span.clone(), message).advise("put what is negated in parentheses: !(a == b)"),
                );
                None
            }
        }
    }

    fn minus(&mut self, node: &Node, of: &Node) -> Option<Value> {
        match self.value(of)? {
            Value::Number(number, Type::Int) => {
                let zero_and = Box::new((Number::Const(0), number));
                Some(Value::Number(
                    Number::Arithmetic(Arithmetic::Subtract, zero_and),
                    Type::Int,
                ))
            }
            other => {
                let message = format!("`-` goes before a number; `{}` is {}", self.source(of), other.kind());
                self.mistake(node, message);
                None
            }
        }
    }

    fn binary(&mut self, node: &Node, operator: Operator, left: &Node, right: &Node) -> Option<Value> {
        match operator {
            Operator::In => self.membership(left, right).map(Value::Bool),
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => self.relation(node, operator, left, right).map(Value::Bool),
            Operator::Add => self.arithmetic(node, Arithmetic::Add, left, right),
            Operator::Subtract => self.arithmetic(node, Arithmetic::Subtract, left, right),
            Operator::Multiply => self.arithmetic(node, Arithmetic::Multiply, left, right),
            Operator::Divide => self.arithmetic(node, Arithmetic::Divide, left, right),
            Operator::Remainder => self.arithmetic(node, Arithmetic::Remainder, left, right),
        }
    }

    fn choice(&mut self, node: &Node, condition: &Node, then: &Node, otherwise: &Node) -> Option<Value> {
        let condition = self.condition(condition);
        let (then, otherwise) = (self.operand(then), self.operand(otherwise));
        let (condition, then, otherwise) = (condition?, then?, otherwise?);
        if then.kind() == Type::Null || otherwise.kind() == Type::Null {
            self.mistake(node, "null is no choice: it can only be compared with");
            return None;
        }
        Some(match self.agree(&node.span, then, otherwise)? {
            Pair::Bools(a, b) => Value::Bool(Bool::Choice(Box::new((condition, a, b)))),
            Pair::Texts(a, b) => Value::Text(Text::Choice(Box::new((condition, a, b)))),
            Pair::Numbers(a, b, kind) => Value::Number(Number::Choice(Box::new((condition, a, b))), kind),
        })
    }

    fn put_in<T>(
        &mut self,
        name: &'a CompactString,
        define: &'a Define,
        node: &Node,
        check: impl FnOnce(&mut Self, &'a Node) -> Option<T>,
    ) -> Option<T> {
        self.used.insert(name.clone());
        let Some(body) = &define.body else {
            self.mistake(node, format!("the define `{name}` has a mistake in it"));
            return None;
        };
        let outer_text = std::mem::replace(&mut self.text, &define.text);
        let outer_define = self.define.replace(name);
        let outer = self.inside.clone();
        self.inside = outer.clone().or_else(|| Some((name, node.span.clone())));
        let result = check(self, body);
        self.inside = outer;
        self.define = outer_define;
        self.text = outer_text;
        result
    }

    /// Counts parts; `None` beyond the cap, which is told once.
    fn count(&mut self, nodes: usize, span: &Range<usize>) -> Option<()> {
        if self.nodes > MAX_NODES {
            return None;
        }
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            self.report(
                parse::too_large(span.clone())
                    .advise("defines and what .exists(), .all() and .exists_one() put in for each element count, too"),
            );
            return None;
        }
        Some(())
    }

    fn mistake(&mut self, node: &Node, message: impl Into<String>) {
        self.report(Mistake::new(node.span.clone(), message));
    }

    fn report(&mut self, mistake: Mistake) {
        let span = self.place(&mistake.span);
        let message = match &self.inside {
            Some((name, _)) => format!("in `{name}`: {}", mistake.message),
            None => mistake.message,
        };
        let mistake = Mistake {
            span,
            message,
            ..mistake
        };
        // A macro checks the same text for each element.
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
    }

    /// Where in the expression itself: a part of a `define` is where the `define` is named.
    fn place(&self, span: &Range<usize>) -> Range<usize> {
        self.inside.as_ref().map_or(span, |(_, named)| named).clone()
    }

    /// The text of a part, shortened, for messages.
    fn source(&self, node: &Node) -> String {
        let text = self.text.get(node.span.clone()).unwrap_or_default();
        match text.char_indices().nth(40) {
            Some((cut, _)) => format!("{}…", &text[..cut]),
            None => text.into(),
        }
    }
}

impl From<Field> for Value {
    fn from(field: Field) -> Self {
        match field {
            Field::Bool(field) => Self::Bool(Bool::Field(field)),
            Field::Text(field) => Self::Text(Text::Field(field)),
            Field::Number(field, kind) => Self::Number(Number::Field(field), kind),
        }
    }
}
