//! Tests in rule files that pass, that fail, and that cannot be meant; the tests of the catalogue among them.

use std::{fmt::Write, sync::Arc};

use super::*;
use crate::rules::{RuleSource, SourceFile};

/// What the tests of a rule file come to: nothing where all pass.
fn outcome(text: &str) -> String {
    let source = Arc::new(RuleSource {
        files: vec![SourceFile {
            name: "rules.yaml".to_owned(),
            text: text.to_owned(),
        }],
    });
    let mut told = String::new();
    match prepare(&source, Some(&beside)) {
        Ok((compiled, scripts)) => {
            let rules = Arc::new(compiled.set);
            for failure in scripts.iter().filter_map(|script| run(&rules, script).err()) {
                writeln!(told, "{}\n", failure.render(&source, false)).unwrap();
            }
        }
        Err(mistakes) => {
            for mistake in mistakes {
                writeln!(told, "{}\n", mistake.render(&source, false)).unwrap();
            }
        }
    }
    told
}

/// No test here has a file beside it but this one.
fn beside(rule_file: &str, name: &str) -> Result<SourceFile, Box<dyn Error>> {
    let text = match name {
        "later.txt" => "rules:\n- name: b\n  when: conf.status == UNMUTED_ALL\n",
        "wrong.txt" => "rules:\n- name: b\n  when: conf.statu == UNMUTED_ALL\n",
        _ => return Err("no such file".into()),
    };
    Ok(SourceFile {
        name: format!("{name} for {rule_file}"),
        text: text.to_owned(),
    })
}

macro_rules! told {
    ($told:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($told) })
    };
}

/// The example that the manual and the design begin with.
const STOPPED: &str = r#"
rules:
  - name: recording-stopped
    while: meeting.live && meeting.was_recorded && meeting.recording == NOT_RECORDED
    for: 10s
  - name: any
    when: conf.status == RECORDED
tests:
  - name: a stop that is resumed at once does not page
    rules: [recording-stopped]
    given:
      - 0s:  conf {billingCode = '33333', status = '1'}
      - 5s:  conf {billingCode = '33333', status = '101'}
      - 60s: conf {billingCode = '33333', status = '102'}
      - 64s: conf {billingCode = '33333', status = '101'}
      - 80s: conf {billingCode = '33333', status = '102'}
      - 85s: restart
    expect:
"#;

fn expecting(lines: &str) -> String {
    outcome(&format!("{STOPPED}{lines}"))
}

#[test]
fn what_happens_as_expected_passes() {
    assert_eq!(
        expecting("      - 90s: fired recording-stopped{billing_code=\"33333\"}\n    until: 95s"),
        ""
    );
}

#[test]
fn every_difference_fails_and_reads_like_a_compilers() {
    let late = expecting("      - 91s: fired recording-stopped{billing_code=\"33333\"}\n    until: 95s");
    let other = expecting("      - 90s: resolved recording-stopped{billing_code=\"33333\"}");
    let other_key = expecting("      - 90s: fired recording-stopped{billing_code=\"33334\"}");
    let one_too_many = expecting("      []\n    until: 95s");
    let one_too_few = expecting(
        "      - 90s: fired recording-stopped{billing_code=\"33333\"}\n      - 90s: resolved \
         recording-stopped{billing_code=\"33333\"}",
    );
    told!([late, other, other_key, one_too_many, one_too_few].concat());
}

/// Each of its expressions by the key that it stands under, once.
#[test]
fn what_a_rule_saw_is_told_of_each_of_its_expressions() {
    told!(outcome(
        r#"
rules:
  - name: again-and-again
    sequence: [party.status == SPEAKING, party.status == DISCONNECTED, party.status == SPEAKING]
    within: 1m
    unless: conf.status == MEETING_END
    resolve: { when: conf.status == MEETING_END }
    severity_if: { critical: party.role == EXPERT }
tests:
  - name: once is not again
    given:
      - 0s: party {billingCode = '1', partyId = 'a', partyStatus = '5'}
      - 5s: party {billingCode = '1', partyId = 'a', partyStatus = '0'}
    expect:
      - 5s: fired again-and-again{billing_code="1",party_id="a"}
"#
    ));
}

#[test]
fn what_a_test_cannot_mean_is_told_at_its_place() {
    told!(outcome(
        r#"
rules:
  - name: a
    when: conf.status == MUTED_ALL
  - name: b
    when: conf.status == UNMUTED_ALL
tests:
  - name: of vendor's text
    given:
      - 0s: conf {billingCode = '33333', status = 'on'}
      - 0s: "conf {billingCode = '33333', state = '1'}"
      - 0s: party {billingCode = '33333', partyId = '1', partyStatus = '5', connectTime = '1595239406'}
  - name: of times
    given:
      - 0s: { restart: 90s }
      - 10s: conf {billingCode = '33333', status = '1'}
    expect:
      - 100s: fired a{billing_code="33333"}
    until: 95s
  - name: of rules
    rules: [b]
    expect:
      - 0s: fired a{billing_code="33333"}
"#
    ));
}

#[test]
fn a_restart_takes_its_time_and_what_fell_due_meanwhile_happens_at_its_end() {
    assert_eq!(
        outcome(
            r#"
rules:
  - name: muted
    while: meeting.muted_all
    for: 30s
tests:
  - name: over the time it is down
    given:
      - 0s: conf {billingCode = '1', status = '41'}
      - 10s: { restart: 90s }
      - 100s: conf {billingCode = '1', status = '40'}
    expect:
      - 100s: fired muted{billing_code="1"}
      - 100s: resolved muted{billing_code="1"}
  - name: it begins when it says
    start: 2026-03-29T00:59:59Z
    given:
      - 0s: { conf: { billing_code: '1', status: MUTED_ALL, occurred_at: 0s, source: a, id: n-1 } }
      - 1s: { conf: { billing_code: '1', status: MUTED_ALL, occurred_at: 0s, source: a, id: n-1 } }
    expect:
      - 30s: fired muted{billing_code="1"}
"#
        ),
        ""
    );
}

