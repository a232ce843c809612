//! What should have followed did not.

use super::{Bench, at, check};
use crate::engine::input::Settings;

const STARTED: &str = "
rules:
- name: unrecorded
  after: conf.status == MEETING_START
  expect: conf.status == RECORDED
  within: 60s
  unless: conf.status == MEETING_END
";

#[test]
fn it_fires_at_the_deadline_unless_it_was_met_or_called_off() {
    for (given, expected) in [
        ("0s conf MEETING_START", "60s fired unrecorded{1}"),
        ("0s conf MEETING_START\n59999ms conf RECORDED", "until 2m"),
        ("0s conf MEETING_START\n59999ms conf MEETING_END", "until 2m"),
        // The deadline itself belongs to neither; what comes late resolves nothing.
        (
            "0s conf MEETING_START\n60s conf RECORDED",
            "60s fired unrecorded{1}\nuntil 2m",
        ),
        ("0s conf MEETING_START\n0s conf RECORDED", "until 2m"),
        // What came before is not what follows.
        ("0s conf RECORDED\n1s conf MEETING_START", "61s fired unrecorded{1}"),
        (
            "5s conf MEETING_START\n10s conf RECORDED occurred_at=4999ms",
            "65s fired unrecorded{1}",
        ),
        ("5s conf MEETING_START\n10s conf RECORDED occurred_at=5s", "until 2m"),
        // It counts from when it happened, and what is past already falls due at once.
        ("30s conf MEETING_START occurred_at=10s", "70s fired unrecorded{1}"),
        ("90s conf MEETING_START occurred_at=10s", "90s fired unrecorded{1}"),
        (
            "90s conf MEETING_START occurred_at=10s\n90s conf RECORDED",
            "90s fired unrecorded{1}",
        ),
        ("0s conf MEETING_START\n10s restart=5s", "60s fired unrecorded{1}"),
        ("0s conf MEETING_START\n10s restart=80s", "90s fired unrecorded{1}"),
        (
            "0s conf MEETING_START\n10s restart=80s\n90s conf RECORDED",
            "90s fired unrecorded{1}",
        ),
    ] {
        check(STARTED, given, expected);
    }
}

#[test]
fn one_is_open_at_a_time_for_each_key() {
    let mut bench = Bench::new(
        "
rules:
- { name: stopped, after: conf.status == NOT_RECORDED, expect: conf.status == RECORDED, within: 60s, resolve: { when: 'false' } }
",
    );
    let pending = |bench: &Bench| bench.world.engine.counts().rules[0].pending;
    bench.give(
        "
        0s conf NOT_RECORDED
        10s conf RECORDING_PAUSED
        20s conf NOT_RECORDED
        30s conf NOT_RECORDED billing_code=2
        ",
    );
    assert_eq!((pending(&bench), bench.world.engine.keys_of(0)), (2, 2));
    // The next one may open another.
    bench.give(
        "
        61s conf RECORDING_PAUSED
        62s conf NOT_RECORDED
        70s conf RECORDED billing_code=2
        ",
    );
    assert_eq!((pending(&bench), bench.world.engine.keys_of(0)), (1, 1));
    bench.advance("10m");
    assert_eq!((pending(&bench), bench.world.engine.keys_of(0)), (0, 0));
    bench.expect("1m fired stopped{1} 1\n2m2s updated stopped{1} 2");
}

#[test]
fn what_opens_it_does_not_also_meet_it() {
    // Whatever does both would be met at the same instant.
    check(
        "rules:\n- { name: a, after: party.status == SPEAKING, expect: party.role == EXPERT, key: [party.billing_code], within: 60s }",
        "0s party a SPEAKING role=EXPERT\n100s party b SPEAKING\n110s party c SPEAKING role=EXPERT",
        "until 5m",
    );
}

#[test]
fn by_itself_its_key_is_the_meeting_and_the_participant_that_opens_it() {
    check(
        "rules:\n- { name: silent, after: party.status == MUTED, expect: party.status == SPEAKING, within: 10s, unless: conf.status == UNMUTED_ALL }",
        "
        0s party a MUTED
        1s party b MUTED
        2s party c MUTED
        3s party b SPEAKING
        4s party b MUTED billing_code=2
        9s party a LISTENING_TO_MUSIC
        ",
        "
        10s fired silent{1,a}
        12s fired silent{1,c}
        14s fired silent{2,b}
        ",
    );
}

