//! What operators do over gRPC, and what becomes of it: on the stream, in mail, after a restart. Silences have a file of their own.

use std::slice;

use bellwether::api::{
    AcknowledgeAlertRequest, Alert, Delivery, ListDeliveriesRequest, ListReceiversRequest, ResolveAlertRequest,
    Severity, TestReceiverRequest, TestRoutesRequest, alert, alert_event::Type, delivery::Outcome,
};
use prost_types::Timestamp;
use tonic::{Code, Status};

use crate::support::{
    client::{Client, Refusal, port_full},
    server::{RULES, Server, Site},
    smtp::{Act, FakeSmtp, Script, about},
    wait::{soon, until},
};

async fn acknowledge(client: &Client, id: &str, comment: &str) -> Result<Alert, Status> {
    let request = AcknowledgeAlertRequest {
        id: id.to_owned(),
        acknowledged_by: "wang".to_owned(),
        comment: comment.to_owned(),
    };
    let answered = soon(client.alerts.clone().acknowledge_alert(request)).await?;
    Ok(answered.into_inner().alert.unwrap())
}

async fn resolve(client: &Client, id: &str) -> Result<Alert, Status> {
    let request = ResolveAlertRequest { id: id.to_owned() };
    let answered = soon(client.alerts.clone().resolve_alert(request)).await?;
    Ok(answered.into_inner().alert.unwrap())
}

