//! Why an alert fired, and why a rule did not: each notification with what every part of the rule said of it, and each clock.

use std::process::{Command, Output};

use bellwether::{
    api::{
        Alert, ExplainAlertRequest, ExplainRuleRequest, Explanation, ExplanationStep, clock_change::Change,
        explained_notification::Taken, explanation_step::What,
    },
    grpc::status::ALERT_TYPE_URL,
};
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::pb;

use crate::support::{
    client::{Client, Refusal, conf, port_full, speaking},
    segments::{forget_the_beginning, with_short_beginning},
    server::{Server, Site},
    wait::{soon, until},
};

const RULES: &str = "
define:
  refused: party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL
rules:
  - name: refused
    when: refused && party.name.startsWith('真')
    key: [party.billing_code, party.party_id]
    resolve: { when: party.status == SPEAKING }
  - name: by-phone
    when: refused
    key: [party.phone]
  - name: not-recorded
    while: meeting.live && meeting.recording == NOT_RECORDED
    for: 20ms
  - name: long-not-recorded
    while: meeting.live && meeting.recording == NOT_RECORDED
    for: 1h
  - name: silent
    quiet: conf.status != MUTED_ALL
    for: 1h
    key: [conf.billing_code]
";

async fn of_alert(client: &Client, id: &str) -> Result<Explanation, Status> {
    let request = ExplainAlertRequest { id: id.to_owned() };
    let explained = soon(client.alerts.clone().explain_alert(request)).await?;
    Ok(explained.into_inner().explanation.unwrap())
}

async fn of_rule(client: &Client, rule: &str, billing_code: &str) -> Result<Explanation, Status> {
    let request = ExplainRuleRequest {
        rule: rule.to_owned(),
        billing_code: billing_code.to_owned(),
    };
    let explained = soon(client.rules.clone().explain_rule(request)).await?;
    Ok(explained.into_inner().explanation.unwrap())
}

/// The steps, a line each, and a line for each part of an expression.
fn told(explanation: &Explanation) -> Vec<String> {
    explanation.steps.iter().flat_map(lines).collect()
}

