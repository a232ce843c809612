//! States that last.

use super::{Bench, check};

#[test]
fn a_state_fires_when_it_has_lasted_and_ends_with_it() {
    let rules = "rules:\n- { name: muted, while: meeting.muted_all, for: 30s }";
    for (given, expected) in [
        ("0s conf MUTED_ALL", "30s fired muted{1}"),
        ("0s conf MUTED_ALL\n29s conf UNMUTED_ALL", "until 60s"),
        (
            "0s conf MUTED_ALL\n45s conf UNMUTED_ALL\n46s conf MUTED_ALL",
            "30s fired muted{1}\n45s resolved muted{1}\n76s fired muted{1}",
        ),
        // What leaves it true changes nothing.
        (
            "0s conf MUTED_ALL\n20s party a SPEAKING\n29s conf RECORDED",
            "30s fired muted{1}",
        ),
        // The end counts in event time too, but is known only when it is told.
        (
            "0s conf MUTED_ALL\n40s conf UNMUTED_ALL occurred_at=10s",
            "30s fired muted{1}\n40s resolved muted{1}",
        ),
    ] {
        check(rules, given, expected);
    }
}

#[test]
fn without_a_time_it_fires_at_once() {
    for time in ["", ", for: 0s"] {
        check(
            &format!("rules:\n- {{ name: muted, while: meeting.muted_all{time} }}"),
            "5s conf MUTED_ALL\n6s conf UNMUTED_ALL",
            "5s fired muted{1}\n6s resolved muted{1}",
        );
    }
}

#[test]
fn a_state_can_be_of_one_meeting_alone() {
    check(
        r#"
rules:
- { name: one, while: "meeting.billing_code == '1'" }
- { name: two, while: "meeting.billing_code == '2'" }
- { name: talks, while: "meeting.billing_code == '1' && party.status == SPEAKING" }"#,
        "0s conf RECORDED\n5s party a SPEAKING\n6s party a MUTED",
        "0s fired one{1}\n5s fired talks{1,a}\n6s resolved talks{1,a}",
    );
}

#[test]
fn with_keep_firing_for_the_end_must_last() {
    let rules = "rules:\n- { name: muted, while: meeting.muted_all, for: 10s, keep_firing_for: 30s }";
    for (given, expected) in [
        (
            "0s conf MUTED_ALL\n20s conf UNMUTED_ALL",
            "10s fired muted{1}\n50s resolved muted{1}",
        ),
        // True within it goes on as if nothing had been.
        (
            "0s conf MUTED_ALL\n20s conf UNMUTED_ALL\n49s conf MUTED_ALL\n60s conf UNMUTED_ALL",
            "10s fired muted{1}\n90s resolved muted{1}",
        ),
        // What has not fired has nothing to keep.
        (
            "0s conf MUTED_ALL\n5s conf UNMUTED_ALL\n6s conf MUTED_ALL",
            "16s fired muted{1}",
        ),
        // The close overrides it.
        (
            "0s conf MUTED_ALL\n20s conf UNMUTED_ALL\n21s conf MEETING_END",
            "10s fired muted{1}\n41s resolved muted{1}\nuntil 2m",
        ),
        (
            "0s conf MUTED_ALL\n20s conf UNMUTED_ALL\n25s restart=10s",
            "10s fired muted{1}\n50s resolved muted{1}",
        ),
    ] {
        check(rules, given, expected);
    }
}

#[test]
fn party_is_what_is_now_known_of_the_participant() {
    let rules = "
rules:
- { name: named, while: party.name == 'x' && party.status == CALL_HOLDING }
- { name: expert, while: party.role == EXPERT && party.status == MUTED }
- { name: busy, while: party.disconnect_reason == BUSY }
";
    check(
        rules,
        "
        0s party a SPEAKING name=x role=EXPERT
        10s party a CALL_HOLDING
        20s party a MUTED
        30s party a DISCONNECTED disconnect_reason=BUSY
        40s party a DIALING
        50s party a CALL_HOLDING name=y
        ",
        "
        10s fired named{1,a}
        20s resolved named{1,a}
        20s fired expert{1,a}
        30s resolved expert{1,a}
        30s fired busy{1,a}
        40s resolved busy{1,a}
        until 1m
        ",
    );
}

