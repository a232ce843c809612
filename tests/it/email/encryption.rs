//! Encryption is what was asked for and verified, or there is no mail.

use std::{fs, sync::Arc};

use bellwether::{
    email::{Identity, MailSettings, Tls},
    engine::input::MailResult,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
        server::WebPkiClientVerifier,
    },
};

use super::desk::{Desk, SHORT, assert_deferred, attempt, login, settings};
use crate::support::smtp::{Act, FakeSmtp, Script};

/// An authority of our own, with its certificate in a file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A server with a certificate for that name; it may want one of the client.
    fn acceptor(&self, name: &str, asks_client: bool) -> TlsAcceptor {
        let (certificate, key) = self.issue(name);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = if asks_client {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from(self.issuer.der().to_vec())).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            config.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            config.with_no_client_auth()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Arc::new(config.with_single_cert(vec![certificate.der().clone()], key).unwrap()).into()
    }

    /// A server that shows the authority's own certificate.
    fn acceptor_as_itself(&self) -> TlsAcceptor {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.issuer.key().serialize_der()));
        let certificate = CertificateDer::from(self.issuer.der().to_vec());
        Arc::new(config.with_single_cert(vec![certificate], key).unwrap()).into()
    }

    /// A client's certificate and key, in files.
    fn identity(&self) -> Identity {
        use std::os::unix::fs::PermissionsExt as _;

        let (certificate, key) = self.issue("client.example.com");
        let path = |name: &str| self.folder.path().join(name);
        fs::write(path("client.pem"), certificate.pem()).unwrap();
        fs::write(path("client.key"), key.serialize_pem()).unwrap();
        fs::set_permissions(path("client.key"), fs::Permissions::from_mode(0o600)).unwrap();
        Identity {
            cert_file: path("client.pem"),
            key_file: path("client.key"),
        }
    }

    /// Settings for that server, which trust this authority.
    fn settings(&self, server: &FakeSmtp, tls: Tls) -> MailSettings {
        let mut settings = settings(&[server.port()]);
        settings.relays[0].tls = tls;
        settings.relays[0].ca_file = Some(self.folder.path().join("ca.pem"));
        settings
    }
}

#[tokio::test]
async fn both_kinds_of_encryption_carry_login_and_mail() {
    let authority = Authority::new();
    for tls in [Tls::Tls, Tls::Starttls] {
        let script = Script {
            ehlo: Act::Say("250-fake\n250-AUTH PLAIN\n250 STARTTLS"),
            ehlo_over_tls: Act::Say("250-fake\n250-auth login plain\n250 SIZE 1000000"),
            ..Script::default()
        };
        let server = FakeSmtp::start_with(authority.acceptor("127.0.0.1", false), tls == Tls::Tls, script).await;
        let mut settings = authority.settings(&server, tls);
        settings.relays[0].login = login();
        let result = Desk::open(&settings).send(attempt(1, 1)).await;
        assert!(matches!(result, MailResult::Sent(_)), "{tls:?}: {result:?}");
        let commands = server.heard().commands;
        let clear = if tls == Tls::Tls { 0 } else { 2 };
        assert_eq!(commands[..clear], ["EHLO localhost", "STARTTLS"][..clear]);
        assert_eq!(commands[clear + 1], "AUTH PLAIN AHVzZXIAc2VjcmV0");
        assert!(commands[clear + 2].starts_with("MAIL FROM:<bellwether@localhost> SIZE="));
    }
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be_gets_nothing() {
    let authority = Authority::new();
    let stranger = Authority::new();
    for (acceptor, says) in [
        (
            stranger.acceptor("127.0.0.1", false),
            "TLS: the relay's certificate is signed by nobody who is trusted here; put its issuer's certificate into ca_file",
        ),
        (
            authority.acceptor("smtp.example.com", false),
            "TLS: the relay's certificate is for another name",
        ),
        (
            authority.acceptor_as_itself(),
            "ca_file must hold its issuer's certificate, not the relay's own",
        ),
    ] {
        let server = FakeSmtp::start_with(acceptor, true, Script::default()).await;
        let result = Desk::open(&authority.settings(&server, Tls::Tls))
            .send(attempt(1, 1))
            .await;
        assert_deferred(&result, "TLS: ");
        assert_deferred(&result, says);
        assert!(server.heard().commands.is_empty());
    }
}

#[tokio::test]
async fn a_server_that_asks_who_we_are_is_told() {
    let authority = Authority::new();
    let server = FakeSmtp::start_with(authority.acceptor("127.0.0.1", true), true, Script::default()).await;
    let mut settings = authority.settings(&server, Tls::Tls);
    let unknown = Desk::open(&settings).send(attempt(1, 1)).await;
    assert!(matches!(unknown, MailResult::Deferred(_)), "{unknown:?}");
    settings.relays[0].identity = Some(authority.identity());
    let known = Desk::open(&settings).send(attempt(1, 1)).await;
    assert!(matches!(known, MailResult::Sent(_)), "{known:?}");
}

#[tokio::test]
async fn nothing_is_said_in_clear_where_encryption_is_required() {
    let server = FakeSmtp::start(Script::default()).await;
    let mut settings = settings(&[server.port()]);
    settings.relays[0].tls = Tls::Starttls;
    settings.relays[0].login = login();
    let result = Desk::open(&settings).send(attempt(1, 1)).await;
    assert_deferred(&result, "STARTTLS is required but not offered");
    assert_eq!(server.heard().commands, ["EHLO localhost"]);
}

/// Whoever sits between may append a reply in clear to the one that opens the encryption; it must not count as said over it.
#[tokio::test]
async fn what_was_slipped_in_before_the_encryption_ends_the_conversation() {
    let authority = Authority::new();
    let script = Script {
        ehlo: Act::Say("250-fake\n250 STARTTLS"),
        starttls: Act::Say("220 go on\n250 forged"),
        ..Script::default()
    };
    let server = FakeSmtp::start_with(authority.acceptor("127.0.0.1", false), false, script).await;
    let result = Desk::open(&authority.settings(&server, Tls::Starttls))
        .send(attempt(1, 1))
        .await;
    assert_deferred(&result, "TLS: the server spoke out of turn");
    assert_eq!(server.heard().commands, ["EHLO localhost", "STARTTLS"]);
}

#[tokio::test]
async fn a_handshake_has_a_deadline() {
    // It takes connections, and nothing else.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = settings(&[listener.local_addr().unwrap().port()]);
    settings.relays[0].tls = Tls::Tls;
    settings.timeouts.connect = SHORT;
    assert_deferred(
        &Desk::open(&settings).send(attempt(1, 1)).await,
        "no answer to TLS within",
    );
}
