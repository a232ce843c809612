//! The mailer: a queue and the lanes that empty it.

use std::{
    future::poll_fn,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    dkim::{DkimError, Signer},
    folder::Folder,
    lane::Lane,
    message::{ComposeError, Mail},
    queue::MailQueue,
    relay::{Relay, RelayError},
    settings::MailSettings,
    upcoming::{Composer, Prepared, Upcoming},
};
use crate::{
    engine::{
        input::{MailOutcome, MailResult},
        outbox::Attempt,
    },
    metrics::MailMetrics,
};

/// Sends mails. Each attempt that it takes gives one outcome, unless it is shut down first.
#[derive(Debug)]
pub struct Mailer {
    queue: MailQueue,
    relays: Relays,
    lanes: JoinSet<()>,
    stop: CancellationToken,
}

/// The mailer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Relays and a folder.
    #[error("mail has both relays and a folder; keep one of them")]
    RelaysAndFolder,
    /// Too many lanes.
    #[error("mail.lanes is {0}; take at most {max}", max = MailSettings::MAX_LANES)]
    TooManyLanes(usize),
    /// A relay's settings cannot be used.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// Mails cannot be signed.
    #[error(transparent)]
    Dkim(#[from] DkimError),
    /// The folder cannot be made.
    #[error("cannot create the mail folder {path}; make it writable, or set mail.folder or mail.relays")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The relays that mail leaves by, to be asked how they fare. Cheap to clone.
#[derive(Clone)]
pub struct Relays(Arc<[Relay]>);

impl Relays {
    /// Each by its name (`smtp.example.com:587`), in the order in which they are asked, and why it was left alone when it was last
    /// asked, if it was. None where mail is written into a folder.
    pub fn troubles(&self) -> Vec<(String, Option<String>)> {
        let told = |relay: &Relay| (relay.name().to_owned(), relay.trouble());
        self.0.iter().map(told).collect()
    }
}

impl std::fmt::Debug for Relays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(Relay::name)).finish()
    }
}

/// Where mails go.
enum Exit {
    Relays(Box<Lane>),
    Folder(Folder),
}

impl Mailer {
    /// Starts the lanes on the current tokio runtime. Each outcome is put into `outcomes`; a lane whose outcome finds no place waits.
    pub fn start(
        settings: &MailSettings,
        outcomes: mpsc::Sender<MailOutcome>,
        metrics: MailMetrics,
    ) -> Result<Self, StartError> {
        let (exits, relays) = exits(settings, &metrics)?;
        let composer = Composer {
            from: settings.from.clone(),
            console: settings.console.clone(),
            signer: settings.dkim.as_ref().map(Signer::new).transpose()?.map(Arc::new),
        };
        let queue = MailQueue::new(metrics.clone());
        let stop = CancellationToken::new();
        let mut lanes = JoinSet::new();
        for exit in exits {
            lanes.spawn(
                Worker {
                    exit,
                    idle: settings.timeouts.idle,
                    upcoming: Upcoming::new(queue.clone(), composer.clone(), metrics.clone()),
                    outcomes: outcomes.clone(),
                    stop: stop.clone(),
                }
                .run(),
            );
        }
        Ok(Self {
            queue,
            relays,
            lanes,
            stop,
        })
    }

    /// The way to the lanes.
    pub fn queue(&self) -> MailQueue {
        self.queue.clone()
    }

    /// The relays.
    pub fn relays(&self) -> Relays {
        self.relays.clone()
    }

    /// Lets each lane finish the mail under way, for so long at most, and leaves the rest. Outcomes must still be taken from the
    /// channel meanwhile. A mail that is cut off has no outcome: the engine sends it again after the next start, byte for byte.
    pub async fn shutdown(mut self, grace: Duration) {
        self.stop.cancel();
        let drained = async { while self.lanes.join_next().await.is_some() {} };
        if timeout(grace, drained).await.is_err() {
            tracing::warn!("mails under way were cut off; they are sent again after the next start");
        }
        self.lanes.shutdown().await;
    }
}

