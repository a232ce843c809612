//! Bad rule files and bad configuration, and the answer to each: a row a mistake, with the exact lines in which it is told, all of a run
//! at once. Then what a running server does with files that it cannot take: nothing, and it says so. Certificates are
//! absent, and so are silences, which are asked for over gRPC; what is wrong with a data folder is `storage`'s.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command, sync::Arc, time::Instant};

use bellwether::{
    api::ReloadRulesRequest,
    config::{Config, Flags},
    rule_files,
    rules::diagnostic::Diagnostic,
    selftest,
};
use tonic::Code;

use crate::support::{
    client::{Refusal, port_full},
    server::{RULES, Server, Site, get, metric},
    wait::soon,
};

/// What is wrong, the files, what is said of them.
type Row = (&'static str, Vec<(&'static str, Vec<u8>)>, &'static [&'static str]);

fn row(what: &'static str, text: impl AsRef<[u8]>, told: &'static [&'static str]) -> Row {
    (what, vec![("a.yaml", text.as_ref().to_vec())], told)
}

fn rows() -> Vec<Row> {
    vec![
        row(
            "1: an unknown key",
            "rules:\n- name: a\n  when: party.status == MUTED\n  serverity: critical\n",
            &["a.yaml:4:3: error: unknown key `serverity`; did you mean `severity`?"],
        ),
        (
            "2: one name in two files",
            vec![
                ("a.yaml", b"rules:\n- name: a\n  when: party.status == MUTED\n".to_vec()),
                (
                    "b.yaml",
                    b"rules:\n- name: a\n  when: party.status == SPEAKING\n".to_vec(),
                ),
            ],
            &["b.yaml:2:9: error: two rules named `a`; give one of them another name (a.yaml:2:9: first here)"],
        ),
        row(
            "3: a key that stands twice",
            "rules:\n- name: a\n  when: party.status == MUTED\n  name: b\n",
            &["a.yaml:4:3: error: the key `name` stands twice; remove one of the two (a.yaml:2:3: first here)"],
        ),
        row(
            "4: an alias",
            "define: &a { x: 'true' }\nrules: *a\n",
            &["a.yaml:1:12: error: anchors and aliases are not allowed; name what is shared under `define`"],
        ),
        row(
            "4: a mebibyte of brackets",
            "[".repeat(1 << 20),
            &["a.yaml:1:33: error: nested deeper than 32"],
        ),
        row(
            "5: indentation by a tab",
            "rules:\n- name: a\n\twhen: party.status == MUTED\n",
            &["a.yaml:3:1: error: a tab where the line's indentation is expected; indent with spaces"],
        ),
        row(
            "5: a byte-order mark and CRLF are fine",
            "\u{feff}rules:\r\n- name: a\r\n  when: party.status == MUTED\r\n",
            &[],
        ),
        row(
            "5: a NUL byte",
            "rules:\n- name: a\0\n",
            &["a.yaml:2:10: error: NUL byte in a text file; save the file as UTF-8 text"],
        ),
        row(
            "5: UTF-16",
            b"\xff\xfer\0u\0l\0",
            &["a.yaml is UTF-16; save it as UTF-8"],
        ),
        row(
            "5: Latin-1",
            b"rules: [] # caf\xe9\n",
            &["a.yaml is not UTF-8; save it as UTF-8"],
        ),
        row(
            "6: a number for a text",
            "rules:\n- name: a\n  when: party.billing_code == 33333\n",
            &["a.yaml:3:31: error: `party.billing_code` is text, `33333` is a number; write '33333'"],
        ),
        row(
            "7: a status compared with a reason",
            "rules:\n- name: a\n  when: party.status == PORT_FULL\n",
            &[
                "a.yaml:3:25: error: `party.status` is a participant status, `PORT_FULL` is a disconnect reason; compare PORT_FULL \
                 with party.disconnect_reason",
            ],
        ),
        row(
            "8: defines in a circle",
            "define:\n  a: b\n  b: a\nrules:\n- name: a\n  when: a\n",
            &[
                "a.yaml:3:6: error: this define stands for itself: a -> b -> a",
                "a.yaml:6:9: error: the define `a` has a mistake in it",
            ],
        ),
        row(
            "9: nine kilobytes of dots",
            format!("rules:\n- name: a\n  when: party{}\n", ".b".repeat(4600)),
            &["a.yaml:3:9: error: the expression is 9205 bytes long; 4096 are allowed"],
        ),
        row(
            "9: five thousand comparisons",
            format!("rules:\n- name: a\n  when: {}1\n", "1==".repeat(5000)),
            &["a.yaml:3:9: error: the expression is 15001 bytes long; 4096 are allowed"],
        ),
        row(
            "9: as many as are short enough",
            format!("rules:\n- name: a\n  when: {}1\n", "1==".repeat(1300)),
            &["a.yaml:3:9: error: the expression nests deeper than 64 levels"],
        ),
        row(
            "10: patterns that are too large, or none",
            "rules:\n- name: a\n  when: party.name.matches('(a{1000}){1000}')\n- name: b\n  when: party.name.matches('x(')\n",
            &[
                "a.yaml:3:28: error: the pattern takes more than 1 MiB once compiled",
                "a.yaml:5:28: error: the pattern is wrong at its character 2: unclosed group",
            ],
        ),
        row(
            "11: durations; 0s is one",
            "rules:\n- { name: a, while: meeting.live, for: 5 }\n- { name: b, while: meeting.live, for: -5s }\n- { name: c, while: \
             meeting.live, for: 5 min }\n- { name: d, while: meeting.live, for: 100000h }\n- { name: e, while: meeting.live, for: 0s }\n",
            &[
                "a.yaml:2:40: error: the unit is missing; write `5s` or `5m`",
                "a.yaml:3:40: error: a duration cannot be negative",
                "a.yaml:4:40: error: not a duration; did you mean `5m`?",
                "a.yaml:5:40: error: longer than 30 days",
            ],
        ),
        row(
            "12: two conditions, or none",
            "rules:\n- name: a\n  when: party.status == MUTED\n  while: meeting.live\n- name: b\n  severity: info\n  for: 5s\n",
            &[
                "a.yaml:3:3: error: 2 conditions in one rule: `when` and `while`; make a rule of each (a.yaml:4:3: and here)",
                "a.yaml:5:3: error: a rule without a condition: it has only `for`; give it one of `when`, `while`, `after`, \
                 `sequence` and `quiet`",
            ],
        ),
        row(
            "13: a key that is never there",
            "rules:\n- name: a\n  when: party.status == MUTED\n  key: [conf.status]\n",
            &[
                "a.yaml:4:9: error: never there: the condition holds for party notifications only; leave it out, or the rule can \
                 never fire",
            ],
        ),
        row(
            "14: rules that can never fire",
            "rules:\n- name: a\n  when: party.status == MUTED && party.status != MUTED\n- name: b\n  when: party.country == '86' && \
             party.country == '1'\n",
            &[
                "a.yaml:3:9: warning: `a` can never fire: its condition never holds",
                "a.yaml:5:9: warning: `b` can never fire: its condition never holds",
            ],
        ),
        row(
            "15: templates",
            "rules:\n- name: a\n  when: party.status == MUTED\n  summary: '{{ party.name'\n  description: '{{ partyy.name }}'\n- name: \
             b\n  when: party.status == SPEAKING\n  summary: 'called from {{ party.phone }}'\n",
            &[
                "a.yaml:4:22: error: syntax error: unexpected end of input, expected end of variable block",
                "a.yaml:5:20: error: unknown name `partyy`; did you mean `party`?",
                "a.yaml:8:28: warning: a phone number in a subject line; the summary is the subject of mails; write personal data \
                 into `description`",
            ],
        ),
        row(
            "16: recipients",
            "receivers:\n- name: a\n  email: { to: [\"a@x\\r\\nBcc: b@y\", a@@b, \"N\\nOC <noc@example.com>\", \"{{ party.name \
             }}@example.com\"] }\n",
            &[
                "a.yaml:3:17: error: a recipient with a line break or another control character",
                "a.yaml:3:36: error: not a mail address; write it like noc@example.com",
                "a.yaml:3:42: error: a recipient with a line break or another control character",
                "a.yaml:3:69: error: a recipient is never a template; name the people in receivers, and choose between them in \
                 routes",
            ],
        ),
        row(
            "17: a route to nobody",
            "receivers:\n- name: ops\n  email: { to: [a@example.com] }\nroute: { receiver: opps }\n",
            &["a.yaml:4:20: error: no receiver is named `opps`; did you mean `ops`?"],
        ),
        row(
            "17: a severity that no route takes",
            "rules:\n- name: a\n  when: party.status == MUTED\nreceivers:\n- name: ops\n  email: { to: [a@example.com] }\nroute:\n  \
             routes:\n  - { match: severity == CRITICAL, receiver: ops }\n",
            &[
                "a.yaml:2:9: warning: no route is sure to take the alerts of `a`, severity warning; give `route` a `receiver` for \
                 the rest",
            ],
        ),
        (
            "18: an empty folder",
            vec![("notes.txt", b"x".to_vec())],
            &["no rule files (*.yaml, *.yml) in FOLDER; where no rules are meant, write a file with `rules: []`"],
        ),
    ]
}

#[test]
fn every_bad_rule_file_has_its_answer() {
    for (what, files, expected) in rows() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in &files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let began = Instant::now();
        let told = told(folder.path());
        let took = began.elapsed().as_millis();
        assert_eq!(told, expected, "{what}");
        // Ten times what it takes on a quiet machine; what grows with the square of the file takes minutes.
        assert!(took < 5000, "{what}: {took} ms");
    }
}

