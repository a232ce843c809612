//! Candidate rules on what a running service has recorded: the same rules give the same firings, other rules show how they differ, and
//! the data folder is left as it is.

use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Duration};

use bellwether::model::Time;
use serde_json::Value;

use crate::support::{
    client::{conf, port_full, speaking},
    segments::{forget_the_beginning, with_short_beginning},
    server::{RULES, Server, Site},
    wait::until,
};

/// What `replay` writes for programs.
fn replay(site: &Site, rules: &str, window: &[&str]) -> Value {
    let path = site.path("candidate.yaml");
    fs::write(&path, rules).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command
        .args(["replay", "-o", "json"])
        .args(window)
        .arg("--rules")
        .arg(path)
        .arg("--data")
        .arg(&site.config.data);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

fn alerts(told: &Value, list: &str) -> Vec<String> {
    let firings = told[list].as_array().unwrap().iter();
    firings
        .map(|firing| firing["alert"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_recorded_day_shows_what_other_rules_would_have_done() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let client = server.client().await;
    for status in [1, 102] {
        client.notify(conf("1", status)).await.unwrap();
    }
    for party in ["a", "b"] {
        client.notify(port_full("1", party)).await.unwrap();
        client.notify(speaking("1", party)).await.unwrap();
    }
    assert_eq!(client.alerts("").await.len(), 3);

    // Beside the running service.
    let same = replay(&site, RULES, &[]);
    let both = [
        "recording-stopped{billing_code=\"1\"}",
        "port-full{billing_code=\"1\",party_id=\"a\"}",
        "port-full{billing_code=\"1\",party_id=\"b\"}",
    ];
    assert_eq!(
        (alerts(&same, "would"), same["differences"].as_array().unwrap().len()),
        (both.map(str::to_owned).to_vec(), 0)
    );
    assert_eq!(same["notifications"], 6);

    // And on the folder that it left.
    server.stop().await;
    let before = files(&site.config.data);
    let other = RULES.replace(
        "disconnect_reason == PORT_FULL",
        "disconnect_reason == PORT_FULL && party.party_id == 'b'",
    );
    let other = replay(&site, &other.replace("meeting.live && ", "meeting.ended && "), &[]);
    assert_eq!(alerts(&other, "would"), both[2..]);
    let differences = other["differences"].as_array().unwrap();
    let gone: Vec<&str> = differences
        .iter()
        .map(|change| change["did"]["alert"].as_str().unwrap())
        .collect();
    assert_eq!(gone, both[..2]);
    assert!(differences.iter().all(|change| change["would"].is_null()));
    assert_eq!(files(&site.config.data), before, "nothing is written");
}

#[tokio::test]
async fn what_fell_due_counts_when_it_did_so_and_not_when_that_was_noticed() {
    let rules = "
rules:
  - name: not-recorded
    while: meeting.live && meeting.recording == NOT_RECORDED
    for: 20ms
";
    let site = Site::with_rules(rules);
    let server = Server::start(&site).await;
    let client = server.client().await;
    for status in [1, 102] {
        client.notify(conf("1", status)).await.unwrap();
    }
    let alert = until(async || client.alerts("").await.pop()).await;
    let fired_at = alert.started_at.unwrap();
    let at = |nanos| {
        let fired_at = Time::from_parts(fired_at.seconds, fired_at.nanos).unwrap();
        fired_at.plus(Duration::from_nanos(nanos)).to_string()
    };
    let (then, next) = (at(0), at(1));
    for (window, fires) in [
        (["--from", &then], 1),
        (["--from", &next], 0),
        (["--to", &next], 1),
        (["--to", &then], 0),
    ] {
        let told = replay(&site, rules, &window);
        let differences = told["differences"].as_array().unwrap().len();
        assert_eq!(
            (alerts(&told, "would").len(), differences),
            (fires, 0),
            "{window:?}: {told}"
        );
    }
}

#[tokio::test]
async fn what_is_too_old_to_be_compared_is_left_out() {
    let site = Site::new();
    with_short_beginning(&site.config.data);
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("1", "old")).await.unwrap();
    client.refuse(0..100).await;
    server.stop().await;
    let server = Server::start(&site).await;
    server.client().await.notify(port_full("1", "new")).await.unwrap();
    server.stop().await;
    forget_the_beginning(&site.config.data);

    let told = replay(&site, RULES, &[]);
    assert_eq!(
        alerts(&told, "would"),
        ["port-full{billing_code=\"1\",party_id=\"new\"}"]
    );
    assert_eq!(told["differences"], serde_json::json!([]));
}
