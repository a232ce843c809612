//! `watch` against a server that follows a script: streams that end, and cursors that go on.

use std::{collections::VecDeque, fs};

use tonic::Code;
use tonic_types::StatusExt as _;

use super::*;
use crate::{
    cli::testing::{Fake, Script, soon},
    grpc::status::Refused,
};

fn event(sequence: u64) -> api::SubscribeResponse {
    api::SubscribeResponse {
        cursor: format!("after-{sequence}"),
        payload: Some(Payload::Event(api::AlertEvent {
            sequence,
            r#type: api::alert_event::Type::Fired.into(),
            occurred_at: Some(prost_types::Timestamp {
                seconds: 1_767_600_000,
                nanos: 0,
            }),
            alert: Some(api::Alert {
                rule: "port-full".to_owned(),
                severity: api::Severity::Critical.into(),
                key: [("billing_code".to_owned(), sequence.to_string())].into(),
                summary: "no free\u{1b}[2J port".to_owned(),
                ..api::Alert::default()
            }),
        })),
    }
}

fn heartbeat(cursor: &str) -> api::SubscribeResponse {
    api::SubscribeResponse {
        cursor: cursor.to_owned(),
        payload: Some(Payload::Heartbeat(api::Heartbeat {})),
    }
}

fn streams(
    streams: impl IntoIterator<Item = Vec<Result<api::SubscribeResponse, Status>>>,
) -> VecDeque<Vec<Result<api::SubscribeResponse, Status>>> {
    streams.into_iter().collect()
}

async fn server(scripts: VecDeque<Vec<Result<api::SubscribeResponse, Status>>>) -> Fake {
    Fake::start(Script {
        streams: scripts,
        ..Script::default()
    })
    .await
}

#[tokio::test]
async fn an_event_is_a_line_that_cannot_steer_the_terminal() {
    let server = server(streams([vec![Ok(event(1))]])).await;
    let ran = server.run(&["watch", "--count", "1"]).await;
    assert_eq!(ran.ended.unwrap(), Exit::Done);
    assert_eq!(
        ran.out,
        "2026-01-05T08:00:00Z critical fired    port-full{billing_code=\"1\"}  no free\\u{1b}[2J port\n"
    );
}

#[tokio::test]
async fn a_dropped_stream_is_resumed_after_the_last_cursor() {
    let server = server(streams([
        vec![Ok(event(1)), Err(soon(Code::Unavailable))],
        // A heartbeat's cursor counts too, and a stream that just ends is no end.
        vec![Ok(heartbeat("idle-7"))],
        vec![Err(soon(Code::Unavailable))],
        vec![Ok(event(8)), Ok(event(9))],
    ]))
    .await;
    let ran = server
        .run(&["watch", "--count=2", "-o", "json", "--filter", "severity >= WARNING"])
        .await;
    assert_eq!(ran.ended.unwrap(), Exit::Done);
    let sequences: Vec<String> = ran
        .out
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            value["event"]["sequence"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(sequences, ["1", "8"]);
    assert_eq!(
        ran.err.matches("resuming after the last event").count(),
        3,
        "{}",
        ran.err
    );
    let after = |cursor: &str| Some(Start::AfterCursor(cursor.to_owned()));
    server.script(|it| {
        let starts: Vec<_> = it.subscriptions.iter().map(|asked| asked.start.clone()).collect();
        assert_eq!(starts, [None, after("after-1"), after("idle-7"), after("idle-7")]);
        assert!(
            it.subscriptions
                .iter()
                .all(|asked| asked.filter == "severity >= WARNING")
        );
    });
}

#[tokio::test]
async fn a_snapshot_that_was_cut_starts_over() {
    let current = api::SubscribeResponse {
        cursor: String::new(),
        ..event(0)
    };
    let complete = api::SubscribeResponse {
        cursor: "here".to_owned(),
        payload: Some(Payload::SnapshotComplete(api::SnapshotComplete {})),
    };
    let server = server(streams([
        vec![Ok(current.clone()), Err(soon(Code::Unavailable))],
        vec![Ok(current), Ok(complete), Err(soon(Code::Unavailable))],
        vec![Ok(event(5))],
    ]))
    .await;
    let ran = server.run(&["watch", "--snapshot", "--count=3"]).await;
    assert_eq!(ran.ended.unwrap(), Exit::Done);
    server.script(|it| {
        let starts: Vec<_> = it.subscriptions.iter().map(|asked| asked.start.clone()).collect();
        let snapshot = Some(Start::Snapshot(true));
        assert_eq!(
            starts,
            [snapshot.clone(), snapshot, Some(Start::AfterCursor("here".to_owned()))]
        );
    });
}

#[tokio::test]
async fn a_cursor_file_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cursor");
    let file = path.to_str().unwrap();
    let server = server(streams([vec![Ok(event(1)), Ok(event(2))], vec![Ok(event(3))]])).await;
    let first = server
        .run(&["watch", "--count=2", "--snapshot", "--cursor-file", file])
        .await;
    assert_eq!(first.ended.unwrap(), Exit::Done);
    assert_eq!(fs::read_to_string(&path).unwrap(), "after-2\n");
    let second = server
        .run(&["watch", "--count=1", "--snapshot", "--cursor-file", file])
        .await;
    assert_eq!(second.ended.unwrap(), Exit::Done);
    assert_eq!(fs::read_to_string(&path).unwrap(), "after-3\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left aside");
    server.script(|it| {
        assert_eq!(
            it.subscriptions[1].start,
            Some(Start::AfterCursor("after-2".to_owned()))
        )
    });
}

