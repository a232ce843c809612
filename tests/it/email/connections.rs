//! Connections are few, used again, and closed in time.

use std::sync::Arc;

use bellwether::{engine::input::MailResult, model::Severity};

use super::desk::{Desk, LONG, SHORT, attempt, expected, settings};
use crate::support::smtp::{Act, FakeSmtp, Script};

#[tokio::test]
async fn many_mails_share_a_connection() {
    let server = FakeSmtp::start(Script::default()).await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    for id in 1..=101 {
        assert!(matches!(desk.send(attempt(1, id)).await, MailResult::Sent(_)));
    }
    let heard = server.heard();
    assert_eq!(heard.connections, 2, "a connection carries 100 mails");
    assert_eq!(heard.commands.iter().filter(|command| *command == "QUIT").count(), 1);
    assert_eq!(heard.messages.len(), 101);
    assert_eq!(heard.messages[100], expected(&attempt(1, 101)));
}

#[tokio::test]
async fn a_refusal_leaves_the_connection_in_use() {
    let server = FakeSmtp::start(Script {
        rcpt: Act::Say("550 no such user"),
        ..Script::default()
    })
    .await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Refused(_)));
    server.follow(Script::default());
    assert!(matches!(desk.send(attempt(1, 2)).await, MailResult::Sent(_)));
    assert_eq!(server.heard().connections, 1);
    assert!(server.heard().commands.contains(&"RSET".to_owned()));
}

#[tokio::test]
async fn a_connection_closed_while_parked_costs_nothing() {
    let server = FakeSmtp::start(Script {
        message: Act::SayAndClose("250 queued"),
        ..Script::default()
    })
    .await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    for id in 1..=3 {
        assert!(matches!(desk.send(attempt(1, id)).await, MailResult::Sent(_)));
    }
    assert_eq!(server.heard().connections, 3);
    assert_eq!(server.heard().messages.len(), 3);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = FakeSmtp::start(Script::default()).await;
    let mut settings = settings(&[server.port()]);
    settings.timeouts.idle = SHORT;
    let mut desk = Desk::open(&settings);
    for connection in 1..=2 {
        assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Sent(_)));
        server
            .wait_until(|heard| heard.commands.iter().filter(|command| *command == "QUIT").count() == connection)
            .await;
        assert_eq!(server.heard().connections, connection);
    }
}

#[tokio::test]
async fn a_relay_never_sees_more_connections_than_there_are_lanes() {
    let server = FakeSmtp::start(Script::default()).await;
    let mut settings = settings(&[server.port()]);
    settings.lanes = 3.try_into().unwrap();
    let mut desk = Desk::open(&settings);
    for id in 1..=60 {
        desk.mailer.queue().send(attempt(1, id));
    }
    for _ in 1..=60 {
        assert!(matches!(desk.outcome().await.result, MailResult::Sent(_)));
    }
    let heard = server.heard();
    assert!(heard.most_open <= 3, "{}", heard.most_open);
    assert_eq!(heard.messages.len(), 60);
    let open = format!("mail_connections{{relay=\"127.0.0.1:{}\"}}", server.port());
    assert_eq!(desk.metric(&open), heard.open as f64);
    desk.mailer.shutdown(LONG).await;
    server.wait_until(|heard| heard.open == 0).await;
}

#[tokio::test]
async fn of_those_that_wait_the_critical_go_first() {
    let server = FakeSmtp::start(Script {
        message: Act::Silence,
        ..Script::default()
    })
    .await;
    let mut settings = settings(&[server.port()]);
    settings.timeouts.message = SHORT;
    let mut desk = Desk::open(&settings);
    let queue = desk.mailer.queue();
    queue.send(attempt(1, 1));
    // The only lane is busy; the rest wait.
    server.wait_until(|heard| heard.messages.len() == 1).await;
    for (id, severity) in [(2, Severity::Info), (3, Severity::Warning), (4, Severity::Critical)] {
        let mut attempt = attempt(1, id);
        Arc::make_mut(&mut attempt.intent).severity = severity;
        queue.send(attempt);
    }
    let mut order = Vec::new();
    for _ in 1..=4 {
        order.push(desk.outcome().await.intent.0 >> 96);
    }
    assert_eq!(order, [1, 4, 3, 2]);
}
