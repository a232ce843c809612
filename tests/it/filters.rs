//! Filters over alerts, as a stranger sends them: they choose, or they are refused with the place of the mistake; none harms the process.

use bellwether::api::{SubscribeRequest, subscribe_request::Start};
use tonic::Code;

use crate::support::{
    client::{Refusal, port_full},
    process::Process,
    server::{Server, Site},
};

#[tokio::test]
async fn a_filter_chooses_live_and_from_storage_alike() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    let request = |filter: &str, start| SubscribeRequest {
        filter: filter.to_owned(),
        start,
        ..Default::default()
    };
    let beginning = Some(Start::Since(prost_types::Timestamp::default()));
    for (filter, expected) in [
        ("severity >= WARNING", vec!["a", "b"]),
        ("severity > CRITICAL", vec![]),
        ("key.party_id == 'b'", vec!["b"]),
        ("labels.team == 'bridge' && rule == 'port-full'", vec!["a", "b"]),
        ("labels.team == 'nobody'", vec![]),
    ] {
        let mut live = client.subscribe(request(filter, None)).await.unwrap();
        for party in ["a", "b"] {
            client.notify(port_full(filter, party)).await.unwrap();
        }
        let mut stored = client.subscribe(request(filter, beginning.clone())).await.unwrap();
        for feed in [&mut live, &mut stored] {
            let mut seen = Vec::new();
            while seen.len() < expected.len() {
                let alert = feed.event().await.alert.unwrap();
                if alert.key["billing_code"] == filter {
                    seen.push(alert.key["party_id"].clone());
                }
            }
            assert_eq!(seen, expected, "{filter}");
        }
    }
}

#[tokio::test]
async fn a_bad_filter_is_told_with_its_column() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    for (filter, column) in [
        ("severity >= WARNING && nonsense", "24"),
        ("rule == ", "9"),
        ("'真' == rul", "8"),
        ("severity == 'critical'", "13"),
    ] {
        let request = SubscribeRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        let refused = client.refusal(request).await;
        assert_eq!(refused.told(), (Code::InvalidArgument, "BAD_FILTER", "filter"));
        assert_eq!(refused.metadata["column"], column, "{filter}: {}", refused.message);
    }
}

#[tokio::test]
async fn no_filter_ends_the_process() {
    let process = Process::start(&Site::new());
    let client = process.client().await;
    let deep = [
        ".b".repeat(4500),
        "==".repeat(5000),
        format!("rule{}", ".b".repeat(500)),
        format!("1{}", "==1".repeat(330)),
        "(".repeat(1020),
        "!".repeat(1020),
        "-".repeat(1020),
        "[".repeat(1020),
        format!("{}true", "true?true:".repeat(100)),
        "rule.matches('(a{1000}){1000}')".to_owned(),
        "\u{0}".repeat(100),
    ];
    for filter in deep {
        let shown: String = filter.chars().take(20).collect();
        let request = SubscribeRequest {
            filter,
            ..Default::default()
        };
        match client.subscribe(request).await {
            Ok(_) => assert!(shown.starts_with("true?"), "{shown}"),
            Err(status) => assert_eq!(
                Refusal::of(&status).told(),
                (Code::InvalidArgument, "BAD_FILTER", "filter"),
                "{shown}"
            ),
        }
    }
    client.notify(port_full("1", "a")).await.unwrap();
    assert_eq!(process.terminate().await, Some(0));
}