fn lines(step: &ExplanationStep) -> Vec<String> {
    match step.what.as_ref().unwrap() {
        What::Notification(seen) => {
            let sequence = seen.notification.as_ref().unwrap().sequence;
            let taken = match seen.taken() {
                Taken::Repeat => " again",
                _ => "",
            };
            let mut lines = vec![format!("#{sequence}{taken}")];
            for expression in &seen.expressions {
                let parts = expression.parts.iter().map(|part| {
                    let indent = "  ".repeat(part.depth as usize);
                    format!("{}: {indent}{} = {}", expression.line, part.text, part.value)
                });
                lines.extend(parts);
            }
            lines
        }
        What::Clock(clock) => {
            let change = match clock.change() {
                Change::Set => "set",
                Change::Stopped => "stopped",
                Change::Due => "due",
                Change::Unspecified => "?",
            };
            vec![format!("clock {change} {:?}", clock.key)]
        }
        What::Event(event) => vec![event.r#type().as_str_name().to_owned()],
    }
}

async fn alert_of(client: &Client, rule: &str) -> String {
    let filter = format!("rule == '{rule}'");
    until(async || client.alerts(&filter).await.pop()).await.id
}

#[tokio::test]
async fn an_alert_is_explained_by_what_led_to_it() {
    let site = Site::with_rules(RULES);
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(conf("1", 1)).await.unwrap();
    client.notify(speaking("1", "a")).await.unwrap();
    client.notify(port_full("1", "b")).await.unwrap();
    client.notify(port_full("1", "a")).await.unwrap();
    client.notify(port_full("1", "a")).await.unwrap();

    let alerts = client.alerts("rule == 'refused' && key.party_id == 'a'").await;
    let explained = of_alert(&client, &alerts[0].id).await.unwrap();
    assert_eq!(explained.rule, "refused");
    assert!(
        explained.rule_text.starts_with("name: refused\nwhen: refused"),
        "{explained:?}"
    );
    let expected = [
        // What another participant did is no part of it.
        "#1",
        "6: refused && party.name.startsWith('真') = undecided",
        "6:   refused = undecided",
        "6:     party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL = undecided",
        "6:       party.status == DISCONNECTED = undecided",
        "6:         party.status = undecided",
        "6:       party.disconnect_reason == PORT_FULL = undecided",
        "6:         party.disconnect_reason = undecided",
        "6:   party.name.startsWith('真') = undecided",
        "6:     party.name = undecided",
        "8: party.status == SPEAKING = undecided",
        "8:   party.status = undecided",
        "#2",
        "6: refused && party.name.startsWith('真') = false",
        "6:   refused = false",
        "6:     party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL = false",
        "6:       party.status == DISCONNECTED = false",
        "6:         party.status = SPEAKING",
        "8: party.status == SPEAKING = true",
        "8:   party.status = SPEAKING",
        "#4",
        "6: refused && party.name.startsWith('真') = true",
        "6:   refused = true",
        "6:     party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL = true",
        "6:       party.status == DISCONNECTED = true",
        "6:         party.status = DISCONNECTED",
        "6:       party.disconnect_reason == PORT_FULL = true",
        "6:         party.disconnect_reason = PORT_FULL",
        "6:   party.name.startsWith('真') = true",
        "6:     party.name = '真**'",
        "8: party.status == SPEAKING = false",
        "8:   party.status = DISCONNECTED",
        "TYPE_FIRED",
    ];
    assert_eq!(told(&explained), expected);

    // Across meetings only what can touch the rule is told; and after a restart it is the same, from whichever snapshot.
    let alert = client.alerts("rule == 'by-phone'").await.remove(0);
    let before = of_alert(&client, &alert.id).await.unwrap();
    let told_before = told(&before);
    assert_eq!(
        (told_before[0].as_str(), told_before.last().unwrap().as_str()),
        ("#3", "TYPE_FIRED")
    );
    server.stop().await;
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(conf("1", -1)).await.unwrap();
    assert_eq!(of_alert(&client, &alert.id).await.unwrap(), before);
    assert_eq!(told(&of_alert(&client, &alerts[0].id).await.unwrap()), expected);
    let clear = format!("{before:?}");
    assert!(!clear.contains("真实") && !clear.contains("13939232332"), "{clear}");
}

#[tokio::test]
async fn the_clocks_of_a_state_are_told() {
    let server = Server::start(&Site::with_rules(RULES)).await;
    let client = server.client().await;
    for status in [1, 102] {
        client.notify(conf("1", status)).await.unwrap();
    }
    let clock = |change: &str| format!("clock {change} {{\"billing_code\": \"1\"}}");
    let steps = |explained: &Explanation| -> Vec<String> {
        let lines = told(explained).into_iter();
        lines.filter(|line| line.starts_with(['#', 'c', 'T'])).collect()
    };
    let id = alert_of(&client, "not-recorded").await;
    let explained = of_alert(&client, &id).await.unwrap();
    assert_eq!(
        steps(&explained),
        ["#1", "#2", &clock("set"), &clock("due"), "TYPE_FIRED"]
    );

    for status in [101, 102] {
        client.notify(conf("1", status)).await.unwrap();
    }
    let explained = of_rule(&client, "long-not-recorded", "1").await.unwrap();
    let expected = ["#1", "#2", &clock("set"), "#3", &clock("stopped"), "#4", &clock("set")];
    assert_eq!(steps(&explained), expected);
    let lines = told(&explained);
    assert_eq!(
        lines[lines.len() - 2..],
        ["16:     meeting.recording = NOT_RECORDED".to_owned(), clock("set")]
    );

    // Each notification moves what a silence is waited out by, though the engine looks at it only when the first would be due.
    let explained = of_rule(&client, "silent", "1").await.unwrap();
    let heard = [&clock("stopped"), &clock("set")];
    let mut expected = vec!["#1".to_owned(), clock("set")];
    for sequence in 2..=4 {
        expected.push(format!("#{sequence}"));
        expected.extend(heard.map(String::clone));
    }
    assert_eq!(steps(&explained), expected);
}

#[tokio::test]
async fn a_rule_that_did_not_fire_shows_which_part_was_false() {
    let server = Server::start(&Site::with_rules(RULES)).await;
    let client = server.client().await;
    for meeting in ["1", "2"] {
        client.notify(conf(meeting, 1)).await.unwrap();
    }
    client.notify(speaking("1", "a")).await.unwrap();
    client.notify(speaking("1", "a")).await.unwrap();
    client.notify(speaking("2", "a")).await.unwrap();
    let explained = of_rule(&client, "refused", "1").await.unwrap();
    let told = told(&explained);
    assert!(
        told.contains(&"6:       party.status == DISCONNECTED = false".to_owned()),
        "{told:?}"
    );
    let seen: Vec<&String> = told.iter().filter(|line| line.starts_with('#')).collect();
    assert_eq!(seen, ["#1", "#3", "#4 again"], "{told:?}");
    assert!(!explained.has_begun && explained.left_out_count == 0);

    for (rule, meeting, expected) in [
        ("refusd", "1", (Code::NotFound, "NOT_FOUND", "")),
        ("refused", "3", (Code::NotFound, "NOT_FOUND", "")),
        ("", "1", (Code::InvalidArgument, "REQUIRED_FIELD_MISSING", "rule")),
        (
            "refused",
            "",
            (Code::InvalidArgument, "REQUIRED_FIELD_MISSING", "billing_code"),
        ),
    ] {
        let refused = Refusal::of(&of_rule(&client, rule, meeting).await.unwrap_err());
        assert_eq!(refused.told(), expected, "{rule} {meeting}");
    }
    let refused = Refusal::of(&of_alert(&client, "0123").await.unwrap_err());
    assert_eq!(refused.told(), (Code::NotFound, "NOT_FOUND", ""));
}

#[tokio::test]
async fn what_is_older_than_the_journal_is_refused_with_what_the_alert_kept() {
    let site = Site::with_rules(RULES);
    with_short_beginning(&site.config.data);
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("1", "a")).await.unwrap();
    let old = client.alerts("rule == 'refused'").await.remove(0);
    client.refuse(0..100).await;
    server.stop().await;
    forget_the_beginning(&site.config.data);

    let server = Server::start(&site).await;
    let client = server.client().await;
    let status = of_alert(&client, &old.id).await.unwrap_err();
    let refused = Refusal::of(&status);
    assert_eq!(refused.told(), (Code::FailedPrecondition, "HISTORY_TRIMMED", ""));
    let details = pb::Status::decode(status.details()).unwrap().details;
    let kept = details.iter().find(|detail| detail.type_url == ALERT_TYPE_URL).unwrap();
    assert_eq!(Alert::decode(kept.value.as_slice()).unwrap(), old);

    // What fired since is explained from the snapshot on, though its meeting had begun before.
    client.notify(port_full("1", "b")).await.unwrap();
    let new = client
        .alerts("rule == 'refused' && key.party_id == 'b'")
        .await
        .remove(0);
    let explained = of_alert(&client, &new.id).await.unwrap();
    assert_eq!(told(&explained).last().unwrap(), "TYPE_FIRED");
    assert!(explained.has_begun);
}

