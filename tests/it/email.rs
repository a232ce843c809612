//! Mail gets through, or its failure is told as what it is; nothing said late is taken for the answer to something else.

use std::{sync::Arc, time::Duration};

use bellwether::{
    email::{MailSettings, Mailer, RelaySettings, Timeouts, Tls, compose},
    engine::{
        input::{MailOutcome, MailResult},
        outbox::{AlertList, Attempt, Because, GroupNews, Held, Intent, IntentId, Told},
    },
    model::{Alert, AlertId, AlertState, FilledText, Language, Severity, Time},
};
use tokio::sync::mpsc;

use crate::support::smtp::{Act, FakeSmtp, Script};

/// A deadline that a test waits for, and one that it must not meet.
const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(30);

fn attempt(number: u32, id: u128) -> Attempt {
    Attempt {
        number,
        intent: Arc::new(intent(IntentId(id << 96))),
    }
}

fn intent(id: IntentId) -> Intent {
    let alert = Alert {
        id: AlertId(1),
        rule: "port-full".into(),
        severity: Severity::Critical,
        state: AlertState::Firing,
        labels: Default::default(),
        key: vec![("billing_code".into(), "33333".into())],
        summary: FilledText {
            masked: "No free port".to_owned(),
            clear: None,
        },
        description: FilledText {
            masked: "A line.\n.\n..two\nRSET\n".to_owned(),
            clear: None,
        },
        runbook_url: String::new(),
        started_at: Time::default(),
        last_seen_at: Time::default(),
        occurrences: 1,
        evidence: Vec::new(),
        acknowledgement: None,
        silenced_by: Vec::new(),
        inhibited_by: None,
    };
    Intent {
        id,
        root: id,
        answers: None,
        number: 1,
        template: Intent::TEMPLATE,
        language: Language::English,
        receiver: "bridge-ops".into(),
        recipient: "noc@example.com".to_owned(),
        to: vec!["noc@example.com".to_owned()],
        cc: Vec::new(),
        reply_to: None,
        clear: false,
        date: Time::from_nanos(1_795_341_600_000_000_000),
        severity: Severity::Critical,
        told: Arc::new(Told::Group(GroupNews {
            common: Vec::new(),
            because: Because::Routed,
            alerts: AlertList {
                fired: vec![alert],
                ..AlertList::default()
            },
            held: Held::default(),
            timeline: Vec::new(),
        })),
    }
}

fn settings(servers: &[u16]) -> MailSettings {
    MailSettings {
        relays: servers.iter().map(|port| relay(*port)).collect(),
        lanes: 1.try_into().unwrap(),
        timeouts: Timeouts {
            connect: LONG,
            command: LONG,
            message: LONG,
            idle: LONG,
        },
        ..MailSettings::default()
    }
}

fn relay(port: u16) -> RelaySettings {
    RelaySettings {
        host: "127.0.0.1".to_owned(),
        port: Some(port.try_into().unwrap()),
        tls: Tls::None,
        ca_file: None,
        username: None,
        password_file: None,
        password: None,
    }
}

struct Desk {
    mailer: Mailer,
    outcomes: mpsc::Receiver<MailOutcome>,
}

impl Desk {
    fn open(settings: &MailSettings) -> Self {
        let (sender, outcomes) = mpsc::channel(16);
        Self {
            mailer: Mailer::start(settings, sender).unwrap(),
            outcomes,
        }
    }

    async fn send(&mut self, attempt: Attempt) -> MailResult {
        self.mailer.queue().send(attempt.clone());
        let outcome = tokio::time::timeout(LONG, self.outcomes.recv()).await.unwrap().unwrap();
        assert_eq!(outcome.intent, attempt.intent.id);
        assert_eq!(outcome.attempt, attempt.number);
        outcome.result
    }
}

/// The bytes that a server should have got.
fn expected(attempt: &Attempt) -> String {
    let mail = compose(&attempt.intent, &MailSettings::default().from).unwrap();
    String::from_utf8(mail.bytes).unwrap()
}

async fn outcome_of(script: Script, timeouts: Timeouts) -> (MailResult, FakeSmtp) {
    let server = FakeSmtp::start(script).await;
    let mut settings = settings(&[server.port()]);
    settings.timeouts = timeouts;
    let result = Desk::open(&settings).send(attempt(1, 1)).await;
    (result, server)
}

fn patient() -> Timeouts {
    settings(&[]).timeouts
}

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
        (|s| s.message = Close, "message"),
    ];
    let refused: [(Change, &str); 3] = [
        (
            |s| s.rcpt = Say("550-5.1.1 no\n550 5.1.1 such user"),
            "550 5.1.1 no such user",
        ),
        (|s| s.data = Say("554 no valid recipients"), "554 no valid recipients"),
        (|s| s.message = Say("554 5.6.0 spam\u{202e}"), "554 5.6.0 spam"),
    ];
    for (change, says) in deferred {
        let mut script = Script::default();
        change(&mut script);
        let (result, _) = outcome_of(script, patient()).await;
        assert!(
            matches!(&result, MailResult::Deferred(text) if text.contains(says)),
            "{says}: {result:?}"
        );
    }
    for (change, says) in refused {
        let mut script = Script::default();
        change(&mut script);
        let (result, _) = outcome_of(script, patient()).await;
        assert!(
            matches!(&result, MailResult::Refused(text) if text.ends_with(says)),
            "{says}: {result:?}"
        );
    }
}

