//! What each part of an expression comes to, for those who ask why: explanations, and the coverage of tests. Off the hot path: the
//! expression is compiled once more with every part kept by itself, and each part is evaluated by what evaluates the whole.

use std::ops::Range;

use compact_str::CompactString;

use super::{
    Expr,
    check::{Checker, Value},
    evaluate::Scope as _,
    parse,
    syntax::{Kind, Node},
    tree::{Bool, Number, NumberField, PartyText, Text, TextField},
    vocabulary::Type,
};
use crate::{
    model::{Personal, Time},
    rules::{facts::Facts, file::duration},
};

/// An expression with all its parts, ready to be traced.
#[derive(Debug)]
pub struct Tracer {
    parts: Vec<Part>,
}

/// One part of an expression as written, compiled by itself. Each stands before the parts below it.
#[derive(Debug)]
pub struct Part {
    /// The `define` in whose text it stands; `None`: the expression's own.
    pub define: Option<CompactString>,
    /// Its bytes in that text.
    pub span: Range<usize>,
    /// Its text.
    pub text: String,
    /// How many parts it lies below.
    pub depth: usize,
    joint: Joint,
    /// Where the parts below it end.
    end: usize,
    value: Value,
    is_literal: bool,
}

/// How a part comes by those below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// All of them are needed.
    Together,
    /// It stands for the one below: a `define`, or a negation.
    Through,
    /// From the left, until one has this value: `&&` and `||`.
    Until(bool),
    /// The first chooses one of the others.
    Choice,
}

/// What the parts of an expression came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Those that say something, literals left out; each stands before the parts below it.
    pub parts: Vec<TracedPart>,
}

/// What one part came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedPart {
    /// Which: an index into [`Tracer::parts`].
    pub part: usize,
    /// Its text.
    pub text: String,
    /// How many parts it lies below.
    pub depth: usize,
    /// What it came to.
    pub value: PartValue,
    /// Whether the whole asked for it: false behind what had settled `&&` or `||`, and for the branch that was not chosen.
    pub reached: bool,
}

/// What a part of an expression can come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartValue {
    /// True or false.
    Bool(bool),
    /// What it needs is not at hand, or does not exist.
    Undecided,
    /// An optional value that is not there.
    Null,
    /// A number.
    Number(i64),
    /// One of the vendor's codes by its short name, or its number if unlisted.
    Code(CompactString),
    /// An instant.
    Time(Time),
    /// A length of time, in nanoseconds.
    Duration(i64),
    /// A text that anyone may see.
    Text(String),
    /// A name, a phone number or a city.
    Personal(Personal),
}

impl Expr {
    /// Compiles the expression once more, its parts by themselves: in the order of microseconds.
    pub fn tracer(&self) -> Tracer {
        let Ok(node) = parse::parse(&self.text, self.text.len()) else {
            return Tracer { parts: Vec::new() };
        };
        let mut checker = Checker::new(self.schema, &self.scope, &self.text).recording();
        checker.condition(&node);
        Tracer {
            parts: checker.recorded(),
        }
    }

    /// What every part comes to for a notification or a state. [`Self::tracer`] is quicker for several.
    pub fn trace(&self, facts: &Facts<'_>) -> Trace {
        self.tracer().trace(facts)
    }
}

impl Tracer {
    /// All parts, literals included.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What every part comes to.
    pub fn trace(&self, facts: &Facts<'_>) -> Trace {
        let values: Vec<PartValue> = self.parts.iter().map(|part| part.come_to(facts)).collect();
        let mut reached = vec![false; self.parts.len()];
        if let Some(whole) = reached.first_mut() {
            *whole = true;
        }
        for (place, part) in self.parts.iter().enumerate() {
            if reached[place] {
                part.reach(place, &self.parts, &values, &mut reached);
            }
        }
        let traced = |(part, (value, reached)): (usize, (PartValue, bool))| {
            let Part { text, depth, .. } = &self.parts[part];
            TracedPart {
                part,
                text: text.clone(),
                depth: *depth,
                value,
                reached,
            }
        };
        let says_something = |(part, _): &(usize, _)| !self.parts[*part].is_literal;
        let parts = values.into_iter().zip(reached).enumerate();
        Trace {
            parts: parts.filter(says_something).map(traced).collect(),
        }
    }
}

impl Trace {
    /// For people: a line for each part that the whole asked for, its value before its text. Personal data is masked unless `clear`.
    pub fn lines(&self, clear: bool) -> Vec<String> {
        let asked_for = || self.parts.iter().filter(|part| part.reached);
        let values: Vec<String> = asked_for().map(|part| part.value.shown(clear)).collect();
        let width = values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
        let line = |(part, value): (&TracedPart, String)| {
            let text = part.text.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("{value:width$}  {}{text}", "  ".repeat(part.depth))
        };
        asked_for().zip(values).map(line).collect()
    }
}

impl Part {
    /// Whether it is a condition to be told apart from those around it: neither a literal nor another one's negation or name.
    pub fn is_branch(&self) -> bool {
        matches!(self.value, Value::Bool(_)) && self.joint != Joint::Through && !self.is_literal
    }

