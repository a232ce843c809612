//! One mail, one conversation: what each answer means, and each silence.

use bellwether::{email::Timeouts, engine::input::MailResult};

use super::desk::{Desk, SHORT, assert_deferred, attempt, expected, outcome_of, patient, pipelining, settings};
use crate::support::smtp::{Act, FakeSmtp, Script};

#[tokio::test]
async fn a_mail_arrives_byte_for_byte() {
    let (result, server) = outcome_of(Script::default(), patient()).await;
    let MailResult::Sent(text) = result else {
        panic!("{result:?}")
    };
    assert!(text.ends_with(": 250 2.0.0 queued"), "{text}");
    let heard = server.heard();
    assert_eq!(
        &heard.commands[..4],
        [
            "EHLO localhost",
            "MAIL FROM:<bellwether@localhost>",
            "RCPT TO:<noc@example.com>",
            "DATA"
        ]
    );
    assert_eq!(heard.messages, [expected(&attempt(1, 1))]);
}

#[tokio::test]
async fn each_no_means_what_it_should() {
    use Act::{Close, Say};
    type Change = fn(&mut Script);
    let deferred: [(Change, &str); 13] = [
        (|s| s.greeting = Say("421 too busy"), "421 too busy"),
        (|s| s.greeting = Say("554 go away"), "554 go away"),
        (|s| s.greeting = Close, "greeting"),
        (|s| s.ehlo = Say("550 not you"), "550 not you"),
        (|s| s.mail = Say("451 later"), "451 later"),
        (|s| s.mail = Say("550 5.7.1 sender refused"), "sender refused"),
        (|s| s.rcpt = Say("450 4.2.0 greylisted"), "450 4.2.0 greylisted"),
        (|s| s.rcpt = Say("530 5.7.0 log in first"), "log in first"),
        (|s| s.rcpt = Say("421 closing"), "421 closing"),
        (|s| s.data = Say("451 later"), "451 later"),
        (|s| s.data = Close, "DATA"),
        (|s| s.message = Say("452 4.3.1 disk full"), "452 4.3.1 disk full"),
        (|s| s.message = Close, "it may have arrived"),
    ];
    let refused: [(Change, &str); 3] = [
        (
            |s| s.rcpt = Say("550-5.1.1 no\n550 5.1.1 such user"),
            "550 5.1.1 no such user",
        ),
        (|s| s.data = Say("554 no valid recipients"), "554 no valid recipients"),
        (|s| s.message = Say("554 5.6.0 spam\u{202e}"), "554 5.6.0 spam"),
    ];
    for server in [Script::default(), pipelining()] {
        for (change, says) in deferred {
            let mut script = server.clone();
            change(&mut script);
            let (result, _) = outcome_of(script, patient()).await;
            assert!(
                matches!(&result, MailResult::Deferred(text) if text.contains(says)),
                "{says}: {result:?}"
            );
        }
        for (change, says) in refused {
            let mut script = server.clone();
            change(&mut script);
            let (result, _) = outcome_of(script, patient()).await;
            assert!(
                matches!(&result, MailResult::Refused(text) if text.ends_with(says)),
                "{says}: {result:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_takes_several_commands_gets_them_at_once() {
    let script = Script {
        mail: Act::Silence,
        rcpt: Act::Silence,
        data: Act::Say("250 2.1.0 ok\n250 2.1.5 ok\n354 go on"),
        ..pipelining()
    };
    let server = FakeSmtp::start(script).await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Sent(_)));
    assert_eq!(server.heard().messages, [expected(&attempt(1, 1))]);
}

/// The server answers DATA before it knows that we have read its no.
#[tokio::test]
async fn a_message_for_nobody_is_none() {
    let server = FakeSmtp::start(Script {
        rcpt: Act::Say("550 no such user"),
        ..pipelining()
    })
    .await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    let result = desk.send(attempt(1, 1)).await;
    assert!(
        matches!(&result, MailResult::Refused(text) if text.ends_with("550 no such user")),
        "{result:?}"
    );
    server.follow(pipelining());
    assert!(matches!(desk.send(attempt(1, 2)).await, MailResult::Sent(_)));
    let heard = server.heard();
    assert_eq!(heard.connections, 1);
    assert_eq!(heard.messages, ["".to_owned(), expected(&attempt(1, 2))]);
}

#[tokio::test]
async fn silence_has_a_deadline_at_every_step() {
    type Change = fn(&mut Script);
    let silences: [(Change, &str); 6] = [
        (|s| s.greeting = Act::Silence, "greeting"),
        (|s| s.ehlo = Act::Silence, "EHLO"),
        (|s| s.mail = Act::Silence, "MAIL"),
        (|s| s.rcpt = Act::Silence, "RCPT"),
        (|s| s.data = Act::Silence, "DATA"),
        (|s| s.message = Act::Silence, "message"),
    ];
    let timeouts = Timeouts {
        connect: SHORT,
        command: SHORT,
        message: SHORT,
        ..patient()
    };
    for (change, step) in silences {
        let mut script = Script::default();
        change(&mut script);
        let server = FakeSmtp::start(script).await;
        let mut settings = settings(&[server.port()]);
        settings.timeouts = timeouts;
        let mut desk = Desk::open(&settings);
        assert_deferred(&desk.send(attempt(1, 1)).await, &format!("no answer to {step} within"));
        // What is deferred before the final dot is not in doubt.
        assert_eq!(desk.metric("mails_ambiguous_total"), f64::from(step == "message"));
    }
}

#[tokio::test]
async fn a_lost_answer_to_the_final_dot_gives_the_same_bytes_again() {
    let server = FakeSmtp::start(Script {
        message: Act::Close,
        ..Script::default()
    })
    .await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Deferred(_)));
    server.follow(Script::default());
    assert_eq!(desk.metric("mails_ambiguous_total"), 1.0);
    assert!(matches!(desk.send(attempt(2, 1)).await, MailResult::Sent(_)));
    let heard = server.heard();
    assert_eq!(heard.messages.len(), 2);
    assert_eq!(heard.messages[0], heard.messages[1]);
}

