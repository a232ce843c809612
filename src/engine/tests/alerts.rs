//! The life of alerts.

use super::{Bench, at, check};
use crate::model::Severity;

#[test]
fn a_match_while_it_is_open_is_counted_and_told_at_most_every_ten_seconds() {
    let mut bench = Bench::new("rules:\n- { name: talks, when: party.status == SPEAKING }");
    bench.give(
        "
        0s party a SPEAKING
        1s party b SPEAKING
        2s party c SPEAKING
        25s party d SPEAKING occurred_at=20s
        26s party e SPEAKING occurred_at=5s
        until 40s
        ",
    );
    bench.expect(
        "
        0s fired talks{1} 1
        10s updated talks{1} 3
        25s updated talks{1} 4
        35s updated talks{1} 5
        ",
    );
    let alert = bench.world.engine.open_alerts().next().unwrap();
    assert_eq!((alert.started_at, alert.last_seen_at), (at("0s"), at("20s")));
    assert_eq!(
        alert
            .evidence
            .iter()
            .map(|evidence| evidence.sequence)
            .collect::<Vec<_>>(),
        [5, 4, 3, 2, 1]
    );
    bench.give("41s party f SPEAKING");
    let alert = bench.world.engine.open_alerts().next().unwrap();
    assert_eq!(
        alert
            .evidence
            .iter()
            .map(|evidence| evidence.sequence)
            .collect::<Vec<_>>(),
        [6, 5, 4, 3, 2]
    );
}

#[test]
fn an_end_takes_back_the_update_that_was_held_back() {
    let mut bench = Bench::new(
        "rules:\n- { name: talks, when: party.status == SPEAKING, resolve: { when: conf.status == MUTED_ALL } }",
    );
    bench.give("0s party a SPEAKING\n1s party b SPEAKING\n2s conf MUTED_ALL\nuntil 1m");
    bench.expect("0s fired talks{1} 1\n2s resolved talks{1} 2 Match");
}

#[test]
fn it_ends_by_its_rules_resolve() {
    let given = "
        0s party a SPEAKING
        5m party b SPEAKING
        8m conf MUTED_ALL
        8m party c SPEAKING
    ";
    for (resolve, expected) in [
        ("", "0s fired talks{1}\n18m resolved talks{1}"),
        (
            ", resolve: { after: 1m }",
            "0s fired talks{1}\n1m resolved talks{1}\n5m fired talks{1}\n6m resolved talks{1}\n8m fired talks{1}\n9m resolved talks{1}",
        ),
        (
            ", resolve: { when: conf.status == MUTED_ALL }",
            "0s fired talks{1}\n8m resolved talks{1}\n8m fired talks{1}",
        ),
        (
            ", resolve: { when: conf.status == MUTED_ALL, after: 4m }",
            "0s fired talks{1}\n4m resolved talks{1}\n5m fired talks{1}\n8m resolved talks{1}\n8m fired talks{1}\n12m resolved talks{1}",
        ),
    ] {
        let rules = format!("rules:\n- {{ name: talks, when: party.status == SPEAKING{resolve} }}");
        check(&rules, given, &format!("{expected}\nuntil 1h"));
    }
}

#[test]
fn the_time_without_a_match_counts_from_when_the_last_one_happened() {
    check(
        "rules:\n- { name: talks, when: party.status == SPEAKING, resolve: { after: 1m } }",
        "30s party a SPEAKING occurred_at=0s\n50s party b SPEAKING occurred_at=40s",
        "30s fired talks{1}\n100s resolved talks{1}",
    );
}

/// The last match is told neither at once, since something was told at its instant, nor when its time comes, since the alert ends then.
#[test]
fn nothing_else_is_told_of_what_ends_at_the_same_instant() {
    let mut bench = Bench::new("rules:\n- { name: talks, when: party.status == SPEAKING, resolve: { after: 10s } }");
    bench.give("0s party a SPEAKING\n5s party b SPEAKING\n10s party c SPEAKING\nuntil 1m");
    bench.expect("0s fired talks{1} 1\n10s updated talks{1} 2\n20s resolved talks{1} 3 Timeout");
}

#[test]
fn why_it_ended_is_told() {
    let rules = "
rules:
- { name: state, while: meeting.muted_all }
- { name: event, when: conf.status == RECORDED, resolve: { when: conf.status == NOT_RECORDED, after: 30s } }
";
    let mut bench = Bench::new(rules);
    bench.give(
        "
        0s conf MUTED_ALL
        1s conf UNMUTED_ALL
        2s conf RECORDED
        3s conf NOT_RECORDED
        4s conf RECORDED
        40s conf RECORDING_PAUSED
        41s conf RECORDED
        42s conf MUTED_ALL
        43s conf MEETING_END
        until 2m
        ",
    );
    bench.expect(
        "
        0s fired state{1} 1
        1s resolved state{1} 1 Condition
        2s fired event{1} 1
        3s resolved event{1} 1 Match
        4s fired event{1} 1
        34s resolved event{1} 1 Timeout
        41s fired event{1} 1
        42s fired state{1} 1
        1m3s resolved event{1} 1 MeetingClosed
        1m3s resolved state{1} 1 MeetingClosed
        ",
    );
}