#[tokio::test]
async fn an_acknowledged_alert_is_not_repeated_and_a_resolved_one_is_over() {
    let relay = FakeSmtp::start(Script::default()).await;
    let rules = RULES.replace("group_wait: 0s", "group_wait: 0s\n  repeat_interval: 1s");
    let site = Site::with_rules(&rules).with_relay(relay.port());
    let server = Server::start(&site).await;
    let client = server.client().await;
    let mut feed = client.subscribe_to_all().await;
    client.notify(port_full("1111", "a")).await.unwrap();
    let id = feed.event().await.alert.unwrap().id;
    let taken_on = acknowledge(&client, &id, "on it").await.unwrap();
    let said = taken_on.acknowledgement.clone().unwrap();
    assert_eq!(
        (said.acknowledged_by.as_str(), said.comment.as_str()),
        ("wang", "on it")
    );
    assert_eq!(acknowledge(&client, &id, "on it").await.unwrap(), taken_on, "a retry");
    client.notify(port_full("2222", "b")).await.unwrap();
    relay.wait_until(|heard| about(heard, "2222") == 3).await;
    server.stop().await;
    assert_eq!(about(&relay.heard(), "1111"), 1);

    let server = Server::start(&site).await;
    let client = server.client().await;
    assert_eq!(client.alerts("acknowledged").await, [taken_on]);
    let over = resolve(&client, &id).await.unwrap();
    assert_eq!(over.resolve_reason(), alert::ResolveReason::Operator);
    assert_eq!(resolve(&client, &id).await.unwrap(), over, "a retry");
    assert_eq!(acknowledge(&client, &id, "on it").await.unwrap(), over, "a retry");
    relay.wait_until(|heard| about(heard, "1111") == 2).await;

    let told = |refused: Status| {
        let Refusal {
            code, reason, field, ..
        } = Refusal::of(&refused);
        (code, reason, field)
    };
    let expected = |code, reason: &str, field: &str| (code, reason.to_owned(), field.to_owned());
    let late = acknowledge(&client, &id, "another").await.unwrap_err();
    assert_eq!(told(late), expected(Code::FailedPrecondition, "ALERT_RESOLVED", ""));
    let unknown = resolve(&client, &"0".repeat(32)).await.unwrap_err();
    assert_eq!(told(unknown), expected(Code::NotFound, "NOT_FOUND", ""));
    let none = resolve(&client, "").await.unwrap_err();
    assert_eq!(
        told(none),
        expected(Code::InvalidArgument, "REQUIRED_FIELD_MISSING", "id")
    );
    let hidden = acknowledge(&client, &id, "\u{202e}").await.unwrap_err();
    assert_eq!(
        told(hidden),
        expected(Code::InvalidArgument, "CONTROL_CHARACTER", "comment")
    );

    let mut feed = client.subscribe_to_all().await;
    let mut kinds = Vec::new();
    while kinds.last() != Some(&Type::Resolved) {
        let event = feed.event().await;
        if event.alert.as_ref().is_some_and(|alert| alert.id == id) {
            kinds.push(event.r#type());
        }
    }
    assert_eq!(kinds, [Type::Fired, Type::Acknowledged, Type::Resolved]);
}

async fn deliveries(client: &Client, request: ListDeliveriesRequest) -> Result<(Vec<Delivery>, String), Status> {
    let listed = soon(client.alerts.clone().list_deliveries(request)).await?.into_inner();
    Ok((listed.deliveries, listed.next_page_token))
}

#[tokio::test]
async fn deliveries_tell_who_was_reached_and_who_was_not() {
    let relay = FakeSmtp::start(Script {
        rcpt_of: vec![("gone@example.com", Act::Say("550 5.1.1 no such mailbox"))],
        ..Script::default()
    })
    .await;
    let rules = RULES.replace("[noc@example.com]", "[noc@example.com, gone@example.com]");
    let server = Server::start(&Site::with_rules(&rules).with_relay(relay.port())).await;
    let client = server.client().await;
    client.notify(port_full("1111", "a")).await.unwrap();
    let id = client.alerts("").await[0].id.clone();
    let of_alert = ListDeliveriesRequest {
        alert_id: id.clone(),
        receiver: "bridge-ops".to_owned(),
        ..Default::default()
    };
    let listed = until(async || {
        let (listed, _) = deliveries(&client, of_alert.clone()).await.unwrap();
        (listed.len() == 2).then_some(listed)
    })
    .await;
    for (recipient, outcome, answer) in [
        ("noc@example.com", Outcome::Sent, "queued"),
        ("gone@example.com", Outcome::Refused, "no such mailbox"),
    ] {
        let one = listed.iter().find(|one| one.recipient == recipient).unwrap();
        assert_eq!((one.outcome(), one.attempt, one.retry_at), (outcome, 1, None));
        assert!(one.answer.contains(answer), "{one:?}");
        assert_eq!(one.alert_ids, slice::from_ref(&id));
        let only = ListDeliveriesRequest {
            outcome: outcome.into(),
            ..of_alert.clone()
        };
        assert_eq!(deliveries(&client, only).await.unwrap().0, slice::from_ref(one));
    }
    let first = ListDeliveriesRequest {
        page_size: 1,
        ..of_alert.clone()
    };
    let (page, page_token) = deliveries(&client, first.clone()).await.unwrap();
    assert_eq!(page, listed[..1]);
    let second = ListDeliveriesRequest {
        page_token: page_token.clone(),
        ..first
    };
    assert_eq!(
        deliveries(&client, second).await.unwrap(),
        (listed[1..].to_vec(), String::new())
    );
    let foreign = ListDeliveriesRequest {
        page_token,
        ..Default::default()
    };
    let refused = Refusal::of(&deliveries(&client, foreign).await.unwrap_err());
    assert_eq!(
        refused.told(),
        (Code::InvalidArgument, "INVALID_PAGE_TOKEN", "page_token")
    );
    for (alert_id, receiver) in [("nonsense", ""), ("", "nobody")] {
        let none = ListDeliveriesRequest {
            alert_id: alert_id.to_owned(),
            receiver: receiver.to_owned(),
            ..Default::default()
        };
        assert_eq!(deliveries(&client, none).await.unwrap(), (Vec::new(), String::new()));
    }
}

#[tokio::test]
async fn a_drill_arrives_and_says_that_it_is_one() {
    let relay = FakeSmtp::start(Script::default()).await;
    let server = Server::start(&Site::new().with_relay(relay.port())).await;
    let client = server.client().await;
    let testing = |receiver: &str| TestReceiverRequest {
        receiver: receiver.to_owned(),
        requested_by: "wang".to_owned(),
    };
    let mut rules = client.rules.clone();
    let sent = soon(rules.test_receiver(testing("bridge-ops")))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(sent.recipients, ["noc@example.com"]);
    relay.wait_until(|heard| heard.messages.len() == 1).await;
    let mail = relay.heard().messages.remove(0);
    assert!(mail.contains("DRILL") && mail.contains("wang"), "{mail}");
    let arrived = until(async || {
        let all = ListDeliveriesRequest::default();
        deliveries(&client, all).await.unwrap().0.pop()
    })
    .await;
    assert_eq!((arrived.outcome(), arrived.mailed_at), (Outcome::Sent, sent.mailed_at));
    assert!(arrived.alert_ids.is_empty() && client.alerts("").await.is_empty());

    let unknown = Refusal::of(&soon(rules.test_receiver(testing("noc"))).await.unwrap_err());
    assert_eq!(unknown.told(), (Code::NotFound, "NOT_FOUND", ""));
    assert_eq!(unknown.metadata["receivers"], "bridge-ops");
    let unnamed = Refusal::of(&soon(rules.test_receiver(testing(""))).await.unwrap_err());
    assert_eq!(
        unnamed.told(),
        (Code::InvalidArgument, "REQUIRED_FIELD_MISSING", "receiver")
    );
}

const ROUTES: &str = "
rules:
  - name: port-full
    when: party.disconnect_reason == PORT_FULL
    severity: critical
    labels: { team: bridge }
    summary: no free port
receivers:
  - { name: desk, email: { to: [desk@example.com] } }
  - { name: bridge-ops, email: { to: [noc@example.com], cc: [log@example.com] } }
schedules:
  nights: { time_zone: UTC, times: ['22:00-06:00'] }
route:
  receiver: desk
  group_wait: 5s
  repeat_interval: never
  routes:
    - match: labels.team == 'bridge'
      receiver: bridge-ops
      group_by: [rule, phone]
      mute: [nights]
      escalate: [{ after: 15m, receiver: desk }]
";

#[tokio::test]
async fn a_route_explains_itself() {
    let server = Server::start(&Site::with_rules(ROUTES)).await;
    let mut rules = server.client().await.rules;
    // 2026-01-05T23:00:00Z
    let at = Timestamp {
        seconds: 1_767_654_000,
        nanos: 0,
    };
    let asked = TestRoutesRequest {
        rule: "port-full".to_owned(),
        key: [("phone".to_owned(), "13939232332".to_owned())].into(),
        at: Some(at),
        ..Default::default()
    };
    let told = soon(rules.test_routes(asked.clone())).await.unwrap().into_inner();
    let [told] = told.destinations.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(told.receiver, "bridge-ops");
    assert_eq!(told.recipients, ["noc@example.com", "log@example.com"]);
    let way: Vec<(&str, u32)> = told
        .way
        .iter()
        .map(|route| (route.filter.as_str(), route.line))
        .collect();
    assert_eq!(way, [("", 14), ("labels.team == 'bridge'", 18)]);
    assert_eq!(told.group["rule"], "port-full");
    assert_eq!(told.group["phone"], "139****2332");
    assert_eq!(told.held_by, ["nights"]);
    // 06:00 the next day.
    let seconds = at.seconds + 7 * 3600;
    assert_eq!(told.first_mail_at, Some(Timestamp { seconds, nanos: 0 }));
    let mails: Vec<(i64, &str)> = told
        .mails
        .iter()
        .map(|mail| (mail.after.unwrap().seconds, mail.receiver.as_str()))
        .collect();
    assert_eq!(mails, [(5, "bridge-ops"), (905, "desk")]);

    let other = TestRoutesRequest {
        severity: Severity::Info.into(),
        labels: [("team".to_owned(), "desk".to_owned())].into(),
        ..asked.clone()
    };
    let told = soon(rules.test_routes(other)).await.unwrap().into_inner().destinations;
    assert_eq!(told[0].receiver, "desk");
    assert!(told[0].held_by.is_empty());
    let unknown = TestRoutesRequest {
        rule: "nonsense".to_owned(),
        ..asked
    };
    let refused = Refusal::of(&soon(rules.test_routes(unknown)).await.unwrap_err());
    assert_eq!(refused.told(), (Code::NotFound, "NOT_FOUND", ""));
}

#[tokio::test]
async fn receivers_are_listed_with_what_waits_for_them_and_why() {
    let rules = "
rules:
- { name: full, when: party.disconnect_reason == PORT_FULL, key: [party.billing_code, party.party_id] }
receivers:
- { name: ops, email: { to: [a@example.com], cc: [b@example.com], max_per_hour: 60 }, fallback: duty }
- { name: duty, email: { to: [c@example.com], personal_data: clear, send_resolved: false, language: zh } }
route: { receiver: ops, group_wait: 0s }
";
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let server = Server::start(&Site::with_rules(rules).with_relay(port)).await;
    let client = server.client().await;
    let list = async || {
        let mut rules = client.rules.clone();
        soon(rules.list_receivers(ListReceiversRequest {}))
            .await
            .unwrap()
            .into_inner()
    };
    let idle = list().await;
    let [ops, duty] = idle.receivers.as_slice() else {
        panic!("{idle:?}");
    };
    assert_eq!((ops.name.as_str(), ops.fallback.as_str()), ("ops", "duty"));
    assert_eq!(
        (ops.max_per_hour, ops.send_resolved, ops.clear_personal_data),
        (60, true, false)
    );
    assert_eq!(
        (duty.max_per_hour, duty.send_resolved, duty.clear_personal_data),
        (0, false, true)
    );
    assert_eq!((duty.language.as_str(), duty.fallback.as_str()), ("zh", ""));
    assert_eq!((ops.waiting_mails, ops.oldest_mail_at), (0, None));
    assert_eq!((idle.relays.len(), idle.relays[0].trouble.as_str()), (1, ""));

    client.notify(port_full("1", "a")).await.unwrap();
    let told = until(async || Some(list().await).filter(|told| told.receivers[0].deferred_mails == 2)).await;
    let [ops, duty] = told.receivers.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(ops.waiting_mails, 2, "one a recipient");
    assert!(ops.oldest_mail_at.is_some());
    assert_eq!((duty.waiting_mails, duty.oldest_mail_at), (0, None));
    assert_eq!(told.relays[0].name, format!("127.0.0.1:{port}"));
    assert!(!told.relays[0].trouble.is_empty());
}