#[tokio::test]
async fn silence_has_a_deadline_at_every_step() {
    type Change = fn(&mut Script);
    let silences: [(Change, &str); 5] = [
        (|s| s.greeting = Act::Silence, "greeting"),
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
        let (result, _) = outcome_of(script, timeouts).await;
        let MailResult::Deferred(text) = &result else {
            panic!("{step}: {result:?}")
        };
        assert!(text.contains("no answer to") && text.contains(step), "{text}");
    }
}

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
async fn a_lost_answer_to_the_final_dot_gives_the_same_bytes_again() {
    let server = FakeSmtp::start(Script {
        message: Act::Close,
        ..Script::default()
    })
    .await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    assert!(matches!(desk.send(attempt(1, 1)).await, MailResult::Deferred(_)));
    server.follow(Script::default());
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

#[tokio::test]
async fn nothing_is_said_in_clear_where_encryption_is_required() {
    let server = FakeSmtp::start(Script::default()).await;
    let mut settings = settings(&[server.port()]);
    settings.relays[0].tls = Tls::Starttls;
    settings.relays[0].username = Some("user".to_owned());
    settings.relays[0].password = Some("secret".to_owned().into());
    let result = Desk::open(&settings).send(attempt(1, 1)).await;
    assert!(
        matches!(&result, MailResult::Deferred(text) if text.contains("STARTTLS is required")),
        "{result:?}"
    );
    assert_eq!(server.heard().commands, ["EHLO localhost"]);
}

#[tokio::test]
async fn a_login_that_cannot_be_is_no_mail() {
    let mut settings = settings(&[1]);
    settings.relays[0].username = Some("user".to_owned());
    settings.relays[0].password = Some("secret".to_owned().into());
    for (ehlo, auth, says) in [
        ("250 fake", "235 welcome", "neither AUTH PLAIN nor LOGIN"),
        (
            "250-fake\n250 AUTH CRAM-MD5 XOAUTH2",
            "235 welcome",
            "neither AUTH PLAIN nor LOGIN",
        ),
        (
            "250-fake\n250 AUTH PLAIN",
            "535 5.7.8 wrong password",
            "535 5.7.8 wrong password",
        ),
        ("250-fake\n250 AUTH PLAIN", "250 ok", "no answer to AUTH"),
    ] {
        let server = FakeSmtp::start(Script {
            ehlo: Act::Say(ehlo),
            auth: Act::Say(auth),
            ..Script::default()
        })
        .await;
        settings.relays[0].port = Some(server.port().try_into().unwrap());
        let result = Desk::open(&settings).send(attempt(1, 1)).await;
        assert!(
            matches!(&result, MailResult::Deferred(text) if text.contains(says)),
            "{result:?}"
        );
        assert!(
            !server
                .heard()
                .commands
                .iter()
                .any(|command| command.starts_with("MAIL"))
        );
    }
}

#[tokio::test]
async fn a_login_comes_before_the_mail() {
    let server = FakeSmtp::start(Script {
        ehlo: Act::Say("250-fake\n250 AUTH PLAIN LOGIN"),
        ..Script::default()
    })
    .await;
    let mut settings = settings(&[server.port()]);
    settings.relays[0].username = Some("user".to_owned());
    settings.relays[0].password = Some("secret".to_owned().into());
    assert!(matches!(
        Desk::open(&settings).send(attempt(1, 1)).await,
        MailResult::Sent(_)
    ));
    // RFC 4616: NUL user NUL password.
    assert_eq!(server.heard().commands[1], "AUTH PLAIN AHVzZXIAc2VjcmV0");
}

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
async fn shutdown_finishes_what_is_under_way_and_leaves_the_rest() {
    let server = FakeSmtp::start(Script {
        message: Act::Silence,
        ..Script::default()
    })
    .await;
    let mut desk = Desk::open(&settings(&[server.port()]));
    let counts = desk.mailer.counts();
    desk.mailer.queue().send(attempt(1, 1));
    desk.mailer.queue().send(attempt(1, 2));
    server.wait_until(|heard| heard.messages.len() == 1).await;
    // The server never answers: the grace ends it, without an outcome.
    desk.mailer.shutdown(SHORT).await;
    assert_eq!(desk.outcomes.recv().await, None);
    assert_eq!(counts.waiting.load(std::sync::atomic::Ordering::Relaxed), 2);
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
    let refused = |settings: &MailSettings| Mailer::start(settings, mpsc::channel(1).0).unwrap_err().to_string();

    let mut both = settings(&[1]);
    both.folder = Some("outbox".into());
    assert!(refused(&both).contains("both relays and a folder"));

    let mut no_password = settings(&[1]);
    no_password.relays[0].username = Some("user".to_owned());
    assert!(refused(&no_password).contains("no password"));

    let mut in_clear = no_password;
    in_clear.relays[0].password = Some("secret".to_owned().into());
    in_clear.relays[0].host = "smtp.example.com".to_owned();
    assert!(refused(&in_clear).contains("in clear"));

    let mut crowd = settings(&[1]);
    crowd.lanes = 65.try_into().unwrap();
    assert!(refused(&crowd).contains("65"));
}
