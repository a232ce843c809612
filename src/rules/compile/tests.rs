//! Rule files with mistakes, and what is said of each: a picture of the message stands beside. Conditions, schedules and
//! routes are below, and so is what files without mistakes give.

use std::fmt::Write;

use super::*;
use crate::rules::SourceFile;

fn source(files: &[(&str, &str)]) -> Arc<RuleSource> {
    let file = |(name, text): &(&str, &str)| SourceFile {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    };
    Arc::new(RuleSource {
        files: files.iter().map(file).collect(),
    })
}

fn good(text: &str) -> Compiled {
    let source = source(&[("rules.yaml", text)]);
    compile(&source).unwrap_or_else(|findings| panic!("{}", rendered(&findings, &source)))
}

fn findings(files: &[(&str, &str)]) -> String {
    let source = source(files);
    let findings = compile(&source).map_or_else(|findings| findings, |compiled| compiled.warnings);
    rendered(&findings, &source)
}

fn rendered(findings: &[Diagnostic], source: &RuleSource) -> String {
    let mut all = String::new();
    for finding in findings {
        writeln!(all, "{}\n", finding.render(source, false)).unwrap();
    }
    all
}

/// What is said of a rule with these further lines.
fn of_rule(lines: &str) -> String {
    findings(&[("rules.yaml", &format!("rules:\n- name: a\n{lines}"))])
}

macro_rules! told {
    ($name:literal, $findings:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots", omit_expression => true }, {
            insta::assert_snapshot!($name, $findings);
        })
    };
}

mod compiled;
mod conditions;
mod delivery;
mod schedules;

#[test]
fn keys_that_are_not_known() {
    told!(
        "unknown_keys",
        findings(&[(
            "rules.yaml",
            "rule: []\nrules:\n- name: a\n  when: party.status == SPEAKING\n  serverity: critical\n  tally: { at_least: 3 }\n  \
             resolve: { wen: 'true', after: 5m }\nroute: { grup_by: [rule] }\n"
        )])
    );
}

#[test]
fn names_that_stand_twice() {
    told!(
        "names_twice",
        findings(&[
            (
                "a.yaml",
                "rules:\n- name: port-full\n  when: party.status == SPEAKING\n"
            ),
            (
                "b.yaml",
                "rules:\n- name: port-full\n  when: party.status == MUTED\n  when: conf.status == RECORDED\ndefine:\n  x: 'true'\n  x: 'false'\n"
            ),
        ])
    );
}

#[test]
fn text_that_is_no_yaml() {
    let deep = "[".repeat(1 << 20);
    let wide = format!("rules:\n{}", "- x\n".repeat(20_000));
    let mut told = String::new();
    for (name, text) in [
        ("alias.yaml", "define: &a { x: 'true' }\nrules: *a\n"),
        ("deep.yaml", deep.as_str()),
        ("nested.yaml", &"{a: ".repeat(40)),
        ("wide.yaml", wide.as_str()),
        ("tab.yaml", "rules:\n- name: a\n\twhen: 'true'\n"),
        ("nul.yaml", "rules:\n- name: a\0\n"),
        ("merge.yaml", "rules:\n- <<: { name: a }\n"),
        ("tag.yaml", "rules: !include other.yaml\n"),
        ("two.yaml", "rules: []\n---\nrules: []\n"),
        ("brace.yaml", "rules:\n- name: a\n  summary: {{ party.name }} left\n"),
        ("list.yaml", "- name: a\n"),
    ] {
        let source = source(&[(name, text)]);
        for finding in compile(&source).unwrap_err() {
            writeln!(told, "{finding}").unwrap();
            // One of them is a line of a megabyte, which no terminal is to see.
            assert!(finding.render(&source, false).len() < 1000, "{name}");
        }
    }
    told!("no_yaml", told);
}

