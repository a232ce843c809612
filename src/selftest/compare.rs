//! What happened against what was expected, and how the difference reads: as a compiler's error, with the times around it.

use std::{fmt::Write, time::Duration};

use super::Script;
use crate::{
    model::{AlertEvent, AlertState},
    rules::{
        RuleSource,
        diagnostic::{Diagnostic, Span},
        file::{Expected, duration::written},
    },
};

/// How many lines of the timeline are shown before and after the first difference.
const AROUND: usize = 8;

/// A test that failed.
#[derive(Debug)]
pub struct Failure {
    /// The first difference, at the line of the test that is wrong.
    pub diagnostic: Diagnostic,
    /// What happened around it, a line each: `+` was not expected, `-` did not happen.
    pub timeline: Vec<String>,
}

impl Failure {
    /// For a terminal; no line break at the end.
    pub fn render(&self, source: &RuleSource, coloured: bool) -> String {
        let mut text = self.diagnostic.render(source, coloured);
        text.push('\n');
        for line in &self.timeline {
            // Writing to a text cannot fail.
            let _ = write!(text, "\n  {line}");
        }
        text
    }
}

/// Whether exactly what a test expects has happened.
pub(super) fn with_expected(source: &RuleSource, script: &Script, happened: &[AlertEvent]) -> Result<(), Box<Failure>> {
    let is_as_expected = |(expected, event): &(&Expected, &AlertEvent)| agrees(script, expected, event);
    let same = script.expect.iter().zip(happened).take_while(is_as_expected).count();
    let (message, span, advice) = match (script.expect.get(same), happened.get(same)) {
        (None, None) => return Ok(()),
        (Some(expected), _) if happened[same..].iter().any(|event| is_of(expected, event)) => (
            "this happens at another time, or in another order".to_owned(),
            expected.span,
            happened[same..]
                .iter()
                .find(|event| is_of(expected, event))
                .map(|event| format!("it happened at {}", written(event.at - script.start))),
        ),
        (Some(expected), _) => ("this does not happen".to_owned(), expected.span, None),
        (None, Some(event)) => (
            format!("nothing expects `{}`", told(event)),
            script.name.span,
            Some(format!("it happened at {}", written(event.at - script.start))),
        ),
    };
    Err(failure(source, script, happened, same, (message, span, advice)))
}

/// Whether a state that is read back from snapshots says the same.
pub(super) fn with_restored(
    source: &RuleSource,
    script: &Script,
    happened: &[AlertEvent],
    restored: &[AlertEvent],
) -> Result<(), Box<Failure>> {
    if happened == restored {
        return Ok(());
    }
    let same = happened
        .iter()
        .zip(restored)
        .take_while(|(one, other)| one == other)
        .count();
    let what = match restored.get(same) {
        Some(event) => format!(
            "another thing happens when the state is read back from snapshots: `{}`",
            told(event)
        ),
        None => "less happens when the state is read back from snapshots".to_owned(),
    };
    let advice = Some("this is a defect of bellwether itself; please report it".to_owned());
    Err(failure(
        source,
        script,
        restored,
        same,
        (what, script.name.span, advice),
    ))
}

fn failure(
    source: &RuleSource,
    script: &Script,
    happened: &[AlertEvent],
    same: usize,
    (what, span, advice): (String, Span, Option<String>),
) -> Box<Failure> {
    let message = format!("test `{}` failed: {what}", script.name.value);
    let mut diagnostic = Diagnostic::error(source, span, message);
    diagnostic.advice = advice;
    Box::new(Failure {
        diagnostic,
        timeline: timeline(source, script, happened, same),
    })
}

fn agrees(script: &Script, expected: &Expected, event: &AlertEvent) -> bool {
    script.start.plus(expected.at) == event.at && is_of(expected, event)
}

/// Whether it is that event, at whatever time.
fn is_of(expected: &Expected, event: &AlertEvent) -> bool {
    let key = &event.alert.key;
    let has = |(name, value): &(String, String)| key.iter().any(|(known, is)| known == name && is == value);
    expected.kind == event.kind
        && expected.rule.value == event.alert.rule
        && expected.key.len() == key.len()
        && expected.key.iter().all(has)
}

/// `fired port-full{billing_code="33333"}`
fn told(event: &AlertEvent) -> String {
    match event.alert.state {
        AlertState::Resolved { reason, .. } => format!("{} {} ({reason})", event.kind, event.alert),
        AlertState::Firing => format!("{} {}", event.kind, event.alert),
    }
}

/// What a line of the timeline tells; at one instant they stand in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Given,
    /// As expected, before the first difference.
    Before,
    Missing,
    Unexpected,
    /// As expected, after the last difference.
    After,
}

struct Line {
    at: Duration,
    mark: Mark,
    text: String,
}

impl Line {
    fn is_difference(&self) -> bool {
        matches!(self.mark, Mark::Missing | Mark::Unexpected)
    }

    fn sign(&self) -> char {
        match self.mark {
            Mark::Missing => '-',
            Mark::Unexpected => '+',
            Mark::Given | Mark::Before | Mark::After => ' ',
        }
    }
}

/// What was given, expected and done, in the order of time. All before the first difference and after the last is as expected.
fn timeline(source: &RuleSource, script: &Script, happened: &[AlertEvent], same: usize) -> Vec<String> {
    let ends_alike = |(expected, event): &(&Expected, &AlertEvent)| agrees(script, expected, event);
    let expected = &script.expect[same.min(script.expect.len())..];
    let happened_then = &happened[same..];
    let tail = expected
        .iter()
        .rev()
        .zip(happened_then.iter().rev())
        .take_while(ends_alike)
        .count();

    let written_after_its_time = |span: Span| {
        let text = span.text(source).split_whitespace().collect::<Vec<_>>().join(" ");
        text.split_once(": ").map_or(text.clone(), |(_, what)| what.to_owned())
    };
    let given = script.steps.iter().map(|step| Line {
        at: step.at,
        mark: Mark::Given,
        text: written_after_its_time(step.span),
    });
    let missing = expected[..expected.len() - tail].iter().map(|expected| Line {
        at: expected.at,
        mark: Mark::Missing,
        text: written_after_its_time(expected.span),
    });
    let done = happened.iter().enumerate().map(|(i, event)| Line {
        at: event.at - script.start,
        mark: match i {
            i if i < same => Mark::Before,
            i if i >= happened.len() - tail => Mark::After,
            _ => Mark::Unexpected,
        },
        text: told(event),
    });
    let mut lines: Vec<Line> = given.chain(missing).chain(done).collect();
    lines.sort_by_key(|line| (line.at, line.mark));
    around_the_first_difference(&lines)
}

fn around_the_first_difference(lines: &[Line]) -> Vec<String> {
    let first = lines.iter().position(Line::is_difference).unwrap_or(lines.len());
    let shown = first.saturating_sub(AROUND)..(first + AROUND + 1).min(lines.len());
    let width = lines[shown.clone()]
        .iter()
        .map(|line| written(line.at).len())
        .max()
        .unwrap_or(0);
    let line = |line: &Line| format!("{} {:>width$}  {}", line.sign(), written(line.at), line.text);
    let mut text: Vec<String> = lines[shown.clone()].iter().map(line).collect();
    if shown.start > 0 {
        text.insert(0, "  …".to_owned());
    }
    if shown.end < lines.len() {
        text.push("  …".to_owned());
    }
    text
}
