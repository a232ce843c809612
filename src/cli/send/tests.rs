//! `send` against a server that refuses, is full or breaks off.

use std::{collections::VecDeque, fmt::Write as _, fs};

use clap::Parser as _;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;

use super::*;
use crate::cli::{
    Cli,
    testing::{self, Fake, Script},
};

fn file(text: &str) -> (NamedTempFile, String) {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let name = file.path().to_str().unwrap().to_owned();
    (file, name)
}

const LINES: &str =
    "# three good ones, one bad, one that cannot be sent\n\nconf {a}\n  party {bad}\nconf {b}\nwhat {c}\nparty {d}\n";

#[tokio::test]
async fn every_mode_sends_the_good_and_names_the_bad() {
    let (_kept, name) = file(LINES);
    for mode in ["unary", "batch", "stream"] {
        let server = Fake::start(Script::default()).await;
        let ran = server.run(&["send", &name, "--mode", mode]).await;
        assert_eq!(ran.ended.unwrap(), Exit::No, "{mode}");
        assert_eq!(
            server.script(|it| it.applied.clone()),
            ["conf {a}", "conf {b}", "party {d}"],
            "{mode}"
        );
        for said in [
            // The vendor's text begins in column 9, the server found fault with its third character.
            format!("{name}:4:11: notification.raw.body: not an integer [NOT_AN_INTEGER]\n"),
            format!(
                "{name}:6:1: expected conf {{…}} or party {{…}}; --type says what bodies alone are [UNREADABLE_LINE]\n"
            ),
            match mode {
                "stream" => "3 durable, 2 rejected in ".to_owned(),
                _ => "3 accepted, 2 rejected in ".to_owned(),
            },
        ] {
            assert!(ran.out.contains(&said), "{mode}: {said}\n{}", ran.out);
        }
    }
}

#[tokio::test]
async fn an_id_does_not_change_when_a_line_before_it_is_mended() {
    let (_kept, name) = file(LINES);
    let server = Fake::start(Script::default()).await;
    let ran = server.run(&["send", &name, "--id-prefix", "day"]).await;
    assert_eq!(ran.ended.unwrap(), Exit::No);
    fs::write(&name, LINES.replace("bad", "c").replace("what", "conf")).unwrap();
    let again = server.run(&["send", &name, "--id-prefix", "day"]).await;
    assert_eq!(again.ended.unwrap(), Exit::Done);
    assert_eq!(
        server.script(|it| it.applied.clone()),
        ["conf {a}", "conf {b}", "party {d}", "party {c}", "conf {c}"]
    );
}

#[tokio::test]
async fn json_is_an_object_a_line() {
    let (_kept, name) = file("conf {bad}\n");
    let server = Fake::start(Script::default()).await;
    let ran = server.run(&["send", &name, "-o", "json"]).await;
    let lines: Vec<serde_json::Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["rejected"]["column"], 8, "{}", ran.out);
    assert_eq!(
        lines[1],
        serde_json::json!({ "summary": { "durable": 0, "rejected": 1 } })
    );
}

#[tokio::test]
async fn a_full_queue_is_waited_for_and_nothing_is_lost() {
    let (_kept, name) = file("conf {a}\nconf {busy}\n");
    for mode in ["unary", "batch", "stream"] {
        let script = Script {
            refusals: 2,
            ..Script::default()
        };
        let server = Fake::start(script).await;
        let ran = server.run(&["send", &name, "--mode", mode]).await;
        assert_eq!(ran.ended.unwrap(), Exit::Done, "{mode}");
        assert_eq!(
            server.script(|it| it.applied.clone()),
            ["conf {a}", "conf {busy}"],
            "{mode}"
        );
        assert_eq!(server.script(|it| it.refusals), 0);
    }
}

#[tokio::test]
async fn patience_with_a_full_queue_ends() {
    let (_kept, name) = file("conf {busy}\n");
    for mode in ["unary", "batch", "stream"] {
        let script = Script {
            refusals: usize::MAX,
            ..Script::default()
        };
        let server = Fake::start(script).await;
        let ran = server.run(&["send", &name, "--mode", mode, "--retry-for", "1ms"]).await;
        assert_eq!(ran.ended.unwrap_err().exit(), Exit::Unreachable, "{mode}");
    }
}

/// Twenty thousand lines, more than the window.
fn many() -> String {
    (0..20_000).fold(String::new(), |mut text, number| {
        writeln!(text, "conf {{{number}}}").unwrap();
        text
    })
}

#[tokio::test]
async fn with_ids_a_broken_stream_is_resumed_and_each_is_applied_once_in_order() {
    let (_kept, name) = file(&many());
    let script = Script {
        breaks: VecDeque::from([0, 7, 1_500]),
        ..Script::default()
    };
    let server = Fake::start(script).await;
    let ran = server.run(&["send", &name, "--id-prefix", "run-1"]).await;
    assert_eq!(ran.ended.unwrap(), Exit::Done);
    assert_eq!(
        ran.err.matches("stream lost (not now); trying again").count(),
        3,
        "{}",
        ran.err
    );
    let expected: Vec<String> = many().lines().map(str::to_owned).collect();
    assert!(server.script(|it| it.applied == expected));
    assert!(server.script(|it| it.ids.contains("run-1-1") && it.ids.contains("run-1-20000")));
    assert!(ran.out.starts_with("20000 durable in "), "{}", ran.out);
}