#[test]
fn a_change_of_the_meeting_weighs_every_participant_that_the_rule_watches() {
    check(
        "rules:\n- { name: speaks, while: meeting.muted_all && party.status == SPEAKING, for: 10s }",
        "
        0s party a SPEAKING
        0s party b MUTED
        0s party c SPEAKING
        0s party d SPEAKING billing_code=2
        10s conf MUTED_ALL
        15s party c MUTED
        25s party b SPEAKING
        30s conf UNMUTED_ALL
        ",
        "
        20s fired speaks{1,a}
        30s resolved speaks{1,a}
        until 1m
        ",
    );
}

#[test]
fn a_state_of_the_meeting_is_weighed_when_what_it_reads_changes() {
    check(
        "rules:\n- { name: alone, while: meeting.experts > 0 && meeting.clients == 0, for: 1m }",
        "
        0s party a SPEAKING role=EXPERT
        30s party b SPEAKING role=CLIENT
        40s party b DISCONNECTED
        50s party c DISCONNECTED disconnect_reason=BUSY role=CLIENT
        120s party b SPEAKING
        ",
        "
        100s fired alone{1}
        120s resolved alone{1}
        ",
    );
}

#[test]
fn its_alert_is_about_the_state_and_tells_what_began_it() {
    let mut bench = Bench::new(
        "rules:\n- { name: held, while: party.status == CALL_HOLDING, for: 1m, summary: '{{ party.party_id }} of {{ meeting.present }}' }",
    );
    bench.give("0s party a CALL_HOLDING name=x\n30s party b SPEAKING\n60s party a CALL_HOLDING city=y");
    let alert = bench.world.engine.open_alerts().next().unwrap();
    assert_eq!(alert.summary.masked, "a of 2");
    assert_eq!(
        (alert.started_at, alert.last_seen_at),
        (super::at("60s"), super::at("0s"))
    );
    assert_eq!(
        alert
            .evidence
            .iter()
            .map(|evidence| evidence.sequence)
            .collect::<Vec<_>>(),
        [1]
    );
}

#[test]
fn pending_states_are_counted() {
    let mut bench = Bench::new("rules:\n- { name: muted, while: meeting.muted_all, for: 30s }");
    let pending = |bench: &Bench| bench.world.engine.counts().rules[0].pending;
    bench.give("0s conf MUTED_ALL\n1s conf MUTED_ALL billing_code=2\n2s conf MUTED_ALL billing_code=3");
    assert_eq!(pending(&bench), 3);
    bench.give("5s conf UNMUTED_ALL\n6s conf MEETING_END billing_code=2");
    assert_eq!(pending(&bench), 2);
    bench.advance("26s");
    assert_eq!(pending(&bench), 1, "the close ends it");
    bench.advance("32s");
    assert_eq!(pending(&bench), 0);
    bench.expect("32s fired muted{3} 1");
}

#[test]
fn what_holds_from_the_opening_on_is_weighed_then() {
    let rules = "
rules:
- { name: empty, while: meeting.present == 0, for: 30s }
- { name: always, while: 'true', key: [party.billing_code, party.party_id] }
";
    check(
        rules,
        "
        0s conf MEETING_START
        40s party a SPEAKING
        ",
        "
        30s fired empty{1}
        40s fired always{1,a}
        40s resolved empty{1}
        ",
    );
}

#[test]
fn what_lasts_as_long_as_the_grace_fires_before_the_close() {
    let rules = "rules:\n- { name: ended, while: meeting.ended, for: 20s }";
    check(
        rules,
        "0s conf MEETING_END",
        "20s fired ended{1}\n20s resolved ended{1}",
    );
}