fn exits(settings: &MailSettings, metrics: &MailMetrics) -> Result<(Vec<Exit>, Relays), StartError> {
    let lanes = settings.lanes.get();
    if lanes > MailSettings::MAX_LANES {
        return Err(StartError::TooManyLanes(lanes));
    }
    if settings.relays.is_empty() {
        let path = settings.folder.clone().unwrap_or_else(|| PathBuf::from("outbox"));
        let folder = Folder::create(path.clone()).map_err(|source| StartError::Folder { path, source })?;
        return Ok((vec![Exit::Folder(folder)], Relays(Arc::default())));
    }
    if settings.folder.is_some() {
        return Err(StartError::RelaysAndFolder);
    }
    let hello = settings
        .hello_name
        .as_ref()
        .map_or(settings.from.domain(), |name| name.as_str());
    let relays: Arc<[Relay]> = settings
        .relays
        .iter()
        .map(|relay| Relay::new(relay, hello, settings.timeouts, settings.cool_down, metrics.clone()))
        .collect::<Result<_, _>>()?;
    let lane = |_| Lane::new(relays.clone(), settings.timeouts, metrics.clone());
    let exits = (0..lanes).map(lane).map(|lane| Exit::Relays(Box::new(lane)));
    Ok((exits.collect(), Relays(relays.clone())))
}

struct Worker {
    exit: Exit,
    idle: Duration,
    upcoming: Upcoming,
    outcomes: mpsc::Sender<MailOutcome>,
    stop: CancellationToken,
}

impl Worker {
    async fn run(mut self) {
        let stop = self.stop.clone();
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                next = self.next() => next,
            };
            let Some(Prepared { taken, mail, under_way }) = next else {
                break;
            };
            let attempt = taken.attempt;
            let outcome = MailOutcome {
                intent: attempt.intent.id,
                attempt: attempt.number,
                result: self.attempt(&attempt, mail).await,
            };
            drop(under_way);
            if self.outcomes.send(outcome).await.is_err() {
                break;
            }
        }
        self.exit.rest().await;
    }

    /// The next mail; meanwhile an idle connection is closed, after which nothing wakes this lane but mail.
    async fn next(&mut self) -> Option<Prepared> {
        if self.exit.is_open() {
            match timeout(self.idle, self.upcoming.take()).await {
                Ok(next) => return next,
                Err(_) => self.exit.rest().await,
            }
        }
        self.upcoming.take().await
    }

    async fn attempt(&mut self, attempt: &Attempt, mail: Result<Mail, ComposeError>) -> MailResult {
        let mail = match mail {
            Ok(mail) => mail,
            Err(error) => {
                tracing::error!(intent = %attempt.intent.id, error = &error as &dyn std::error::Error, "no mail can be made");
                return MailResult::Refused(error.to_string());
            }
        };
        unless_it_panics(self.exit.send(attempt, mail, &mut self.upcoming))
            .await
            .unwrap_or_else(|| MailResult::Deferred("the mailer failed on this mail; please report it".to_owned()))
    }
}

impl Exit {
    async fn send(&mut self, attempt: &Attempt, mail: Mail, upcoming: &mut Upcoming) -> MailResult {
        match self {
            Self::Relays(lane) => lane.send(&mail, attempt.number, upcoming).await,
            Self::Folder(folder) => folder.send(attempt, mail).await,
        }
    }

    fn is_open(&self) -> bool {
        match self {
            Self::Relays(lane) => lane.is_open(),
            Self::Folder(_) => false,
        }
    }

    async fn rest(&mut self) {
        match self {
            Self::Relays(lane) => lane.close().await,
            Self::Folder(_) => {}
        }
    }
}

/// What the future gives, or `None`: a panic while a mail is handed over must not take a lane away.
async fn unless_it_panics<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)))
            .map_or(Poll::Ready(None), |poll| poll.map(Some))
    })
    .await
}
