//! Logging in (RFC 4954). It fails closed: without a mechanism that both sides know, nothing is said at all.

use std::{path::Path, time::Duration};

use encodify::base64;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};

use super::{
    connection::Connection,
    offers::{Mechanism, Offers},
    secret::read_secret,
    settings::Login,
    step::{Failure, Step, reply},
};

/// Logs in as the settings say, with the secret as its file has it now: tokens are renewed there, and passwords changed.
pub(super) async fn log_in(
    connection: &mut Connection,
    offers: &Offers,
    login: &Login,
    limit: Duration,
) -> Result<(), Failure> {
    let mechanism = offers.mechanism(login.auth).map_err(|what| Failure::NotOffered {
        step: Step::Login,
        what,
    })?;
    let secret = secret(&login.secret_file).await?;
    let (user, secret) = (login.username.as_str(), secret.expose_secret());
    match mechanism {
        Mechanism::Plain => {
            let token = encoded(&format!("\0{user}\0{secret}"));
            tell(connection, limit, &format!("AUTH PLAIN {}", *token), 235).await
        }
        Mechanism::Login => {
            // The server asks for the name, then for the password; in what words differs.
            tell(connection, limit, "AUTH LOGIN", 334).await?;
            tell(connection, limit, &encoded(user), 334).await?;
            tell(connection, limit, &encoded(secret), 235).await
        }
        Mechanism::XOAuth2 => {
            let token = encoded(&format!("user={user}\x01auth=Bearer {secret}\x01\x01"));
            let command = Zeroizing::new(format!("AUTH XOAUTH2 {}", *token));
            match tell(connection, limit, &command, 235).await {
                // A no comes as a challenge with the reason in base64, and as a reply once that has been answered.
                Err(Failure::Unexpected { reply, .. }) if reply.code == 334 => tell(connection, limit, "", 235).await,
                end => end,
            }
        }
    }
}

async fn tell(connection: &mut Connection, limit: Duration, line: &str, needed: u16) -> Result<(), Failure> {
    reply(Step::Login, limit, needed..=needed, connection.ask(line)).await?;
    Ok(())
}

fn encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(base64::STANDARD.encode(text))
}

async fn secret(file: &Path) -> Result<SecretString, Failure> {
    let file = file.to_owned();
    let read = tokio::task::spawn_blocking(move || read_secret(&file)).await;
    // Reading does not panic; it is cut off only when the process ends.
    let read = read.map_err(|source| Failure::Lost {
        step: Step::Login,
        source: source.into(),
    })?;
    Ok(read?)
}
