//! `serve`: the service, until a signal ends it.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Exit, Failure};
use crate::{
    config::{Config, Flags},
    journal::{self, Identity},
    reload::{Reload, Reloader},
    server::{self, Running},
    service::Unavailable,
    telemetry,
};

/// Run the service
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    flags: Flags,
    /// The data folder was brought back from a backup: refuse the cursors of what came after it. For the first start alone
    #[arg(long)]
    restored: bool,
}

/// Runs the service until SIGTERM or SIGINT; a second one ends it at once. SIGHUP reloads the rules.
pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let config = Config::load(&args.flags)?;
    telemetry::init(&config.log)?;
    if args.restored {
        let identity = Identity::begin_epoch(&config.data)?;
        info!(epoch = identity.epoch, "the data folder goes on in a new epoch");
    }
    let mail = config.mail.settings();
    let listener = bind(config.listen).await?;
    let admin = bind(config.admin).await?;
    // Where port 0 was asked for, the system chose one.
    let addresses = (
        listener.local_addr().map_err(Failure::Runtime)?,
        admin.local_addr().map_err(Failure::Runtime)?,
    );
    let (term, int) = (
        listen_for(SignalKind::terminate())?,
        listen_for(SignalKind::interrupt())?,
    );
    let hup = listen_for(SignalKind::hangup())?;

    let told = CancellationToken::new();
    tokio::spawn(end_on(term, int, told.clone()));
    let running = |running: Running| {
        tokio::spawn(reload_on(hup, running.reloader));
        if let Some(doubt) = journal::doubt(&config.data) {
            warn!(data = %config.data.display(), "{doubt}");
        }
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        info!(listen = %addresses.0, admin = %addresses.1, data = %config.data.display(), "serving");
    };
    server::run(config.clone(), mail, None, listener, admin, told.cancelled(), running).await?;
    Ok(Exit::Done)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|source| Failure::Bind { address, source })
}

fn listen_for(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(Failure::Runtime)
}

/// Tells of the first signal; at the second one the process ends, whatever it is at.
async fn end_on(mut term: Signal, mut int: Signal, told: CancellationToken) {
    either(&mut term, &mut int).await;
    // Whatever listens there, systemd or nothing, the service ends all the same.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    told.cancel();
    either(&mut term, &mut int).await;
    warn!("told twice: ending at once");
    std::process::exit(Exit::No as i32);
}

async fn either(term: &mut Signal, int: &mut Signal) {
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

async fn reload_on(mut hup: Signal, reloader: Arc<Reloader>) {
    while hup.recv().await.is_some() {
        // The reloader tells of what is wrong; here nobody waits for an answer.
        if let Reload::NotTaken(Unavailable::Stopping) = reloader.reload().await {
            return;
        }
    }
}
