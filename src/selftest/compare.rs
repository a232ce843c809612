//! What happened against what was expected, and how the difference reads: as a compiler's error, with the times around it.

use std::{fmt::Write, time::Duration};

use super::{
    Happened, Script,
    mail::Mail,
    timeline::{Difference, timeline},
};
use crate::{
    model::{AlertEvent, AlertState},
    rules::{
        RuleSource,
        diagnostic::{Diagnostic, Span},
        file::{Expected, ExpectedMail, duration::written},
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
pub(super) fn with_expected(source: &RuleSource, script: &Script, happened: &Happened) -> Result<(), Box<Failure>> {
    if let Some(in_vain) = happened.in_vain.first() {
        let told = "no such alert is open at that time".to_owned();
        return Err(failure(source, script, Difference::NONE, (told, *in_vain, None)));
    }
    events(source, script, &happened.events)?;
    match &script.deliveries {
        Some(expected) => mails(source, script, expected, &happened.mails),
        None => Ok(()),
    }
}

fn events(source: &RuleSource, script: &Script, happened: &[AlertEvent]) -> Result<(), Box<Failure>> {
    let is_it =
        |expected: &Expected, event: &AlertEvent| expected.kind == event.kind && expected.alert.is(&event.alert);
    let agrees =
        |expected: &Expected, event: &AlertEvent| script.start.plus(expected.at) == event.at && is_it(expected, event);
    let difference = Difference {
        ends: ends(&script.expect, happened, agrees),
        expected: script
            .expect
            .iter()
            .map(|expected| (expected.at, expected.span))
            .collect(),
        happened: happened
            .iter()
            .map(|event| (event.at - script.start, told(event)))
            .collect(),
    };
    let same = difference.ends.0;
    let elsewhere = script.expect.get(same).map(|expected| {
        let later = happened[same..].iter().find(|event| is_it(expected, event));
        later.map(|event| event.at - script.start)
    });
    differ(source, script, difference, elsewhere).map_err(|mut failure| {
        failure.missing = (same < script.expect.len()).then_some(same);
        failure
    })
}

fn mails(source: &RuleSource, script: &Script, expected: &[ExpectedMail], sent: &[Mail]) -> Result<(), Box<Failure>> {
    let agrees = |expected: &ExpectedMail, mail: &Mail| script.start.plus(expected.at) == mail.at && mail.is(expected);
    let difference = Difference {
        ends: ends(expected, sent, agrees),
        expected: expected.iter().map(|mail| (mail.at, mail.span)).collect(),
        happened: sent
            .iter()
            .map(|mail| (mail.at - script.start, mail.to_string()))
            .collect(),
    };
    let same = difference.ends.0;
    let elsewhere = expected.get(same).map(|expected| {
        let later = sent[same..].iter().find(|mail| mail.is(expected));
        later.map(|mail| mail.at - script.start)
    });
    differ(source, script, difference, elsewhere)
}

/// How many agree at the beginning, and how many of the others at the end.
fn ends<E, H>(expected: &[E], happened: &[H], agrees: impl Fn(&E, &H) -> bool) -> (usize, usize) {
    let agree = |(expected, happened): &(&E, &H)| agrees(expected, happened);
    let same = expected.iter().zip(happened).take_while(agree).count();
    let rest = expected[same..].iter().rev().zip(happened[same..].iter().rev());
    (same, rest.take_while(agree).count())
}

/// The first difference as a failure, if there is one. `elsewhere` is when what is missing happens all the same, if something is.
fn differ(
    source: &RuleSource,
    script: &Script,
    difference: Difference,
    elsewhere: Option<Option<Duration>>,
) -> Result<(), Box<Failure>> {
    let same = difference.ends.0;
    let at = |at: Duration| format!("it happened at {}", written(at));
    let what = match (difference.expected.get(same), difference.happened.get(same)) {
        (None, None) => return Ok(()),
        (Some((_, span)), _) => match elsewhere.flatten() {
            Some(then) => (
                "this happens at another time, or in another order".to_owned(),
                *span,
                Some(at(then)),
            ),
            None => ("this does not happen".to_owned(), *span, None),
        },
        (None, Some((then, what))) => (format!("nothing expects `{what}`"), script.name.span, Some(at(*then))),
    };
    Err(failure(source, script, difference, what))
}

/// Whether a state that is read back from snapshots says the same.
pub(super) fn with_restored(
    source: &RuleSource,
    script: &Script,
    happened: &Happened,
    restored: &Happened,
) -> Result<(), Box<Failure>> {
    let lines = |happened: &Happened| -> Vec<(Duration, String)> {
        let events = happened
            .events
            .iter()
            .map(|event| (event.at - script.start, told(event)));
        let mails = happened
            .mails
            .iter()
            .map(|mail| (mail.at - script.start, mail.to_string()));
        events.chain(mails).collect()
    };
    let (once, again) = (lines(happened), lines(restored));
    if happened == restored {
        return Ok(());
    }
    let same = once.iter().zip(&again).take_while(|(one, other)| one == other).count();
    let what = match again.get(same) {
        Some((_, told)) => format!("another thing happens when the state is read back from snapshots: `{told}`"),
        None => "less happens when the state is read back from snapshots".to_owned(),
    };
    let advice = Some("this is a defect of bellwether itself; please report it".to_owned());
    let difference = Difference {
        ends: (same, 0),
        expected: Vec::new(),
        happened: again,
    };
    Err(failure(source, script, difference, (what, script.name.span, advice)))
}

fn failure(
    source: &RuleSource,
    script: &Script,
    difference: Difference,
    (what, span, advice): (String, Span, Option<String>),
) -> Box<Failure> {
    let message = format!("test `{}` failed: {what}", script.name.value);
    let mut diagnostic = Diagnostic::error(source, span, message);
    diagnostic.advice = advice;
    Box::new(Failure {
        diagnostic,
        timeline: timeline(source, script, difference),
        saw: Vec::new(),
        missing: None,
    })
}

/// `fired port-full{billing_code="33333"}`
pub(super) fn told(event: &AlertEvent) -> String {
    match event.alert.state {
        AlertState::Resolved { reason, .. } => format!("{} {} ({reason})", event.kind, event.alert),
        AlertState::Firing => format!("{} {}", event.kind, event.alert),
    }
}
