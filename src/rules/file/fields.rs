//! Taking the keys of a mapping one by one, each as what it should be; what is left over is unknown.

use std::time::Duration;

use super::{
    duration,
    yaml::{Node, Value},
};
use crate::rules::{
    diagnostic::{Findings, Span, Spanned},
    expr::suggest::nearest,
};

/// A mapping whose keys are being taken.
#[derive(Debug, Clone)]
pub struct Fields {
    /// The whole of it.
    pub span: Span,
    /// Its first key, or all of it if it has none: the place to complain about it as a whole.
    pub head: Span,
    /// What it is, for messages: `a rule`.
    what: &'static str,
    entries: Vec<(Spanned<String>, Node)>,
    /// The keys that were asked for: these are the ones that it may have.
    known: Vec<&'static str>,
}

impl Fields {
    /// The keys of a node that must be a mapping.
    pub fn of(node: Node, what: &'static str, findings: &mut Findings<'_>) -> Option<Self> {
        match node.value {
            Value::Map(entries) => Some(Self {
                span: node.span,
                head: entries.first().map_or(node.span, |(key, _)| key.span),
                what,
                entries,
                known: Vec::new(),
            }),
            other => {
                let message = format!("{what} is a mapping, and this is {}", other.kind());
                findings.error(node.span, message).advice = form(what).map(|form| format!("write {form}"));
                None
            }
        }
    }

    /// Where a key stands, without taking it; `None` if it is not there or has been taken.
    pub fn place_of(&self, key: &str) -> Option<Span> {
        let (key, _) = self.entries.iter().find(|(name, _)| name.value == key)?;
        Some(key.span)
    }

    /// Where the value of a key stands, without taking it.
    pub fn value_place_of(&self, key: &str) -> Option<Span> {
        let (_, node) = self.entries.iter().find(|(name, _)| name.value == key)?;
        Some(node.span)
    }

    /// The keys not yet taken, with their places.
    pub fn keys(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// Takes the value of a key, if it is there.
    pub fn take(&mut self, key: &'static str) -> Option<Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        let place = self.entries.iter().position(|(name, _)| name.value == key)?;
        Some(self.entries.remove(place).1)
    }

    /// Takes the value of a key that must be there.
    pub fn require(&mut self, key: &'static str, findings: &mut Findings<'_>) -> Option<Node> {
        let node = self.take(key);
        if node.is_none() {
            findings.error(self.head, format!("{} needs `{key}`", self.what));
        }
        node
    }

    /// Takes a text.
    pub fn text(&mut self, key: &'static str, findings: &mut Findings<'_>) -> Option<Spanned<String>> {
        self.take(key)?.text(findings)
    }

    /// Takes a list.
    pub fn list(&mut self, key: &'static str, findings: &mut Findings<'_>) -> Vec<Node> {
        let list = self.take(key).and_then(|node| node.list(findings));
        list.map(|list| list.value).unwrap_or_default()
    }

    /// Takes a duration; zero is one.
    pub fn duration(&mut self, key: &'static str, findings: &mut Findings<'_>) -> Option<Spanned<Duration>> {
        self.take(key)?.duration(findings)
    }

    /// Takes `true` or `false`.
    pub fn boolean(&mut self, key: &'static str, findings: &mut Findings<'_>) -> Option<bool> {
        let node = self.take(key)?;
        match node.value {
            Value::Bool(value) => Some(value),
            other => {
                findings.error(
                    node.span,
                    format!("{} where `true` or `false` is expected", other.kind()),
                );
                None
            }
        }
    }

    /// Takes a mapping of texts to texts.
    pub fn texts(&mut self, key: &'static str, findings: &mut Findings<'_>) -> Vec<(Spanned<String>, Spanned<String>)> {
        let entries = self.entries(key, findings);
        let text = |(key, node): (Spanned<String>, Node)| Some((key, node.text(findings)?));
        entries.into_iter().filter_map(text).collect()
    }

    /// Takes a mapping whose keys are names.
    pub fn entries(&mut self, key: &'static str, findings: &mut Findings<'_>) -> Vec<(Spanned<String>, Node)> {
        let Some(node) = self.take(key) else {
            return Vec::new();
        };
        let Value::Map(entries) = node.value else {
            findings.error(
                node.span,
                format!("`{key}` is a mapping, and this is {}", node.value.kind()),
            );
            return Vec::new();
        };
        entries
    }

    /// Ends the taking: what is left is unknown.
    pub fn finish(self, findings: &mut Findings<'_>) {
        for (key, _) in &self.entries {
            let error = findings.error(key.span, format!("unknown key `{}`", key.value));
            error.advise(match nearest(&key.value, self.known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("{} knows {}", self.what, listed(&self.known)),
            });
        }
    }
}

impl Node {
    /// A text; a number or a truth value must stand in quotes to be one.
    pub fn text(self, findings: &mut Findings<'_>) -> Option<Spanned<String>> {
        match self.value {
            Value::Text(value) => Some(Spanned { value, span: self.span }),
            Value::Number | Value::Bool(_) => {
                let written = self.span.text(findings.source()).to_owned();
                findings
                    .error(self.span, format!("{} where a text is expected", self.value.kind()))
                    .advise(format!("write it in quotes: '{written}'"));
                None
            }
            other => {
                findings.error(self.span, format!("{} where a text is expected", other.kind()));
                None
            }
        }
    }

