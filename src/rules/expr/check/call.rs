//! Functions and macros.

use compact_str::CompactString;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use regex::{Regex, RegexBuilder};

use super::{Checker, Local, Mistake, Operand, Value};
use crate::rules::{
    expr::{
        parse::is_reserved,
        suggest::nearest,
        syntax::{Call, Node},
        tree::{Arithmetic, Bool, CalendarPart, Find, Number, Text},
        vocabulary::{Type, is_taken},
    },
    zone,
};

/// Each may take [`PATTERN_BYTES`] once compiled.
const MAX_PATTERNS: usize = 8;
const PATTERN_BYTES: usize = 1 << 20;
const PATTERN_NESTING: u32 = 32;

/// Every function, as it is written.
const USAGES: [(&str, &str); 20] = [
    ("has", "has(field)"),
    ("size", "size(text)"),
    ("contains", "text.contains('part')"),
    ("startsWith", "text.startsWith('part')"),
    ("endsWith", "text.endsWith('part')"),
    ("matches", "text.matches('pattern')"),
    ("exists", "[a, b].exists(x, x == c)"),
    ("all", "[a, b].all(x, x == c)"),
    ("timestamp", "timestamp('2026-01-05T08:00:00Z')"),
    ("duration", "duration('1m30s')"),
    ("getFullYear", "time.getFullYear('Europe/Berlin')"),
    ("getMonth", "time.getMonth('Europe/Berlin')"),
    ("getDate", "time.getDate('Europe/Berlin')"),
    ("getDayOfMonth", "time.getDayOfMonth('Europe/Berlin')"),
    ("getDayOfWeek", "time.getDayOfWeek('Europe/Berlin')"),
    ("getDayOfYear", "time.getDayOfYear('Europe/Berlin')"),
    ("getHours", "time.getHours('Europe/Berlin')"),
    ("getMinutes", "time.getMinutes('Europe/Berlin')"),
    ("getSeconds", "time.getSeconds('Europe/Berlin')"),
    ("getMilliseconds", "time.getMilliseconds('Europe/Berlin')"),
];

/// What CEL has besides.
const LEFT_OUT: [&str; 11] = [
    "map",
    "filter",
    "exists_one",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "bool",
    "type",
    "dyn",
];

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
            ("timestamp", None, [literal]) => self.timestamp(literal),
            ("duration", None, [literal]) => self.duration(literal),
            (name, Some(of), [] | [_]) => match calendar_part(name) {
                Some(part) => self.calendar(node, call, part, of),
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
        if elements.is_empty() {
            self.mistake(list, "the list is empty");
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

    fn timestamp(&mut self, node: &Node) -> Option<Value> {
        let text = self.literal(node, "the argument of timestamp()")?;
        let nanos = text
            .parse::<Timestamp>()
            .ok()
            .and_then(|time| i64::try_from(time.as_nanosecond()).ok());
        let Some(nanos) = nanos else {
            let mistake = Mistake::new(
                node.span.clone(),
                format!("`{text}` is no time between the years 1678 and 2262"),
            );
            self.report(mistake.advise("write it as in timestamp('2026-01-05T08:00:00Z')"));
            return None;
        };
        Some(Value::Number(Number::Const(nanos), Type::Timestamp))
    }

    fn duration(&mut self, node: &Node) -> Option<Value> {
        let text = self.literal(node, "the argument of duration()")?;
        let nanos = text
            .parse::<SignedDuration>()
            .ok()
            .and_then(|time| i64::try_from(time.as_nanos()).ok());
        let Some(nanos) = nanos else {
            let mistake = Mistake::new(node.span.clone(), format!("`{text}` is no duration"));
            self.report(mistake.advise("write it as in duration('1m30s'): h, m, s, ms, us, ns"));
            return None;
        };
        Some(Value::Number(Number::Const(nanos), Type::Duration))
    }

    /// A part of a time in a zone, or the whole of a duration in a unit.
    fn calendar(&mut self, node: &Node, call: &Call, part: CalendarPart, of: &Node) -> Option<Value> {
        let value = self.value(of);
        let zone = match call.arguments.first() {
            Some(zone) => self.zone(zone),
            None => Some(TimeZone::UTC),
        };
        let number = match value? {
            Value::Number(number, Type::Timestamp) => Number::Calendar(part, Box::new((number, zone?))),
            Value::Number(number, Type::Duration) if call.arguments.is_empty() => {
                let Some(unit) = unit(part) else {
                    let mistake = Mistake::new(node.span.clone(), format!("a duration has no {}", call.name));
                    self.report(
                        mistake.advise("compare it: d > duration('5m'), or use getHours, getMinutes, getSeconds"),
                    );
                    return None;
                };
                Number::Arithmetic(Arithmetic::Divide, Box::new((number, Number::Const(unit))))
            }
            other => {
                let message = format!("`{}` is {}, not a time", self.source(of), other.kind());
                self.mistake(of, message);
                return None;
            }
        };
        Some(Value::Number(number, Type::Int))
    }

    fn zone(&mut self, node: &Node) -> Option<TimeZone> {
        let name = self.literal(node, "the time zone")?;
        let zone = zone::named(&name);
        if zone.is_none() {
            let mistake = Mistake::new(node.span.clone(), format!("`{name}` is no time zone"));
            self.report(mistake.advise("write a name such as 'Asia/Shanghai', or an offset such as '+08:00'"));
        }
        zone
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
    fn literal(&mut self, node: &Node, what: &str) -> Option<CompactString> {
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

    fn no_such_call(&mut self, call: &Call) -> Option<Value> {
        let name = call.name.as_str();
        let usage = |name: &str| USAGES.iter().find(|(known, _)| *known == name).map(|(_, usage)| *usage);
        let mistake = |message: String| Mistake::new(call.name_span.clone(), message);
        self.report(if let Some(usage) = usage(name) {
            mistake(format!("`{name}` is not used like this")).advise(format!("write {usage}"))
        } else if LEFT_OUT.contains(&name) {
            mistake(format!("CEL's `{name}` is left out"))
        } else {
            let mistake = mistake(format!("there is no function `{name}`"));
            match nearest(name, USAGES.iter().map(|(known, _)| *known)) {
                Some(near) => mistake.advise(format!("did you mean {}?", usage(near).unwrap_or(near))),
                None => mistake,
            }
        });
        None
    }
}

fn calendar_part(name: &str) -> Option<CalendarPart> {
    Some(match name {
        "getFullYear" => CalendarPart::FullYear,
        "getMonth" => CalendarPart::Month,
        "getDate" => CalendarPart::Date,
        "getDayOfMonth" => CalendarPart::DayOfMonth,
        "getDayOfWeek" => CalendarPart::DayOfWeek,
        "getDayOfYear" => CalendarPart::DayOfYear,
        "getHours" => CalendarPart::Hours,
        "getMinutes" => CalendarPart::Minutes,
        "getSeconds" => CalendarPart::Seconds,
        "getMilliseconds" => CalendarPart::Milliseconds,
        _ => return None,
    })
}

/// The nanoseconds in a unit of which a duration can be so many. Milliseconds are absent: implementations of CEL differ on whether they
/// are all of them or those beyond the second.
fn unit(part: CalendarPart) -> Option<i64> {
    match part {
        CalendarPart::Hours => Some(3_600_000_000_000),
        CalendarPart::Minutes => Some(60_000_000_000),
        CalendarPart::Seconds => Some(1_000_000_000),
        _ => None,
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
