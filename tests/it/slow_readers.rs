//! Readers of the stream that are slower than the alerts, or too many: they are fed from storage, or ended with a word.

use std::time::Duration;

use bellwether::api::{SubscribeRequest, subscribe_response::Payload};
use tonic::Code;

use crate::support::{
    client::{Client, Refusal, after, endpoint},
    server::{Server, Site, metric},
    wait::until,
};

fn dense(from: u64, to: u64) -> Vec<u64> {
    (from..=to).collect()
}

/// A connection that takes little before its reader does.
async fn narrow(server: &Server) -> Client {
    let endpoint = endpoint(server.address)
        .initial_stream_window_size(65_535)
        .initial_connection_window_size(65_535);
    Client::dial(endpoint).await.unwrap()
}

#[tokio::test]
async fn a_reader_that_falls_behind_the_ring_is_fed_from_storage() {
    let mut site = Site::new();
    site.config.limits.ring = 16;
    let server = Server::start(&site).await;
    let client = server.client().await;
    let mut slow = narrow(&server)
        .await
        .subscribe(SubscribeRequest::default())
        .await
        .unwrap();
    let mut quick = client.subscribe(SubscribeRequest::default()).await.unwrap();
    for round in 0..40 {
        client.refuse(round * 100..(round + 1) * 100).await;
    }
    for feed in [&mut slow, &mut quick] {
        assert_eq!(feed.sequences(4000).await, dense(1, 4000));
    }
    // Both are live again.
    client.refuse(4000..4001).await;
    for feed in [&mut slow, &mut quick] {
        assert_eq!(feed.event().await.sequence, 4001);
    }
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_ended_and_told_where_it_was() {
    let mut site = Site::new();
    site.config.limits.subscriber_stall = Duration::from_secs(1);
    let server = Server::start(&site).await;
    let client = server.client().await;
    let mut feed = narrow(&server)
        .await
        .subscribe(SubscribeRequest::default())
        .await
        .unwrap();
    client.refuse(0..3000).await;
    // It is gone from the count once the server has ended it; what was on its way to it still is.
    until(async || {
        let subscribers = metric(server.admin, "bellwether_subscribers ").await;
        (subscribers == Some(0.0)).then_some(())
    })
    .await;

    let mut sequences = Vec::new();
    let end = loop {
        match feed.next().await {
            Ok(response) => match response.unwrap().payload {
                Some(Payload::Event(event)) => sequences.push(event.sequence),
                other => panic!("not an event: {other:?}"),
            },
            Err(status) => break Refusal::of(&status),
        }
    };
    assert_eq!(end.told(), (Code::Unavailable, "READER_STALLED", ""));
    let mut resumed = client.subscribe(after(&end.metadata["last_cursor"])).await.unwrap();
    sequences.extend(resumed.sequences(3000 - sequences.len()).await);
    assert_eq!(sequences, dense(1, 3000));
}

#[tokio::test]
async fn as_many_readers_as_are_allowed_and_no_more() {
    let mut site = Site::new();
    site.config.limits.subscribers = 1;
    let server = Server::start(&site).await;
    let client = server.client().await;
    let first = client.subscribe(SubscribeRequest::default()).await.unwrap();
    let refused = client.refusal(SubscribeRequest::default()).await;
    assert_eq!(refused.told(), (Code::ResourceExhausted, "TOO_MANY_SUBSCRIBERS", ""));
    assert!(refused.retry);
    drop(first);
    until(async || client.subscribe(SubscribeRequest::default()).await.ok()).await;
}
