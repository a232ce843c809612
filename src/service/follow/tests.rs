//! What is wrong with the archive costs the archive alone.

use std::{fs, path::PathBuf, sync::Arc};

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::{
    clock::Hands,
    metrics::Metrics,
    service::{
        Service, ServiceSettings,
        tests::{conf, notify, refused, rules, settings, start},
    },
};

fn archive(folder: &TempDir) -> PathBuf {
    folder.path().join("data/archive.db")
}

fn number(sqlite: &Connection, question: &str) -> u32 {
    sqlite.query_row(question, [], |row| row.get(0)).unwrap()
}

/// Waits until the archive holds all that was said, and counts the alerts in it.
async fn alerts(service: &Service) -> u32 {
    let said = service.fanout.last_record();
    let mut reached = service.archived.clone();
    let caught_up = reached.wait_for(|reached| *reached >= said);
    tokio::time::timeout(Duration::from_secs(20), caught_up)
        .await
        .unwrap()
        .unwrap();
    let sqlite = Connection::open(&service.archive).unwrap();
    number(&sqlite, "SELECT count(*) FROM alerts")
}

#[tokio::test]
async fn an_archive_that_turns_out_damaged_is_made_anew_while_alerting_goes_on() {
    let folder = TempDir::new().unwrap();
    let service = start(&folder).await;
    notify(&service, vec![refused("1", "a")]).await;
    service.stop(Duration::from_secs(5)).await;
    // Damage that an opening does not see.
    let path = archive(&folder);
    let sqlite = Connection::open(&path).unwrap();
    let page_size = number(&sqlite, "PRAGMA page_size") as usize;
    let page = number(
        &sqlite,
        "SELECT rootpage FROM sqlite_schema WHERE name = 'alert_events'",
    ) as usize;
    sqlite.close().unwrap();
    let mut content = fs::read(&path).unwrap();
    content[(page - 1) * page_size..page * page_size].fill(0x5a);
    fs::write(&path, content).unwrap();

    let mut service = start(&folder).await;
    assert!(!path.with_file_name("archive.db.damaged").exists());
    notify(&service, vec![refused("2", "a")]).await;
    assert_eq!(alerts(&service).await, 2);
    assert!(path.with_file_name("archive.db.damaged").exists());
    assert!(service.failure.try_recv().is_err());
    service.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_archive_that_takes_nothing_for_a_time_ends_nothing() {
    let folder = TempDir::new().unwrap();
    let mut service = start(&folder).await;
    notify(&service, vec![refused("1", "a")]).await;
    assert_eq!(alerts(&service).await, 1);
    let sqlite = Connection::open(archive(&folder)).unwrap();
    sqlite.execute_batch("ALTER TABLE alerts RENAME TO away").unwrap();
    notify(&service, vec![refused("2", "a")]).await;
    let behind = tokio::time::timeout(NO_ROOM, service.failure.recv()).await;
    assert!(behind.is_err(), "{behind:?}");
    sqlite.execute_batch("ALTER TABLE away RENAME TO alerts").unwrap();
    assert_eq!(alerts(&service).await, 2);
    service.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_is_too_old_goes_soon_after_a_start() {
    const RULES: &str = "
rules:
  - { name: refused, when: party.disconnect_reason == PORT_FULL, resolve: { after: 1m } }
";
    let folder = TempDir::new().unwrap();
    let began = Time::from_nanos(946_684_800_000_000_000);
    let hands = Hands::at(began);
    let begin = async || {
        let settings = ServiceSettings {
            hands: Some(hands.clone()),
            ..settings(folder.path())
        };
        let kept = settings.keep_alerts;
        let service = Service::start(settings, Some(rules(RULES)), Arc::new(Metrics::new()));
        (service.await.unwrap(), kept)
    };
    let (service, kept) = begin().await;
    notify(&service, vec![refused("1", "a")]).await;
    let mut passed = Duration::from_mins(2);
    for _ in 0..2 {
        // The second time says nothing.
        hands.set(began.plus(passed));
        notify(&service, vec![conf("2")]).await;
        passed += kept;
    }
    assert_eq!(alerts(&service).await, 1);
    service.stop(Duration::from_secs(5)).await;

    let (service, _) = begin().await;
    let gone = async {
        while alerts(&service).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
    service.stop(Duration::from_secs(5)).await;
}
