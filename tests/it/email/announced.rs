//! A relay that takes several commands at once is told of the next mail while it takes one in. Whatever it then says of the one, the
//! other is neither lost nor sent twice.

use std::sync::Arc;

use bellwether::{
    engine::{input::MailResult, outbox::Attempt},
    model::Severity,
};

use super::desk::{Desk, LONG, attempt, attempt_to, expected, pipelining, settings};
use crate::support::{
    smtp::{Act, FakeSmtp, Script},
    wait::{soon, until},
};

/// A desk with these mails waiting, before its only lane has taken the first.
async fn desk_with(script: Script, mails: &[Attempt]) -> (Desk, FakeSmtp) {
    let server = FakeSmtp::start(script).await;
    let desk = Desk::open(&settings(&[server.port()]));
    let queue = desk.mailer.queue();
    mails.iter().for_each(|mail| queue.send(mail.clone()));
    (desk, server)
}

fn three() -> [Attempt; 3] {
    [1, 2, 3].map(|id| attempt(1, id))
}

/// What became of as many mails, in the order of their sending.
async fn results(desk: &mut Desk, mails: &[Attempt]) -> Vec<MailResult> {
    let mut results = Vec::new();
    for mail in mails {
        let outcome = desk.outcome().await;
        assert_eq!(outcome.intent, mail.intent.id);
        results.push(outcome.result);
    }
    results
}

fn messages(mails: &[Attempt]) -> Vec<String> {
    mails.iter().map(expected).collect()
}

/// The answer to each message comes with the answers to the next mail's commands, and not before these.
#[tokio::test]
async fn the_next_mail_is_told_of_before_the_answer_to_the_last() {
    let mails = [
        attempt_to("first@example.com", 1),
        attempt_to("second@example.com", 2),
        attempt_to("third@example.com", 3),
    ];
    let answers = "250 2.0.0 queued\n250 2.1.0 ok\n250 2.1.5 ok";
    let (mut desk, server) = desk_with(
        Script {
            mail: Act::Silence,
            message: Act::Silence,
            rcpt_of: vec![
                ("first@", Act::Say("250 2.1.0 ok\n250 2.1.5 ok")),
                ("second@", Act::Say(answers)),
                ("third@", Act::Say(answers)),
            ],
            ..pipelining()
        },
        &mails,
    )
    .await;
    for result in results(&mut desk, &mails[..2]).await {
        assert!(
            matches!(&result, MailResult::Sent(text) if text.ends_with("queued")),
            "{result:?}"
        );
    }
    server.wait_until(|heard| heard.messages.len() == 3).await;
    assert_eq!(server.heard().messages, messages(&mails));
}

#[tokio::test]
async fn a_relay_that_takes_one_command_at_a_time_is_told_of_no_next_mail() {
    let (desk, server) = desk_with(
        Script {
            message: Act::Silence,
            ..Script::default()
        },
        &three(),
    )
    .await;
    server.wait_until(|heard| heard.messages.len() == 1).await;
    // It would have been taken out of the queue before the message was sent.
    assert_eq!(desk.metric("mails_under_way"), 1.0);
}

#[tokio::test]
async fn a_no_to_one_message_is_none_to_the_next() {
    let mails = three();
    for (no, is_refusal) in [("554 5.6.0 spam", true), ("452 4.3.1 disk full", false)] {
        let (mut desk, server) = desk_with(
            Script {
                message: Act::Say(no),
                ..pipelining()
            },
            &mails,
        )
        .await;
        for result in results(&mut desk, &mails).await {
            assert_eq!(matches!(result, MailResult::Refused(_)), is_refusal, "{result:?}");
        }
        let heard = server.heard();
        assert_eq!(heard.connections, 1);
        assert_eq!(heard.messages, messages(&mails));
        assert_eq!(heard.count("RSET"), 1, "nothing was told of after the last");
    }
}

