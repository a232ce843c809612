//! The real service, run inside this process on free ports of this machine alone.

use std::{net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};
use tracing::warn;

use super::folder::Folder;
use crate::{
    cli::Failure,
    clock::Hands,
    config::{Config, Mail},
    engine::input::Input,
    server::{self, ServeError},
    service::{Handle, Unavailable},
};

/// How long mails may take to be written once all has been told.
const MAILS: Duration = Duration::from_secs(5);

/// How often it is looked whether they are.
const LOOK: Duration = Duration::from_millis(10);

/// The running service.
pub(super) struct Service {
    /// Where it takes calls.
    pub(super) address: SocketAddr,
    handle: Handle,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), ServeError>>,
}

impl Service {
    /// Starts it; its time is what the hands show.
    pub(super) async fn start(folder: &Folder, hands: Hands) -> Result<Self, Failure> {
        let (listener, admin) = (free_port().await?, free_port().await?);
        let config = Config {
            listen: listener.local_addr().map_err(Failure::Runtime)?,
            admin: admin.local_addr().map_err(Failure::Runtime)?,
            data: folder.data(),
            rules: vec![folder.rules()],
            mail: Mail {
                folder: Some(folder.mail()),
                ..Mail::default()
            },
            ..Config::default()
        };
        let (address, mail) = (config.listen, config.mail.settings());
        let (stop, stopped) = oneshot::channel();
        let (running, runs) = oneshot::channel();
        let shutdown = async {
            // Nobody who could stop it any more is as good as being stopped.
            let _ = stopped.await;
        };
        let ended = tokio::spawn(async move {
            // Whoever started it may have gone away.
            let tell = |now| drop(running.send(now));
            server::run(config, mail, Some(hands), listener, admin, shutdown, tell).await
        });
        let Ok(running) = runs.await else {
            end(ended).await?;
            return Err(Failure::Contract("it ended before it had started"));
        };
        Ok(Self {
            address,
            handle: running.handle,
            stop,
            ended,
        })
    }

    /// Lets everything happen that is due by now, and says the sequence of the last alert event.
    pub(super) async fn settle(&self) -> Result<u64, Unavailable> {
        self.handle.apply(Input::Tick).await?;
        self.handle.query(|engine| engine.next_event() - 1).await
    }

    /// Waits until every mail is written. What cannot be for so long is told of in the log.
    pub(super) async fn mails_are_written(&self) {
        let written = async {
            while self.handle.query(|engine| engine.outbox().0).await != Ok(0) {
                tokio::time::sleep(LOOK).await;
            }
        };
        if timeout(MAILS, written).await.is_err() {
            warn!("not all mails could be written");
        }
    }

    /// Shuts it down, as a signal would.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        // It may have ended by itself; it says so.
        let _ = self.stop.send(());
        drop(self.handle);
        end(self.ended).await
    }
}

async fn end(ended: JoinHandle<Result<(), ServeError>>) -> Result<(), Failure> {
    match ended.await {
        Ok(ended) => Ok(ended?),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

async fn free_port() -> Result<TcpListener, Failure> {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    TcpListener::bind(address)
        .await
        .map_err(|source| Failure::Bind { address, source })
}
