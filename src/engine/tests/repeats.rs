//! Repeats: what says again what the last one said.

use super::{Bench, at, check};

#[test]
fn a_repeat_is_no_match_whatever_lies_between() {
    let rules = "
rules:
- { name: conf, when: conf.status != MEETING_START, key: [conf.billing_code, conf.status], resolve: { when: 'false' } }
";
    for (given, matches) in [
        ("RECORDED RECORDED", 1),
        // Each respect of the meeting by itself.
        ("RECORDED MUTED_ALL RECORDED", 1),
        ("RECORDED NOT_RECORDED RECORDED", 2),
        ("RECORDED RECORDING_PAUSED RECORDED RECORDED", 2),
        // Each unlisted code by itself.
        ("77 78 77", 1),
    ] {
        let steps: Vec<String> = given.split(' ').map(|status| format!("0s conf {status}")).collect();
        let mut bench = Bench::new(rules);
        bench.give(&steps.join("\n"));
        let first = bench.world.engine.open_alerts().next().unwrap();
        assert_eq!(first.occurrences, matches, "{given}");
    }
}

#[test]
fn a_participant_that_says_the_same_again_is_a_repeat() {
    let rules = "rules:\n- { name: speaking, when: party.status == SPEAKING }";
    for (second, matches) in [
        (
            "party a SPEAKING name=x role=EXPERT connect_time=2026-01-05T07:00:00Z",
            1,
        ),
        (
            "party a SPEAKING name=x role=EXPERT connect_time=2026-01-05T07:30:00Z",
            1,
        ),
        ("party a SPEAKING name=x role=EXPERT", 1),
        ("party a SPEAKING name=y role=EXPERT", 2),
        ("party a SPEAKING name=x role=CLIENT", 2),
        ("party a SPEAKING name=x", 2),
        ("party a SPEAKING name=x role=EXPERT city=z", 2),
        ("party a SPEAKING name=x role=EXPERT disconnect_reason=BUSY", 2),
        ("party b SPEAKING name=x role=EXPERT", 2),
    ] {
        let first = "party a SPEAKING name=x role=EXPERT connect_time=2026-01-05T07:00:00Z";
        let mut bench = Bench::new(rules);
        bench.give(&format!("0s {first}\n1s {second}"));
        let alert = bench.world.engine.open_alerts().next().unwrap();
        assert_eq!(alert.occurrences, matches, "{second}");
        assert_eq!(alert.last_seen_at, at("1s"), "{second}");
        let repeats = bench.world.engine.counts().repeats;
        assert_eq!(repeats, 2 - matches, "{second}");
    }
}

#[test]
fn a_repeat_restarts_no_state_and_puts_off_no_end() {
    check(
        "
rules:
- { name: held, while: party.status == CALL_HOLDING, for: 60s }
- { name: seen, when: party.status == CALL_HOLDING, resolve: { after: 100s } }
",
        "
        0s party a CALL_HOLDING
        50s party a CALL_HOLDING
        90s party a CALL_HOLDING
        ",
        "
        0s fired seen{1}
        60s fired held{1,a}
        100s resolved seen{1}
        ",
    );
}

#[test]
fn a_repeat_in_the_next_occurrence_is_none() {
    check(
        "rules:\n- { name: recorded, when: conf.status == RECORDED }",
        "
        0s conf RECORDED
        1s conf MEETING_END
        30s conf RECORDED
        ",
        "
        0s fired recorded{1}
        21s resolved recorded{1}
        30s fired recorded{1}
        ",
    );
}

#[test]
fn previous_is_the_one_before_of_the_same_participant_or_the_same_respect() {
    let rules = "
rules:
- { name: dropped, when: party.status == DISCONNECTED && previous.status == SPEAKING }
- { name: paused, when: conf.status == RECORDING_PAUSED && previous.status == RECORDED }
- { name: renamed, when: 'previous.name != party.name && has(previous.name) && has(party.name)' }
";
    check(
        rules,
        "
        0s party a SPEAKING
        1s party b MUTED
        2s party b DISCONNECTED
        3s party a DISCONNECTED
        4s conf RECORDED
        5s conf MUTED_ALL
        6s conf RECORDING_PAUSED
        7s party c SPEAKING name=x
        8s party c MUTED
        9s party c SPEAKING name=y
        10s party c SPEAKING name=z
        ",
        // What the one before did not say it did not say, whatever is known.
        "
        3s fired dropped{1}
        6s fired paused{1}
        10s fired renamed{1}
        ",
    );
}