#[tokio::test]
async fn a_no_to_the_next_recipient_is_its_own() {
    let mails = [attempt(1, 1), attempt_to("gone@example.com", 2), attempt(1, 3)];
    let (mut desk, server) = desk_with(
        Script {
            rcpt_of: vec![("gone@", Act::Say("550 5.1.1 no such user"))],
            ..pipelining()
        },
        &mails,
    )
    .await;
    let results = results(&mut desk, &mails).await;
    assert!(
        matches!(&results[..], [MailResult::Sent(_), MailResult::Refused(no), MailResult::Sent(_)] if no.ends_with("no such user")),
        "{results:?}"
    );
    let heard = server.heard();
    assert_eq!(heard.connections, 1);
    // The server asked for a message that was for nobody.
    assert_eq!(
        heard.messages,
        [expected(&mails[0]), String::new(), expected(&mails[2])]
    );
}

#[tokio::test]
async fn a_relay_that_leaves_after_each_mail_gets_each_once() {
    let mails = three();
    let (mut desk, server) = desk_with(
        Script {
            message: Act::SayAndClose("250 2.0.0 queued"),
            ..pipelining()
        },
        &mails,
    )
    .await;
    for result in results(&mut desk, &mails).await {
        assert!(matches!(result, MailResult::Sent(_)), "{result:?}");
    }
    assert_eq!(server.heard().messages, messages(&mails));
    assert_eq!(server.heard().connections, 3);
}

#[tokio::test]
async fn the_end_of_a_connection_is_met_by_one_mail_only() {
    let mails = three();
    let (mut desk, server) = desk_with(
        Script {
            message: Act::Close,
            ..pipelining()
        },
        &mails[..2],
    )
    .await;
    // Each was handed over, on a connection of its own, so each is in doubt.
    for result in results(&mut desk, &mails[..2]).await {
        assert!(
            matches!(&result, MailResult::Deferred(text) if text.ends_with("it may have arrived")),
            "{result:?}"
        );
    }
    assert_eq!(server.heard().messages, messages(&mails[..2]));
    assert_eq!(desk.metric("mails_ambiguous_total"), 2.0);
}

/// Another lane may send it, and a worse one goes first.
#[tokio::test]
async fn a_slow_relay_does_not_keep_the_next_mail() {
    let mut mails = three();
    Arc::make_mut(&mut mails[1].intent).severity = Severity::Info;
    let (mut desk, server) = desk_with(slow(), &mails[..2]).await;
    until(async || (desk.metric("mails_under_way") == 2.0).then_some(())).await;
    until(async || (desk.metric("mails_waiting") == 1.0).then_some(())).await;
    assert_eq!(desk.metric("mails_under_way"), 1.0);
    let mut worse = attempt_to("chief@example.com", 3);
    Arc::make_mut(&mut worse.intent).severity = Severity::Critical;
    desk.mailer.queue().send(worse.clone());

    server.follow(pipelining());
    let mails = [mails[0].clone(), worse, mails[1].clone()];
    for result in results(&mut desk, &mails).await {
        assert!(matches!(result, MailResult::Sent(_)), "{result:?}");
    }
    assert_eq!(server.heard().messages, messages(&mails));
    assert_eq!(server.heard().connections, 2, "the relay had been told of another");
}

#[tokio::test]
async fn a_mail_that_was_only_told_of_is_left_at_the_end() {
    let mails = three();
    let (desk, server) = desk_with(slow(), &mails[..2]).await;
    until(async || (desk.metric("mails_under_way") == 2.0).then_some(())).await;
    let mut outcomes = desk.outcomes;
    tokio::join!(desk.mailer.shutdown(LONG), async {
        server.follow(pipelining());
        let outcome = soon(outcomes.recv()).await.unwrap();
        assert!(matches!(outcome.result, MailResult::Sent(_)), "{outcome:?}");
        assert_eq!(soon(outcomes.recv()).await, None);
    });
    server.wait_until(|heard| heard.open == 0).await;
    assert_eq!(server.heard().messages, messages(&mails[..1]));
    assert_eq!(
        server.heard().count("QUIT"),
        0,
        "it would have been taken for a message"
    );
}

/// A relay that takes its time with each message.
fn slow() -> Script {
    Script {
        message: Act::Wait,
        ..pipelining()
    }
}
