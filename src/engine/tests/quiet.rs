//! Nothing of the kind for so long.

use super::{Bench, check};
use crate::engine::input::Settings;

const SILENT: &str = "rules:\n- { name: silent, quiet: 'true', for: 60s, key: [source] }";

#[test]
fn it_fires_when_nothing_came_for_so_long_and_ends_with_the_next() {
    for (given, expected) in [
        // Nobody is missed who was never heard of.
        ("0s restart=1s", "until 1h"),
        (
            "0s party a SPEAKING source=x",
            "60s fired silent{source=\"x\"}\nuntil 1h",
        ),
        (
            "0s party a SPEAKING source=x\n59999ms party b SPEAKING source=x",
            "119999ms fired silent{source=\"x\"}",
        ),
        // At the last instant it is too late.
        (
            "0s party a SPEAKING source=x\n60s party b SPEAKING source=x",
            "60s fired silent{source=\"x\"}\n60s resolved silent{source=\"x\"}\n120s fired silent{source=\"x\"}",
        ),
        (
            "0s party a SPEAKING source=x\n30s party b SPEAKING source=y\n100s party c SPEAKING source=x",
            "60s fired silent{source=\"x\"}\n90s fired silent{source=\"y\"}\n100s resolved silent{source=\"x\"}\nuntil 110s",
        ),
        // A repeat is heard.
        (
            "0s party a SPEAKING source=x\n50s party a SPEAKING source=x\n100s party a SPEAKING source=x",
            "160s fired silent{source=\"x\"}",
        ),
        (
            "0s party a SPEAKING source=x\n100s party a SPEAKING source=x",
            "60s fired silent{source=\"x\"}\n100s resolved silent{source=\"x\"}\n160s fired silent{source=\"x\"}",
        ),
    ] {
        check(SILENT, given, expected);
    }
}

#[test]
fn what_comes_late_counts_when_it_happened() {
    for (given, expected) in [
        (
            "0s party a SPEAKING source=x\n50s party b SPEAKING source=x occurred_at=20s",
            "80s fired silent{source=\"x\"}",
        ),
        // It tells nothing of how quiet it is now.
        (
            "20s party a SPEAKING source=x\n50s party b SPEAKING source=x occurred_at=10s",
            "80s fired silent{source=\"x\"}",
        ),
        (
            "0s party a SPEAKING source=x\n100s party b SPEAKING source=x occurred_at=40s",
            "60s fired silent{source=\"x\"}\nuntil 10m",
        ),
        (
            "0s party a SPEAKING source=x\n100s party b SPEAKING source=x occurred_at=41s",
            "60s fired silent{source=\"x\"}\n100s resolved silent{source=\"x\"}\n101s fired silent{source=\"x\"}",
        ),
        (
            "100s party a SPEAKING source=x occurred_at=10s",
            "100s fired silent{source=\"x\"}",
        ),
    ] {
        check(SILENT, given, expected);
    }
}

/// The meeting closes 20 seconds after its end, and what was heard in it is then missed by nobody.
#[test]
fn what_begins_anew_stands_behind_what_falls_due_at_the_same_instant() {
    let rules = "rules:\n- { name: silent, quiet: 'true', for: 20s, key: [conf.billing_code] }";
    for (given, expected) in [
        (
            "0s conf MEETING_END",
            "20s fired silent{1}\n20s resolved silent{1}\nuntil 1m",
        ),
        ("0s conf MEETING_END\n0s restart=0s", "until 1m"),
    ] {
        check(rules, given, expected);
    }
}

#[test]
fn it_begins_anew_when_the_service_starts_since_nobody_listened() {
    for (given, expected) in [
        (
            "0s party a SPEAKING source=x\n30s restart=5s",
            "95s fired silent{source=\"x\"}",
        ),
        (
            "0s party a SPEAKING source=x\n30s restart=10m",
            "690s fired silent{source=\"x\"}",
        ),
        (
            "0s party a SPEAKING source=x\n30s restart=10m\n640s party b SPEAKING source=x",
            "700s fired silent{source=\"x\"}",
        ),
        // What burns goes on.
        (
            "0s party a SPEAKING source=x\n70s restart=10m\n700s party b SPEAKING source=x",
            "60s fired silent{source=\"x\"}\n700s resolved silent{source=\"x\"}\nuntil 710s",
        ),
        (
            "0s party a SPEAKING source=x\n70s restart=10m\n700s party b SPEAKING source=x occurred_at=660s",
            "60s fired silent{source=\"x\"}\n700s resolved silent{source=\"x\"}\n720s fired silent{source=\"x\"}",
        ),
    ] {
        check(SILENT, given, expected);
    }
}