#[tokio::test]
async fn what_cannot_get_better_ends_it() {
    let details = tonic_types::ErrorDetails::with_error_info(
        "CURSOR_EXPIRED",
        "bellwether",
        [("earliest_cursor".to_owned(), "c-9".to_owned())],
    );
    let expired = Status::with_error_details(Code::OutOfRange, "older than retention", details);
    let server = server(streams([vec![Err(expired)]])).await;
    let failure = server.run(&["watch", "--after", "c-1"]).await.ended.unwrap_err();
    assert_eq!(failure.exit(), Exit::Data);
    assert!(
        failure
            .to_string()
            .contains("[CURSOR_EXPIRED]; go on from the earliest event kept with --after c-9"),
        "{failure}"
    );
}

#[tokio::test]
async fn of_a_cursor_that_is_lost_it_is_told_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cursor");
    let file = path.to_str().unwrap();
    fs::write(&path, "c-1\n").unwrap();
    let ahead = Refused::cursor_ahead().into();
    let foreign = Refused::cursor_foreign("after_cursor").into();
    let server = server(streams([vec![Err(ahead)], vec![Err(foreign)], vec![Ok(event(10))]])).await;
    for reason in [
        "history has been lost [CURSOR_AHEAD_OF_LOG]",
        "after_cursor: not a cursor of this service's store [CURSOR_FOREIGN]",
    ] {
        let failure = server.run(&["watch", "--cursor-file", file]).await.ended.unwrap_err();
        assert_eq!(failure.exit(), Exit::Data, "{failure}");
        let advice = "; remove the cursor file, if there is one, and begin with --snapshot";
        assert!(failure.to_string().ends_with(&format!("{reason}{advice}")), "{failure}");
        assert_eq!(
            failure.to_string().matches("cursor of this service").count(),
            usize::from(reason.contains("FOREIGN"))
        );
    }
    let told = server
        .run(&["watch", "--after=c-9", "--count=1", "--cursor-file", file])
        .await;
    assert_eq!(told.ended.unwrap(), Exit::Done);
    server.script(|it| assert_eq!(it.subscriptions[2].start, Some(Start::AfterCursor("c-9".to_owned()))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "after-10\n");
}

#[tokio::test]
async fn a_time_ends_it() {
    // The stream is lost again and again: only the time ends this.
    let server = server(streams((0..100).map(|_| vec![Err(soon(Code::Unavailable))]))).await;
    let ran = server.run(&["watch", "--for", "20ms"]).await;
    assert_eq!(ran.ended.unwrap(), Exit::Done);
    assert_eq!(ran.out, "");
}

#[test]
fn of_an_end_it_is_told_after_how_long_and_why() {
    let Some(Payload::Event(mut event)) = event(1).payload else {
        unreachable!()
    };
    event.r#type = api::alert_event::Type::Resolved.into();
    let alert = event.alert.as_mut().unwrap();
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    (alert.started_at, alert.resolved_at) = (at(1_767_599_390), at(1_767_600_000));
    let plain = |event: &api::AlertEvent| anstream::adapter::strip_str(&line(event)).to_string();
    assert_eq!(
        plain(&event),
        "2026-01-05T08:00:00Z critical resolved port-full{billing_code=\"1\"}  after 10m 10s"
    );
    event.alert.as_mut().unwrap().resolve_reason = api::alert::ResolveReason::Timeout.into();
    assert!(plain(&event).ends_with("after 10m 10s (timeout)"));
}

#[test]
fn since_is_a_moment_or_how_long_ago() {
    assert_eq!(since("2026-01-05T08:00:00Z").unwrap().seconds, 1_767_600_000);
    let now = jiff::Timestamp::now().as_second();
    let ago = since("10m").unwrap().seconds;
    assert!((now - 605..=now - 600 + 5).contains(&ago), "{ago}");
    assert!(since("yesterday").is_err());
}
