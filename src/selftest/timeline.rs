//! What came in and what happened in a test, in the order of time, around the first line that is not as expected.

use std::time::Duration;

use super::Script;
use crate::rules::{RuleSource, diagnostic::Span, file::duration::written};

/// How many lines are shown before and after the first difference.
const AROUND: usize = 8;

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

/// What was expected and what happened, each with its time.
pub(super) struct Difference {
    /// How many agree at the beginning, and how many of the others at the end.
    pub ends: (usize, usize),
    /// Where it is written.
    pub expected: Vec<(Duration, Span)>,
    /// In words.
    pub happened: Vec<(Duration, String)>,
}

impl Difference {
    pub const NONE: Self = Self {
        ends: (0, 0),
        expected: Vec::new(),
        happened: Vec::new(),
    };
}

/// What was given, expected and done, in the order of time.
pub(super) fn timeline(source: &RuleSource, script: &Script, difference: Difference) -> Vec<String> {
    let Difference {
        ends: (same, tail),
        expected,
        happened,
    } = difference;
    let written_after_its_time = |span: Span| {
        let text = span.text(source).split_whitespace().collect::<Vec<_>>().join(" ");
        text.split_once(": ").map_or(text.clone(), |(_, what)| what.to_owned())
    };
    let given = script.steps.iter().map(|step| Line {
        at: step.at,
        mark: Mark::Given,
        text: written_after_its_time(step.span),
    });
    let missing = expected.iter().take(expected.len() - tail).skip(same);
    let missing = missing.map(|(at, span)| Line {
        at: *at,
        mark: Mark::Missing,
        text: written_after_its_time(*span),
    });
    let count = happened.len();
    let done = happened.into_iter().enumerate().map(|(i, (at, text))| Line {
        at,
        mark: match i {
            i if i < same => Mark::Before,
            i if i >= count - tail => Mark::After,
            _ => Mark::Unexpected,
        },
        text,
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
