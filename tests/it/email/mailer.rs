//! The mailer as a whole: its start, its end, and the folder in the place of relays.

use bellwether::{
    email::{MailSettings, Mailer},
    engine::input::MailResult,
    metrics::MailMetrics,
};
use tokio::sync::mpsc;

use super::desk::{Desk, LONG, SHORT, attempt, expected, login, settings};
use crate::support::smtp::{Act, FakeSmtp, Script};

#[tokio::test]
async fn shutdown_finishes_what_is_under_way_and_leaves_the_rest() {
    let server = FakeSmtp::start(Script {
        message: Act::Silence,
        ..Script::default()
    })
    .await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    desk.mailer.queue().send(attempt(1, 1));
    desk.mailer.queue().send(attempt(1, 2));
    server.wait_until(|heard| heard.messages.len() == 1).await;
    // The server never answers: the grace ends it, without an outcome.
    assert_eq!(
        (desk.metric("mails_waiting"), desk.metric("mails_under_way")),
        (1.0, 1.0)
    );
    desk.mailer.shutdown(SHORT).await;
    assert_eq!(desk.outcomes.recv().await, None);
    assert_eq!(server.heard().messages.len(), 1);

    let server = FakeSmtp::start(Script::default()).await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Sent(_)));
    desk.mailer.shutdown(LONG).await;
    assert_eq!(server.heard().commands.last().unwrap(), "QUIT");
}

#[tokio::test]
async fn without_a_relay_mails_are_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("outbox");
    let settings = MailSettings {
        folder: Some(folder.clone()),
        ..MailSettings::default()
    };
    let mut desk = Desk::open(&settings);
    let MailResult::Sent(name) = desk.send(attempt(3, 0xabcd)).await else {
        panic!()
    };
    assert_eq!(name, "20261122T100000Z-port-full-0000abcd-3.eml");

    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(&name)), 0o600);
    let text = std::fs::read_to_string(folder.join(&name)).unwrap();
    assert_eq!(text, expected(&attempt(3, 0xabcd)));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);

    std::fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(desk.send(attempt(4, 1)).await, MailResult::Deferred(_)));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_the_start() {
    let refused = |settings: &MailSettings| {
        let started = Mailer::start(settings, mpsc::channel(1).0, MailMetrics::default());
        started.unwrap_err().to_string()
    };

    let mut both = settings(&[1]);
    both.folder = Some("outbox".into());
    assert!(refused(&both).contains("both relays and a folder"));

    let mut in_clear = settings(&[1]);
    in_clear.relays[0].login = login();
    in_clear.relays[0].host = "smtp.example.com".to_owned();
    assert!(refused(&in_clear).contains("in clear"));

    let mut crowd = settings(&[1]);
    crowd.lanes = 65.try_into().unwrap();
    assert!(refused(&crowd).contains("65"));
}