#[tokio::test]
async fn the_verb_tells_people_and_programs() {
    let server = Server::start(&Site::with_rules(RULES)).await;
    let client = server.client().await;
    client.notify(conf("1", 1)).await.unwrap();
    client.notify(port_full("1", "a")).await.unwrap();
    let id = client.alerts("rule == 'refused'").await.remove(0).id;
    let address = server.address.to_string();
    let run = async |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
        command.arg("explain").args(args).args(["--server", &address]);
        let ran = tokio::task::spawn_blocking(move || command.output().unwrap());
        let Output { status, stdout, stderr } = ran.await.unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    };
    for args in [&[id.as_str()][..], &["--rule", "refused", "--meeting", "1"]] {
        let people = run(args).await;
        for line in [
            "  name: refused\n",
            "rules.yaml:6:11\n",
            "      DISCONNECTED          party.status\n",
            "      '真**'             party.name\n",
            " fired refused{",
        ] {
            assert!(people.contains(line), "{line}: {people}");
        }
        let programs = run(&[args, &["-o", "json"]].concat()).await;
        let explained: serde_json::Value = serde_json::from_str(&programs).unwrap();
        let steps = explained["steps"].as_array().unwrap();
        assert_eq!(steps[1]["notification"]["expressions"][0]["parts"][0]["value"], "true");
        assert_eq!(steps.last().unwrap()["event"]["alert"]["id"], id.as_str());
    }
}
