//! Relays are tried in their order, and left alone when they ask for it or cannot be used.

use bellwether::engine::input::MailResult;

use super::desk::{Desk, SHORT, assert_deferred, attempt, never, settings};
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
    let mut desk = Desk::open(&settings(&[server.port()]));
    assert_deferred(&desk.send(attempt(1, 1)).await, "421 4.3.2 too busy");
    server.follow(Script::default());
    assert!(matches!(desk.send(attempt(2, 1)).await, MailResult::Sent(_)));
    let up = format!("mail_relay_up{{relay=\"127.0.0.1:{}\"}}", server.port());
    assert_eq!(desk.metric(&up), 1.0);
}

/// Whatever ends a connection before the message was sent: the relay is left alone, and the next one is asked with the same attempt. After
/// it, the relay may have taken the mail, which is deferred.
#[tokio::test]
async fn the_next_relay_stands_in_for_one_that_fails_between_mails_too() {
    use Act::{Close, Say, Silence};
    type Change = fn(&mut Script);
    let cases: [(Change, bool); 9] = [
        (|s| s.mail = Say("421 closing"), true),
        (|s| s.rcpt = Say("421 closing"), true),
        (|s| s.rcpt = Silence, true),
        (|s| s.rcpt = Say("220 hello"), true),
        (|s| s.data = Close, true),
        (|s| s.data = Say("421 closing"), true),
        (|s| s.message = Say("421 closing"), false),
        (|s| s.message = Silence, false),
        (|s| s.message = Close, false),
    ];
    for (case, (change, stands_in)) in cases.into_iter().enumerate() {
        let first = FakeSmtp::start(Script::default()).await;
        let second = FakeSmtp::start(Script::default()).await;
        let mut settings = settings(&[first.port(), second.port()]);
        settings.cool_down = never();
        (settings.timeouts.command, settings.timeouts.message) = (SHORT, SHORT);
        let mut desk = Desk::open(&settings);
        assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Sent(_)));
        let mut script = Script::default();
        change(&mut script);
        first.follow(script);
        let result = desk.send(attempt(1, 2)).await;
        assert_eq!(matches!(result, MailResult::Sent(_)), stands_in, "{case}: {result:?}");
        let up = format!("mail_relay_up{{relay=\"127.0.0.1:{}\"}}", first.port());
        assert_eq!(desk.metric(&up), 0.0, "{case}");
        first.follow(Script::default());
        assert!(matches!(desk.send(attempt(1, 3)).await, MailResult::Sent(_)));
        assert_eq!(second.heard().messages.len(), 1 + usize::from(stands_in), "{case}");
    }
}

/// A no after MAIL may be about this mail or about the relay: the next attempt tells.
#[tokio::test]
async fn a_mail_that_was_put_off_begins_at_the_next_relay() {
    let first = FakeSmtp::start(Script {
        rcpt: Act::Say("451 4.7.1 the filter is down"),
        ..Script::default()
    })
    .await;
    let second = FakeSmtp::start(Script::default()).await;
    let mut desk = Desk::open(&settings(&[first.port(), second.port()]));
    assert_deferred(&desk.send(attempt(1, 1)).await, "the filter is down");
    assert!(matches!(desk.send(attempt(2, 1)).await, MailResult::Sent(_)));
    assert_eq!(second.heard().messages.len(), 1);
    // The connection to the first was left in good order when another took its place.
    assert_eq!(first.heard().commands.last().unwrap(), "QUIT");
    // Third attempts begin at the first again.
    first.follow(Script::default());
    assert!(matches!(desk.send(attempt(3, 2)).await, MailResult::Sent(_)));
    assert_eq!(first.heard().messages.len(), 1);
}

/// A relay that can be connected to and takes no mail is left alone longer each time.
#[tokio::test]
async fn only_a_mail_that_it_judged_makes_a_relay_well_again() {
    let first = FakeSmtp::start(Script {
        rcpt: Act::Close,
        ..Script::default()
    })
    .await;
    let name = format!("relay=\"127.0.0.1:{}\"", first.port());
    let mut desk = Desk::open(&settings(&[first.port()]));
    for id in 1..=2 {
        assert_deferred(&desk.send(attempt(1, id)).await, "RCPT");
        assert_eq!(desk.metric(&format!("mail_relay_up{{{name}}}")), 0.0);
    }
    assert_eq!(
        desk.metric(&format!("mail_relay_failures_total{{{name},step=\"RCPT\"}}")),
        2.0
    );
    first.follow(Script {
        rcpt: Act::Say("550 no such user"),
        ..Script::default()
    });
    assert!(matches!(desk.send(attempt(1, 3)).await, MailResult::Refused(_)));
    assert_eq!(desk.metric(&format!("mail_relay_up{{{name}}}")), 1.0);
}

/// Whatever one relay said before, it is asked once for one mail.
#[tokio::test]
async fn no_relay_is_asked_twice_for_one_attempt() {
    let server = FakeSmtp::start(Script::default()).await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Sent(_)));
    server.follow(Script {
        mail: Act::Say("451 later"),
        ..Script::default()
    });
    assert_deferred(&desk.send(attempt(1, 2)).await, "451 later");
    assert_eq!((server.heard().count("MAIL"), server.heard().connections), (2, 1));
}
