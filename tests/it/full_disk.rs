//! A full disk is said and passes, whichever log meets it first: nothing is acknowledged that has no place, and nothing is lost.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bellwether::api::{GetMeetingRequest, Notification, ReloadRulesRequest, notification::Payload};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::support::{
    client::{Client, Refusal, Sending, conf, port_full, speaking},
    process::{Process, Started, command},
    say,
    server::{RULES, Site, get},
    wait::{soon, until},
};

/// A small file system of its own, mounted where the data is to be; `None`: this system does not allow it.
struct SmallDisk {
    process: Process,
    /// The mount, as the others see it.
    root: PathBuf,
}

impl SmallDisk {
    /// Serves from a disk of so many MiB.
    fn serve(site: &mut Site, mebibytes: u32) -> Option<Self> {
        let allowed = Command::new("unshare").args(["-Urm", "true"]).output();
        if !allowed.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let mount = site.path("disk");
        fs::create_dir(&mount).unwrap();
        site.config.data = mount.join("data");
        let serve = command(site);
        let script = format!("mount -t tmpfs -o size={mebibytes}m small \"$0\" && exec \"$@\"");
        let mut unshare = Command::new("unshare");
        unshare.args(["-Urm", "sh", "-c", &script]).arg(&mount);
        unshare.arg(serve.get_program()).args(serve.get_args());
        let process = Started::new(site, unshare).serving();
        let root = Path::new("/proc").join(process.id().to_string()).join("root");
        let root = root.join(mount.strip_prefix("/").unwrap());
        Some(Self { process, root })
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut ballast = fs::File::create(self.root.join("ballast")).unwrap();
        let block = vec![1; 64 << 10];
        while std::io::Write::write(&mut ballast, &block).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.root.join("ballast")).unwrap();
    }
}

/// What the log says, in detail, of rules that are tried again.
const TRIED_AGAIN: &str = "the rule files still cannot be put in force";

async fn health_of(client: &Client, service: &str) -> ServingStatus {
    let mut health = HealthClient::new(client.channel.clone());
    let service = service.to_owned();
    let checked = soon(health.check(HealthCheckRequest { service })).await;
    checked.unwrap().into_inner().status()
}

/// One that takes much room.
fn large(mut notification: Notification, number: usize) -> Notification {
    notification.id = format!("large-{number}");
    if let Some(Payload::Party(party)) = &mut notification.payload {
        party.country = "x".repeat(4000);
    }
    notification
}

/// Sends batches of what is made of the numbers from 0 on until one is refused; how many notifications were taken, and why no more.
async fn fill_up(client: &Client, notification: impl Fn(usize) -> Notification) -> (usize, Refusal) {
    let mut taken = 0;
    loop {
        match client.batch((taken..taken + 100).map(&notification).collect()).await {
            Ok(results) => {
                assert!(results.iter().all(Result::is_ok));
                taken += 100;
            }
            Err(status) => return (taken, Refusal::of(&status)),
        }
    }
}

