//! A login comes before the mail, in the way that both sides know, or there is no mail.

use std::{fs, os::unix::fs::PermissionsExt as _};

use bellwether::{
    email::{Auth, Login},
    engine::input::MailResult,
};

use super::desk::{Desk, assert_deferred, at_once, attempt, login, settings};
use crate::support::smtp::{Act, FakeSmtp, Script};

#[tokio::test]
async fn a_login_that_cannot_be_is_no_mail() {
    let mut settings = settings(&[1]);
    settings.relays[0].login = login();
    for (ehlo, auth, says) in [
        (
            "250 fake",
            "235 welcome",
            "AUTH PLAIN or LOGIN is required but not offered",
        ),
        (
            "250-fake\n250 AUTH CRAM-MD5 XOAUTH2",
            "235 welcome",
            "AUTH PLAIN or LOGIN is required but not offered",
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
    settings.relays[0].login = login();
    assert!(matches!(
        Desk::open(&settings).send(attempt(1, 1)).await,
        MailResult::Sent(_)
    ));
    // RFC 4616: NUL user NUL password.
    assert_eq!(server.heard().commands[1], "AUTH PLAIN AHVzZXIAc2VjcmV0");
}

#[tokio::test]
async fn a_server_that_has_only_login_is_told_name_and_password_in_turn() {
    let server = FakeSmtp::start(Script {
        ehlo: Act::Say("250-fake\n250 AUTH LOGIN"),
        auth: Act::Say("334 VXNlcm5hbWU6"),
        challenges: vec![Act::Say("334 UGFzc3dvcmQ6"), Act::Say("235 2.7.0 welcome")],
        ..Script::default()
    })
    .await;
    let mut settings = settings(&[server.port()]);
    settings.relays[0].login = login();
    assert!(matches!(
        Desk::open(&settings).send(attempt(1, 1)).await,
        MailResult::Sent(_)
    ));
    assert_eq!(server.heard().commands[1..4], ["AUTH LOGIN", "dXNlcg==", "c2VjcmV0"]);
}

/// A token lasts an hour: whoever renews it writes it into the file, and each login reads it there.
#[tokio::test]
async fn a_token_is_read_when_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let write = |text: &str, mode: u32| {
        fs::write(&token, text).unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(mode)).unwrap();
    };
    let script = Script {
        ehlo: Act::Say("250-fake\n250 AUTH PLAIN XOAUTH2"),
        auth: Act::Say("334 eyJzdGF0dXMiOiI0MDAifQ=="),
        challenges: vec![Act::Say("535 5.7.8 the token has expired")],
        ..Script::default()
    };
    let server = FakeSmtp::start(script.clone()).await;
    let mut settings = settings(&[server.port()]);
    settings.relays[0].login = Some(Login {
        username: "user".to_owned(),
        secret_file: token.clone(),
        auth: Auth::Xoauth2,
    });
    settings.cool_down = at_once();
    let mut desk = Desk::open(&settings);

    write("old\n", 0o600);
    assert_deferred(&desk.send(attempt(1, 1)).await, "the token has expired");
    // The answer to the challenge is an empty line; then comes the server's no.
    assert_eq!(server.heard().commands[2], "");

    write("new\n", 0o600);
    server.follow(Script {
        auth: Act::Say("235 welcome"),
        ..script
    });
    assert!(matches!(desk.send(attempt(2, 1)).await, MailResult::Sent(_)));
    // "user=user^Aauth=Bearer new^A^A"
    assert_eq!(
        server.heard().commands[4],
        "AUTH XOAUTH2 dXNlcj11c2VyAWF1dGg9QmVhcmVyIG5ldwEB"
    );

    write("new\n", 0o644);
    assert_deferred(
        &Desk::open(&settings).send(attempt(1, 2)).await,
        "can be read by others",
    );
}
