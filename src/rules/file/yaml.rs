//! YAML text as a tree whose every node knows its place. What the keys mean is absent: that is the rest of this folder.
//!
//! The tree stands between serde-saphyr and the shapes because serde stops at the first key that it does not like, and an operator is
//! to be told of all mistakes at once.

mod refusal;

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{MergeKeyPolicy, Options, options::DuplicateKeyPolicy};

use crate::rules::diagnostic::{Findings, Span, Spanned};

const MAX_DEPTH: usize = 32;
const MAX_NODES: usize = 20_000;

/// A node of a YAML file.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it stands, from its first character to the last of its last part.
    pub span: Span,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without quotes; how it was written is in its span.
    Number,
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys with their values, in their order; no key stands twice.
    Map(Vec<(Spanned<String>, Node)>),
}

impl Value {
    /// What it is called when something else was expected.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Number => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// Reads one file. Aliases, anchors, tags, merge keys, further documents and excessive size or depth are errors, and so is a key
/// that stands twice; `None` if the text could not be read to its end.
pub fn read(file: usize, findings: &mut Findings<'_>) -> Option<Node> {
    let text = findings.source().files.get(file)?.text.as_str();
    if let Some(offset) = text.find('\0') {
        let span = refusal::at(file, text, offset);
        findings
            .error(span, "NUL byte in a text file")
            .advise("save the file as UTF-8 text");
        return None;
    }
    match serde_saphyr::from_str_with_options::<serde_saphyr::Spanned<Parsed>>(text, options()) {
        Ok(root) => Some(node(root, file, findings)),
        Err(error) => {
            refusal::refuse(&error, file, text, findings);
            None
        }
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_aliases: 0,
            max_anchors: 0,
        },
        // Passed on so that the second place of a key can be told together with the first.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        emit_comments: false,
        with_snippet: false,
    }
}

fn node(parsed: serde_saphyr::Spanned<Parsed>, file: usize, findings: &mut Findings<'_>) -> Node {
    let place = parsed.defined.span();
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let start = number(place.byte_offset().unwrap_or_default());
    let mut span = Span {
        file,
        start,
        end: start + number(place.byte_len().unwrap_or_default()),
    };
    let value = match parsed.value {
        Parsed::Null => Value::Null,
        Parsed::Bool(value) => Value::Bool(value),
        Parsed::Number => Value::Number,
        Parsed::Text(text) => Value::Text(text),
        Parsed::List(items) => {
            let items: Vec<Node> = items.into_iter().map(|item| node(item, file, findings)).collect();
            span = around(span, items.last(), findings);
            Value::List(items)
        }
        Parsed::Map(entries) => {
            let entries = map(entries, file, findings);
            span = around(span, entries.last().map(|(_, last)| last), findings);
            Value::Map(entries)
        }
    };
    Node { value, span }
}

/// From where a collection begins to the end of its last part, and to its bracket if it has one.
fn around(start: Span, last: Option<&Node>, findings: &Findings<'_>) -> Span {
    let span = last.map_or(start, |last| start.to(last.span));
    let file = findings.source().files.get(start.file).map_or("", |file| &file.text);
    let bracket = match file.as_bytes().get(start.start) {
        Some(b'[') => ']',
        Some(b'{') => '}',
        _ => return span,
    };
    let rest = file.get(span.end..).and_then(|rest| rest.find(bracket));
    Span {
        end: rest.map_or(span.end, |closing| span.end + closing + 1),
        ..span
    }
}

fn map(
    entries: Vec<(serde_saphyr::Spanned<Parsed>, serde_saphyr::Spanned<Parsed>)>,
    file: usize,
    findings: &mut Findings<'_>,
) -> Vec<(Spanned<String>, Node)> {
    let mut map: Vec<(Spanned<String>, Node)> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let (key, value) = (node(key, file, findings), node(value, file, findings));
        let name = match key.value {
            Value::Text(name) => name,
            Value::Number | Value::Bool(_) => key.span.text(findings.source()).to_owned(),
            other => {
                findings.error(key.span, format!("{} where a key is expected", other.kind()));
                continue;
            }
        };
        match map.iter().find(|(earlier, _)| earlier.value == name) {
            Some((earlier, _)) => {
                let span = earlier.span;
                let source = findings.source();
                findings
                    .error(key.span, format!("the key `{name}` stands twice"))
                    .other(source, span, "first here")
                    .advise("remove one of the two");
            }
            None => map.push((
                Spanned {
                    value: name,
                    span: key.span,
                },
                value,
            )),
        }
    }
    map
}

/// What serde-saphyr found, before it has become a [`Node`].
enum Parsed {
    Null,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<serde_saphyr::Spanned<Parsed>>),
    Map(Vec<(serde_saphyr::Spanned<Parsed>, serde_saphyr::Spanned<Parsed>)>),
}

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParsedVisitor)
    }
}

struct ParsedVisitor;

impl<'de> Visitor<'de> for ParsedVisitor {
    type Value = Parsed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Parsed, E> {
        Ok(Parsed::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Parsed, E> {
        Ok(Parsed::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Parsed, E> {
        Ok(Parsed::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Parsed, E> {
        Ok(Parsed::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Parsed, E> {
        Ok(Parsed::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Parsed, E> {
        Ok(Parsed::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Parsed, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Parsed::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Parsed, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Parsed::Map(map))
    }
}
