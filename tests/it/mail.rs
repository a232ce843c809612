//! From a notification to a mail: it leaves, it is tried again as the same mail, and what became of it is on record.

use std::fs;

use bellwether::{
    archive::{ArchiveReader, DeliveryQuery},
    engine::outbox::Delivery,
    model::AlertId,
};

use crate::support::{
    client::{Client, port_full, speaking},
    process::Process,
    server::{Server, Site, metric},
    smtp::{self, Act, FakeSmtp, Script},
    wait::until,
};

/// The value of a header, as far as its first line goes.
fn header<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
    let head = mail.split_once("\r\n\r\n").map_or(mail, |(head, _)| head);
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
}

fn answering_a_mail(answer: &'static str) -> Script {
    Script {
        message: Act::Say(answer),
        ..Script::default()
    }
}

/// Every attempt at mails about the one alert, the first one first, once there are so many.
async fn deliveries(site: &Site, client: &Client, count: usize) -> Vec<Delivery> {
    let id = client.alerts("").await[0].id.clone();
    let alert = AlertId(u128::from_str_radix(&id, 16).unwrap());
    let archive = ArchiveReader::open(&site.data("archive.db")).unwrap();
    until(async || {
        let query = DeliveryQuery {
            alert: Some(alert),
            wanted: &|_| true,
            before: None,
            limit: 100,
        };
        let mut deliveries = archive.list_deliveries(&query).unwrap().deliveries;
        deliveries.reverse();
        (deliveries.len() >= count).then_some(deliveries)
    })
    .await
}

#[tokio::test]
async fn a_firing_is_told_and_its_end_answers_it() {
    let relay = FakeSmtp::start(Script::default()).await;
    let site = Site::new().with_relay(relay.port());
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("33333", "a")).await.unwrap();
    relay.wait_until(|heard| heard.messages.len() == 1).await;
    client.notify(speaking("33333", "a")).await.unwrap();
    relay.wait_until(|heard| heard.messages.len() == 2).await;

    let heard = relay.heard();
    let [fired, resolved] = heard.messages.as_slice() else {
        panic!("{heard:?}")
    };
    assert_eq!(header(fired, "To"), Some("noc@example.com"));
    assert_eq!(header(fired, "X-Alert-State"), Some("firing"));
    assert!(header(fired, "Subject").unwrap().contains("port-full 33333"), "{fired}");
    assert_eq!(header(fired, "In-Reply-To"), None);
    let id = header(fired, "Message-ID");
    assert!(id.is_some());
    assert_eq!(header(resolved, "X-Alert-State"), Some("resolved"));
    assert_eq!(header(resolved, "In-Reply-To"), id);
    assert_eq!(header(resolved, "References"), id);
    assert_ne!(header(resolved, "Message-ID"), id);
    until(async || {
        (metric(server.admin, "bellwether_mails_total{outcome=\"sent\"} ").await == Some(2.0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_mail_that_is_put_off_comes_again_as_it_was() {
    let relay = FakeSmtp::start(answering_a_mail("451 4.7.1 try again later")).await;
    let site = Site::new().with_relay(relay.port());
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("33333", "a")).await.unwrap();
    relay.wait_until(|heard| heard.messages.len() == 1).await;
    relay.follow(Script::default());
    relay.wait_until(|heard| heard.messages.len() == 2).await;

    let messages = relay.heard().messages;
    assert!(header(&messages[0], "Message-ID").is_some());
    assert_eq!(messages[0], messages[1], "to the byte");
    let [put_off, sent] = deliveries(&site, &client, 2).await.try_into().unwrap();
    assert_eq!((put_off.attempt, sent.attempt), (1, 2));
    assert!(
        format!("{:?}", put_off.result).contains("try again later"),
        "{put_off:?}"
    );
    assert!(put_off.retry_at <= Some(sent.at) && sent.retry_at.is_none());
}

#[tokio::test]
async fn a_refusal_is_final_and_on_record() {
    let relay = FakeSmtp::start(Script {
        rcpt: Act::Say("550 5.1.1 no such mailbox"),
        ..Script::default()
    })
    .await;
    let site = Site::new().with_relay(relay.port());
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("33333", "a")).await.unwrap();
    let refused = deliveries(&site, &client, 1).await;
    assert_eq!((refused.len(), refused[0].attempt, refused[0].retry_at), (1, 1, None));
    assert!(
        format!("{:?}", refused[0].result).contains("no such mailbox"),
        "{refused:?}"
    );
    assert_eq!(
        metric(server.admin, "bellwether_mails_total{outcome=\"refused\"} ").await,
        Some(1.0)
    );
    // Who was not told of the firing is not told of the end.
    client.notify(speaking("33333", "a")).await.unwrap();
    assert_eq!(metric(server.admin, "bellwether_outbox_mails ").await, Some(0.0));
    server.stop().await;
    assert!(relay.heard().messages.is_empty());
}

#[tokio::test]
async fn a_relay_that_is_down_gets_its_mail_when_it_is_up() {
    let down = smtp::down();
    let site = Site::new().with_relay(down.local_addr().unwrap().port());
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("33333", "a")).await.unwrap();
    let put_off = deliveries(&site, &client, 1).await;
    assert!(put_off[0].retry_at.is_some());
    let relay = FakeSmtp::start_on(down, Script::default());
    relay.wait_until(|heard| heard.messages.len() == 1).await;
    assert_eq!(deliveries(&site, &client, 2).await[1].retry_at, None);
}

#[tokio::test]
async fn without_a_relay_a_mail_is_a_file() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("33333", "a")).await.unwrap();
    deliveries(&site, &client, 1).await;
    let files: Vec<_> = fs::read_dir(site.path("outbox"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(file.extension().unwrap(), "eml");
    let mail = fs::read_to_string(file).unwrap();
    assert_eq!(header(&mail, "To"), Some("noc@example.com"));
    assert!(header(&mail, "Subject").unwrap().contains("port-full 33333"), "{mail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_was_taken_but_not_recorded_comes_again_under_its_name() {
    // It takes the mail and never says so.
    let relay = FakeSmtp::start(Script {
        message: Act::Silence,
        ..Script::default()
    })
    .await;
    let site = Site::new().with_relay(relay.port());
    let process = Process::start(&site);
    process.client().await.notify(port_full("33333", "a")).await.unwrap();
    relay.wait_until(|heard| heard.messages.len() == 1).await;
    process.kill();

    relay.follow(Script::default());
    let process = Process::start(&site);
    relay.wait_until(|heard| heard.messages.len() == 2).await;
    let messages = relay.heard().messages;
    assert!(header(&messages[0], "Message-ID").is_some());
    assert_eq!(messages[0], messages[1], "to the byte");
    let client = process.client().await;
    let taken = &deliveries(&site, &client, 1).await[0];
    assert_eq!(taken.retry_at, None);
    assert_eq!(taken.attempt, 2, "the first was on record before its final dot");
    assert_eq!(process.terminate().await, Some(0));
    assert_eq!(
        relay.heard().messages.len(),
        2,
        "once it is recorded it is not sent again"
    );
}
