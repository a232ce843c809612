//! `replay` of a file, and how two histories differ. A journal is replayed in `tests/it/replay.rs`.

use std::{fs, path::Path};

use super::{
    difference::{Change, Counts, Difference, Firing},
    line,
};
use crate::{
    api::{self, notification::Payload},
    cli::{Exit, testing::run},
    model::Time,
};

const RULES: &str = "
rules:
- name: port-full
  when: party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL
  key: [party.billing_code, party.party_id]
- name: muted
  while: meeting.muted_all
  for: 30s
";

const FILE: &str = r#"# a comment, and a line that says when
2026-01-05T08:00:00Z conf {billingCode = '1', status = '1'}
party {billingCode = '1', partyId = 'a', partyStatus = '0', disconnectReason = '5'}
2026-01-05T08:01:00Z {"conf": {"billingCode": "1", "status": "MUTED_ALL"}}

{"occurredAt": "2026-01-05T08:01:10Z", "party": {"billingCode": "1", "partyId": "b", "status": 0, "disconnectReason": "DISCONNECT_REASON_PORT_FULL", "name": "x"}}
"#;

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn a_file_shows_what_would_fire() {
    let folder = tempfile::tempdir().unwrap();
    let rules = file(folder.path(), "rules.yaml", RULES);
    let recorded = file(folder.path(), "day.txt", FILE);
    let all = [
        "2026-01-05T08:00:00Z port-full{billing_code=\"1\",party_id=\"a\"}",
        "2026-01-05T08:01:10Z port-full{billing_code=\"1\",party_id=\"b\"}",
        "2026-01-05T08:01:30Z muted{billing_code=\"1\"}",
    ];
    for (args, fired) in [
        (&[][..], &all[..2]),
        (&["--to", "2026-01-05T09:00:00Z"], &all[..]),
        (
            &["--from", "2026-01-05T08:00:30Z", "--to", "2026-01-05T08:01:30Z"],
            &all[1..2],
        ),
        (&["--to", "2026-01-05T08:00:00Z"], &[]),
    ] {
        let ran = run(&[&["replay", "--rules", &rules], args, &[&recorded]].concat()).await;
        assert_eq!(ran.ended.unwrap(), Exit::Done, "{args:?}");
        let shown: Vec<&str> = ran.out.lines().filter(|line| line.contains('{')).collect();
        assert_eq!(shown, fired, "{args:?}: {}", ran.out);
    }
    let ran = run(&["replay", "--rules", &rules, "-n", "1", &recorded]).await;
    assert!(ran.out.ends_with("and 1 more; see them with --limit\n"), "{}", ran.out);
    assert!(ran.err.starts_with("4 notifications in "), "{}", ran.err);
    let late = ["--from", "2026-01-05T08:00:30Z"];
    let ran = run(&[&["replay", "--rules", &rules, &recorded], &late[..]].concat()).await;
    assert!(ran.err.starts_with("2 notifications in "), "{}", ran.err);
    let ran = run(&["replay", "--rules", &rules, "-o", "json", &recorded]).await;
    let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (told["would"].as_array().unwrap().len(), &told["differences"]),
        (2, &serde_json::Value::Null)
    );
}

#[tokio::test]
async fn what_cannot_be_replayed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let rules = file(folder.path(), "rules.yaml", RULES);
    let wrong = file(folder.path(), "wrong.yaml", &RULES.replace("muted_all", "muted"));
    let recorded = file(folder.path(), "day.txt", FILE);
    assert_eq!(
        run(&["replay", "--rules", &wrong, &recorded]).await.ended.unwrap(),
        Exit::No
    );
    let told = run(&["replay", "--rules", &wrong, "-o", "json", &recorded]).await;
    let findings: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(findings[0]["severity"], "error");
    for (line, told) in [
        ("meeting {}", "expected conf {…}, party {…} or JSON"),
        ("conf {billingCode = '1'}", "status"),
        (
            "{\"conf\": {}, \"raw\": {\"type\": \"conf\", \"body\": \"{}\"}}",
            "exactly one",
        ),
        (
            "{\"party\": {\"billingCode\": \"1\", \"partyId\": \"a\", \"status\": \"SPEEKING\"}}",
            "SPEEKING",
        ),
        ("{\"party\": {\"billing\": \"1\"}}", "billing"),
        ("{\"conf\"", "JSON"),
        (&format!("conf {}", "x".repeat(1 << 20)), "longer than 1 MiB"),
    ] {
        let bad = file(
            folder.path(),
            "bad.txt",
            &format!("conf {{billingCode = '1', status = '1'}}\n{line}\n"),
        );
        let failure = run(&["replay", "--rules", &rules, &bad]).await.ended.unwrap_err();
        let text = failure.to_string();
        assert_eq!(failure.exit(), Exit::Data, "{line}");
        assert!(text.contains("bad.txt:2: ") && text.contains(told), "{line}: {text}");
    }
    let bad = folder.path().join("bad.txt");
    fs::write(&bad, b"# one\nconf {\xff}\n").unwrap();
    let failure = run(&["replay", "--rules", &rules, &bad.display().to_string()])
        .await
        .ended
        .unwrap_err();
    assert_eq!(failure.exit(), Exit::Data);
    assert!(failure.to_string().contains("bad.txt:2: not UTF-8"), "{failure}");
    let backwards = ["--from", "2026-01-05T08:00:01Z", "--to", "2026-01-05T08:00:00Z"];
    let failure = run(&[&["replay", "--rules", &rules, &recorded], &backwards[..]].concat())
        .await
        .ended
        .unwrap_err();
    assert_eq!(failure.exit(), Exit::Usage);
    let gone = run(&["replay", "--rules", &rules, "/not/there"]).await;
    assert_eq!(gone.ended.unwrap_err().exit(), Exit::NoInput);
    let empty = folder.path().display().to_string();
    let no_store = run(&["replay", "--rules", &rules, "--data", &empty]).await;
    let failure = no_store.ended.unwrap_err();
    assert_eq!(failure.exit(), Exit::NoInput);
    assert_eq!(
        failure.to_string(),
        format!("no data folder at {empty}; name it with --data")
    );
}

