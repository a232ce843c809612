//! Schedules: days, dates, times of the day and a zone, each as it is written.

use std::collections::BTreeSet;

use compact_str::CompactString;
use jiff::{ToSpan, civil::Date};

use super::{Compiler, rule::check_name, twice, unknown};
use crate::rules::{
    diagnostic::{Findings, Spanned},
    expr::Mistake,
    file::ScheduleText,
    schedule::{Days, Schedule, Window, written},
};

/// How many single dates one schedule may name.
const MAX_DATES: usize = 1000;

type Texts = Spanned<Vec<Spanned<String>>>;

/// Compiles all schedules, each in its place; `None` for one with mistakes.
pub(super) fn schedules(written: &[ScheduleText], findings: &mut Findings<'_>) -> Vec<Option<Schedule>> {
    for (i, text) in written.iter().enumerate() {
        check_name("schedule", &text.name, findings);
        if let Some(first) = written[..i]
            .iter()
            .find(|earlier| earlier.name.value == text.name.value)
        {
            twice("schedule", &text.name, first.name.span, findings);
        }
    }
    written.iter().map(|text| schedule(text, findings)).collect()
}

/// The place of the schedule that a rule names.
pub(super) fn named(name: &Spanned<String>, compiler: &mut Compiler<'_>) -> Option<usize> {
    let names: Vec<&str> = compiler
        .document
        .schedules
        .iter()
        .map(|text| text.name.value.as_str())
        .collect();
    let place = names.iter().position(|known| *known == name.value);
    if place.is_none() && compiler.document.whole {
        if name.value.contains(':') {
            let error = compiler
                .findings
                .error(name.span, "times where the name of a schedule is expected");
            error.advise("give them a name under `schedules`, and write that");
        } else {
            unknown("schedule", name, names.into_iter(), &mut compiler.findings);
        }
    }
    place
}

fn schedule(text: &ScheduleText, findings: &mut Findings<'_>) -> Option<Schedule> {
    let zone = text.time_zone.as_ref();
    let zone = zone.and_then(|name| read(name, findings, written::time_zone));
    let errors_before = findings.errors();
    let every_day = text.weekdays.is_none() && text.dates.is_none();
    let days = Days {
        weekdays: weekdays(text.weekdays.as_ref(), findings).unwrap_or([every_day; 7]),
        dates: dates(text.dates.as_ref(), findings),
        except: dates(text.except.as_ref(), findings),
    };
    let windows = windows(text.times.as_ref(), findings);
    if findings.errors() == errors_before && days.is_empty() {
        findings
            .error(text.name.span, format!("`{}` is never open", text.name.value))
            .advise("`except` takes away every day that it names");
    }
    Some(Schedule {
        name: CompactString::from(text.name.value.as_str()),
        zone: zone?,
        days,
        windows,
    })
}

/// What one part of a schedule says, its mistakes told in their places.
fn read<T>(
    text: &Spanned<String>,
    findings: &mut Findings<'_>,
    reader: impl FnOnce(&str, &mut Vec<Mistake>) -> Option<T>,
) -> Option<T> {
    let mut mistakes = Vec::new();
    let value = reader(&text.value, &mut mistakes);
    for mistake in mistakes {
        let span = match mistake.span == (0..text.value.len()) {
            true => text.span,
            false => text.within(mistake.span, findings.source()),
        };
        findings.error(span, mistake.message).advice = mistake.advice;
    }
    value
}

fn weekdays(written: Option<&Texts>, findings: &mut Findings<'_>) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for text in &written?.value {
        let named = read(text, findings, written::weekdays).unwrap_or_default();
        for (day, is_named) in days.iter_mut().zip(named) {
            *day |= is_named;
        }
    }
    Some(days)
}

fn dates(written: Option<&Texts>, findings: &mut Findings<'_>) -> BTreeSet<Date> {
    let mut dates = BTreeSet::new();
    for text in written.iter().flat_map(|written| &written.value) {
        let Some((first, last)) = read(text, findings, written::dates) else {
            continue;
        };
        let days = first.series(1.day()).take_while(|day| *day <= last);
        dates.extend(days.take(MAX_DATES + 1));
        if dates.len() > MAX_DATES {
            findings.error(text.span, format!("with this, there are more than {MAX_DATES} dates"));
            break;
        }
    }
    dates
}

/// The whole day if nothing is written.
fn windows(written: Option<&Texts>, findings: &mut Findings<'_>) -> Vec<Window> {
    let Some(written) = written else {
        return vec![Window::WHOLE_DAY];
    };
    let windows = written.value.iter();
    let mut windows: Vec<Window> = windows
        .filter_map(|text| read(text, findings, written::window))
        .collect();
    windows.sort_unstable();
    windows
}
