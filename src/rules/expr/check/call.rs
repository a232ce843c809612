//! Functions and macros: which there are, and what they take. Those of times have a file of their own.

use compact_str::CompactString;
use regex::{Regex, RegexBuilder};

use super::{Checker, Local, Mistake, Operand, Value, times::calendar_part};
use crate::rules::expr::{
    parse::is_reserved,
    syntax::{Call, Node},
    tree::{Bool, Find, Number, Text},
    vocabulary::{Type, is_taken},
};
/// Each may take [`PATTERN_BYTES`] once compiled.
const MAX_PATTERNS: usize = 8;
const PATTERN_BYTES: usize = 1 << 20;
const PATTERN_NESTING: u32 = 32;

impl Checker<'_> {
    pub(super) fn call(&mut self, node: &Node, call: &Call) -> Option<Value> {
        match (call.name.as_str(), &call.receiver, call.arguments.as_slice()) {
            ("has", None, [of]) => self.has(of),
            ("size", None, [of]) | ("size", Some(of), []) => self.size(of),
            ("contains", Some(of), [part]) => self.find(Find::Anywhere, of, part),
            ("startsWith", Some(of), [part]) => self.find(Find::AtStart, of, part),
            ("endsWith", Some(of), [part]) => self.find(Find::AtEnd, of, part),
            ("matches", Some(of), [pattern]) | ("matches", None, [of, pattern]) => self.matches(of, pattern),
            ("exists", Some(list), [name, body]) => {
                self.each(list, name, body).map(|parts| Value::Bool(Bool::Any(parts)))
            }
            ("all", Some(list), [name, body]) => self.each(list, name, body).map(|parts| Value::Bool(Bool::All(parts))),
            ("exists_one", Some(list), [name, body]) => {
                self.each(list, name, body).map(|parts| Value::Bool(Bool::One(parts)))
            }
            ("timestamp", None, [literal]) => self.timestamp(literal),
            ("duration", None, [literal]) => self.duration(literal),
            (name, Some(of), zone @ ([] | [_])) => match calendar_part(name) {
                Some(part) => self.calendar(node, name, part, of, zone.first()),
                None => self.no_such_call(call),
            },
            _ => self.no_such_call(call),
        }
    }

    /// False for an empty text and for null.
    fn has(&mut self, of: &Node) -> Option<Value> {
        match self.value(of)? {
            Value::Text(text @ (Text::Field(_) | Text::Entry(..))) => {
                let is_empty = Bool::TextIn(text, Box::new([CompactString::default()]));
                Some(Value::Bool(Bool::Not(Box::new(is_empty))))
            }
            Value::Number(number @ Number::Field(_), _) => Some(Value::Bool(Bool::There(number))),
            other => {
                let message = format!("`{}` is no field that can be absent", self.source(of));
                let advice = match other {
                    Value::Bool(_) => "a condition stands for itself, without has()",
                    _ => "has() asks whether a field is there: has(party.role)",
                };
                self.report(Mistake::new(of.span.clone(), message).advise(advice));
                None
            }
        }
    }

    fn size(&mut self, of: &Node) -> Option<Value> {
        if self.is_list(of) {
            let elements = self.list(of)?;
            return Some(Value::Number(
                Number::Const(i64::try_from(elements.len()).ok()?),
                Type::Int,
            ));
        }
        let text = self.text(of)?;
        Some(Value::Number(Number::Size(Box::new(text)), Type::Int))
    }

    fn find(&mut self, find: Find, of: &Node, part: &Node) -> Option<Value> {
        let (of, part) = (self.text(of), self.text(part));
        Some(Value::Bool(Bool::Find(find, Box::new((of?, part?)))))
    }

    fn matches(&mut self, of: &Node, pattern: &Node) -> Option<Value> {
        let of = self.text(of);
        let pattern = self
            .literal(pattern, "the pattern of matches()")
            .and_then(|text| self.pattern(pattern, &text));
        Some(Value::Bool(Bool::Matches(of?, pattern?)))
    }

    /// Compiles a pattern, or finds the same one compiled before: a macro comes by once for each element.
    fn pattern(&mut self, node: &Node, text: &CompactString) -> Option<Regex> {
        if let Some((_, pattern)) = self.patterns.iter().find(|(known, _)| known == text) {
            return Some(pattern.clone());
        }
        if self.patterns.len() == MAX_PATTERNS {
            self.mistake(node, format!("more than {MAX_PATTERNS} patterns in one expression"));
            return None;
        }
        match RegexBuilder::new(text)
            .size_limit(PATTERN_BYTES)
            .nest_limit(PATTERN_NESTING)
            .build()
        {
            Ok(pattern) => {
                self.patterns.push((text.clone(), pattern.clone()));
                Some(pattern)
            }
            Err(error) => {
                self.mistake(node, pattern_error(&error));
                None
            }
        }
    }

    /// The body once for each element, the name standing for it.
    fn each(&mut self, list: &Node, name: &Node, body: &Node) -> Option<Vec<Bool>> {
        let elements = self.list(list)?;
        let Some(variable) = name.as_name() else {
            self.mistake(name, "the first argument names the variable: [a, b].exists(x, x == c)");
            return None;
        };
        let is_defined =
            self.defines.get(variable).is_some() || self.locals.iter().any(|local| local.name == *variable);
        if is_defined || is_taken(variable) || is_reserved(variable) {
            let mistake = Mistake::new(name.span.clone(), format!("`{variable}` has a meaning already"));
            self.report(mistake.advise("choose another name for the variable"));
            return None;
        }
        elements
            .into_iter()
            .map(|Operand { value, nodes, .. }| {
                self.locals.push(Local {
                    name: variable.clone(),
                    value,
                    nodes,
                });
                let condition = self.condition(body);
                self.locals.pop();
                condition
            })
            .collect()
    }

    fn text(&mut self, node: &Node) -> Option<Text> {
        match self.value(node)? {
            Value::Text(text) => Some(text),
            other => {
                let message = format!("here should be text; `{}` is {}", self.source(node), other.kind());
                self.mistake(node, message);
                None
            }
        }
    }

    /// A text that is known now, written out or by a `define`.
    pub(super) fn literal(&mut self, node: &Node, what: &str) -> Option<CompactString> {
        match self.value(node)? {
            Value::Text(Text::Const(text)) => Some(text),
            _ => {
                self.mistake(
                    node,
                    format!("{what} must be a text written out, so that it can be checked now"),
                );
                None
            }
        }
    }
}

/// The regex crate's error in one line, with the place in the pattern where it knows one.
fn pattern_error(error: &regex::Error) -> String {
    let told = match error {
        regex::Error::CompiledTooBig(limit) => {
            return format!("the pattern takes more than {} MiB once compiled", limit >> 20);
        }
        other => other.to_string(),
    };
    let reason = told
        .lines()
        .last()
        .unwrap_or_default()
        .trim()
        .trim_start_matches("error: ");
    // The pattern is shown indented by four, with a caret below.
    let place = told
        .lines()
        .find(|line| line.trim_start().starts_with('^'))
        .and_then(|line| line.find('^'));
    match place.and_then(|column| column.checked_sub(3)) {
        Some(column) => format!("the pattern is wrong at its character {column}: {reason}"),
        None => format!("the pattern is wrong: {reason}"),
    }
}
