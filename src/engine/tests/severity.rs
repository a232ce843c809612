//! How bad alerts are, and how that changes while they burn.

use super::Bench;

/// What was told, with the severity of each alert.
fn severities(bench: &Bench) -> String {
    let told = bench.world.events();
    let told = told.map(|event| {
        let told = super::told(event);
        let told = told.split(' ').take(3).collect::<Vec<_>>().join(" ");
        format!("{told} {}", event.alert.severity)
    });
    told.collect::<Vec<_>>().join("\n")
}

fn expect(bench: &Bench, expected: &str) {
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(severities(bench), expected.join("\n"));
}

const REFUSED: &str = "
rules:
- name: a
  when: party.status == DISCONNECTED
  severity: info
  severity_if: { critical: party.role == EXPERT, warning: party.name != '' }
  summary: '{{ severity }}'
";

#[test]
fn the_worst_case_that_holds_is_it_and_else_severity() {
    for (party, severity) in [
        ("role=EXPERT name=x", "critical"),
        ("role=CLIENT name=x", "warning"),
        ("role=CLIENT", "info"),
        // Undecided does not hold.
        ("phone=1", "info"),
    ] {
        let mut bench = Bench::new(REFUSED);
        bench.give(&format!("1s party a DISCONNECTED {party}"));
        expect(&bench, &format!("1s fired a{{1}} {severity}"));
        let alert = bench.world.engine.open_alerts().next().unwrap();
        assert_eq!(alert.summary.masked, severity);
    }
    let mut bench = Bench::new(
        &REFUSED
            .replace("severity: info", "severity: critical")
            .replace("critical: party", "info: party"),
    );
    bench.give("1s party a DISCONNECTED role=EXPERT");
    expect(&bench, "1s fired a{1} info");
}

#[test]
fn a_match_raises_an_open_alert_at_once_and_never_lowers_it() {
    let mut bench = Bench::new(REFUSED);
    bench.give(
        "
        1s party a DISCONNECTED
        2s party b DISCONNECTED
        3s party c DISCONNECTED role=EXPERT
        4s party d DISCONNECTED
        5s party e DISCONNECTED name=x
        until 1m
        ",
    );
    // What matches again is told 10 seconds after what was told last.
    expect(
        &bench,
        "
        1s fired a{1} info
        3s updated a{1} critical
        13s updated a{1} critical
        ",
    );
    let alert = bench.world.engine.open_alerts().next().unwrap();
    assert_eq!((alert.occurrences, alert.summary.masked.as_str()), (5, "info"));
}

#[test]
fn a_state_is_weighed_at_its_firing_and_with_every_change_that_its_severity_reads() {
    let meeting = "
rules:
- name: muted
  while: meeting.muted_all
  for: 10s
  severity: info
  severity_if: { critical: meeting.experts > 0, warning: meeting.present > 1 }
";
    let mut bench = Bench::new(meeting);
    bench.give(
        "
        0s conf MUTED_ALL
        1s party a SPEAKING
        2s party b SPEAKING
        20s party c SPEAKING
        30s party b DISCONNECTED
        31s party c SPEAKING role=EXPERT
        40s party c DISCONNECTED
        50s conf UNMUTED_ALL
        ",
    );
    expect(
        &bench,
        "
        10s fired muted{1} warning
        31s updated muted{1} critical
        50s resolved muted{1} critical
        ",
    );

    let participant = "
rules:
- name: holds
  while: party.status == CALL_HOLDING
  keep_firing_for: 10s
  severity_if: { critical: meeting.muted_all || party.name == 'x' }
";
    let mut bench = Bench::new(participant);
    bench.give(
        "
        0s party a CALL_HOLDING
        1s party b CALL_HOLDING
        2s party b CALL_HOLDING name=x
        3s party c CALL_HOLDING
        4s party c SPEAKING
        5s conf MUTED_ALL
        6s party c CALL_HOLDING
        7s restart
        8s party d CALL_HOLDING
        ",
    );
    expect(
        &bench,
        "
        0s fired holds{1,a} warning
        1s fired holds{1,b} warning
        2s updated holds{1,b} critical
        3s fired holds{1,c} warning
        5s updated holds{1,a} critical
        6s updated holds{1,c} critical
        8s fired holds{1,d} critical
        ",
    );
}

#[test]
fn a_reload_changes_what_is_written_and_keeps_what_was_weighed() {
    let rules = |severity: &str| {
        format!(
            "
rules:
- {{ name: a, when: party.status == SPEAKING, key: [party.party_id], {severity} }}
- {{ name: muted, while: meeting.muted_all, {severity} }}
"
        )
    };
    let mut bench = Bench::new(&rules("severity_if: { critical: meeting.present > 1 }"));
    bench.give("0s party a SPEAKING\n1s party b SPEAKING\n2s conf MUTED_ALL");
    bench.load(
        "10s",
        &rules("severity: info, severity_if: { critical: meeting.present > 1 }"),
    );
    // Without the case there is nothing but the severity.
    bench.load("20s", &rules("severity: info"));
    // A state is weighed at once; an event has to match again.
    bench.load(
        "30s",
        &rules("severity: info, severity_if: { warning: meeting.present > 1 }"),
    );
    expect(
        &bench,
        r"
        0s fired a{a} warning
        1s fired a{b} critical
        2s fired muted{1} critical
        10s updated a{a} info
        20s updated a{b} info
        20s updated muted{1} info
        30s updated muted{1} warning
        ",
    );
}