    /// A list.
    pub fn list(self, findings: &mut Findings<'_>) -> Option<Spanned<Vec<Node>>> {
        match self.value {
            Value::List(value) => Some(Spanned { value, span: self.span }),
            other => {
                let written = self.span.text(findings.source());
                let advice = matches!(other, Value::Text(_)).then(|| format!("write it in brackets: [{written}]"));
                let message = format!("{} where a list is expected", other.kind());
                findings.error(self.span, message).advice = advice;
                None
            }
        }
    }

    /// A list of texts.
    pub fn text_list(self, findings: &mut Findings<'_>) -> Option<Spanned<Vec<Spanned<String>>>> {
        let list = self.list(findings)?;
        Some(Spanned {
            value: list.value.into_iter().filter_map(|item| item.text(findings)).collect(),
            span: list.span,
        })
    }

    /// A list of texts, or one alone.
    pub fn texts(self, findings: &mut Findings<'_>) -> Option<Spanned<Vec<Spanned<String>>>> {
        match self.value {
            Value::List(_) => self.text_list(findings),
            _ => {
                let text = self.text(findings)?;
                let span = text.span;
                Some(Spanned {
                    value: vec![text],
                    span,
                })
            }
        }
    }

    /// A duration; zero is one.
    pub fn duration(self, findings: &mut Findings<'_>) -> Option<Spanned<Duration>> {
        let text = match self.value {
            Value::Text(text) => text,
            Value::Number => self.span.text(findings.source()).to_owned(),
            other => {
                findings.error(self.span, format!("{} where a duration is expected", other.kind()));
                return None;
            }
        };
        duration_of(
            &Spanned {
                value: text,
                span: self.span,
            },
            findings,
        )
    }
}

/// How a mapping is written for which people write something short.
fn form(what: &str) -> Option<&'static str> {
    Some(match what {
        "`count`" => "count: { at_least: 5, within: 1m }",
        "`ratio`" => "ratio: { of: …, at_least: 0.3, within: 10m, min_samples: 20 }",
        "`distinct`" => "distinct: { of: party.billing_code, at_least: 3 }",
        "`resolve`" => "resolve: { after: 5m }, or resolve: { when: … }",
        _ => return None,
    })
}

/// The duration that a text writes; zero is one.
pub fn duration_of(text: &Spanned<String>, findings: &mut Findings<'_>) -> Option<Spanned<Duration>> {
    match duration::parse(&text.value) {
        Ok(value) => Some(Spanned { value, span: text.span }),
        Err(error) => {
            findings.error(text.span, error.to_string()).advice = error.advice();
            None
        }
    }
}

/// `a`, `b` and `c`
pub fn listed<'a>(names: impl IntoIterator<Item = &'a &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
