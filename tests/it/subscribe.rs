//! Alerts out: whatever happens to the stream, the reader or the service, from one cursor to the next there is no gap and no repeat.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use bellwether::api::{
    SubscribeRequest, SubscribeResponse, alert_event::Type, subscribe_request::Start, subscribe_response::Payload,
};
use tonic::Code;

use crate::support::{
    client::{Feed, after, port_full, speaking, starting},
    segments::{forget_the_beginning, with_short_beginning},
    server::{Server, Site},
    wait::soon,
};

#[tokio::test]
async fn a_live_reader_is_told_at_once_and_of_everything() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    client.notify(port_full("1", "before")).await.unwrap();
    let mut feed = client.subscribe(SubscribeRequest::default()).await.unwrap();

    client.notify(port_full("1", "a")).await.unwrap();
    let fired = feed.event().await;
    assert_eq!((fired.sequence, fired.r#type()), (2, Type::Fired));
    assert!((1..=128).contains(&feed.cursor.len()));
    let alert = fired.alert.unwrap();
    assert_eq!(
        (alert.rule.as_str(), alert.key["party_id"].as_str()),
        ("port-full", "a")
    );
    assert_eq!(alert.evidence[0].sequence, 2);

    client.notify(speaking("1", "a")).await.unwrap();
    let resolved = feed.event().await;
    assert_eq!((resolved.sequence, resolved.r#type()), (3, Type::Resolved));
    assert_eq!(resolved.alert.unwrap().id, alert.id);
}

#[tokio::test]
async fn a_snapshot_is_what_is_open_and_goes_on_from_there() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    for party in ["a", "b", "c"] {
        client.notify(port_full("1", party)).await.unwrap();
    }
    client.notify(speaking("1", "b")).await.unwrap();

    let mut feed = client.subscribe(starting(Start::Snapshot(true))).await.unwrap();
    let mut open = Vec::new();
    let complete = loop {
        let response = feed.next().await.unwrap().unwrap();
        match response.payload.unwrap() {
            Payload::Event(event) => {
                assert_eq!((event.sequence, event.r#type()), (0, Type::Current));
                assert_eq!(response.cursor, "");
                open.push(event.alert.unwrap().key["party_id"].clone());
            }
            Payload::SnapshotComplete(_) => break response.cursor,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(open, ["a", "c"]);

    client.notify(speaking("1", "c")).await.unwrap();
    let live = feed.event().await;
    assert_eq!((live.sequence, live.r#type()), (5, Type::Resolved));
    let mut resumed = client.subscribe(after(&complete)).await.unwrap();
    assert_eq!(resumed.event().await, live);

    let refused = client.refusal(starting(Start::Snapshot(false))).await;
    assert_eq!(refused.told(), (Code::InvalidArgument, "INVALID_START", "snapshot"));
}

#[tokio::test]
async fn every_cursor_and_every_instant_leads_to_the_same_history() {
    let site = Site::new();
    let mut server = Server::start(&site).await;
    let mut client = server.client().await;
    for party in 0..8 {
        client.notify(port_full("1", &party.to_string())).await.unwrap();
    }
    client.refuse(8..20).await;
    let mut history = Vec::new();
    let mut feed = client.subscribe_to_all().await;
    while history.len() < 20 {
        history.push(feed.next().await.unwrap().unwrap());
    }
    assert_eq!(
        history.iter().map(sequence).collect::<Vec<_>>(),
        (1..=20).collect::<Vec<_>>()
    );

    for restarted in [false, true] {
        if restarted {
            server.stop().await;
            server = Server::start(&site).await;
            client = server.client().await;
        }
        for (place, response) in history.iter().enumerate().take(19) {
            let rest = &history[place + 1..];
            let mut feed = client.subscribe(after(&response.cursor)).await.unwrap();
            assert_eq!(take(&mut feed, rest.len()).await, rest);

            let at = happened(response);
            let from = history
                .iter()
                .position(|other| later_or_same(happened(other), at))
                .unwrap();
            let mut feed = client.subscribe(starting(Start::Since(at))).await.unwrap();
            assert_eq!(take(&mut feed, history.len() - from).await, history[from..]);
        }
    }
}

async fn take(feed: &mut Feed, count: usize) -> Vec<SubscribeResponse> {
    let mut taken = Vec::with_capacity(count);
    while taken.len() < count {
        taken.push(feed.next().await.unwrap().unwrap());
    }
    taken
}

fn sequence(response: &SubscribeResponse) -> u64 {
    match &response.payload {
        Some(Payload::Event(event)) => event.sequence,
        other => panic!("not an event: {other:?}"),
    }
}

fn later_or_same(one: prost_types::Timestamp, other: prost_types::Timestamp) -> bool {
    (one.seconds, one.nanos) >= (other.seconds, other.nanos)
}

fn happened(response: &SubscribeResponse) -> prost_types::Timestamp {
    match &response.payload {
        Some(Payload::Event(event)) => event.occurred_at.unwrap(),
        other => panic!("not an event: {other:?}"),
    }
}

#[tokio::test]
async fn a_heartbeat_proves_what_was_passed_over() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    let request = SubscribeRequest {
        filter: "rule == 'recording-stopped'".to_owned(),
        heartbeat_interval: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        ..Default::default()
    };
    let mut feed = client.subscribe(request).await.unwrap();
    // What the filter passes over never pauses for long, and is no sign of life to this reader.
    let noise = tokio::spawn({
        let client = client.clone();
        async move {
            for party in 0.. {
                client.notify(port_full("1", &party.to_string())).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    // With it moves the cursor: what it passed over does not come again.
    soon(async {
        loop {
            let response = feed.next().await.unwrap().unwrap();
            assert!(matches!(response.payload, Some(Payload::Heartbeat(_))), "{response:?}");
            let mut rest = client.subscribe(after(&response.cursor)).await.unwrap();
            if rest.event().await.sequence > 1 {
                return;
            }
        }
    })
    .await;
    noise.abort();
    assert!(noise.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_heartbeat_comes_as_often_as_it_may_be_asked_for() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    let with = |seconds, nanos| SubscribeRequest {
        heartbeat_interval: Some(prost_types::Duration { seconds, nanos }),
        ..Default::default()
    };
    for (seconds, nanos) in [(0, 0), (0, 999_999_999), (3600, 1), (-1, 0)] {
        let refused = client.refusal(with(seconds, nanos)).await;
        assert_eq!(
            (refused.code, refused.field.as_str()),
            (Code::InvalidArgument, "heartbeat_interval")
        );
    }
    let started = Instant::now();
    let mut feed = client.subscribe(with(1, 0)).await.unwrap();
    for _ in 0..2 {
        let response = feed.next().await.unwrap().unwrap();
        assert!(matches!(response.payload, Some(Payload::Heartbeat(_))));
    }
    assert!(started.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_drain_ends_every_stream_with_its_cursor() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let client = server.client().await;
    let mut feeds = [
        client.subscribe(SubscribeRequest::default()).await.unwrap(),
        client.subscribe(starting(Start::Snapshot(true))).await.unwrap(),
        client.subscribe_to_all().await,
    ];
    client.notify(port_full("1", "a")).await.unwrap();
    let stopping = tokio::spawn(server.stop());
    let mut ends = Vec::new();
    for feed in &mut feeds {
        let end = feed.end().await;
        assert_eq!(end.told(), (Code::Unavailable, "DRAINING", ""));
        assert!(end.retry);
        ends.push(end);
    }
    soon(stopping).await.unwrap();

    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("1", "b")).await.unwrap();
    for (feed, end) in feeds.iter().zip(ends) {
        let mut resumed = client.subscribe(after(&end.metadata["last_cursor"])).await.unwrap();
        let next = resumed.event().await.sequence;
        // Whether the first event was still sent is the race; that it came once is not.
        let seen = if feed.cursor.is_empty() { 0 } else { 1 };
        assert!(next == 2 || next == seen + 1, "{next} after {seen}");
    }
}

#[tokio::test]
async fn a_cursor_that_is_not_of_this_history_is_told_from_one_that_is_ahead() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let client = server.client().await;
    let stranger = Server::start(&Site::new()).await;
    let foreign = {
        let client = stranger.client().await;
        let mut feed = client.subscribe(SubscribeRequest::default()).await.unwrap();
        client.notify(port_full("1", "a")).await.unwrap();
        feed.event().await;
        feed.cursor
    };
    for cursor in [
        foreign.as_str(),
        "",
        "x",
        "1",
        "1é",
        &"0".repeat(49),
        &"1".repeat(100_000),
    ] {
        let refused = client.refusal(after(cursor)).await;
        assert_eq!(
            refused.told(),
            (Code::InvalidArgument, "CURSOR_FOREIGN", "after_cursor")
        );
    }

    // A folder that was put back as it was before: what a client has seen since is lost, and its cursor proves it.
    server.stop().await;
    let earlier = Site::new();
    copy(&site.config.data, &earlier.config.data);
    let server = Server::start(&site).await;
    let client = server.client().await;
    let mut feed = client.subscribe(SubscribeRequest::default()).await.unwrap();
    client.refuse(0..10).await;
    feed.sequences(10).await;
    let restored = Server::start(&earlier).await;
    let client = restored.client().await;
    let refused = client.refusal(after(&feed.cursor)).await;
    assert_eq!(refused.told(), (Code::DataLoss, "CURSOR_AHEAD_OF_LOG", ""));
}

fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn a_start_before_what_is_kept_is_refused_with_where_to_begin_instead() {
    let site = Site::new();
    with_short_beginning(&site.config.data);
    let server = Server::start(&site).await;
    let client = server.client().await;
    let mut feed = client.subscribe_to_all().await;
    client.notify(port_full("1", "a")).await.unwrap();
    feed.event().await;
    let first = feed.cursor.clone();
    client.refuse(0..100).await;
    feed.sequences(100).await;
    server.stop().await;
    forget_the_beginning(&site.config.data);

    let server = Server::start(&site).await;
    let client = server.client().await;
    let beginning = Start::Since(prost_types::Timestamp::default());
    for start in [after(&first), starting(beginning)] {
        let refusal = client.refusal(start).await;
        assert_eq!(refusal.told(), (Code::OutOfRange, "CURSOR_EXPIRED", ""));
        let earliest = &refusal.metadata["earliest_cursor"];
        let mut feed = client.subscribe(after(earliest)).await.unwrap();
        let next = feed.event().await.sequence;
        assert!((2..=101).contains(&next), "{next}");
        let rest: Vec<u64> = (next + 1..=101).collect();
        assert_eq!(feed.sequences(rest.len()).await, rest);
    }
}
