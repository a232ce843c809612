//! The order of the start and of the end, as those see it who send calls here or there by it, and how an operator cuts the end short.

use std::{fs, process::Command};

use bellwether::{
    api::SubscribeRequest,
    server::{self, ServeError},
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::spawn_blocking,
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::support::{
    client::{Client, port_full},
    process::Process,
    server::{Server, Site, get},
    smtp::{Act, FakeSmtp, Script},
    wait::{DEADLINE, soon, until},
};

fn asking(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_ready_before_the_start_is_done_and_the_first_answer_is_that_it_serves() {
    let site = Site::new();
    Server::start(&site).await.stop().await;
    // The start waits for whoever writes what it reads.
    let store = site.data("store");
    let identity = fs::read(&store).unwrap();
    fs::remove_file(&store).unwrap();
    assert!(Command::new("mkfifo").arg(&store).status().unwrap().success());

    let (listener, admin) = (bind().await, bind().await);
    let (address, admin_address) = (listener.local_addr().unwrap(), admin.local_addr().unwrap());
    let (shutdown, told) = oneshot::channel::<()>();
    let told = async {
        let _ = told.await;
    };
    let (config, mail) = (site.config.clone(), site.config.mail.settings());
    let ended = tokio::spawn(server::run(config, mail, None, listener, admin, told, drop));
    let ready = get(admin_address, "/readyz").await;
    assert!(
        ready.starts_with("HTTP/1.1 503") && ready.contains("start: "),
        "{ready}"
    );

    // Asked by now, and answered as soon as there is somebody to answer.
    let channel = Client::connect(address).await.channel;
    let asked = ["", "bellwether.v1.NotificationService", "bellwether.v1.AlertService"].map(|service| {
        let mut health = HealthClient::new(channel.clone());
        tokio::spawn(async move { health.check(asking(service)).await })
    });
    spawn_blocking(move || fs::write(store, identity).unwrap())
        .await
        .unwrap();
    for asked in asked {
        let first = soon(asked).await.unwrap().unwrap().into_inner();
        assert_eq!(first.status(), ServingStatus::Serving);
    }
    until(async || {
        get(admin_address, "/readyz")
            .await
            .starts_with("HTTP/1.1 200")
            .then_some(())
    })
    .await;
    shutdown.send(()).unwrap();
    soon(ended).await.unwrap().unwrap();
}

/// A start that cannot be leaves nothing behind.
#[tokio::test]
async fn no_folder_is_made_for_rule_files_with_mistakes() {
    let site = Site::with_rules("rules: [{ name: without-a-condition }]");
    let (config, mail) = (site.config.clone(), site.config.mail.settings());
    let never = std::future::pending();
    let ended = server::run(config, mail, None, bind().await, bind().await, never, drop);
    let ended = soon(ended).await;
    assert!(matches!(ended, Err(ServeError::Rules)), "{ended:?}");
    assert!(!site.config.data.exists());
}

async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn at_the_end_health_says_no_before_any_stream_ends() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    let mut feed = client.subscribe(SubscribeRequest::default()).await.unwrap();
    let mut health = HealthClient::new(client.channel.clone());
    let mut watch = soon(health.watch(asking(""))).await.unwrap().into_inner();
    let first = soon(watch.message()).await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::Serving);

    let (saw, mut seen) = mpsc::unbounded_channel();
    tokio::spawn({
        let saw = saw.clone();
        async move {
            let next = watch.message().await.unwrap().unwrap();
            saw.send(next.status().as_str_name()).unwrap();
        }
    });
    tokio::spawn(async move {
        feed.end().await;
        saw.send("the end").unwrap();
    });
    let stopping = tokio::spawn(server.stop());
    for expected in ["NOT_SERVING", "the end"] {
        assert_eq!(soon(seen.recv()).await, Some(expected));
    }
    soon(stopping).await.unwrap();
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for first in ["TERM", "INT"] {
        // The end waits for a mail that is under way, for longer than anything here may take.
        let relay = FakeSmtp::start(Script {
            message: Act::Silence,
            ..Script::default()
        })
        .await;
        let mut site = Site::new().with_relay(relay.port());
        site.config.shutdown_grace = DEADLINE * 8;
        let process = Process::start(&site);
        process.client().await.notify(port_full("1", "a")).await.unwrap();
        relay.wait_until(|heard| heard.messages.len() == 1).await;
        process.signal(first);
        until(async || process.log().contains("shutting down").then_some(())).await;
        assert_eq!(process.terminate().await, Some(1), "after SIG{first}");
    }
}