/// What YAML takes for something of its own, and the advice that makes it an expression.
#[test]
fn expressions_that_yaml_reads_otherwise() {
    let mut told = String::new();
    for lines in [
        "when: !(party.status in [MUTED]) && meeting.live",
        "when: '86' == party.country",
        "when: ['86'].exists(x, x == party.country)",
        "resolve: { when: party.status in [SPEAKING, MUTED], after: 5m }",
        "severity_if: { critical: party.role in [EXPERT] }",
        "when: party.name == 'a: b'",
        "when: party.name == 'a #1'",
        "when: party.name == 'a' # the first",
        "when: \"party.phone.matches('^\\+86')\"",
        "when: \"party.phone.matches('^\\\\+86')\"",
        "sequence:\n  - party.status == SPEAKING\n  - !meeting.live\n  within: 1m",
        "sequence: [party.status in [MUTED, SPEAKING], meeting.live]",
        "summary: it's {a} 'b': c",
        "when: meeting.live\n   unless: meeting.ended",
    ] {
        told += &of_rule(&format!("  {lines}\n"));
    }
    told += &findings(&[("rules.yaml", "define:\n  x: !meeting.live\n")]);
    told!("yaml_traps", told);
}

#[test]
fn byte_order_mark_and_line_ends_of_other_systems_are_fine() {
    let text =
        "\u{feff}rules:\r\n- name: a\r\n  when: |\r\n    party.status == SPEAKING\r\n    && party.phone == ''\r\n";
    assert_eq!(good(text).set.rules.len(), 1);
    told!(
        "line_ends",
        findings(&[("dos.yaml", &text.replace("party.phone", "party.phnoe"))])
    );
}

#[test]
fn places_in_expressions_are_exact() {
    told!(
        "expressions",
        findings(&[(
            "rules.yaml",
            "rules:\n\
             - name: plain\n  when: billing_code == 33333\n\
             - name: number\n  when: party.billing_code == 33333\n\
             - name: quoted\n  when: 'party.status == PORT_FULL'\n\
             - name: block\n  when: |\n    party.status == DISCONNECTED\n      && party.disconnect_reson == BUSY\n\
             - name: escaped\n  when: \"party.nam \\x3d= 'x'\"\n\
             - name: folded\n  when: >\n    party.status == MUTED &&\n    party.nam == 'x'\n\
             - name: state\n  while: conf.status == RECORDED\n\
             - name: deep\n  when: '((((('\n\
             - name: regex\n  when: party.name.matches('(')\n\
             define:\n  a: b\n  b: a\n"
        )])
    );
}

#[test]
fn durations() {
    let mut told = String::new();
    for written in ["5", "-5s", "5 min", "100000h", "soon", "[1s]"] {
        told += &of_rule(&format!("  while: meeting.live\n  for: {written}\n"));
    }
    told += &of_rule("  when: party.status == MUTED\n  resolve: { after: 0s }\n");
    told!("durations", told);
    good("rules:\n- name: a\n  while: meeting.live\n  for: 0s\n");
}

#[test]
fn keys() {
    let mut told = String::new();
    for lines in [
        "  when: party.status == MUTED\n  key: [conf.status]\n",
        "  when: 'true'\n  key: [conf.status, party.name]\n",
        "  when: party.status == MUTED\n  key: [party.billing_code, conf.billing_code]\n",
        "  when: party.status == MUTED\n  key: [party_id]\n",
        "  when: party.status == MUTED\n  key: [meeting.present, party.nmae]\n",
        "  when: party.status == MUTED\n  key: party.phone\n",
        "  while: party.status == MUTED\n  key: [party.billing_code]\n",
        "  while: meeting.live\n  key: [party.phone]\n",
        "  when: party.status == MUTED\n  key: [party.phone]\n  resolve: { when: conf.status == MEETING_END }\n",
    ] {
        told += &of_rule(lines);
    }
    told!("keys", told);
}

#[test]
fn other_values() {
    let mut told = String::new();
    for lines in [
        "  when: 'true'\n  severity: urgent\n",
        "  when: 'true'\n  labels: { team: 7, on-call: x }\n",
        "  when: 'true'\n  enabled: maybe\n",
        "  when: 'true'\n  runbook: see the wiki\n",
    ] {
        told += &of_rule(lines);
    }
    told += &findings(&[(
        "rules.yaml",
        "rules:\n- name: PortFull 2\n  when: 'true'\n- when: 'true'\n- no rule\n",
    )]);
    told!("values", told);
}