#[test]
fn by_itself_its_key_is_the_meeting_and_it_ends_with_it() {
    check(
        "rules:\n- { name: still, quiet: party.status != DISCONNECTED, for: 60s }",
        "
        0s party a SPEAKING
        10s party a SPEAKING billing_code=2
        30s conf RECORDED
        40s party b DISCONNECTED
        65s party a DISCONNECTED billing_code=2
        70s conf MEETING_END
        70s conf MEETING_END billing_code=2
        75s party a DISCONNECTED
        ",
        "
        60s fired still{1}
        70s fired still{2}
        90s resolved still{1}
        90s resolved still{2}
        until 10m
        ",
    );
}

#[test]
fn its_alert_tells_of_the_last_one_heard() {
    let mut bench = Bench::new(
        "rules:\n- { name: still, quiet: party.status == SPEAKING, for: 60s, summary: '{{ party.party_id }} of {{ meeting.present }}' }",
    );
    bench.give("0s party a SPEAKING\n10s party b SPEAKING\n20s party c MUTED\nuntil 70s");
    let alert = bench.world.engine.open_alerts().next().unwrap();
    assert_eq!(alert.summary.masked, "b of 3");
    let evidence: Vec<u64> = alert.evidence.iter().map(|evidence| evidence.sequence).collect();
    assert_eq!((alert.started_at, evidence), (super::at("70s"), vec![2]));
    bench.give("80s party d SPEAKING");
    bench.expect("1m10s fired still{1} 1\n1m20s resolved still{1} 1 Match");
}

#[test]
fn a_reload_keeps_what_means_the_same() {
    for (rules, expected) in [
        (SILENT.replace("key:", "severity: info, key:"), "1m fired silent{x} 1"),
        (SILENT.replace("60s", "61s"), ""),
    ] {
        let mut bench = Bench::new(SILENT);
        bench.give("0s party a SPEAKING source=x");
        bench.load("10s", &rules).advance("5m");
        bench.expect(expected);
    }
}

#[test]
fn of_too_many_keys_the_longest_silent_is_forgotten() {
    let settings = Settings {
        keys_per_rule: 1,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings, SILENT);
    bench.give("0s party a SPEAKING source=x\n70s party a SPEAKING source=y\nuntil 3m");
    bench.expect("1m fired silent{x} 1\n1m10s resolved silent{x} 1 Evicted\n2m10s fired silent{y} 1");
}

#[test]
fn at_the_opening_of_its_schedule_the_silence_that_lasts_begins() {
    let rules = format!(
        "schedules: {{ shift: {{ time_zone: UTC, times: ['08:01-08:03', '08:05-08:07'] }} }}\n{}",
        SILENT.replace("for: 60s", "for: 60s, during: shift")
    );
    for (given, expected) in [
        // Who was never heard of during the schedule is not missed.
        ("0s party a SPEAKING source=x", "until 10m"),
        (
            "150s party a SPEAKING source=x",
            "360s fired silent{source=\"x\"}\n420s resolved silent{source=\"x\"}\nuntil 10m",
        ),
        // What was heard while nobody listened ends nothing; a repeat then does.
        (
            "150s party a SPEAKING source=x\n250s party b SPEAKING source=x\n320s party b SPEAKING source=x",
            "380s fired silent{source=\"x\"}\n420s resolved silent{source=\"x\"}\nuntil 10m",
        ),
        (
            "70s party a SPEAKING source=x",
            "130s fired silent{source=\"x\"}\n180s resolved silent{source=\"x\"}\n360s fired silent{source=\"x\"}\n420s resolved silent{source=\"x\"}\nuntil 10m",
        ),
        (
            "150s party a SPEAKING source=x\n310s restart=5s",
            "375s fired silent{source=\"x\"}\nuntil 400s",
        ),
    ] {
        check(&rules, given, expected);
    }
}