#[test]
fn other_rules_come_into_force_within_a_test() {
    let text = r#"
rules:
  - name: a
    when: conf.status == MUTED_ALL
tests:
  - name: the rules of the same file take the place of these
    given:
      - 0s: conf {billingCode = '1', status = '41'}
      - 10s: { reload: later.txt }
      - 20s: conf {billingCode = '1', status = '40'}
    expect:
      - 0s: fired a{billing_code="1"}
      - 10s: resolved a{billing_code="1"}
      - 20s: fired b{billing_code="1"}
"#;
    assert_eq!(outcome(text), "");
    told!(
        [
            text.replace("later", "wrong"),
            text.replace("later", "missing"),
            text.replace("fired b", "fired c")
        ]
        .map(|text| outcome(&text))
        .concat()
    );
}

#[test]
fn the_catalogue_keeps_its_word() {
    let source = Arc::new(crate::rules::catalogue::source());
    let (compiled, scripts) = prepare(&source, Some(&beside)).unwrap();
    assert_eq!(compiled.warnings, []);
    let mut coverage = Coverage::new(&compiled);
    let rules = Arc::new(compiled.set);
    for script in &scripts {
        run(&rules, script).unwrap_or_else(|failure| panic!("{}", failure.render(&source, false)));
        coverage.add(&rules, script);
    }
    let gaps: Vec<String> = coverage
        .gaps(&rules)
        .iter()
        .map(|gap| gap.render(&source, false))
        .collect();
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
    for rule in &rules.rules {
        let tests = scripts
            .iter()
            .filter(|script| script.name.value.starts_with(rule.name.as_str()));
        assert!(tests.count() >= 3, "{} has too few tests", rule.name);
    }
}

#[test]
fn a_schedule_opens_and_closes_in_the_middle_of_a_test() {
    let text = "
schedules: { shift: { time_zone: Europe/Berlin, times: '09:30-10:00' } }
rules: [{ name: muted, while: meeting.muted_all, for: 5m, during: shift }]
tests:
- name: from half past nine to ten in Berlin, which is an hour ahead of UTC in winter
  given: [{ 0s: { conf: { billing_code: '1', status: MUTED_ALL } } }, { 40m: { restart: 1m } }]
  expect: [{ 35m: 'fired muted{billing_code=\"1\"}' }, { 60m: 'resolved muted{billing_code=\"1\"}' }]
  until: 2h
";
    assert_eq!(outcome(text), "");
}

#[test]
fn coverage_names_what_no_test_reaches() {
    let text = r#"
define:
  refused: gone && party.disconnect_reason in [PORT_FULL, BUSY]
  gone: party.status == DISCONNECTED
rules:
  - name: refused
    when: refused && (meeting.present > 0 || party.role == EXPERT)
    resolve: { when: party.status == SPEAKING }
  - name: crowded
    while: party.status == SPEAKING && meeting.present > 1
    for: 10s
  - name: unseen
    when: conf.status == MUTED_ALL
  - name: off
    when: conf.status == UNMUTED_ALL
    enabled: false
tests:
  - name: one
    rules: [refused]
    given:
      - 0s: { party: { billing_code: '1', party_id: a, status: SPEAKING } }
      - 1s: { party: { billing_code: '1', party_id: b, status: DISCONNECTED, disconnect_reason: BUSY } }
      - 2s: { party: { billing_code: '1', party_id: b, status: SPEAKING } }
    expect:
      - 1s: fired refused{billing_code="1"}
      - 2s: resolved refused{billing_code="1"}
  - name: two
    rules: [crowded]
    given:
      - 0s: { party: { billing_code: '1', party_id: a, status: SPEAKING } }
      - 1s: { party: { billing_code: '1', party_id: b, status: SPEAKING } }
      - 20s: { party: { billing_code: '1', party_id: b, status: MUTED } }
    expect:
      - 11s: fired crowded{billing_code="1",party_id="b"}
      - 11s: fired crowded{billing_code="1",party_id="a"}
      - 20s: resolved crowded{billing_code="1",party_id="b"}
"#;
    let source = Arc::new(RuleSource {
        files: vec![SourceFile {
            name: "rules.yaml".to_owned(),
            text: text.to_owned(),
        }],
    });
    let (compiled, scripts) = prepare(&source, None).unwrap();
    let mut coverage = Coverage::new(&compiled);
    let rules = Arc::new(compiled.set);
    for script in &scripts {
        run(&rules, script).unwrap_or_else(|failure| panic!("{}", failure.render(&source, false)));
        coverage.add(&rules, script);
    }
    assert_eq!(
        (coverage.rules(), coverage.rules().percent()),
        (Share { all: 3, reached: 2 }, 66)
    );
    let mut told = String::new();
    for gap in coverage.gaps(&rules) {
        writeln!(told, "{}\n", gap.render(&source, false)).unwrap();
    }
    let outcomes = coverage.outcomes();
    told!(format!("{told}{} of {}", outcomes.reached, outcomes.all));
}

#[test]
fn all_of_nothing_is_all() {
    assert_eq!(Share { all: 0, reached: 0 }.percent(), 100);
    assert_eq!(Share { all: 3, reached: 2 }.percent(), 66);
}