#[tokio::test]
async fn without_ids_a_broken_stream_is_not_repeated() {
    let (_kept, name) = file("conf {a}\nconf {b}\nconf {c}\n");
    let script = Script {
        breaks: VecDeque::from([1]),
        ..Script::default()
    };
    let server = Fake::start(script).await;
    let ran = server.run(&["send", &name]).await;
    let failure = ran.ended.unwrap_err();
    assert_eq!(failure.exit(), Exit::Unreachable);
    assert!(
        failure
            .to_string()
            .contains("with --id-prefix they can be sent again safely"),
        "{failure}"
    );
    assert_eq!(server.script(|it| it.applied.clone()), ["conf {a}"]);
}

#[tokio::test]
async fn one_by_flags_is_typed() {
    let server = Fake::start(Script::default()).await;
    let conf = server
        .run(&["send", "--type", "conf", "--billing-code", "33333", "--status", "-1"])
        .await;
    assert_eq!(conf.ended.unwrap(), Exit::Done);
    let party = server
        .run(&[
            "send",
            "--billing-code=33333",
            "--party-id=7YY1",
            "--status=disconnected",
            "--disconnect-reason=port-full",
            "--role=CLIENT",
        ])
        .await;
    assert_eq!(party.ended.unwrap(), Exit::Done);
    let applied = server.script(|it| it.applied.clone());
    assert!(applied[0].contains("status: Some(MeetingEnd)"), "{applied:?}");
    assert!(applied[1].contains("status: Some(Disconnected)"), "{applied:?}");
    assert!(applied[1].contains("disconnect_reason: Some(PortFull)"), "{applied:?}");
    assert!(applied[1].contains("role: Some(Client)"), "{applied:?}");

    let mixed = server.run(&["send", "--billing-code=3", "--status=speaking"]).await;
    assert_eq!(mixed.ended.unwrap_err().exit(), Exit::Usage);
}

#[test]
fn flags_that_make_no_sense_are_refused_by_the_command_line() {
    for args in [
        &["--billing-code", "1", "file"][..],
        &["--status", "1"],
        &["--billing-code", "1", "--name", "x"],
        &["--billing-code", "1", "--status", "gone"],
        &["--id-prefix", ""],
        &["--id-prefix", "a\nb"],
        &["--retry-for", "5"],
        &["--server", "localhost"],
    ] {
        let line = [&["bellwether", "send"], args].concat();
        assert!(Cli::try_parse_from(line).is_err(), "{args:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_with_its_exit_code() {
    let missing = testing::run(&["send", "/not/there"]).await.ended.unwrap_err();
    assert_eq!(missing.exit(), Exit::NoInput);

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let refused = testing::run(&["send", "--billing-code=1", "--server", &address])
        .await
        .ended
        .unwrap_err();
    assert_eq!(refused.exit(), Exit::Unreachable);
    let said = refused.to_string();
    assert!(
        said.contains(&address) && said.contains("refused") && said.contains("bellwether serve"),
        "{said}"
    );
}

#[tokio::test]
async fn a_server_that_is_no_bellwether_is_told_as_that() {
    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = web.local_addr().unwrap();
    tokio::spawn(axum::serve(web, axum::Router::new()).into_future());
    let (_, health) = tonic_health::server::health_reporter();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = listener.local_addr().unwrap();
    let serving = tonic::transport::Server::builder().add_service(health);
    tokio::spawn(serving.serve_with_incoming(TcpListenerStream::new(listener)));
    for address in [plain, other] {
        for mode in ["unary", "stream"] {
            let (_kept, name) = file("conf {a}\n");
            let ran = testing::run(&[
                "send",
                &name,
                "--mode",
                mode,
                "--retry-for=1ms",
                "--server",
                &address.to_string(),
            ])
            .await;
            let failure = ran.ended.unwrap_err();
            assert_eq!(failure.exit(), Exit::Unreachable, "{failure}");
            assert!(
                failure.to_string().contains("the gRPC port of a bellwether"),
                "{failure}"
            );
        }
    }
}

#[tokio::test]
async fn lines_that_no_server_takes_are_named_and_do_not_stop_the_rest() {
    let mut text = b"conf {a}\nconf {\xff}\nconf {".to_vec();
    text.extend(vec![b'x'; 3 << 20]);
    text.extend(b"}\nconf {b}");
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let server = Fake::start(Script::default()).await;
    let ran = server.run(&["send", file.path().to_str().unwrap()]).await;
    assert_eq!(server.script(|it| it.applied.clone()), ["conf {a}", "conf {b}"]);
    assert!(ran.out.contains(":2:1: not UTF-8"), "{}", ran.out);
    assert!(ran.out.contains(":3:1: longer than 1 MiB"), "{}", ran.out);
}