/// The same one by one on a stream, from that number on: a little more than a batch may still find a place.
async fn stream_up(
    stream: &mut Sending,
    mut taken: usize,
    notification: impl Fn(usize) -> Notification,
) -> (usize, Refusal) {
    loop {
        stream.send(notification(taken)).await;
        match stream.answer().await {
            Ok(_) => taken += 1,
            Err(status) => return (taken, Refusal::of(&status)),
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_passes() {
    let mut site = Site::new();
    site.config.log.level = "info,bellwether::reload=debug".to_owned();
    let Some(disk) = SmallDisk::serve(&mut site, 96) else {
        return say("SKIP a_full_disk_is_said_and_passes: `unshare -Urm` is not allowed here");
    };
    let process = &disk.process;
    assert!(
        process.log().contains("the data folder lies in memory"),
        "a tmpfs is told of"
    );
    let client = process.client().await;
    let health_of = async |service: &str| health_of(&client, service).await;
    let mut feed = client.subscribe_to_all().await;
    client.notify(port_full("1", "before")).await.unwrap();
    assert_eq!(client.alerts("").await.len(), 1);
    disk.fill();
    // The journal and the event log have a place for it already; the archive has none, and takes it later.
    client.notify(port_full("1", "during")).await.unwrap();
    assert_eq!(feed.sequences(2).await, [1, 2]);

    // Fill the journal's place with what fires nothing.
    let silent = |number: usize| large(speaking("2", &number.to_string()), number);
    let (taken, refusal) = fill_up(&client, silent).await;
    assert_eq!(refusal.told(), (Code::Unavailable, "STORAGE_REFUSES_WRITES", ""));
    assert!(refusal.retry && taken > 0);
    // A stream that was told so is read no further, room or no room: its caller has to send again what was not acknowledged.
    let mut stream = client.stream().await.unwrap();
    let (taken, refusal) = stream_up(&mut stream, taken, silent).await;
    assert_eq!(refusal.told(), (Code::Unavailable, "STORAGE_REFUSES_WRITES", ""));
    soon(stream.messages.closed()).await;
    for service in ["", "bellwether.v1.NotificationService"] {
        assert_eq!(health_of(service).await, ServingStatus::NotServing, "{service}");
    }
    assert_eq!(health_of("bellwether.v1.AlertService").await, ServingStatus::Serving);
    let ready = get(process.admin, "/readyz").await;
    assert!(
        ready.starts_with("HTTP/1.1 503") && ready.contains("storage: "),
        "{ready}"
    );
    let request = GetMeetingRequest {
        billing_code: "1".to_owned(),
    };
    soon(client.meetings.clone().get_meeting(request)).await.unwrap();
    site.write_rules(&format!(
        "{RULES}# Larger than what is left.\n#{}\n",
        "x".repeat(400 << 10)
    ));
    let reload = async || soon(client.rules.clone().reload_rules(ReloadRulesRequest {})).await;
    let refusal = Refusal::of(&reload().await.unwrap_err());
    assert_eq!(refusal.told(), (Code::Unavailable, "STORAGE_REFUSES_WRITES", ""));
    let logged = |what: &str| process.log().matches(what).count();
    let tried = async |times| until(async || (logged(TRIED_AGAIN) >= times).then_some(())).await;
    tried(1).await;
    let told = logged("the rule files cannot be put in force");
    tried(2).await;
    assert_eq!(
        logged("the rule files cannot be put in force"),
        told,
        "tried again without a word"
    );

    disk.free();
    until(async || (health_of("").await == ServingStatus::Serving).then_some(())).await;
    assert!(reload().await.unwrap().into_inner().applied);
    assert!(get(process.admin, "/readyz").await.starts_with("HTTP/1.1 200"));
    let sequence = client.notify(conf("3", 1)).await.unwrap().sequence;
    assert_eq!(sequence, taken as u64 + 3, "what was refused was not applied");
    client.notify(port_full("1", "after")).await.unwrap();
    assert_eq!(feed.event().await.sequence, 3);
    assert_eq!(client.alerts("").await.len(), 3);
    let again = client.batch((0..100).map(silent).collect()).await.unwrap();
    assert!(
        again
            .iter()
            .all(|result| result.as_ref().is_ok_and(|accepted| accepted.duplicate))
    );
}

#[tokio::test]
async fn an_event_log_that_is_full_before_the_journal_is_said_and_passes() {
    // Nobody is mailed: each notification is one event, as large as the notification and larger.
    let (rules, _) = RULES.split_once("receivers:").unwrap();
    let mut site = Site::with_rules(rules);
    let Some(disk) = SmallDisk::serve(&mut site, 96) else {
        return say(
            "SKIP an_event_log_that_is_full_before_the_journal_is_said_and_passes: `unshare -Urm` is not allowed here",
        );
    };
    let process = &disk.process;
    let client = process.client().await;
    disk.fill();
    let firing = |number: usize| large(port_full("1", &number.to_string()), number);
    let (taken, refusal) = fill_up(&client, firing).await;
    assert_eq!(refusal.told(), (Code::Unavailable, "STORAGE_REFUSES_WRITES", ""));
    assert!(refusal.retry && taken > 0);
    assert_eq!(health_of(&client, "").await, ServingStatus::NotServing);
    assert!(get(process.admin, "/readyz").await.starts_with("HTTP/1.1 503"));
    let log = process.log();
    assert!(log.contains("the event log has no room"), "{log}");
    assert!(!log.contains("the journal has no room"), "{log}");
    // What was acknowledged was said, all of it.
    let mut feed = client.subscribe_to_all().await;
    let said: Vec<u64> = (1..=taken as u64).collect();
    assert_eq!(feed.sequences(taken).await, said);

    disk.free();
    until(async || (health_of(&client, "").await == ServingStatus::Serving).then_some(())).await;
    let sequence = client.notify(port_full("1", "after")).await.unwrap().sequence;
    assert_eq!(sequence, taken as u64 + 1, "what was refused was not applied");
    assert_eq!(feed.event().await.sequence, taken as u64 + 1);
    let after = client.alerts("key.party_id == 'after'").await;
    assert_eq!(after.len(), 1, "the archive has caught up");
    let again = client.batch((0..100).map(firing).collect()).await.unwrap();
    assert!(
        again
            .iter()
            .all(|result| result.as_ref().is_ok_and(|accepted| accepted.duplicate))
    );
}