#[test]
fn what_lacks_a_part_of_the_key_ends_every_alert_that_agrees_in_the_parts_it_has() {
    let given = "
        0s party a DISCONNECTED phone=1 source=x
        1s party b DISCONNECTED phone=2 source=x
        2s party c DISCONNECTED phone=1 source=y billing_code=2
        3s conf MUTED_ALL source=x
        4s party d DIALING phone=1 source=y
        5s party e LISTENING_TO_MUSIC
    ";
    for (key, when, expected) in [
        (
            "party.billing_code, party.party_id",
            "conf.status == MUTED_ALL",
            r#"0s fired a{1,a}
            1s fired a{1,b}
            2s fired a{2,c}
            3s resolved a{1,a}
            3s resolved a{1,b}"#,
        ),
        // Who sends no number is nobody's end.
        (
            "party.phone",
            "party.status == LISTENING_TO_MUSIC",
            r#"0s fired a{phone="1"}
            1s fired a{phone="2"}"#,
        ),
        (
            "party.phone",
            "party.status == DIALING",
            r#"0s fired a{phone="1"}
            1s fired a{phone="2"}
            4s resolved a{phone="1"}"#,
        ),
        ("", "conf.status == MUTED_ALL", "0s fired a{}\n3s resolved a{}"),
    ] {
        let rules = format!(
            "rules:\n- {{ name: a, when: party.status == DISCONNECTED, key: [{key}], resolve: {{ when: {when} }} }}"
        );
        check(&rules, given, expected);
    }
}

#[test]
fn it_carries_what_its_rule_says_with_texts_fixed_at_the_firing() {
    let mut bench = Bench::new(
        "
rules:
- name: refused
  when: party.disconnect_reason == PORT_FULL
  severity: critical
  labels: { team: capacity }
  summary: '{{ party.name }} {{ labels.team }} {{ meeting.refused }}'
  description: 'from {{ party.city }}'
  runbook: https://example.com/ports
",
    );
    bench.give(
        "
        0s party a DISCONNECTED disconnect_reason=PORT_FULL name=张三
        1s party b DISCONNECTED disconnect_reason=PORT_FULL name=李四
        ",
    );
    let alert = bench.world.engine.open_alerts().next().unwrap();
    assert_eq!(
        (alert.severity, alert.labels["team"].as_str()),
        (Severity::Critical, "capacity")
    );
    assert_eq!(
        (alert.summary.masked.as_str(), alert.summary.shown(true)),
        ("张** capacity 1", "张三 capacity 1")
    );
    assert_eq!(
        (alert.description.masked.as_str(), alert.runbook_url.as_str()),
        ("from ", "https://example.com/ports")
    );
    assert_eq!(alert.to_string(), "refused{billing_code=\"1\"}");
}

#[test]
fn each_firing_has_an_id_of_its_own_and_events_are_numbered_without_gaps() {
    let mut bench =
        Bench::new("rules:\n- { name: muted, while: meeting.muted_all }\n- { name: also, while: meeting.muted_all }");
    bench.give("0s conf MUTED_ALL\n1s conf UNMUTED_ALL\n2s conf MUTED_ALL\n3s conf MUTED_ALL billing_code=2");
    let mut ids = Vec::new();
    for (event, sequence) in bench.world.events().zip(1..) {
        assert_eq!(event.sequence, sequence);
        ids.push(event.alert.id);
    }
    assert_eq!(ids.len(), 8);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[test]
fn its_end_falls_due_in_the_place_that_its_last_match_gave_it() {
    let rules = "
rules:
- { name: talks, when: party.status == SPEAKING, resolve: { after: 30s } }
- { name: muted, while: meeting.muted_all, for: 20s }
";
    // The end of `talks` is moved ahead, from 30s to 50s, before `muted` begins to wait for the same instant.
    check(
        rules,
        "
        0s party a SPEAKING
        20s party b SPEAKING
        30s conf MUTED_ALL
        ",
        "
        0s fired talks{1}
        50s resolved talks{1}
        50s fired muted{1}
        ",
    );
    // Without a service at 30s, 40s and 50s, all three at once; the meeting closes at 40s.
    let mut bench = Bench::new(rules);
    bench.give(
        "
        0s party a SPEAKING
        20s party b SPEAKING
        20s conf MEETING_END
        20s party a DISCONNECTED
        20s party b DISCONNECTED
        20s restart=60s
        ",
    );
    bench.expect("0s fired talks{1} 1\n20s updated talks{1} 2\n1m20s resolved talks{1} 2 MeetingClosed");
}
