//! Relays are tried in their order, and left alone when they ask for it or cannot be used.

use bellwether::engine::input::MailResult;

use super::desk::{Desk, assert_deferred, at_once, attempt, never, settings};
use crate::support::smtp::{Act, FakeSmtp, Script};

#[tokio::test]
async fn the_second_relay_stands_in_for_the_first() {
    let down = FakeSmtp::start(Script {
        greeting: Act::Say("554 closed for repairs"),
        ..Script::default()
    })
    .await;
    let up = FakeSmtp::start(Script::default()).await;
    let mut desk = Desk::open(&settings(&[down.port(), up.port()]));
    assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Sent(_)));
    assert_eq!((down.heard().connections, up.heard().messages.len()), (1, 1));

    let mut desk = Desk::open(&settings(&[down.port()]));
    let MailResult::Deferred(text) = desk.send(attempt(1, 2)).await else {
        panic!()
    };
    assert_eq!(text, format!("127.0.0.1:{}: 554 closed for repairs", down.port()));
}

#[tokio::test]
async fn a_relay_that_cannot_be_used_is_left_alone() {
    let server = FakeSmtp::start(Script {
        greeting: Act::Say("421 4.3.2 too busy"),
        ..Script::default()
    })
    .await;
    let mut settings = settings(&[server.port()]);
    settings.cool_down = never();
    let mut desk = Desk::open(&settings);
    let name = format!("relay=\"127.0.0.1:{}\"", server.port());
    assert_eq!(desk.metric(&format!("mail_relay_up{{{name}}}")), 1.0);
    assert_deferred(&desk.send(attempt(1, 1)).await, "421 4.3.2 too busy");
    for id in 2..=5 {
        assert_deferred(&desk.send(attempt(1, id)).await, "s more after: 421 4.3.2 too busy");
    }
    assert_eq!(server.heard().connections, 1);
    assert_eq!(desk.metric(&format!("mail_relay_up{{{name}}}")), 0.0);
    assert_eq!(
        desk.metric(&format!("mail_relay_failures_total{{{name},step=\"greeting\"}}")),
        1.0
    );
}

#[tokio::test]
async fn it_is_asked_again_when_its_time_is_over() {
    let server = FakeSmtp::start(Script {
        greeting: Act::Say("421 4.3.2 too busy"),
        ..Script::default()
    })
    .await;
    let mut settings = settings(&[server.port()]);
    settings.cool_down = at_once();
    let mut desk = Desk::open(&settings);
    assert_deferred(&desk.send(attempt(1, 1)).await, "421 4.3.2 too busy");
    server.follow(Script::default());
    assert!(matches!(desk.send(attempt(2, 1)).await, MailResult::Sent(_)));
    let up = format!("mail_relay_up{{relay=\"127.0.0.1:{}\"}}", server.port());
    assert_eq!(desk.metric(&up), 1.0);
}

/// 421 may come at any command. The mail that met it is deferred where the server may have acted upon it; the next relay stands in.
#[tokio::test]
async fn a_relay_that_says_421_between_mails_is_left_alone_too() {
    type Change = fn(&mut Script);
    let cases: [(Change, bool); 3] = [
        (|s| s.mail = Act::Say("421 closing"), true),
        (|s| s.rcpt = Act::Say("421 closing"), false),
        (|s| s.message = Act::Say("421 closing"), false),
    ];
    for (change, stands_in) in cases {
        let first = FakeSmtp::start(Script::default()).await;
        let second = FakeSmtp::start(Script::default()).await;
        let mut settings = settings(&[first.port(), second.port()]);
        settings.cool_down = never();
        let mut desk = Desk::open(&settings);
        assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Sent(_)));
        let mut script = Script::default();
        change(&mut script);
        first.follow(script);
        let result = desk.send(attempt(1, 2)).await;
        assert_eq!(matches!(result, MailResult::Sent(_)), stands_in, "{result:?}");
        first.follow(Script::default());
        assert!(matches!(desk.send(attempt(2, 3)).await, MailResult::Sent(_)));
        assert_eq!(second.heard().messages.len(), 1 + usize::from(stands_in));
        assert_eq!(desk.metric("mails_ambiguous_total"), 0.0, "a no is no doubt");
    }
}
