//! The data folder after the worst: what was acknowledged is all there, or the start is refused by name; a full disk passes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bellwether::api::{GetMeetingRequest, Notification, SubscribeResponse};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::support::{
    client::{Client, Refusal, after, conf, port_full, speaking, with_id},
    process::{Process, Started, command, run_to_end},
    say,
    segments::{HEADER, change, frames, segments},
    server::{Site, get, metric},
    wait::{soon, until},
};

/// How many notifications [`fill`] sends, each an alert event and a frame of its own.
const COUNT: usize = 20;

fn numbered(number: usize) -> Notification {
    with_id(&number.to_string(), port_full("1", &number.to_string()))
}

async fn fill(client: &Client) {
    for number in 0..COUNT {
        client.notify(numbered(number)).await.unwrap();
    }
}

/// Everything that [`fill`] sent is there once.
async fn check(client: &Client) {
    for number in 0..COUNT {
        let again = client.notify(numbered(number)).await.unwrap();
        assert_eq!((again.sequence, again.duplicate), (number as u64 + 1, true));
    }
    assert_eq!(client.alerts("").await.len(), COUNT);
}

async fn history(client: &Client, count: usize) -> Vec<SubscribeResponse> {
    let mut feed = client.subscribe_to_all().await;
    let mut history = Vec::with_capacity(count);
    while history.len() < count {
        history.push(feed.next().await.unwrap().unwrap());
    }
    history
}

/// The only segment of a log, which is the first.
fn segment(site: &Site, log: &str) -> PathBuf {
    let [segment] = segments(&site.data(log)).try_into().unwrap();
    segment
}

#[tokio::test]
async fn a_second_process_is_refused_and_told_of_the_first() {
    let site = Site::new();
    let first = Process::start(&site);
    let (code, log) = run_to_end(&site);
    assert_eq!(code, Some(75), "{log}");
    assert!(log.contains(&format!("process {} on ", first.id())), "{log}");
    assert!(log.contains(site.config.data.to_str().unwrap()), "{log}");
    first.kill();
    assert_eq!(Process::start(&site).terminate().await, Some(0));
}

#[tokio::test]
async fn a_write_that_was_cut_short_is_put_aside() {
    let site = Site::new();
    let process = Process::start(&site);
    fill(&process.client().await).await;
    process.kill();
    // The beginning of another frame, as a crash in the middle of a write leaves it.
    change(&segment(&site, "journal"), |content| {
        let last = frames(content).pop().unwrap();
        let half = last.len() / 2;
        content.copy_within(last.start..last.start + half, last.end);
    });
    let process = Process::start(&site);
    assert!(process.log().contains("quarantine"), "{}", process.log());
    check(&process.client().await).await;
    assert_eq!(fs::read_dir(site.data("quarantine")).unwrap().count(), 1);
}

#[tokio::test]
async fn what_was_acknowledged_is_never_silently_shortened() {
    let site = Site::new();
    let process = Process::start(&site);
    fill(&process.client().await).await;
    // Killed while the end of a mail is being recorded, the last frame would not be one that anybody was promised.
    let admin = process.admin;
    until(|| async move { (metric(admin, "bellwether_outbox_mails").await == Some(0.0)).then_some(()) }).await;
    process.kill();
    let journal = segment(&site, "journal");
    let good = fs::read(&journal).unwrap();
    let frames = frames(&good);
    let middle = frames[frames.len() / 2].clone();
    let last = frames.last().unwrap().clone();
    let name = journal.file_name().unwrap().to_str().unwrap();

    for (what, damage, at) in [
        (
            "a flipped bit in a payload",
            middle.start + HEADER + 5..middle.start + HEADER + 6,
            middle.start,
        ),
        (
            "a flipped bit in a header",
            middle.start + 50..middle.start + 51,
            middle.start,
        ),
        ("a lost last frame", last.clone(), last.start),
        ("a lost frame in the middle", middle.clone(), middle.start),
    ] {
        let mut content = good.clone();
        for byte in &mut content[damage.clone()] {
            *byte = if damage.len() == 1 { *byte ^ 0x10 } else { 0 };
        }
        fs::write(&journal, content).unwrap();
        let (code, log) = run_to_end(&site);
        assert_eq!(code, Some(65), "{what}\n{log}");
        assert!(
            log.contains(name) && log.contains(&format!("byte {at}")),
            "{what} at {at}\n{log}"
        );
    }

    // Nothing was changed by the refusals.
    fs::write(&journal, good).unwrap();
    check(&Process::start(&site).client().await).await;
}

#[tokio::test]
async fn a_damaged_archive_is_made_anew() {
    let site = Site::new();
    let process = Process::start(&site);
    let client = process.client().await;
    fill(&client).await;
    client.notify(speaking("1", "3")).await.unwrap();
    let before = client.alerts("").await;
    assert_eq!(process.terminate().await, Some(0));
    for damage in [
        |content: &mut Vec<u8>| content[..4096].fill(0x5a),
        |content: &mut Vec<u8>| content[4096..].fill(0x5a),
        |content: &mut Vec<u8>| content.truncate(100),
        |content: &mut Vec<u8>| content.clear(),
    ] {
        change(&site.data("archive.db"), damage);
        let process = Process::start(&site);
        assert_eq!(process.client().await.alerts("").await, before);
        assert_eq!(process.terminate().await, Some(0));
    }
    fs::remove_file(site.data("archive.db")).unwrap();
    assert_eq!(Process::start(&site).client().await.alerts("").await, before);
}