#[test]
fn what_lacks_a_part_of_the_key_ends_all_that_agree_in_the_parts_it_has() {
    let given = "
        0s party a MUTED phone=1
        1s party b MUTED phone=2
        2s party c MUTED phone=1 billing_code=2
        3s conf MUTED_ALL
        4s party d SPEAKING
        5s party e SPEAKING phone=1 billing_code=2
    ";
    for (key, ends, expected) in [
        (
            "party.billing_code, party.party_id",
            "conf.status == MUTED_ALL",
            "12s fired a{2,c}",
        ),
        ("party.billing_code, party.phone", "party.status == SPEAKING", ""),
        ("party.phone", "party.status == SPEAKING", "11s fired a{phone=\"2\"}"),
        ("", "conf.status == MUTED_ALL", ""),
    ] {
        for ends in [
            format!("expect: {ends}"),
            format!("expect: 'false || party.status == DIALING', unless: {ends}"),
        ] {
            let rules =
                format!("rules:\n- {{ name: a, after: party.status == MUTED, within: 10s, key: [{key}], {ends} }}");
            check(&rules, given, &format!("{expected}\nuntil 20s"));
        }
    }
}

#[test]
fn it_outlives_its_occurrence_and_its_alert_ends_at_once() {
    let rules = "
rules:
- name: no-farewell
  after: conf.status == MEETING_END
  expect: party.status == DISCONNECTED
  within: 60s
  summary: '{{ conf.status }} {{ meeting.ended }} {{ meeting.peak_present }}'
- name: anywhere
  after: conf.status == MEETING_END
  expect: party.status == DISCONNECTED
  within: 60s
  key: [source]
";
    let mut bench = Bench::new(rules);
    bench
        .give("0s party a DISCONNECTED source=x\n1s party b DIALING source=x\n10s conf MEETING_END source=x\nuntil 2m");
    bench.expect(
        "
        1m10s fired no-farewell{1} 1
        1m10s resolved no-farewell{1} 1 MeetingClosed
        1m10s fired anywhere{x} 1
        ",
    );
    let fired = bench.world.events().next().unwrap();
    assert_eq!(fired.alert.summary.masked, "MEETING_END True 0");
    // What is told later of the occurrence that has closed still meets it, and what the next one does is no matter.
    check(
        rules.split("- name: anywhere").next().unwrap(),
        "
        10s conf MEETING_END
        40s party a DISCONNECTED occurred_at=10s
        100s conf MEETING_END billing_code=2
        130s conf MEETING_START billing_code=2
        140s party a DISCONNECTED billing_code=2
        ",
        "160s fired no-farewell{2}\n160s resolved no-farewell{2}",
    );
}

#[test]
fn its_alert_tells_what_opened_it_and_what_is_then_known_of_the_meeting() {
    let mut bench = Bench::new(
        "rules:\n- { name: alone, after: party.status == SPEAKING, expect: party.status == MUTED, within: 1m, key: [party.billing_code], summary: '{{ party.party_id }} of {{ meeting.present }}' }",
    );
    bench.give("0s party a SPEAKING\n30s party b SPEAKING\nuntil 60s");
    let alert = bench.world.engine.open_alerts().next().unwrap();
    assert_eq!(alert.summary.masked, "a of 2");
    assert_eq!((alert.started_at, alert.last_seen_at), (at("1m"), at("1m")));
    let evidence: Vec<u64> = alert.evidence.iter().map(|evidence| evidence.sequence).collect();
    assert_eq!(evidence, [1]);
}

#[test]
fn a_reload_keeps_what_means_the_same() {
    for (rules, expected) in [
        (format!("{STARTED}  severity: info\n"), "1m fired unrecorded{1} 1"),
        (STARTED.replace("60s", "61s"), ""),
        (STARTED.replace("  unless: conf.status == MEETING_END\n", ""), ""),
    ] {
        let mut bench = Bench::new(STARTED);
        bench.give("0s conf MEETING_START");
        bench
            .load("10s", &format!("{rules}- {{ name: a, when: party.status == MUTED }}\n"))
            .advance("2m");
        bench.expect(expected);
        assert_eq!(bench.world.engine.counts().rules[0].pending, 0);
    }
}

#[test]
fn of_too_many_the_longest_idle_is_forgotten() {
    let settings = Settings {
        keys_per_rule: 1,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings, STARTED);
    bench.give("0s conf MEETING_START\n1s conf MEETING_START billing_code=2\nuntil 2m");
    bench.expect("1m1s fired unrecorded{2} 1");
    let counts = &bench.world.engine.counts();
    assert_eq!((counts.keys_evicted, counts.rules[0].pending), (1, 0));
}
