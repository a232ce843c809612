//! Wiring: the order of the start, and of the end.

#[cfg(test)]
mod tests;

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    net::TcpListener,
    sync::watch,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    admin::{self, Readiness},
    clock::Hands,
    config::Config,
    email::MailSettings,
    grpc::serve::{self, Health, Parts},
    journal::{Position, Reader},
    metrics::Metrics,
    reload::Reloader,
    service::{Fanout, Handle, Opening, Service, ServiceSettings, StartError},
};

/// Why the server ended otherwise than it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The rule files cannot be used, and there are no rules of before.
    #[error("the rule files cannot be used, and there is no earlier rule set to go on with")]
    Rules,
    /// The service cannot start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The transport failed.
    #[error("cannot serve")]
    Transport(#[source] tonic::transport::Error),
    /// Storage can be trusted only by a new start.
    #[error("the process must end: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

/// Told when the server takes calls, and what it can be told while it runs.
pub struct Running {
    /// Reloads the rules.
    pub reloader: Arc<Reloader>,
    /// Answers questions about the state.
    pub handle: Handle,
}

/// Serves on those listeners until `shutdown` is done; `running` is called when calls are taken. Time is what the `hands` show, or this
/// machine's where nobody sets it.
pub async fn run(
    config: Config,
    mail: MailSettings,
    hands: Option<Hands>,
    listener: TcpListener,
    admin: TcpListener,
    shutdown: impl Future<Output = ()>,
    running: impl FnOnce(Running),
) -> Result<(), ServeError> {
    let metrics = Arc::new(Metrics::new());
    let readiness = Arc::new(Readiness::starting());
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();

    let reloader = Arc::new(Reloader::new(
        config.rules.clone(),
        config.limits.engine(),
        Arc::clone(&readiness),
        Arc::clone(&metrics),
    ));
    // The folder opens while the rules are compiled; but none is made for the sake of rule files that may have mistakes.
    let is_old = config.data.join("journal").exists();
    let opening = (is_old || config.rules.is_empty()).then(|| Opening::begin(config.data.clone()));
    let given = reloader.first().await;
    let tell_of_refusal = || {
        given
            .as_ref()
            .err()
            .into_iter()
            .for_each(|refused| reloader.tell(refused))
    };
    if given.is_err() && !is_old {
        tell_of_refusal();
        return Err(ServeError::Rules);
    }
    let data = opening.unwrap_or_else(|| Opening::begin(config.data.clone()));
    // Probes and scrapes are answered while the start takes its time.
    let figures = Arc::new(OnceLock::<Figures>::new());
    tasks.spawn(admin::serve(
        admin,
        Arc::clone(&metrics),
        Arc::clone(&readiness),
        {
            let figures = Arc::clone(&figures);
            move || {
                let figures = figures.get().cloned();
                async move {
                    if let Some(figures) = figures {
                        figures.refresh().await;
                    }
                }
            }
        },
        stop.clone().cancelled_owned(),
    ));
    let _stop = stop.clone().drop_guard();
    let starting = Service::start(
        settings(&config, data, mail, hands),
        given.as_ref().ok().cloned(),
        Arc::clone(&metrics),
    );
    let mut shutdown = pin!(shutdown);
    let mut service = tokio::select! {
        started = starting => started?,
        // Storage may have no room for the first input. What is on disk is as a crash would leave it.
        () = &mut shutdown => {
            info!("stopped before the start was complete");
            return Ok(());
        }
    };
    let in_force = match &given {
        Ok(set) => Some(Arc::clone(set)),
        Err(_) => service.handle.query(|engine| Arc::clone(engine.rules())).await.ok(),
    };
    let Some(in_force) = in_force.filter(|set| !set.rules.is_empty() || !set.source.files.is_empty()) else {
        tell_of_refusal();
        return Err(ServeError::Rules);
    };
    reloader.begin(service.handle.clone(), in_force).await;
    tell_of_refusal();

    let drain = CancellationToken::new();
    let parts = Parts {
        service: &service,
        reloader: Arc::clone(&reloader),
        metrics: Arc::clone(&metrics),
        limits: &config.limits,
        drain: drain.clone(),
    };
    let figures = figures.get_or_init(|| Figures {
        handle: service.handle.clone(),
        fanout: Arc::clone(&service.fanout),
        journal: service.journal.clone(),
        archived: service.archived.clone(),
        metrics: Arc::clone(&metrics),
    });
    // Counters begin here, before the first call.
    figures.clone().refresh().await;
    let (mut health, server) = serve::serve(parts, listener, drain.clone().cancelled_owned());
    let mut room = service.room();
    let has_room = *room.borrow_and_update();
    // Before the first call is answered, which may ask for it.
    tell_of_room(has_room, &health, &readiness).await;
    let mut server = tokio::spawn(server);
    let telling = tasks.spawn(follow_room(room, health.clone(), Arc::clone(&readiness)));
    tasks.spawn({
        let (reloader, stop) = (Arc::clone(&reloader), stop.clone());
        async move { reloader.watch(stop).await }
    });
    readiness.clear("start");
    running(Running {
        reloader,
        handle: service.handle.clone(),
    });

    let ended = tokio::select! {
        () = &mut shutdown => Ok(()),
        cause = service.failure.recv() => Err(ServeError::Failed(cause.unwrap_or_else(|| "its threads are gone".into()))),
        served = &mut server => Err(match served {
            Ok(Err(cause)) => ServeError::Transport(cause),
            Ok(Ok(())) => ServeError::Failed("the listener is gone".into()),
            Err(cause) => ServeError::Failed(cause.into()),
        }),
    };
    ended?;

    info!("shutting down");
    readiness.hold("drain", "shutting down");
    // Room that comes back from now on changes nothing for callers.
    telling.abort();
    let _ = telling.await;
    health.draining().await;
    let grace = config.shutdown_grace;
    let deadline = Instant::now() + grace;
    // The streams end with their cursor, and no new call is taken; calls under way end, or are cut off.
    drain.cancel();
    health.end_watches().await;
    if timeout(grace / 2, &mut server).await.is_err() {
        server.abort();
        warn!("calls under way were cut off");
    }
    stop.cancel();
    if timeout_at(deadline, service.stop(grace / 4)).await.is_err() {
        error!("the service did not end within the grace; the next start makes the state anew from the journal");
    }
    tasks.close();
    // What is left answers scrapes.
    let _ = timeout(Duration::from_secs(1), tasks.wait()).await;
    info!("stopped");
    Ok(())
}

fn settings(config: &Config, data: Opening, mail: MailSettings, hands: Option<Hands>) -> ServiceSettings {
    ServiceSettings {
        data,
        hands,
        engine: config.limits.engine(),
        mail,
        queue: config.limits.queue,
        commit: config.limits.commit,
        ring: config.limits.ring as usize,
        keep_journal: config.retention.journal,
        keep_bytes: config.retention.journal_size,
        keep_alerts: config.retention.alerts,
    }
}

/// How long a scrape waits for the engine's figures: scrapers themselves wait for 10 s or less.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where the gauges' figures come from.
#[derive(Clone)]
struct Figures {
    handle: Handle,
    fanout: Arc<Fanout>,
    journal: Reader,
    archived: watch::Receiver<Option<Position>>,
    metrics: Arc<Metrics>,
}

impl Figures {
    /// Brings the gauges up to date.
    async fn refresh(self) {
        let archived = *self.archived.borrow();
        self.metrics.storage(&self.journal, self.fanout.last_record(), archived);
        let metrics = self.metrics;
        // While the engine waits for room or stops, the last figures stand.
        let _ = timeout(PATIENCE, self.handle.query(move |engine| metrics.observe(engine))).await;
    }
}

/// Tells clients and operators whenever storage takes no writes any more, and when it does again.
async fn follow_room(mut room: watch::Receiver<bool>, health: Health, readiness: Arc<Readiness>) {
    while room.changed().await.is_ok() {
        let has_room = *room.borrow_and_update();
        tell_of_room(has_room, &health, &readiness).await;
    }
}

async fn tell_of_room(has_room: bool, health: &Health, readiness: &Readiness) {
    health.serving(has_room).await;
    if has_room {
        readiness.clear("storage");
    } else {
        readiness.hold(
            "storage",
            "storage has no room for more: free some space in the data folder's file system",
        );
    }
}
