//! The data folder after the worst: what was acknowledged is all there, or the start is refused by name.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
    process::Command,
};

use bellwether::api::{Notification, SubscribeResponse};
use tonic::Code;

use crate::support::{
    client::{Client, after, port_full, speaking, with_id},
    process::{Process, Started, command, run_to_end},
    segments::{HEADER, change, frames, segments},
    server::{Site, metric},
    wait::until,
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

#[test]
fn a_start_that_storage_holds_up_ends_when_told() {
    let site = Site::new();
    DirBuilder::new().mode(0o700).create(&site.config.data).unwrap();
    let store = site.data("store");
    assert!(Command::new("mkfifo").arg(&store).status().unwrap().success());
    let mut process = Started::new(&site, command(&site));
    // Opened as soon as the process reads from it, which then waits for something to be written.
    let _held = OpenOptions::new().write(true).open(store).unwrap();
    process.signal("TERM");
    assert_eq!(process.wait(), Some(0));
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