#[test]
fn a_repeat_confirms_what_it_says() {
    check(
        "
rules:
- { name: muted, while: meeting.muted_all }
- { name: speaks, while: party.status == SPEAKING }
",
        "
        0s conf MUTED_ALL
        0s party a SPEAKING
        20s conf MUTED_ALL
        20s party a SPEAKING
        25s conf UNMUTED_ALL occurred_at=10s
        25s party a MUTED occurred_at=10s
        ",
        "
        0s fired muted{1}
        0s fired speaks{1,a}
        ",
    );
}

#[test]
fn what_is_late_is_repeated_too_and_is_the_last_that_was_said() {
    let rules = "
rules:
- { name: parties, when: party.status != MUTED, key: [party.status] }
- { name: confs, when: conf.status != MEETING_START, key: [conf.status] }
- { name: back, when: previous.status == DISCONNECTED && party.status == SPEAKING, key: [] }
- { name: again, when: previous.status == NOT_RECORDED && conf.status == RECORDED, key: [] }
";
    for (given, matches) in [
        // The same late one twice, as it is sent again where its answer was lost.
        (
            "20s party a SPEAKING\n21s party a DISCONNECTED occurred_at=10s\n22s party a DISCONNECTED occurred_at=10s",
            "parties{SPEAKING} 1, parties{DISCONNECTED} 1",
        ),
        (
            "20s conf RECORDED\n21s conf NOT_RECORDED occurred_at=10s\n22s conf NOT_RECORDED occurred_at=10s",
            "confs{RECORDED} 1, confs{NOT_RECORDED} 1",
        ),
        // By acceptance it lies between the two others.
        (
            "20s party a SPEAKING\n21s party a DISCONNECTED occurred_at=10s\n22s party a SPEAKING",
            "parties{SPEAKING} 2, parties{DISCONNECTED} 1, back{} 1",
        ),
        (
            "20s conf RECORDED\n21s conf NOT_RECORDED occurred_at=10s\n22s conf RECORDED",
            "confs{RECORDED} 2, confs{NOT_RECORDED} 1, again{} 1",
        ),
        (
            "20s party a SPEAKING\n21s party a DISCONNECTED occurred_at=10s\n22s party a DISCONNECTED name=x occurred_at=10s",
            "parties{SPEAKING} 1, parties{DISCONNECTED} 2",
        ),
        // What is newer than what is known is news, whatever came late before.
        (
            "20s party a SPEAKING\n21s party a DISCONNECTED occurred_at=10s\n22s party a DISCONNECTED",
            "parties{SPEAKING} 1, parties{DISCONNECTED} 2",
        ),
        // It changes nothing of what is known.
        (
            "20s party a SPEAKING\n21s party a MUTED occurred_at=10s\n22s restart\n23s party a MUTED occurred_at=10s",
            "parties{SPEAKING} 1",
        ),
    ] {
        let mut bench = Bench::new(rules);
        bench.give(given);
        let told = bench.world.engine.open_alerts().map(|alert| {
            let key: Vec<&str> = alert.key.iter().map(|(_, value)| value.as_str()).collect();
            format!("{}{{{}}} {}", alert.rule, key.join(","), alert.occurrences)
        });
        assert_eq!(told.collect::<Vec<_>>().join(", "), matches, "{given}");
    }
}

#[test]
fn what_is_late_restarts_no_state() {
    check(
        "rules:\n- { name: speaks, while: party.status == SPEAKING, for: 60s }",
        "
        20s party a SPEAKING
        30s party a DISCONNECTED occurred_at=10s
        40s party a SPEAKING
        50s party a SPEAKING
        ",
        "80s fired speaks{1,a}",
    );
}