#[test]
fn json_is_read_in_protobufs_mapping() {
    let read = |text: &str| line::parse(text).unwrap().unwrap();
    let party = |status, role| {
        Some(Payload::Party(api::ParticipantNotification {
            billing_code: "1".to_owned(),
            party_id: "a".to_owned(),
            status,
            role,
            ..Default::default()
        }))
    };
    for (status, role) in [
        ("5", "0"),
        ("\"SPEAKING\"", "\"EXPERT\""),
        ("\"PARTICIPANT_STATUS_SPEAKING\"", "\"ROLE_EXPERT\""),
    ] {
        let text = format!(
            "{{\"id\": \"n-1\", \"party\": {{\"billingCode\": \"1\", \"partyId\": \"a\", \"status\": {status}, \"role\": {role}}}}}"
        );
        let line = read(&text);
        assert_eq!((line.at, line.notification.id.as_str()), (None, "n-1"));
        assert_eq!(line.notification.payload, party(Some(5), Some(0)), "{text}");
    }
    // What happened before it was received says both.
    let line = read(
        "2026-01-05T08:00:10Z {\"occurredAt\": \"2026-01-05T08:00:00Z\", \"raw\": {\"type\": \"conf\", \"body\": \"{}\"}}",
    );
    assert_eq!(line.at.unwrap().to_string(), "2026-01-05T08:00:10Z");
    assert_eq!(line.notification.occurred_at.unwrap().seconds, 1_767_600_000);
    assert!(line::parse("  # x").unwrap().is_none() && line::parse(" \r\n").unwrap().is_none());
}

fn firing(id: &str, alert: &str, at: i64) -> Firing {
    Firing {
        id: id.to_owned(),
        rule: alert.split('{').next().unwrap().to_owned(),
        alert: alert.to_owned(),
        at: Time::from_nanos(at * 1_000_000_000),
    }
}

#[test]
fn a_difference_is_gone_new_or_moved() {
    let did = [
        firing("1", "a{}", 0),
        firing("2", "b{}", 10),
        firing("3", "b{}", 20),
        firing("4", "c{}", 30),
    ];
    let would = [
        firing("1", "a{}", 0),
        firing("5", "b{}", 25),
        firing("6", "d{}", 40),
        firing("7", "c{}", 30 + 3601),
    ];
    let difference = Difference::between(&did, &would);
    let [_, first_b, second_b, old_c] = did;
    let [_, new_b, new_d, new_c] = would;
    assert_eq!(
        difference.changes,
        [
            Change::Moved {
                then: first_b,
                now: new_b
            },
            Change::OnlyThen(second_b),
            Change::OnlyThen(old_c),
            Change::OnlyNow(new_d),
            Change::OnlyNow(new_c),
        ]
    );
    let counts = |did, would, both| Counts { did, would, both };
    let rules: Vec<_> = difference
        .rules
        .iter()
        .map(|(rule, counts)| (rule.as_str(), *counts))
        .collect();
    assert_eq!(
        rules,
        [
            ("a", counts(1, 1, 1)),
            ("b", counts(2, 1, 0)),
            ("c", counts(1, 1, 0)),
            ("d", counts(0, 1, 0))
        ]
    );
}