/// What is said of a folder of rule files, a line a finding, in the order of their places.
fn told(folder: &Path) -> Vec<String> {
    let short = |text: String| {
        let path = folder.display().to_string();
        text.replace(&format!("{path}/"), "").replace(&path, "FOLDER")
    };
    let source = match rule_files::load(&[folder.to_owned()]) {
        Ok(source) => Arc::new(source),
        Err(error) => return vec![short(error.to_string())],
    };
    let findings = selftest::prepare(&source, None).map_or_else(|found| found, |(compiled, _)| compiled.warnings);
    findings.iter().map(|finding| short(line(finding))).collect()
}

/// A finding with its other places.
fn line(finding: &Diagnostic) -> String {
    let others = finding.others.iter();
    let others = others.map(|other| format!(" ({}: {})", other.location, other.label));
    finding.to_string() + &others.collect::<String>()
}

#[test]
fn every_bad_configuration_has_its_answer() {
    for (what, text, expected) in [
        (
            "20: open to the network without authentication",
            "listen: 0.0.0.0:7400\n",
            "listen: 0.0.0.0:7400 can be reached from other machines, and there is no TLS or authentication yet; listen on \
             127.0.0.1, or set insecure_listen: true where something in front of it guards the port",
        ),
        (
            "20: a secret in the file",
            "mail:\n  from: a@example.com\n  relays: [{ host: a, username: u, password: x }]\n",
            "FILE:3:46: a password does not belong into this file; write it into a file of its own and name that: use \
             password_file",
        ),
        (
            "20: a bound of nothing",
            "limits: { message: 0 }\n",
            "FILE:1:20: expected a size in bytes, from 64KiB to 64MiB, such as 64KiB or 1MiB",
        ),
        (
            "20: two listeners on one port",
            "listen: 127.0.0.1:7400\nadmin: 127.0.0.1:7400\n",
            "listen and admin are both on port 7400; give each a port of its own",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.yaml");
        fs::write(&file, text).unwrap();
        let flags = Flags {
            config: Some(file.clone()),
            ..Flags::default()
        };
        let told = Config::load(&flags).unwrap_err().to_string();
        let told = told.replace(&file.display().to_string(), "FILE");
        // Below its first line an answer may show the line of the file.
        assert_eq!(told.lines().next(), Some(expected), "{what}");
    }
}

/// What makes files unreadable or unfit, whoever runs the test: root reads what others cannot.
fn spoil(site: &Site, how: &str) {
    let (rules, beside) = (site.path("rules"), |name: &str| site.path("rules").join(name));
    match how {
        "half-written" => fs::write(beside("a.yaml"), &RULES[..RULES.len() / 2 - 40]).unwrap(),
        "gone" => fs::remove_dir_all(&rules).unwrap(),
        "a folder that cannot be opened" => {
            fs::remove_dir_all(&rules).unwrap();
            symlink("rules", &rules).unwrap();
        }
        "empty" => fs::remove_file(beside("a.yaml")).unwrap(),
        "a link that leads out" => symlink("/etc/shadow", beside("shadow.yaml")).unwrap(),
        "a link to nothing" => symlink("nowhere.yaml", beside("nowhere.yaml")).unwrap(),
        "a folder for a file" => fs::create_dir(beside("b.yaml")).unwrap(),
        "a pipe" => assert!(
            Command::new("mkfifo")
                .arg(beside("pipe.yaml"))
                .status()
                .unwrap()
                .success()
        ),
        "UTF-16" => fs::write(beside("b.yaml"), b"\xff\xfer\0").unwrap(),
        other => unreachable!("{other}"),
    }
}

fn mend(site: &Site) {
    let _ = fs::remove_dir_all(site.path("rules"));
    fs::create_dir(site.path("rules")).unwrap();
    fs::write(site.path("rules/a.yaml"), RULES).unwrap();
}

#[tokio::test]
async fn files_that_cannot_be_taken_change_nothing() {
    let mut site = Site::new();
    site.config.rules = vec![site.path("rules")];
    mend(&site);
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("1", "a")).await.unwrap();
    let before = client.alerts("state == FIRING").await;

    for (how, named) in [
        ("half-written", ""),
        ("gone", "cannot read"),
        ("a folder that cannot be opened", "cannot read"),
        ("empty", "no rule files"),
        ("a link that leads out", "leads to a place outside"),
        ("a link to nothing", "cannot read"),
        ("a folder for a file", "is not a regular file"),
        ("a pipe", "is not a regular file"),
        ("UTF-16", "is UTF-16"),
    ] {
        spoil(&site, how);
        let answer = soon(client.rules.clone().reload_rules(ReloadRulesRequest {})).await;
        match answer {
            Ok(answer) => assert!(!answer.into_inner().applied, "{how}"),
            Err(status) => {
                let refused = Refusal::of(&status);
                assert_eq!(
                    refused.told(),
                    (Code::FailedPrecondition, "RULES_UNREADABLE", ""),
                    "{how}"
                );
                assert!(status.message().contains(named), "{how}: {}", status.message());
            }
        }
        let ready = get(server.admin, "/readyz").await;
        assert!(
            ready.starts_with("HTTP/1.1 503") && ready.contains("rules: "),
            "{how}: {ready}"
        );
        assert_eq!(
            metric(server.admin, "bellwether_rules_last_reload_successful ").await,
            Some(0.0),
            "{how}"
        );
        assert_eq!(client.alerts("state == FIRING").await, before, "{how}");

        mend(&site);
        let answer = soon(client.rules.clone().reload_rules(ReloadRulesRequest {}))
            .await
            .unwrap();
        assert!(answer.into_inner().applied, "{how}");
        let ready = get(server.admin, "/readyz").await;
        assert!(ready.starts_with("HTTP/1.1 200"), "{how}: {ready}");
        assert_eq!(
            metric(server.admin, "bellwether_rules_last_reload_successful ").await,
            Some(1.0),
            "{how}"
        );
    }
    client.notify(port_full("1", "b")).await.unwrap();
    assert_eq!(client.alerts("state == FIRING").await.len(), 2, "the rules are at work");
}
