//! Each recipient has an outcome of its own, and an address that a server cannot take is told as that.

use std::collections::BTreeMap;

use bellwether::engine::input::MailResult;

use super::desk::{Desk, attempt, attempt_to, settings};
use crate::support::smtp::{Act, FakeSmtp, Script};

#[tokio::test]
async fn of_three_recipients_each_gets_what_the_server_says_of_it() {
    let server = FakeSmtp::start(Script {
        rcpt_of: vec![
            ("gone@", Act::Say("550 5.1.1 no such user")),
            ("full@", Act::Say("451 4.2.2 mailbox full")),
        ],
        ..Script::default()
    })
    .await;
    let mut settings = settings(&[server.port()]);
    settings.lanes = 2.try_into().unwrap();
    let mut desk = Desk::open(&settings);
    let mut names = BTreeMap::new();
    for (id, recipient) in [(1, "gone@example.com"), (2, "full@example.com"), (3, "noc@example.com")] {
        let attempt = attempt_to(recipient, id);
        names.insert(attempt.intent.id, recipient);
        desk.mailer.queue().send(attempt);
    }
    for _ in 0..3 {
        let outcome = desk.outcome().await;
        let result = outcome.result;
        let is_right = match names.remove(&outcome.intent).unwrap() {
            "gone@example.com" => matches!(&result, MailResult::Refused(text) if text.ends_with("no such user")),
            "full@example.com" => matches!(&result, MailResult::Deferred(text) if text.ends_with("mailbox full")),
            _ => matches!(&result, MailResult::Sent(_)),
        };
        assert!(is_right, "{result:?}");
    }
    assert_eq!(server.heard().messages.len(), 1);
}

#[tokio::test]
async fn an_address_in_another_script_goes_where_it_can() {
    let recipient = "张伟@例子.公司";
    let able = Script {
        ehlo: Act::Say("250-fake\n250-8BITMIME\n250 SMTPUTF8"),
        ..Script::default()
    };
    let (old, new) = (FakeSmtp::start(Script::default()).await, FakeSmtp::start(able).await);

    let refused = Desk::open(&settings(&[old.port()]))
        .send(attempt_to(recipient, 1))
        .await;
    assert!(
        matches!(&refused, MailResult::Refused(text) if text.contains("8BITMIME") || text.contains("SMTPUTF8")),
        "{refused:?}"
    );
    assert_eq!(old.heard().count("MAIL"), 0);

    // The next relay is asked where the first cannot.
    let mut desk = Desk::open(&settings(&[old.port(), new.port()]));
    let sent = desk.send(attempt_to(recipient, 1)).await;
    assert!(matches!(sent, MailResult::Sent(_)), "{sent:?}");
    let heard = new.heard();
    assert_eq!(
        heard.count("MAIL FROM:<bellwether@localhost> BODY=8BITMIME SMTPUTF8"),
        1
    );
    assert_eq!(heard.count("RCPT TO:<张伟@xn--fsqu00a.xn--55qx5d>"), 1);

    // A domain alone needs nothing of the server.
    let sent = Desk::open(&settings(&[old.port()]))
        .send(attempt_to("noc@例子.公司", 2))
        .await;
    assert!(matches!(sent, MailResult::Sent(_)), "{sent:?}");
    assert_eq!(old.heard().count("RCPT TO:<noc@xn--fsqu00a.xn--55qx5d>"), 1);
}

#[tokio::test]
async fn a_mail_beyond_the_servers_bound_is_told_so() {
    let server = FakeSmtp::start(Script {
        ehlo: Act::Say("250-fake\n250 SIZE 1000"),
        ..Script::default()
    })
    .await;
    let refused = Desk::open(&settings(&[server.port()])).send(attempt(1, 1)).await;
    assert!(
        matches!(&refused, MailResult::Refused(text) if text.ends_with("and the relay takes 1000")),
        "{refused:?}"
    );
    assert_eq!(server.heard().count("MAIL"), 0);
}
