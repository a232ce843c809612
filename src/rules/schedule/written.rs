//! How the parts of a schedule are written: a zone, days of the week, dates, times of the day. Each is a short text, and the place of a
//! mistake counts within it; where the text itself stands is its reader's to know.

use std::ops::Range;

use jiff::{civil::Date, tz::TimeZone};

use super::{Days, MINUTES_A_DAY, Window};
use crate::rules::{
    expr::{Mistake, suggest::nearest},
    file::listed,
    zone,
};

/// The years in which dates may lie.
const YEARS: Range<i16> = 1970..2200;

/// `Asia/Shanghai`, `+08:00`
pub fn time_zone(text: &str, mistakes: &mut Vec<Mistake>) -> Option<TimeZone> {
    let zone = zone::named(text);
    if zone.is_none() {
        let advice = match zone::meant(text) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write a name such as `Asia/Shanghai`, or an offset such as `+08:00`".to_owned(),
        };
        let message = format!("unknown time zone `{}`", text.escape_debug());
        mistakes.push(Mistake::new(0..text.len(), message).advise(advice));
    }
    zone
}

/// `mon`, `mon-fri`, `sat-mon`: whether each day is one of them, from Monday on.
pub fn weekdays(text: &str, mistakes: &mut Vec<Mistake>) -> Option<[bool; 7]> {
    let (first, last) = range(text, "-", |part| weekday(text, part, mistakes))?;
    let mut days = [false; 7];
    // Over the end of the week where the last day comes before the first.
    let count = (last + 7 - first) % 7 + 1;
    for day in first..first + count {
        days[day % 7] = true;
    }
    Some(days)
}

fn weekday(text: &str, part: Range<usize>, mistakes: &mut Vec<Mistake>) -> Option<usize> {
    let name = &text[part.clone()];
    let place = Days::WEEKDAYS.iter().position(|known| *known == name);
    if place.is_none() {
        // Longer names begin with the short ones.
        let short = name.trim().to_lowercase().chars().take(3).collect::<String>();
        let advice = match nearest(&short, Days::WEEKDAYS) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the days are {}; a range is written `mon-fri`", listed(&Days::WEEKDAYS)),
        };
        let message = format!("`{}` is no day of the week", name.escape_debug());
        mistakes.push(Mistake::new(part, message).advise(advice));
    }
    place
}

/// `2026-10-01`, `2026-10-01..2026-10-07`: the first and the last, in this order.
pub fn dates(text: &str, mistakes: &mut Vec<Mistake>) -> Option<(Date, Date)> {
    let (first, last) = range(text, "..", |part| date(text, part, mistakes))?;
    if last < first {
        let mistake = Mistake::new(0..text.len(), "these dates end before they begin");
        mistakes.push(mistake.advise(format!("write {last}..{first}")));
        return None;
    }
    Some((first, last))
}

fn date(text: &str, part: Range<usize>, mistakes: &mut Vec<Mistake>) -> Option<Date> {
    let written = &text[part.clone()];
    // Longer ones have a time, which jiff reads as well.
    let read = written.parse::<Date>().ok();
    let date = read.filter(|date| written.len() == "2026-10-01".len() && YEARS.contains(&date.year()));
    if date.is_none() {
        let advice = format!(
            "write it like 2026-10-01, several in a row like 2026-10-01..2026-10-07, from {} to {}",
            YEARS.start,
            YEARS.end - 1
        );
        let message = format!("`{}` is no date", written.escape_debug());
        mistakes.push(Mistake::new(part, message).advise(advice));
    }
    date
}

/// `09:00-18:00`, `22:00-06:00`
pub fn window(text: &str, mistakes: &mut Vec<Mistake>) -> Option<Window> {
    let Some((start, end)) = ends(text, "-") else {
        let mistake = Mistake::new(0..text.len(), "not a time from and to");
        mistakes.push(mistake.advise("write it like '09:00-18:00'"));
        return None;
    };
    let start = time_of_day(text, start, MINUTES_A_DAY - 1, mistakes);
    let end = time_of_day(text, end, MINUTES_A_DAY, mistakes);
    let (start, end) = (start?, end?);
    let window = Window::new(start, end);
    if window.is_none() {
        let mistake = Mistake::new(0..text.len(), "this ends as it begins");
        mistakes.push(mistake.advise("for the whole day write '00:00-24:00'"));
    }
    window
}

/// In minutes after midnight, so many at most: only an end can be 24:00.
fn time_of_day(text: &str, part: Range<usize>, most: u16, mistakes: &mut Vec<Mistake>) -> Option<u16> {
    let written = &text[part.clone()];
    let minutes = minutes(written).filter(|minutes| *minutes <= MINUTES_A_DAY);
    let time = minutes.filter(|minutes| *minutes <= most && written.len() == "09:00".len());
    if time.is_none() {
        let advice = match minutes {
            Some(minutes) if minutes > most => "a day begins at `00:00`".to_owned(),
            Some(minutes) => format!("did you mean `{:02}:{:02}`?", minutes / 60, minutes % 60),
            None => "write hours and minutes, from `00:00` to `24:00`".to_owned(),
        };
        let message = format!("`{}` is no time of day", written.escape_debug());
        mistakes.push(Mistake::new(part, message).advise(advice));
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
fn range<T: Copy>(text: &str, between: &str, mut read: impl FnMut(Range<usize>) -> Option<T>) -> Option<(T, T)> {
    match ends(text, between) {
        Some((first, last)) => {
            let (first, last) = (read(first), read(last));
            Some((first?, last?))
        }
        None => read(0..text.len()).map(|one| (one, one)),
    }
}

/// Where both ends of a range stand in its text.
fn ends(text: &str, between: &str) -> Option<(Range<usize>, Range<usize>)> {
    let at = text.find(between)?;
    Some((0..at, at + between.len()..text.len()))
}
