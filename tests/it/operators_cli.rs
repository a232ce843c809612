//! The operators' verbs, as a shell runs them against a server.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::{
    client::port_full,
    server::{Server, Site},
};

/// Runs `bellwether ARGS…` as the user `wang`, without holding up the server in this process.
async fn run(server: &Server, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command
        .args(args)
        .env_clear()
        .env("USER", "wang")
        .env("BELLWETHER_SERVER", server.address.to_string())
        .stdin(Stdio::null());
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    let Output { status, stdout, stderr } = ran.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// What a verb that must succeed says to programs.
async fn json(server: &Server, args: &[&str]) -> Value {
    let (code, out, err) = run(server, &[args, &["-o", "json"]].concat()).await;
    assert_eq!(code, Some(0), "{args:?}\n{out}{err}");
    serde_json::from_str(&out).unwrap()
}

/// What a verb that must succeed says to people.
async fn table(server: &Server, args: &[&str]) -> String {
    let (code, out, err) = run(server, args).await;
    assert_eq!(code, Some(0), "{args:?}\n{out}{err}");
    out
}

#[tokio::test]
async fn silences_are_made_listed_and_ended() {
    let server = Server::start(&Site::new()).await;
    let create = ["silence", "create", "rule == 'port-full'", "--for", "2h", "-c", "works"];
    let made = json(&server, &create).await;
    assert_eq!((&made["author"], &made["comment"]), (&"wang".into(), &"works".into()));
    assert_eq!(made["state"], "STATE_ACTIVE");
    let id = made["id"].as_str().unwrap();
    let listed = table(&server, &["silence", "list"]).await;
    assert!(listed.contains("active") && listed.contains(id), "{listed}");
    for id in [id, &id[..8]] {
        assert_eq!(json(&server, &["silence", "show", id]).await, made);
    }

    server.client().await.notify(port_full("1111", "a")).await.unwrap();
    assert!(table(&server, &["alerts", "-f", "silenced"]).await.contains("silenced"));
    let expired = json(&server, &["silence", "expire", id]).await;
    let ended = json(&server, &["silence", "list", "--ended"]).await;
    assert_eq!(
        (&ended[0]["id"], &ended[0]["state"]),
        (&made["id"], &"STATE_ENDED".into())
    );
    assert_eq!(expired, ended);
    let (code, _, err) = run(&server, &["silence", "expire", id]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("there is no such silence"), "{err}");
    let (_, out, _) = run(&server, &["silence", "expire", id]).await;
    assert_eq!(out, "", "there is nothing to show");
    assert_eq!(json(&server, &["silence", "list"]).await, Value::Array(Vec::new()));

    let recurring = [
        "silence",
        "create",
        "true",
        "--for",
        "8d",
        "--weekdays",
        "mon-fri,sun",
        "--times",
        "22:00-06:00",
        "--time-zone",
        "Europe/Berlin",
    ];
    let made = json(&server, &recurring).await;
    assert_eq!(made["schedule"]["weekdays"], serde_json::json!(["mon-fri", "sun"]));
    let listed = table(&server, &["silence", "list"]).await;
    assert!(listed.contains("mon-fri,sun 22:00-06:00 Europe/Berlin"), "{listed}");

    for (args, code, says) in [
        (&["silence", "create", "true"][..], 2, "--for <DURATION>|--until <TIME>"),
        (&["silence", "create", "true", "--for", "100d"], 2, "90d at most"),
        (
            &["silence", "create", "true", "--for", "2h", "--times", "22:00-06:00"],
            2,
            "--time-zone",
        ),
        (&["silence", "create", "nonsense == 1", "--for", "2h"], 65, "`nonsense`"),
        (&["alerts", "--filter", "severty == CRITICAL"], 65, "^^^^^^^"),
        (
            &["deliveries", "0123456789abcdef0123456789abcdef"],
            1,
            "there is no such alert",
        ),
    ] {
        let (ended, _, err) = run(&server, args).await;
        assert_eq!(ended, Some(code), "{args:?}\n{err}");
        assert!(err.contains(says), "{args:?}\n{err}");
    }
}

#[tokio::test]
async fn alerts_are_taken_on_and_ended_and_their_mails_listed() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    client.notify(port_full("1111", "a")).await.unwrap();
    let id = client.alerts("").await[0].id.clone();
    let taken_on = json(&server, &["ack", &id, "--comment", "on it"]).await;
    assert_eq!(taken_on[0]["acknowledgement"]["acknowledgedBy"], "wang");
    assert!(table(&server, &["alerts"]).await.contains("acknowledged"));
    assert!(table(&server, &["alerts", &id]).await.contains("by wang at "));

    // Its beginning does as well as the whole id.
    let beginning = &id[..6];
    assert_eq!(json(&server, &["alerts", beginning]).await["id"], id);
    assert_eq!(
        json(&server, &["ack", beginning, "--comment", "mine"]).await[0]["id"],
        id
    );
    assert!(table(&server, &["explain", beginning]).await.contains("fired"));
    table(&server, &["deliveries", beginning]).await;
    let (code, _, err) = run(&server, &["alerts", &id[..5]]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("there is no such alert"), "{err}");

    // One that is not there costs only itself.
    let unknown = "0".repeat(32);
    let (code, out, err) = run(&server, &["resolve", &unknown, &id]).await;
    assert_eq!(code, Some(1));
    assert!(out.contains("resolved (operator)"), "{out}");
    assert!(
        err.contains(&unknown) && err.contains("there is no such alert"),
        "{err}"
    );
    let (code, _, err) = run(&server, &["ack", &id, "--comment", "late"]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("has ended already"), "{err}");

    crate::support::wait::until(async || {
        let listed = json(&server, &["deliveries", &id, "--outcome", "sent"]).await;
        (listed.as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    let listed = table(&server, &["deliveries", &id]).await;
    assert!(
        listed.contains("noc@example.com") && listed.contains("sent"),
        "{listed}"
    );
}

#[tokio::test]
async fn routes_and_receivers_are_tried() {
    let server = Server::start(&Site::new()).await;
    let told = table(
        &server,
        &[
            "routes",
            "test",
            "--labels",
            "team=bridge,site=a",
            "--at",
            "2026-01-05T08:00:00Z",
        ],
    )
    .await;
    assert!(told.starts_with("bridge-ops (noc@example.com)\n"), "{told}");
    assert!(told.contains("first mail 2026-01-05T08:00:00Z"), "{told}");
    let told = json(&server, &["routes", "test", "--rule", "port-full"]).await;
    assert_eq!(
        (&told[0]["receiver"], &told[0]["each"]),
        (&"bridge-ops".into(), &true.into())
    );

    let listed = json(&server, &["receivers", "list"]).await;
    assert_eq!(
        (&listed["receivers"][0]["name"], &listed["receivers"][0]["waitingMails"]),
        (&"bridge-ops".into(), &"0".into())
    );
    let listed = table(&server, &["receivers", "list"]).await;
    assert!(listed.contains("noc@example.com"), "{listed}");
    let told = json(&server, &["receivers", "test", "bridge-ops"]).await;
    assert_eq!(told[0]["outcome"], "OUTCOME_SENT");
    let (code, _, err) = run(&server, &["receivers", "test", "noc"]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("there are: bridge-ops"), "{err}");
}
