//! Candidate rules on what a running service has recorded: the same rules give the same firings, other rules show how they differ, and
//! the data folder is left as it is.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use serde_json::Value;

use crate::support::{
    client::{conf, port_full, speaking},
    server::{RULES, Server, Site},
};

/// What `replay` writes for programs.
fn replay(site: &Site, rules: &str) -> Value {
    let path = site.path("candidate.yaml");
    fs::write(&path, rules).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command
        .args(["replay", "-o", "json", "--rules"])
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
    let same = replay(&site, RULES);
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
    let other = replay(&site, &other.replace("meeting.live && ", "meeting.ended && "));
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