/// A reply that comes after its deadline must not be read as the next mail's.
#[tokio::test]
async fn a_late_answer_is_nobodys() {
    let server = FakeSmtp::start(Script {
        data: Act::Silence,
        ..Script::default()
    })
    .await;
    let mut settings = settings(&[server.port()]);
    settings.timeouts.command = SHORT;
    let mut desk = Desk::open(&settings);
    assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Deferred(_)));
    server.follow(Script::default());
    let result = desk.send(attempt(1, 2)).await;
    assert!(
        matches!(&result, MailResult::Sent(text) if text.ends_with("250 2.0.0 queued")),
        "{result:?}"
    );
    assert_eq!(server.heard().connections, 2);
    assert_eq!(server.heard().messages, [expected(&attempt(1, 2))]);
}

/// One answer too many puts all that follow off by one: nothing may count as sent by another step's yes.
#[tokio::test]
async fn an_answer_too_many_sends_nothing() {
    for script in [
        Script {
            message: Act::Say("250 queued\n250 queued"),
            ..Script::default()
        },
        Script {
            mail: Act::Say("250 ok\n250 ok"),
            ..Script::default()
        },
        Script {
            message: Act::Say("250 queued\n250 queued"),
            ..pipelining()
        },
        Script {
            mail: Act::Say("250 ok\n250 ok"),
            ..pipelining()
        },
    ] {
        let server = FakeSmtp::start(script).await;
        let mut desk = Desk::open(&settings(&[server.port()]));
        for id in 1..=4 {
            let result = desk.send(attempt(1, id)).await;
            let arrived = server.heard().messages.contains(&expected(&attempt(1, id)));
            assert_eq!(matches!(result, MailResult::Sent(_)), arrived, "{result:?}");
        }
    }
}
