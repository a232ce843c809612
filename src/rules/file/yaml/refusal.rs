//! What to tell of text that is no YAML, in the words of somebody who writes rules: most often it is an expression without quotes that
//! YAML reads as something of its own. Mistakes in text that is YAML are absent: they are found where it is read.

use serde_saphyr::{Error, budget::BudgetBreach};

use super::{MAX_DEPTH, MAX_NODES};
use crate::rules::diagnostic::{Findings, Span};

/// The keys whose value is an expression.
const EXPRESSIONS: [&str; 11] = [
    "when", "while", "after", "expect", "unless", "quiet", "of", "info", "warning", "critical", "match",
];

/// Tells why this text could not be read.
pub(super) fn refuse(error: &Error, file: usize, text: &str, findings: &mut Findings<'_>) {
    let location = error.location();
    let mut offset = location.map_or(0, |place| offset_of(text, place.line(), place.column()));
    let said = error.to_string();
    let message = match location {
        Some(place) => said.trim_end_matches(&format!(" at line {}, column {}", place.line(), place.column())),
        None => &said,
    };
    let (message, advice) = match error {
        Error::Budget { breach, .. } => over_budget(breach),
        _ if message.contains("recursion limit") => (format!("nested deeper than {MAX_DEPTH}"), None),
        Error::MergeKeyNotAllowed { .. } => ("merge keys (`<<`) are not allowed".to_owned(), None),
        Error::MultipleDocuments { .. } => (
            "a second document in one file".to_owned(),
            Some("put it into a file of its own"),
        ),
        _ if message.contains("tab") => {
            offset = tab_from(text, offset);
            (
                "a tab where the line's indentation is expected".to_owned(),
                Some("indent with spaces"),
            )
        }
        _ if line_at(text, offset).contains(": {{") => (
            message.to_owned(),
            Some("a text that begins with a brace must stand in quotes"),
        ),
        _ => match expression(text, offset) {
            Some(value) => {
                offset = value;
                let advice = match message.contains("escape") {
                    true => "put single quotes around this expression: in double quotes YAML takes `\\` for itself",
                    false => quoting(text, value),
                };
                (format!("YAML reads no text here: {message}"), Some(advice))
            }
            None => (message.to_owned(), None),
        },
    };
    findings.error(at(file, text, offset), message).advice = advice.map(str::to_owned);
}

/// The next tab in an indentation; what stops at one may have gone as far as the line before.
fn tab_from(text: &str, offset: usize) -> usize {
    let line = text
        .get(..offset)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |end| end + 1);
    let mut start = line;
    for line in text.get(line..).unwrap_or_default().split_inclusive('\n') {
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indentation].find('\t') {
            return start + tab;
        }
        start += line.len();
    }
    offset
}

fn over_budget(breach: &BudgetBreach) -> (String, Option<&'static str>) {
    match breach {
        BudgetBreach::Aliases { .. } | BudgetBreach::Anchors { .. } => (
            "anchors and aliases are not allowed".to_owned(),
            Some("name what is shared under `define`"),
        ),
        BudgetBreach::Depth { .. } => (format!("nested deeper than {MAX_DEPTH}"), None),
        BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. } => (
            format!("more than {MAX_NODES} values in one file"),
            Some("split it into several files"),
        ),
        _ => ("larger than a rule file may be".to_owned(), None),
    }
}

/// The character at that offset.
pub(super) fn at(file: usize, text: &str, offset: usize) -> Span {
    let length = text
        .get(offset..)
        .and_then(|rest| rest.chars().next())
        .map_or(0, char::len_utf8);
    Span {
        file,
        start: offset,
        end: offset + length,
    }
}

/// The byte at that line and column, both from 1 and the column in characters; the byte-order mark is none.
fn offset_of(text: &str, line: u64, column: u64) -> usize {
    let nth = |n: u64| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(nth(line)).map(str::len).sum();
    let mark = if text[start..].starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let into_line: usize = text[start + mark..].chars().take(nth(column)).map(char::len_utf8).sum();
    start + mark + into_line
}

fn line_at(text: &str, offset: usize) -> &str {
    let start = text
        .get(..offset)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |end| end + 1);
    text.get(start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default()
}

/// Where the expression begins that reading stopped in: the value of the last key before that place, on its line, that takes one.
fn expression(text: &str, offset: usize) -> Option<usize> {
    let line = line_at(text, offset);
    let start = text.get(..offset)?.rfind('\n').map_or(0, |end| end + 1);
    let before = &text[..start];
    let is_defined = before.lines().rfind(|line| line.starts_with(char::is_alphabetic)) == Some("define:");
    let values = line.match_indices(": ").filter_map(|(colon, _)| {
        let key = line[..colon].rsplit([' ', '{', ',']).next()?;
        let takes_one = EXPRESSIONS.contains(&key) || is_defined && line[..colon].trim_start() == key;
        let value = colon + line[colon..].find(|c| c != ':' && c != ' ')?;
        (takes_one && start + value <= offset).then_some(start + value)
    });
    let step = || {
        let value = line.trim_start().strip_prefix("- ")?.trim_start();
        is_step(before, line).then(|| start + line.len() - value.len())
    };
    let listed = || (line.trim_start().starts_with("sequence: [")).then_some(offset);
    values.last().or_else(step).or_else(listed)
}

/// Whether a line that begins with a dash is a step of a sequence.
fn is_step(before: &str, line: &str) -> bool {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let is_above = |above: &&str| depth(above) <= depth(line) && !above.trim_start().starts_with("- ");
    let mut above = before.lines().rev().filter(|above| !above.trim().is_empty());
    above.find(is_above).is_some_and(|head| head.trim() == "sequence:")
}

/// How to write the expression that begins there so that YAML takes it as a text.
fn quoting(text: &str, value: usize) -> &'static str {
    let before = text
        .get(..value)
        .and_then(|before| before.lines().last())
        .unwrap_or_default();
    if before.contains(['{', '[']) {
        "put quotes around this expression"
    } else {
        "put quotes around this expression, or write it under `>-`"
    }
}
