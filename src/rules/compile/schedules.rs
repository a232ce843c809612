//! Schedules: days, dates, times of the day and a zone, each as it is written.

use std::{collections::BTreeSet, ops::Range};

use compact_str::CompactString;
use jiff::{ToSpan, civil::Date, tz::TimeZone};

use super::{Compiler, rule::check_name, twice, unknown};
use crate::rules::{
    diagnostic::{Findings, Spanned},
    expr::suggest::nearest,
    file::{ScheduleText, listed},
    schedule::{Days, MINUTES_A_DAY, Schedule, Window},
    zone,
};

/// How many single dates one schedule may name.
const MAX_DATES: usize = 1000;

/// The years in which its dates may lie.
const YEARS: Range<i16> = 1970..2200;

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
        unknown("schedule", name, names.into_iter(), &mut compiler.findings);
    }
    place
}

fn schedule(text: &ScheduleText, findings: &mut Findings<'_>) -> Option<Schedule> {
    let zone = text.time_zone.as_ref().and_then(|name| time_zone(name, findings));
    let every_day = text.weekdays.is_none() && text.dates.is_none();
    let days = Days {
        weekdays: weekdays(text.weekdays.as_ref(), findings).unwrap_or([every_day; 7]),
        dates: dates(text.dates.as_ref(), findings),
        except: dates(text.except.as_ref(), findings),
    };
    let windows = windows(text.times.as_ref(), findings);
    if !findings.has_errors() && days.is_empty() {
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

fn time_zone(name: &Spanned<String>, findings: &mut Findings<'_>) -> Option<TimeZone> {
    let zone = zone::named(&name.value);
    if zone.is_none() {
        let error = findings.error(name.span, format!("unknown time zone `{}`", name.value.escape_debug()));
        error.advise(match zone::meant(&name.value) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write a name such as `Asia/Shanghai`, or an offset such as `+08:00`".to_owned(),
        });
    }
    zone
}

/// `mon`, `mon-fri`, `sat-mon`
fn weekdays(written: Option<&Texts>, findings: &mut Findings<'_>) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for text in &written?.value {
        let Some((first, last)) = range(text, "-", |part| weekday(text, part, findings)) else {
            continue;
        };
        // Over the end of the week where the last day comes before the first.
        let count = (last + 7 - first) % 7 + 1;
        for day in first..first + count {
            days[day % 7] = true;
        }
    }
    Some(days)
}

fn weekday(text: &Spanned<String>, part: Range<usize>, findings: &mut Findings<'_>) -> Option<usize> {
    let name = &text.value[part.clone()];
    let place = Days::WEEKDAYS.iter().position(|known| *known == name);
    if place.is_none() {
        let span = text.within(part, findings.source());
        let error = findings.error(span, format!("`{}` is no day of the week", name.escape_debug()));
        // Longer names begin with the short ones.
        let short = name.trim().to_lowercase().chars().take(3).collect::<String>();
        error.advise(match nearest(&short, Days::WEEKDAYS) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the days are {}; a range is written `mon-fri`", listed(&Days::WEEKDAYS)),
        });
    }
    place
}

/// `2026-10-01`, `2026-10-01..2026-10-07`
fn dates(written: Option<&Texts>, findings: &mut Findings<'_>) -> BTreeSet<Date> {
    let mut dates = BTreeSet::new();
    for text in written.iter().flat_map(|written| &written.value) {
        let Some((first, last)) = range(text, "..", |part| date(text, part, findings)) else {
            continue;
        };
        if last < first {
            findings
                .error(text.span, "these dates end before they begin")
                .advise(format!("write {last}..{first}"));
        }
        let days = first.series(1.day()).take_while(|day| *day <= last);
        dates.extend(days.take(MAX_DATES + 1));
        if dates.len() > MAX_DATES {
            findings.error(text.span, format!("with this, there are more than {MAX_DATES} dates"));
            break;
        }
    }
    dates
}

fn date(text: &Spanned<String>, part: Range<usize>, findings: &mut Findings<'_>) -> Option<Date> {
    let written = &text.value[part.clone()];
    // Longer ones have a time, which jiff reads as well.
    let read = written.parse::<Date>().ok();
    let date = read.filter(|date| written.len() == "2026-10-01".len() && YEARS.contains(&date.year()));
    if date.is_none() {
        let span = text.within(part, findings.source());
        let error = findings.error(span, format!("`{}` is no date", written.escape_debug()));
        error.advise(format!(
            "write it like 2026-10-01, several in a row like 2026-10-01..2026-10-07, from {} to {}",
            YEARS.start,
            YEARS.end - 1
        ));
    }
    date
}

/// `09:00-18:00`, `22:00-06:00`; the whole day if nothing is written.
fn windows(written: Option<&Texts>, findings: &mut Findings<'_>) -> Vec<Window> {
    let Some(written) = written else {
        return vec![Window::WHOLE_DAY];
    };
    let mut windows: Vec<Window> = written.value.iter().filter_map(|text| window(text, findings)).collect();
    windows.sort_unstable();
    windows
}

fn window(text: &Spanned<String>, findings: &mut Findings<'_>) -> Option<Window> {
    let Some((start, end)) = ends(text, "-") else {
        findings
            .error(text.span, "not a time from and to")
            .advise("write it like '09:00-18:00'");
        return None;
    };
    let start = time_of_day(text, start, MINUTES_A_DAY - 1, findings);
    let end = time_of_day(text, end, MINUTES_A_DAY, findings);
    let (start, end) = (start?, end?);
    let window = Window::new(start, end);
    if window.is_none() {
        findings
            .error(text.span, "this ends as it begins")
            .advise("for the whole day write '00:00-24:00'");
    }
    window
}

/// In minutes after midnight, so many at most: only an end can be 24:00.
fn time_of_day(text: &Spanned<String>, part: Range<usize>, most: u16, findings: &mut Findings<'_>) -> Option<u16> {
    let written = &text.value[part.clone()];
    let minutes = minutes(written).filter(|minutes| *minutes <= MINUTES_A_DAY);
    let time = minutes.filter(|minutes| *minutes <= most && written.len() == "09:00".len());
    if time.is_none() {
        let span = text.within(part, findings.source());
        let error = findings.error(span, format!("`{}` is no time of day", written.escape_debug()));
        error.advise(match minutes {
            Some(minutes) if minutes > most => "a day begins at `00:00`".to_owned(),
            Some(minutes) => format!("did you mean `{:02}:{:02}`?", minutes / 60, minutes % 60),
            None => "write hours and minutes, from `00:00` to `24:00`".to_owned(),
        });
    }
    time
}

fn minutes(written: &str) -> Option<u16> {
    let (hours, minutes) = written.trim().split_once(':')?;
    let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse::<u16>().ok(),
        false => None,
    };
    let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
    number(hours)?.checked_mul(60)?.checked_add(minutes)
}

/// The first and the last of a range; both are the one that stands alone.
fn range<T: Copy>(
    text: &Spanned<String>,
    between: &str,
    mut read: impl FnMut(Range<usize>) -> Option<T>,
) -> Option<(T, T)> {
    match ends(text, between) {
        Some((first, last)) => {
            let (first, last) = (read(first), read(last));
            Some((first?, last?))
        }
        None => read(0..text.value.len()).map(|one| (one, one)),
    }
}

/// Where both ends of a range stand in its text.
fn ends(text: &Spanned<String>, between: &str) -> Option<(Range<usize>, Range<usize>)> {
    let at = text.value.find(between)?;
    Some((0..at, at + between.len()..text.value.len()))
}
