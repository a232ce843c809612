//! Every match of a notification, and the keys that it is counted under.

use super::{Bench, check};

#[test]
fn every_rule_sees_every_notification() {
    check(
        "
rules:
- { name: a, when: party.status == SPEAKING }
- { name: b, when: party.status == SPEAKING }
- { name: off, when: party.status == SPEAKING, enabled: false }
",
        "0s party a SPEAKING",
        "0s fired a{1}\n0s fired b{1}",
    );
}

#[test]
fn a_rule_sees_the_meeting_after_the_notification() {
    check(
        "rules:\n- { name: third, when: party.status == SPEAKING && meeting.present == 3 }",
        "0s party a SPEAKING\n1s party b SPEAKING\n2s party c SPEAKING\n3s party d SPEAKING",
        "2s fired third{1}",
    );
}

#[test]
fn a_key_is_made_of_fields() {
    let rules = "
rules:
- { name: all, when: party.status == DISCONNECTED, key: [] }
- { name: source, when: party.status == DISCONNECTED, key: [source] }
- { name: phone, when: party.status == DISCONNECTED, key: [party.phone] }
- { name: code, when: party.status == DISCONNECTED, key: [party.disconnect_reason, party.role] }
";
    check(
        rules,
        "
        0s party a DISCONNECTED disconnect_reason=BUSY role=EXPERT phone=1 source=x
        1s party b DISCONNECTED disconnect_reason=6 role=CLIENT phone=2 source=y
        2s party a DISCONNECTED billing_code=2 disconnect_reason=BUSY role=EXPERT phone=1 source=x
        ",
        r#"
        0s fired all{}
        0s fired source{source="x"}
        0s fired phone{phone="1"}
        0s fired code{disconnect_reason="BUSY",role="EXPERT"}
        1s fired source{source="y"}
        1s fired phone{phone="2"}
        1s fired code{disconnect_reason="6",role="CLIENT"}
        "#,
    );
}

#[test]
fn without_a_part_of_its_key_it_does_not_match_and_is_counted() {
    let mut bench =
        Bench::new("rules:\n- { name: a, when: party.status == DISCONNECTED, key: [party.phone, party.role] }");
    bench.give(
        "
        0s party a DISCONNECTED phone=1
        1s party b DISCONNECTED role=EXPERT
        2s party c DISCONNECTED phone=1 role=EXPERT
        ",
    );
    bench.expect("2s fired a{1,EXPERT} 1");
    let counts = &bench.world.engine.counts().rules[0];
    assert_eq!((counts.keyless, counts.matched, counts.fired), (2, 1, 1));
}

#[test]
fn a_key_with_the_meeting_means_one_occurrence_of_it_and_any_other_spans_them() {
    check(
        "
rules:
- { name: here, when: party.status == DISCONNECTED, resolve: { when: 'false' } }
- { name: anywhere, when: party.status == DISCONNECTED, key: [party.phone], resolve: { when: 'false' } }
",
        "
        0s party a DISCONNECTED phone=1
        1s conf MEETING_END
        30s party a DISCONNECTED phone=1
        ",
        r#"
        0s fired here{1}
        0s fired anywhere{phone="1"}
        21s resolved here{1}
        30s fired here{1}
        until 2h
        "#,
    );
}
