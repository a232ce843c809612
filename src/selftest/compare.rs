//! What happened against what was expected, and how the difference reads: as a compiler's error, with the times around it.

use std::fmt::Write;

use super::{Script, timeline::timeline};
use crate::{
    model::{AlertEvent, AlertState},
    rules::{
        RuleSource,
        diagnostic::{Diagnostic, Span},
        file::{Expected, duration::written},
    },
};

/// A test that failed.
#[derive(Debug)]
pub struct Failure {
    /// The first difference, at the line of the test that is wrong.
    pub diagnostic: Diagnostic,
    /// What came in and what happened around it, a line each: `+` was not expected, `-` did not happen.
    pub timeline: Vec<String>,
    /// Where an alert did not fire, what its rule last saw: a line for each part of its expressions.
    pub saw: Vec<String>,
    /// The event that did not happen, or not then: an index into [`Script::expect`].
    pub(super) missing: Option<usize>,
}

impl Failure {
    /// For a terminal; no line break at the end.
    pub fn render(&self, source: &RuleSource, coloured: bool) -> String {
        let mut text = self.diagnostic.render(source, coloured);
        text.push_str("\n\n  what came in, and what happened (+ was not expected, - did not happen):");
        for line in self.timeline.iter().chain(&self.saw) {
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
    let mut failure = failure(source, script, happened, same, (message, span, advice));
    failure.missing = (same < script.expect.len()).then_some(same);
    Err(failure)
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
        saw: Vec::new(),
        missing: None,
    })
}

pub(super) fn agrees(script: &Script, expected: &Expected, event: &AlertEvent) -> bool {
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
pub(super) fn told(event: &AlertEvent) -> String {
    match event.alert.state {
        AlertState::Resolved { reason, .. } => format!("{} {} ({reason})", event.kind, event.alert),
        AlertState::Firing => format!("{} {}", event.kind, event.alert),
    }
}
