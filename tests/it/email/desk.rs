//! A mailer with its outcomes at hand, and a mail for it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};

use bellwether::{
    email::{CoolDown, Login, MailSettings, Mailer, RelaySettings, Timeouts, Tls, compose},
    engine::{
        input::{MailOutcome, MailResult},
        outbox::{Attempt, Intent, IntentId},
    },
    metrics::{Exposition, Metrics},
    model::AlertId,
};
use tokio::sync::mpsc;

use super::letter;
use crate::support::{
    smtp::{Act, FakeSmtp, Script},
    wait::soon,
};

/// A deadline that a test waits for, and one that it must not meet.
pub const SHORT: Duration = Duration::from_millis(100);
pub const LONG: Duration = Duration::from_secs(30);

pub fn attempt(number: u32, id: u128) -> Attempt {
    Attempt {
        number,
        intent: Arc::new(intent(IntentId(id << 96))),
    }
}

pub fn attempt_to(recipient: &str, id: u128) -> Attempt {
    let mut attempt = attempt(1, id);
    let intent = Arc::make_mut(&mut attempt.intent);
    intent.recipient = recipient.to_owned();
    intent.to = vec![recipient.to_owned()];
    attempt
}

pub fn intent(id: IntentId) -> Intent {
    let alert = letter::alert(AlertId(1), "A line.\n.\n..two\nRSET\n");
    letter::fired(id, vec![alert], Vec::new())
}

pub fn settings(servers: &[u16]) -> MailSettings {
    MailSettings {
        relays: servers.iter().map(|port| relay(*port)).collect(),
        lanes: 1.try_into().unwrap(),
        timeouts: Timeouts {
            connect: LONG,
            command: LONG,
            message: LONG,
            idle: LONG,
        },
        cool_down: at_once(),
        ..MailSettings::default()
    }
}

pub fn relay(port: u16) -> RelaySettings {
    RelaySettings {
        host: "127.0.0.1".to_owned(),
        port: port.try_into().ok(),
        tls: Tls::None,
        ca_file: None,
        identity: None,
        login: None,
    }
}

/// A file that nobody else can read, with a password in it.
static SECRET: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("password");
    fs::write(&path, "secret\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
});

/// `user`, whose password is `secret`.
pub fn login() -> Option<Login> {
    Some(Login {
        username: "user".to_owned(),
        secret_file: SECRET.clone(),
        auth: Default::default(),
    })
}

/// A relay is tried again at once, whatever it did.
pub fn at_once() -> CoolDown {
    CoolDown {
        first: Duration::ZERO,
        longest: Duration::ZERO,
    }
}

/// A relay that failed is not tried again while the test runs.
pub fn never() -> CoolDown {
    CoolDown {
        first: LONG,
        longest: LONG,
    }
}

pub struct Desk {
    pub mailer: Mailer,
    pub outcomes: mpsc::Receiver<MailOutcome>,
    metrics: Metrics,
}

impl Desk {
    pub fn open(settings: &MailSettings) -> Self {
        let (sender, outcomes) = mpsc::channel(16);
        let metrics = Metrics::new();
        Self {
            mailer: Mailer::start(settings, sender, metrics.mailer.clone()).unwrap(),
            outcomes,
            metrics,
        }
    }

    pub async fn send(&mut self, attempt: Attempt) -> MailResult {
        self.mailer.queue().send(attempt.clone());
        let outcome = self.outcome().await;
        assert_eq!(outcome.intent, attempt.intent.id);
        assert_eq!(outcome.attempt, attempt.number);
        outcome.result
    }

    pub async fn outcome(&mut self) -> MailOutcome {
        soon(self.outcomes.recv()).await.unwrap()
    }

    /// The value of one series, by its name and labels as they are printed.
    pub fn metric(&self, series: &str) -> f64 {
        let text = self.metrics.encode(Exposition::Text).unwrap();
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("bellwether_{series} ")));
        value
            .unwrap_or_else(|| panic!("no {series} in\n{text}"))
            .parse()
            .unwrap()
    }
}

/// The bytes that a server should have got.
pub fn expected(attempt: &Attempt) -> String {
    let mail = compose(&attempt.intent, &MailSettings::default().from, None).unwrap();
    String::from_utf8(mail.bytes).unwrap()
}

/// A server that takes several commands at once.
pub fn pipelining() -> Script {
    Script {
        ehlo: Act::Say("250-fake\n250 PIPELINING"),
        ..Script::default()
    }
}

pub async fn outcome_of(script: Script, timeouts: Timeouts) -> (MailResult, FakeSmtp) {
    let server = FakeSmtp::start(script).await;
    let mut settings = settings(&[server.port()]);
    settings.timeouts = timeouts;
    let result = Desk::open(&settings).send(attempt(1, 1)).await;
    (result, server)
}

pub fn patient() -> Timeouts {
    settings(&[]).timeouts
}

#[track_caller]
pub fn assert_deferred(result: &MailResult, says: &str) {
    assert!(
        matches!(result, MailResult::Deferred(text) if text.contains(says)),
        "{says}: {result:?}"
    );
}
