//! An alert as it is written everywhere: `port-full{billing_code="33333"}`, the rule and the key.

use std::{iter::Peekable, str::Chars};

use crate::{
    model::Alert,
    rules::diagnostic::{Findings, Spanned},
};

/// An alert, by its rule and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertText {
    /// The rule's name.
    pub rule: Spanned<String>,
    /// The key, in the order in which it is written.
    pub key: KeyText,
}

/// The parts of a key: names and values.
type KeyText = Vec<(String, String)>;

impl AlertText {
    /// Reads a text that is an alert and nothing else.
    pub(super) fn read(text: &Spanned<String>, findings: &mut Findings<'_>) -> Option<Self> {
        let list = Self::read_all(text, findings)?;
        match <[Self; 1]>::try_from(list) {
            Ok([alert]) => Some(alert),
            Err(_) => {
                not_an_alert(text, findings);
                None
            }
        }
    }

    /// Reads the alerts that a text lists, with blanks between them.
    pub(super) fn read_all(text: &Spanned<String>, findings: &mut Findings<'_>) -> Option<Vec<Self>> {
        let mut alerts = Vec::new();
        let mut rest = text.value.trim_start();
        while !rest.is_empty() {
            let start = text.value.len() - rest.len();
            let Some((name, key, after)) = first(rest) else {
                not_an_alert(text, findings);
                return None;
            };
            alerts.push(Self {
                rule: Spanned {
                    value: name.to_owned(),
                    span: text.within(start..start + name.len(), findings.source()),
                },
                key,
            });
            rest = after.trim_start();
        }
        Some(alerts)
    }

    /// Whether it is that alert.
    pub fn is(&self, alert: &Alert) -> bool {
        let has = |(name, value): &(String, String)| alert.key.iter().any(|(known, is)| known == name && is == value);
        self.rule.value == alert.rule && self.key.len() == alert.key.len() && self.key.iter().all(has)
    }
}

fn not_an_alert(text: &Spanned<String>, findings: &mut Findings<'_>) {
    findings
        .error(text.span, "not an alert")
        .advise("write it like `recording-stopped{billing_code=\"33333\"}`");
}

/// The first alert of a text, and what stands behind it.
fn first(text: &str) -> Option<(&str, KeyText, &str)> {
    let (name, _) = text.split_once('{')?;
    if name.contains(char::is_whitespace) {
        return None;
    }
    let mut rest = text[name.len() + 1..].chars().peekable();
    let mut key = Vec::new();
    while rest.next_if_eq(&'}').is_none() {
        if !key.is_empty() {
            rest.next_if_eq(&',')?;
            while rest.next_if_eq(&' ').is_some() {}
        }
        let mut name = String::new();
        while let Some(c) = rest.next_if(|c| c.is_ascii_lowercase() || *c == '_') {
            name.push(c);
        }
        rest.next_if_eq(&'=')?;
        key.push((name, quoted(&mut rest)?));
    }
    let behind: usize = rest.map(char::len_utf8).sum();
    Some((name, key, &text[text.len() - behind..]))
}

/// A text as Rust writes it.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    rest.next_if_eq(&'"')?;
    let mut text = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => text.push(escaped(rest)?),
            c => text.push(c),
        }
    }
}

fn escaped(rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    match rest.next()? {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '0' => Some('\0'),
        'u' => {
            rest.next_if_eq(&'{')?;
            let mut code = 0u32;
            while let Some(digit) = rest.next_if(char::is_ascii_hexdigit) {
                code = code.checked_mul(16)?.checked_add(digit.to_digit(16)?)?;
            }
            rest.next_if_eq(&'}')?;
            char::from_u32(code)
        }
        c @ ('"' | '\\' | '\'') => Some(c),
        _ => None,
    }
}
