//! Time zones by their names, from the database that is compiled in and never the machine's: a rule means the same everywhere.

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use super::expr::suggest::nearest;

/// The zone of that name (`Asia/Shanghai`) or with that offset (`+08:00`, `-03:30`).
pub(super) fn named(name: &str) -> Option<TimeZone> {
    offset(name)
        .map(TimeZone::fixed)
        .or_else(|| TimeZoneDatabase::bundled().get(name).ok())
}

/// The name that was probably meant: the nearest one, or one of which it is the last part.
pub(super) fn meant(name: &str) -> Option<String> {
    let database = TimeZoneDatabase::bundled();
    let names: Vec<String> = database.available().map(|known| known.to_string()).collect();
    let city = |name: &str| name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let same_city = names
        .iter()
        .find(|known| city(known) == name.to_ascii_lowercase().replace(' ', "_"));
    same_city
        .map(String::as_str)
        .or_else(|| nearest(name, names.iter().map(String::as_str)))
        .map(str::to_owned)
}

fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |digits: &str| match digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) {
        true => digits.parse::<i32>().ok(),
        false => None,
    };
    let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
    Offset::from_seconds(sign * (number(hours)? * 3600 + minutes * 60)).ok()
}