#[tokio::test]
async fn a_damaged_snapshot_falls_back_to_the_one_before() {
    let site = Site::new();
    let process = Process::start(&site);
    let client = process.client().await;
    fill(&client).await;
    assert_eq!(process.terminate().await, Some(0), "which makes a snapshot");
    let process = Process::start(&site);
    let client = process.client().await;
    client.notify(speaking("1", "3")).await.unwrap();
    let before = client.alerts("").await;
    assert_eq!(process.terminate().await, Some(0), "which makes another");

    let mut snapshots: Vec<_> = fs::read_dir(site.data("snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    snapshots.sort();
    assert_eq!(snapshots.len(), 2);
    for newest in snapshots.iter().rev() {
        change(newest, |content| {
            let middle = content.len() / 2;
            content[middle] ^= 1;
        });
        let process = Process::start(&site);
        let log = process.log();
        assert!(log.contains(newest.file_name().unwrap().to_str().unwrap()), "{log}");
        let client = process.client().await;
        check(&client).await;
        assert_eq!(client.alerts("").await, before);
        // Without a snapshot of its own, so that the next round has only the older one.
        process.kill();
    }
}

#[tokio::test]
async fn what_the_event_log_lost_is_said_again_to_the_byte() {
    let site = Site::new();
    let process = Process::start(&site);
    let client = process.client().await;
    fill(&client).await;
    client.notify(speaking("1", "3")).await.unwrap();
    let before = history(&client, COUNT + 1).await;
    process.kill();

    for lost in [1, 7, COUNT] {
        let log = segment(&site, "events");
        let good = fs::read(&log).unwrap();
        change(&log, |content| {
            let frames = frames(content);
            let first = frames[frames.len() - lost].start;
            content[first..].fill(0);
        });
        let process = Process::start(&site);
        let client = process.client().await;
        assert_eq!(
            history(&client, COUNT + 1).await,
            before,
            "after {lost} frames were lost"
        );
        check(&client).await;
        process.kill();
        // The frames may be cut otherwise, but not the records.
        assert!(fs::read(&log).unwrap().len() >= good.len());
    }
}

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

#[tokio::test]
async fn a_restored_folder_refuses_the_cursors_of_before() {
    let site = Site::new();
    let process = Process::start(&site);
    let client = process.client().await;
    let mut feed = client.subscribe_to_all().await;
    fill(&client).await;
    feed.sequences(COUNT).await;
    assert_eq!(process.terminate().await, Some(0));

    let mut restored = command(&site);
    restored.arg("--restored");
    let process = Started::new(&site, restored).serving();
    let client = process.client().await;
    let refusal = client.refusal(after(&feed.cursor)).await;
    assert_eq!(refusal.told(), (Code::DataLoss, "CURSOR_AHEAD_OF_LOG", ""));
    check(&client).await;
    let mut feed = client.subscribe_to_all().await;
    feed.sequences(COUNT).await;
    assert_eq!(process.terminate().await, Some(0));

    let process = Process::start(&site);
    let mut feed = process.client().await.subscribe(after(&feed.cursor)).await.unwrap();
    process.client().await.notify(port_full("2", "after")).await.unwrap();
    feed.sequences(1).await;
}

#[tokio::test]
async fn a_full_disk_is_said_and_passes() {
    let mut site = Site::new();
    let Some(disk) = SmallDisk::serve(&mut site, 96) else {
        return say("SKIP a_full_disk_is_said_and_passes: `unshare -Urm` is not allowed here");
    };
    let process = &disk.process;
    let client = process.client().await;
    let health_of = async |service: &str| {
        let mut health = HealthClient::new(client.channel.clone());
        let service = service.to_owned();
        let checked = soon(health.check(HealthCheckRequest { service })).await;
        checked.unwrap().into_inner().status()
    };
    let mut feed = client.subscribe_to_all().await;
    client.notify(port_full("1", "before")).await.unwrap();
    assert_eq!(client.alerts("").await.len(), 1);
    disk.fill();
    // The journal and the event log have a place for it already; the archive has none, and takes it later.
    client.notify(port_full("1", "during")).await.unwrap();
    assert_eq!(feed.sequences(2).await, [1, 2]);

    // Fill the journal's place with what fires nothing.
    let large = |number: usize| {
        let mut notification = speaking("2", &number.to_string());
        notification.id = format!("large-{number}");
        if let Some(bellwether::api::notification::Payload::Party(party)) = &mut notification.payload {
            party.name = "x".repeat(4000);
        }
        notification
    };
    let mut taken = 0;
    let refusal = loop {
        match client.batch((taken..taken + 100).map(large).collect()).await {
            Ok(results) => {
                assert!(results.iter().all(Result::is_ok));
                taken += 100;
            }
            Err(status) => break Refusal::of(&status),
        }
    };
    assert_eq!(refusal.told(), (Code::Unavailable, "STORAGE_REFUSES_WRITES", ""));
    assert!(refusal.retry && taken > 0);
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
    assert!(metric(process.admin, "bellwether_meetings_open").await.is_some());

    disk.free();
    until(async || (health_of("").await == ServingStatus::Serving).then_some(())).await;
    assert!(get(process.admin, "/readyz").await.starts_with("HTTP/1.1 200"));
    let sequence = client.notify(conf("3", 1)).await.unwrap().sequence;
    assert_eq!(sequence, taken as u64 + 3, "what was refused was not applied");
    client.notify(port_full("1", "after")).await.unwrap();
    assert_eq!(feed.event().await.sequence, 3);
    assert_eq!(client.alerts("").await.len(), 3);
    let again = client.batch((0..100).map(large).collect()).await.unwrap();
    assert!(
        again
            .iter()
            .all(|result| result.as_ref().is_ok_and(|accepted| accepted.duplicate))
    );
}
