//! Names, numbers and places of people: masked wherever they are shown, and absent wherever they are not.

use bellwether::api::{
    ExplainAlertRequest, GetMeetingRequest, ListMeetingsRequest, Notification, SubscribeRequest, notification::Payload,
};

use crate::support::{
    client::{Refusal, conf, port_full, raw, speaking, with_id},
    process::{Started, command},
    server::{Site, get},
    wait::{soon, until},
};

/// Texts that nothing else contains.
const CANARIES: [&str; 4] = ["Zyx-Canary", "13900007777", "(86)13900008888", "Qvw-Town"];

fn with_canaries(notification: Notification) -> Notification {
    let Some(Payload::Party(mut party)) = notification.payload else {
        panic!("{notification:?}")
    };
    [party.name, party.phone, party.acm_phone, party.city] = CANARIES.map(str::to_owned);
    Notification {
        payload: Some(Payload::Party(party)),
        ..notification
    }
}

#[track_caller]
fn check(place: &str, shown: &str) {
    assert!(!shown.is_empty(), "{place} shows nothing");
    for canary in CANARIES {
        assert!(!shown.contains(canary), "{place} shows {canary}:\n{shown}");
    }
    for digits in ["00007777", "00008888"] {
        assert!(!shown.contains(digits), "{place} shows {digits}:\n{shown}");
    }
}

#[tokio::test]
async fn nothing_that_leaves_shows_a_person() {
    let site = Site::new();
    let mut serve = command(&site);
    serve.args(["--log-level", "bellwether=trace,info"]);
    let process = Started::new(&site, serve).serving();
    let client = process.client().await;
    let mut feed = client.subscribe(SubscribeRequest::default()).await.unwrap();

    client.notify(conf("1", 1)).await.unwrap();
    client
        .notify(with_id("a", with_canaries(port_full("1", "p"))))
        .await
        .unwrap();
    let fired = feed.event().await;
    let alert = fired.alert.as_ref().unwrap();
    // Masked, not left out.
    assert_eq!(alert.summary, "Z** was refused from meeting 1: no free port");
    assert_eq!(alert.description, "139****7777 from Q**");
    check("the stream", &format!("{fired:?}"));
    check("a list", &format!("{:?}", client.alerts("").await));

    let request = ExplainAlertRequest { id: alert.id.clone() };
    let explained = soon(client.alerts.clone().explain_alert(request)).await.unwrap();
    let explained = format!("{explained:?}");
    check("an explanation", &explained);
    assert!(explained.contains("139****7777"), "{explained}");

    let mut meetings = client.meetings.clone();
    let request = GetMeetingRequest {
        billing_code: "1".to_owned(),
    };
    let meeting = soon(meetings.get_meeting(request)).await.unwrap().into_inner();
    check("a meeting", &format!("{meeting:?}"));
    assert!(format!("{meeting:?}").contains("139****7777"));
    let listed = soon(meetings.list_meetings(ListMeetingsRequest::default()))
        .await
        .unwrap();
    check("the meetings", &format!("{listed:?}"));

    let [name, phone, acm_phone, city] = CANARIES;
    let pairs = format!("name='{name}', phone='{phone}', acmPhone='{acm_phone}', city='{city}'");
    for bad in [
        raw(
            "party",
            &format!("{{billingCode='1', partyId='p', partyStatus='x', {pairs}}}"),
        ),
        raw("party", &format!("{{billingCode='1', partyId='p', {pairs}, {pairs}}}")),
        raw("party", &format!("{{billingCode='1', partyId='p', {pairs}")),
        raw("party", &format!("{{{pairs}}}")),
        raw(name, "{}"),
        with_id("a", with_canaries(speaking("1", "p"))),
        with_id(&name.repeat(20), conf("1", 1)),
    ] {
        let status = client.notify(bad).await.unwrap_err();
        check("an error", &format!("{status:?} {:?}", Refusal::of(&status)));
    }
    let request = SubscribeRequest {
        filter: format!("rule == '{name}' && key.phone == '{phone}' && nonsense"),
        ..Default::default()
    };
    let Err(status) = client.subscribe(request).await else {
        panic!("the filter is taken")
    };
    check("a filter's error", &format!("{:?}", Refusal::of(&status)));

    check("the metrics", &get(process.admin, "/metrics").await);
    check("readiness", &get(process.admin, "/readyz").await);
    let mail = until(async || {
        let mut files = std::fs::read_dir(site.path("outbox")).ok()?;
        let file =
            files.find_map(|file| Some(file.ok()?.path()).filter(|path| path.extension() == Some("eml".as_ref())))?;
        std::fs::read_to_string(file).ok()
    })
    .await;
    check("the mail", &mail);
    process.signal("HUP");
    until(async || process.log().contains("in force").then_some(())).await;
    check("the log", &process.log());
}
