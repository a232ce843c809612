//! What a schedule means, by examples at the changes of clocks, and against the clock itself, looked at every minute.

use jiff::civil::DateTime;
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::rules::zone;

/// Zones with a day near which their clock is put forward, back, or not at all: by an hour, by half of one, by two, by a whole day, over
/// midnight, and in years that the database has only a rule for.
const CLOCKS: [(&str, &str); 13] = [
    ("Asia/Shanghai", "2026-01-05"),
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2045-11-05"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("America/Santiago", "2026-04-05"),
    ("America/Santiago", "2026-09-06"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Antarctica/Troll", "2026-10-25"),
    ("Pacific/Apia", "2011-12-30"),
    ("+05:45", "2026-01-05"),
];

const MINUTE: i64 = 60_000_000_000;

fn schedule(zone: &str, days: Days, windows: &[(u16, u16)]) -> Schedule {
    let window = |(start, end): &(u16, u16)| Window::new(*start, *end).unwrap();
    let mut windows: Vec<Window> = windows.iter().map(window).collect();
    windows.sort_unstable();
    Schedule {
        name: "s".into(),
        zone: zone::named(zone).unwrap(),
        days,
        windows,
    }
}

fn every_day() -> Days {
    Days {
        weekdays: [true; 7],
        ..Days::default()
    }
}

fn time(text: &str) -> Time {
    let timestamp: Timestamp = text.parse().unwrap();
    Time::from_nanos(i64::try_from(timestamp.as_nanosecond()).unwrap())
}

/// The next changes from midnight of that day in UTC on, as `hh:mm` of UTC.
fn changes(schedule: &Schedule, day: &str) -> Vec<String> {
    let mut at = Time::from_nanos(time(&format!("{day}T00:00:00Z")).as_nanos() - MINUTE);
    let mut changes = Vec::new();
    while changes.len() < 2 {
        at = schedule.next_change(at).unwrap();
        changes.push(at.to_string()[11..16].to_owned());
    }
    changes
}

#[test]
fn a_time_that_is_skipped_is_the_skip_and_one_that_comes_twice_its_first() {
    for (day, window, expected) in [
        // The clock goes from 02:00 to 03:00 at 01:00 UTC.
        ("2026-03-29", (150, 240), ["01:00", "02:00"]),
        ("2026-03-29", (60, 150), ["00:00", "01:00"]),
        // From 03:00 back to 02:00 at 01:00 UTC.
        ("2026-10-25", (150, 210), ["00:30", "02:30"]),
        ("2026-10-25", (120, 150), ["00:00", "00:30"]),
        ("2026-10-25", (180, 210), ["02:00", "02:30"]),
    ] {
        let schedule = schedule("Europe/Berlin", every_day(), &[window]);
        assert_eq!(changes(&schedule, day), expected, "{day} {window:?}");
    }
}

#[test]
fn a_window_that_is_skipped_does_not_open_that_day() {
    let schedule = schedule("Europe/Berlin", every_day(), &[(135, 165)]);
    let after = schedule.next_change(time("2026-03-28T12:00:00Z"));
    assert_eq!(after, Some(time("2026-03-30T00:15:00Z")));
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    let friday = Days {
        weekdays: [false, false, false, false, true, false, false],
        ..Days::default()
    };
    let schedule = schedule("Asia/Shanghai", friday, &[(22 * 60, 6 * 60)]);
    assert_eq!(
        schedule.next_change(time("2026-01-05T00:00:00Z")),
        Some(time("2026-01-09T14:00:00Z"))
    );
    assert_eq!(
        schedule.next_change(time("2026-01-09T14:00:00Z")),
        Some(time("2026-01-09T22:00:00Z"))
    );
}

#[test]
fn dates_are_added_and_taken_away_whatever_the_week_says() {
    let days = Days {
        weekdays: [true, true, true, true, true, false, false],
        dates: ["2026-01-10".parse().unwrap()].into(),
        except: ["2026-01-06".parse().unwrap()].into(),
    };
    let schedule = schedule("UTC", days, &[(9 * 60, 18 * 60)]);
    for (at, expected) in [
        ("2026-01-05T12:00:00Z", true),
        ("2026-01-06T12:00:00Z", false),
        ("2026-01-10T12:00:00Z", true),
        ("2026-01-11T12:00:00Z", false),
    ] {
        assert_eq!(schedule.contains(time(at)), expected, "{at}");
    }
    assert_eq!(
        schedule.next_change(time("2026-01-05T18:00:00Z")),
        Some(time("2026-01-07T09:00:00Z"))
    );
}

#[test]
fn what_changes_no_more_has_no_next_change() {
    let always = schedule("Europe/Berlin", every_day(), &[(0, 24 * 60)]);
    let halves = schedule("Europe/Berlin", every_day(), &[(0, 12 * 60), (12 * 60, 24 * 60)]);
    let once = Days {
        dates: ["2030-01-01".parse().unwrap()].into(),
        ..Days::default()
    };
    let once = schedule("UTC", once, &[(0, 24 * 60)]);
    for schedule in [&always, &halves] {
        assert!(schedule.contains(time("2026-06-01T12:00:00Z")));
        assert_eq!(schedule.next_change(time("2026-06-01T12:00:00Z")), None);
    }
    let opens = once.next_change(time("2026-06-01T12:00:00Z"));
    assert_eq!(opens, Some(time("2030-01-01T00:00:00Z")));
    let closes = once.next_change(opens.unwrap());
    assert_eq!(closes, Some(time("2030-01-02T00:00:00Z")));
    assert_eq!(once.next_change(closes.unwrap()), None);
    assert_eq!(once.next_change(Time::MIN), opens);
    assert_eq!(always.next_change(Time::MAX), None);
}

/// A few days around one, with what the schedule should say in every minute of them.
struct Brute {
    start: Time,
    open: Vec<bool>,
}

impl Brute {
    fn new(schedule: &Schedule, day: &str) -> Self {
        let start = time(&format!("{day}T00:00:00Z")).as_nanos() - 4 * 24 * 60 * MINUTE;
        let mut latest = DateTime::MIN;
        let mut open = Vec::new();
        for minute in 0..8 * 24 * 60 {
            let at = Timestamp::from_nanosecond((start + minute * MINUTE).into()).unwrap();
            // What the clock shows again does not count.
            latest = latest.max(schedule.zone.to_datetime(at));
            let shown = u16::try_from(latest.hour()).unwrap() * 60 + u16::try_from(latest.minute()).unwrap();
            open.push((0u16..=2).any(|back| {
                let since = shown + back * MINUTES_A_DAY;
                let is_within = |window: &Window| (window.start..window.end).contains(&since);
                let begun = latest.date().saturating_sub(i64::from(back).days());
                schedule.days.contains(begun) && schedule.windows.iter().any(is_within)
            }));
        }
        // What the clock showed before is known only after a while.
        let unknown = 2 * 24 * 60;
        Self {
            start: Time::from_nanos(start + i64::try_from(unknown).unwrap() * MINUTE),
            open: open.split_off(unknown),
        }
    }

    fn at(&self, minute: usize) -> Time {
        Time::from_nanos(self.start.as_nanos() + i64::try_from(minute).unwrap() * MINUTE)
    }

    fn next_change(&self, minute: usize) -> Option<Time> {
        let later = self.open[minute..].iter().position(|open| *open != self.open[minute])?;
        Some(self.at(minute + later))
    }
}

/// One of [`CLOCKS`], and days with dates around its own.
fn clock_and_days() -> impl Strategy<Value = ((&'static str, &'static str), Days)> {
    let near = || vec(-3i32..4, 0..3);
    let days = (select(CLOCKS.as_slice()), any::<[bool; 7]>(), near(), near());
    days.prop_map(|(clock, weekdays, dates, except)| {
        let day: Date = clock.1.parse().unwrap();
        let near = |offsets: Vec<i32>| offsets.iter().map(|n| day.saturating_add(n.days())).collect();
        let (dates, except) = (near(dates), near(except));
        let days = Days {
            weekdays,
            dates,
            except,
        };
        (clock, days)
    })
}

/// Times at which clocks are changed come up often.
fn minute() -> impl Strategy<Value = u16> {
    prop_oneof![
        select(vec![0, 30, 60, 90, 105, 120, 135, 150, 180, 210, 23 * 60, 23 * 60 + 30]),
        0u16..24 * 60
    ]
}

fn windows() -> impl Strategy<Value = Vec<(u16, u16)>> {
    let window = (minute(), minute()).prop_filter("empty", |(start, end)| start != end);
    vec(window, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_open_when_a_look_at_the_clock_every_minute_says_so(
        ((name, day), days) in clock_and_days(),
        windows in windows(),
        looks in vec(0usize..6 * 24 * 60, 20),
    ) {
        let schedule = schedule(name, days, &windows);
        let brute = Brute::new(&schedule, day);
        let end = brute.at(brute.open.len());
        for look in looks {
            let at = brute.at(look);
            prop_assert_eq!(schedule.contains(at), brute.open[look], "{}", at);
            prop_assert_eq!(schedule.contains(Time::from_nanos(at.as_nanos() + MINUTE - 1)), brute.open[look], "{}", at);
            let change = schedule.next_change(at).filter(|change| *change < end);
            prop_assert_eq!(change, brute.next_change(look), "{}", at);
        }
    }

    #[test]
    fn two_that_hand_over_leave_no_gap_and_no_overlap(
        (name, day) in select(CLOCKS.as_slice()),
        start in minute(),
        end in minute(),
    ) {
        prop_assume!(start != end);
        let by_day = schedule(name, every_day(), &[(start, end)]);
        let by_night = schedule(name, every_day(), &[(end, start)]);
        let from = time(&format!("{day}T00:00:00Z")).as_nanos() - 24 * 60 * MINUTE;
        for minute in (0..3 * 24 * 60).step_by(5) {
            let at = Time::from_nanos(from + minute * MINUTE);
            prop_assert!(by_day.contains(at) != by_night.contains(at), "{}", at);
        }
    }
}