#[test]
fn texts() {
    let mut told = String::new();
    for text in [
        "'{{ party.name'",
        "'{{ party.nmae }} was refused'",
        "'{{ partyy.name }}'",
        "'{{ billing_code }} {{ party_id }}'",
        "'{{ party.name|uper }}'",
        "'{{ labels.team }}'",
        "'{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}'",
        "'called from {{ party.phone }}'",
    ] {
        told += &of_rule(&format!("  when: 'true'\n  summary: {text}\n"));
    }
    told!("texts", told);
}

#[test]
fn receivers_and_routes() {
    told!(
        "delivery",
        findings(&[(
            "rules.yaml",
            r#"
rules:
- { name: a, when: party.status == MUTED, severity: critical }
- { name: b, when: party.status == SPEAKING }
receivers:
- name: ops
  email: { to: ["a@x\r\nBcc: b@y", a@@b, "NOC <noc@example.com>", "{{ party.name }}@example.com"], personal_data: open }
- name: nobody
  email: { to: [] }
- name: unused
  email: { to: [a@example.com, A@example.com] }
- name: mailless
route:
  routes:
  - { match: severity == CRITICAL, receiver: opps }
  - { match: severity == CRITICL, receiver: ops }
"#
        )])
    );
}

#[test]
fn warnings() {
    let text = r#"
define:
  refused: party.disconnect_reason == BUSY
  unused: party.status == MUTED
rules:
- { name: never, when: party.status == MUTED && party.status == SPEAKING }
- { name: one, when: refused }
- { name: two, when: party.disconnect_reason==BUSY, severity: critical }
- { name: off, when: party.status == DIALING, enabled: false }
- { name: ends-never, when: party.status == MUTED, resolve: { when: 'false' } }
- { name: contradicts, when: party.country == '86' && party.country == '1' }
- { name: shadow, when: party.status == MUTED, labels: { billing_code: x }, severity: critical }
receivers:
- { name: ops, email: { to: [noc@example.com] } }
- { name: idle, email: { to: [idle@example.com] } }
route:
  routes:
  - { match: severity == CRITICAL, receiver: ops }
"#;
    told!("warnings", findings(&[("rules.yaml", text)]));
    good(text);
}

#[test]
fn tests_of_rules() {
    told!(
        "tests",
        findings(&[(
            "rules.yaml",
            r#"
rules:
- { name: port-full, when: 'true' }
tests:
- name: mistakes
  rules: [port-ful]
  given:
  - 10s: conf {billingCode = '1', status = '1'}
  - 5s: restart
  - 11s: reload other.yaml
  - 12s: { conf: { billing_code: 33333, status: MEETING_STRAT } }
  - 13s: { party: { billing_code: '1', status: 7 } }
  - restart
  - 14s: { silence: { for: 5m } }
  expect:
  - 1s: acked port-full{}
  - 2s: fired port-full
  - 3s: fired portfull{billing_code="1"}
  until: 5
  start: Monday
"#
        )])
    );
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    let told = findings(&[
        ("a.yaml", "rules:\n\t- name: a\n"),
        (
            "b.yaml",
            "rules:\n- { name: b, when: party.statu == MUTED, severity: bad }\nroute: { receiver: perhaps-in-a }\n",
        ),
        ("c.yaml", "rules:\n- { name: c, when: 'true', key: [x] }\n"),
    ]);
    told!("all_at_once", told);
}

#[test]
fn bounds_what_one_run_costs() {
    let codes = |from: i32| {
        (from..from + 17)
            .map(|code| code.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let rule = |name, from| format!("- {{ name: {name}, when: 'party.status in [{}]' }}\n", codes(from));
    let set = |second| format!("rules:\n{}{}", rule("a", 1000), rule("b", second));
    assert_eq!(good(&set(1010)).set.rules.len(), 2);
    let told = findings(&[("rules.yaml", &set(2000))]);
    assert!(told.contains("more than 32 different codes of one kind"), "{told}");

    let many: String = (0..1500).map(|i| format!("k{i}: 0\n")).collect();
    let findings = compile(&source(&[("rules.yaml", &many)])).unwrap_err();
    assert_eq!(findings.len(), 1000);
    assert_eq!(
        findings[999].advice.as_deref(),
        Some("there are 500 more findings, which are left out")
    );
}
