//! What runs in the processes of servers: bellwether as it is, and the yardsticks.

use std::{error::Error, path::Path};

use bellwether::{
    api::notification_service_server::NotificationServiceServer,
    config::{Config, Mail},
    server,
};
use tokio::net::TcpListener;
use tonic::transport::{Server, server::TcpIncoming};

use super::{
    echo::Echo,
    process::{ended, serving},
};

/// Where data folders are made: on the disk that the build is on, never in memory.
pub const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

/// Serves what the arguments name until the process that started this one ends it.
pub async fn serve(what: &[String]) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    match what.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bellwether"] => {
            let folder = tempfile::tempdir_in(SCRATCH)?;
            bellwether(listener, folder.path()).await
        }
        ["echo"] => {
            serving(listener.local_addr()?);
            let service = NotificationServiceServer::new(Echo);
            Ok(transport()
                .add_service(service)
                .serve_with_incoming_shutdown(incoming(listener), ended())
                .await?)
        }
        _ => Err("no such server".into()),
    }
}

/// The service as it is: every bound at its default, the built-in rules, an fsync before every acknowledgement.
async fn bellwether(listener: TcpListener, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mail = Mail {
        folder: Some(folder.join("outbox")),
        ..Mail::default()
    };
    let config = Config {
        data: folder.join("data"),
        ..Config::default()
    };
    let admin = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    server::run(config, mail.settings(), None, listener, admin, ended(), |_| {
        serving(address)
    })
    .await?;
    Ok(())
}

/// The same transport as bellwether's: windows wide enough that they do not bound what is measured.
fn transport() -> Server {
    Server::builder()
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
}

fn incoming(listener: TcpListener) -> TcpIncoming {
    TcpIncoming::from(listener).with_nodelay(Some(true))
}