    /// Marks the parts right below that the whole asks for, given that it asks for this one.
    fn reach(&self, place: usize, parts: &[Part], values: &[PartValue], reached: &mut [bool]) {
        let mut next = place + 1;
        let mut nth = 0;
        let mut chosen = None;
        while next < self.end {
            let is_asked_for = match self.joint {
                Joint::Choice => nth == 0 || chosen == Some(nth),
                Joint::Together | Joint::Through | Joint::Until(_) => true,
            };
            reached[next] = is_asked_for;
            match (self.joint, &values[next]) {
                (Joint::Until(settles), PartValue::Bool(value)) if *value == settles => return,
                (Joint::Choice, PartValue::Bool(value)) if nth == 0 => chosen = Some(if *value { 1 } else { 2 }),
                _ => {}
            }
            nth += 1;
            next = parts[next].end;
        }
    }

    fn come_to(&self, facts: &Facts<'_>) -> PartValue {
        match &self.value {
            Value::Bool(bool) => bool.decide(facts).map_or(PartValue::Undecided, PartValue::Bool),
            Value::Text(text) => match text.read(facts) {
                None => PartValue::Undecided,
                Some(read) if text.is_personal() => PartValue::Personal(Personal::new(read)),
                Some(read) => PartValue::Text(read.to_owned()),
            },
            Value::Number(number, kind) => match number.read(facts) {
                None => PartValue::Undecided,
                Some(None) => PartValue::Null,
                Some(Some(value)) => number_of(value, *kind, facts),
            },
            Value::Null => PartValue::Null,
        }
    }
}

fn number_of(value: i64, kind: Type, facts: &Facts<'_>) -> PartValue {
    match kind {
        Type::Timestamp => PartValue::Time(Time::from_nanos(value)),
        Type::Duration => PartValue::Duration(value),
        // The kind at hand says whose status it is.
        Type::PreviousStatus if facts.number(NumberField::PreviousConfStatus).is_some() => {
            number_of(value, Type::ConferenceStatus, facts)
        }
        Type::PreviousStatus => number_of(value, Type::ParticipantStatus, facts),
        kind if kind.is_code() => PartValue::Code(kind.code_name(value)),
        _ => PartValue::Number(value),
    }
}

impl PartValue {
    /// For people; personal data masked unless `clear`.
    pub fn shown(&self, clear: bool) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Undecided => "undecided".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Number(value) => value.to_string(),
            Self::Code(name) => name.to_string(),
            Self::Time(time) => time.to_string(),
            Self::Duration(nanos) => match u64::try_from(*nanos) {
                Ok(nanos) => duration::written(std::time::Duration::from_nanos(nanos)),
                Err(_) => format!(
                    "-{}",
                    duration::written(std::time::Duration::from_nanos(nanos.unsigned_abs()))
                ),
            },
            Self::Text(text) => format!("'{}'", text.escape_debug()),
            Self::Personal(text) if clear => format!("'{}'", text.clear().escape_debug()),
            Self::Personal(text) => format!("'{}'", text.masked().escape_debug()),
        }
    }
}

impl Text {
    fn is_personal(&self) -> bool {
        use PartyText::{AcmPhone, City, Name, Phone};
        match self {
            Self::Field(TextField::Party(text) | TextField::Previous(text)) => {
                matches!(text, Name | Phone | AcmPhone | City)
            }
            Self::Choice(of) => of.1.is_personal() || of.2.is_personal(),
            Self::Const(_) | Self::Field(_) | Self::Entry(..) => false,
        }
    }
}

/// The parts of an expression as a checker goes by them.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    parts: Vec<Part>,
    depth: usize,
}

impl Recorder {
    /// Begins a part; those below it follow.
    pub fn begin(&mut self, node: &Node, text: &str, define: Option<&CompactString>) -> usize {
        self.parts.push(Part {
            define: define.cloned(),
            span: node.span.clone(),
            text: text.get(node.span.clone()).unwrap_or_default().to_owned(),
            depth: self.depth,
            joint: match &node.kind {
                Kind::All(_) => Joint::Until(false),
                Kind::Any(_) => Joint::Until(true),
                Kind::Choice(_) => Joint::Choice,
                Kind::Name(_) | Kind::Not(_) => Joint::Through,
                _ => Joint::Together,
            },
            end: 0,
            value: Value::Null,
            is_literal: true,
        });
        self.depth += 1;
        self.parts.len() - 1
    }

    /// Ends a part: all below it is known. `is_local`: a macro's variable, whose value the text does not show.
    pub fn end(&mut self, part: usize, value: &Value, is_local: bool) {
        self.depth -= 1;
        let end = self.parts.len();
        let part = &mut self.parts[part];
        part.is_literal = !is_local
            && matches!(
                value,
                Value::Null
                    | Value::Bool(Bool::Const(_))
                    | Value::Number(Number::Const(_), _)
                    | Value::Text(Text::Const(_))
            );
        part.end = end;
        part.value = value.clone();
    }

    /// All parts.
    pub fn finish(self) -> Vec<Part> {
        self.parts
    }
}
