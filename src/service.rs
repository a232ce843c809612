//! The driver: gathers inputs, makes them durable, has the engine decide, and lets the effects out, in this order. The wire is absent:
//! gRPC calls come in through [`Handle`], and subscribers read [`Fanout`].

mod decide;
pub mod explain;
mod fanout;
mod follow;
mod gather;
mod handle;
mod opened;
mod records;
mod recovery;
mod room;
mod snapshots;
#[cfg(test)]
pub(crate) mod tests;
mod visible;

use std::{
    collections::VecDeque,
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::PathBuf,
    sync::{Arc, mpsc::sync_channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

pub use fanout::{Fanout, Next, Said};
pub use follow::FollowError;
pub use handle::{Handle, Unavailable};
pub use opened::Opening;
pub use recovery::RecoveryError;
pub use visible::Visible;

use crate::{
    clock::{Clock, Hands},
    email::{MailSettings, Mailer, Relays},
    engine::{
        Engine,
        input::{Input, MailOutcome, NewRules, Settings},
    },
    grpc::cursor::Cursors,
    journal::{AppendError, EventLog, EventReader, Journal, JournalError, Position, Reader},
    metrics::Metrics,
    rules::RuleSet,
};
use decide::Decider;
use explain::Explainer;
use follow::Follower;
use gather::Gatherer;
use opened::Opened;
use recovery::{Recovered, Recovery};
use room::Room;

/// How many batches may be durable and wait to be decided upon.
const AHEAD: usize = 2;

/// What the service runs with.
#[derive(Debug)]
pub struct ServiceSettings {
    /// The data folder.
    pub data: Opening,
    /// What time is taken from; `None`: this machine.
    pub hands: Option<Hands>,
    /// What the engine reads.
    pub engine: Settings,
    /// How mail is sent.
    pub mail: MailSettings,
    /// How many notifications may wait.
    pub queue: u32,
    /// How many inputs one commit takes.
    pub commit: u32,
    /// How many alert events are kept in memory for subscribers.
    pub ring: usize,
    /// For how long the journal and the event log are kept.
    pub keep_journal: Duration,
    /// The size that the journal is kept to, in bytes.
    pub keep_bytes: u64,
    /// For how long ended alerts are kept in the archive.
    pub keep_alerts: Duration,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The state cannot be made anew from it.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// What was said cannot be completed.
    #[error("cannot complete the event log")]
    Events(#[from] AppendError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] FollowError),
    /// The mailer.
    #[error(transparent)]
    Mail(#[from] crate::email::StartError),
    /// It was told to stop, or failed, before its first inputs were applied.
    #[error("the service stopped before it had started")]
    Stopped,
}

/// Reports that the process must end: what is on disk can be trusted only by a new start.
#[derive(Clone, Debug)]
pub struct Fatal(mpsc::Sender<Box<dyn Error + Send + Sync>>);

impl Fatal {
    pub(crate) fn report(&self, cause: Box<dyn Error + Send + Sync>) {
        // The first one ends the process; the others can only say the same.
        let _ = self.0.try_send(cause);
    }
}

/// A thread of the service is gone.
#[derive(Debug, thiserror::Error)]
#[error("the {name} thread panicked, which is a defect: report it, with what the log says of it")]
struct Panicked {
    name: &'static str,
}

/// The running service.
pub struct Service {
    /// The way in.
    pub handle: Handle,
    /// What is said.
    pub fanout: Arc<Fanout>,
    /// What was decided upon.
    pub journal: Reader,
    /// What was said.
    pub events: EventReader,
    /// Makes and reads cursors of this store.
    pub cursors: Cursors,
    /// How far the archive got.
    pub archived: watch::Receiver<Option<Position>>,
    /// Where the archive is.
    pub archive: PathBuf,
    /// Tells why alerts fired.
    pub explainer: Explainer,
    room: Arc<Room>,
    /// Comes when the process must end.
    pub failure: mpsc::Receiver<Box<dyn Error + Send + Sync>>,
    recovery: Recovery,
    gatherer: JoinHandle<Journal>,
    decider: JoinHandle<(Engine, EventLog)>,
    follower: Follower,
    mailer: Mailer,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Service {
    /// Starts as soon as the data folder is open and its state is made. `rules` are put in force where they are not already; `None`:
    /// those of the journal stay. Dropped before it is done, it leaves the folder as a crash would.
    pub async fn start(
        mut settings: ServiceSettings,
        rules: Option<Arc<RuleSet>>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let Opened {
            journal,
            events,
            recovery,
            engine,
        } = settings.data.opened().await?;
        let (identity, head) = (journal.identity(), journal.next_offset());

        let (fatal, failure) = mpsc::channel(1);
        let fatal = Fatal(fatal);
        let (handle, submissions) = Handle::new(settings.queue);
        let fanout = Arc::new(Fanout::new(head_position(head), events.last_position(), settings.ring));
        let cursors = Cursors::new(identity);
        let archive = settings.data.folder().join("archive.db");
        let follower = Follower::start(
            &archive,
            identity.store,
            events.reader(),
            settings.keep_alerts,
            engine.now(),
            fatal.clone(),
        )?;
        let (outcomes, outcomes_out) = mpsc::channel(1024);
        let mailer = Mailer::start(&settings.mail, outcomes, metrics.mailer.clone())?;
        let (decided, decided_out) = watch::channel(head);
        let room = Arc::new(Room::new());
        let (durable, batches) = sync_channel(AHEAD);
        let (answers, answered) = mpsc::unbounded_channel();
        // It ends with the deciding thread.
        tokio::spawn(decide::answer(answered));

        let clock = Clock::starting_after(engine.now(), settings.hands.clone());
        let in_force = Arc::clone(engine.rules());
        let gatherer = Gatherer {
            journal,
            clock,
            submissions,
            waiting: VecDeque::new(),
            full_until: None,
            durable,
            room: Arc::clone(&room),
            most: settings.commit,
            fatal: fatal.clone(),
            metrics: Arc::clone(&metrics),
        };
        let decider = Decider {
            engine,
            batches,
            events,
            fanout: Arc::clone(&fanout),
            room: Arc::clone(&room),
            mailer: mailer.queue(),
            handle: handle.clone(),
            recovery: recovery.clone(),
            cursors,
            answers,
            archive: follower.bell(),
            fatal: fatal.clone(),
            metrics,
            decided,
            full_until: None,
            effects: Vec::new(),
            is_lost: false,
        };
        let service = Self {
            explainer: Explainer::new(recovery.clone(), settings.engine.lateness),
            journal: recovery.journal.clone(),
            events: recovery.events.clone(),
            archived: follower.reached.clone(),
            gatherer: named("journal", fatal.clone(), move || gatherer.run()),
            decider: named("engine", fatal.clone(), move || decider.run()),
            handle,
            fanout,
            cursors,
            archive,
            room,
            failure,
            recovery,
            follower,
            mailer,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        service
            .begin(settings, rules, &in_force, outcomes_out, decided_out, fatal)
            .await?;
        Ok(service)
    }

    /// The first inputs of this process, and the tasks beside the two threads.
    async fn begin(
        &self,
        settings: ServiceSettings,
        rules: Option<Arc<RuleSet>>,
        in_force: &RuleSet,
        outcomes: mpsc::Receiver<MailOutcome>,
        decided: watch::Receiver<u64>,
        fatal: Fatal,
    ) -> Result<(), StartError> {
        self.tasks.spawn(pass_outcomes(outcomes, self.handle.clone()));
        self.tasks.spawn(snapshots::run(
            self.recovery.clone(),
            self.handle.clone(),
            decided,
            snapshots::Retention {
                age: settings.keep_journal,
                bytes: settings.keep_bytes,
            },
            fatal,
            self.stop.clone(),
        ));
        self.tasks.spawn(probe_room(
            self.handle.clone(),
            self.room.subscribe(),
            self.stop.clone(),
        ));
        self.submit_first(Input::Start(settings.engine)).await?;
        if let Some(rules) = rules.filter(|rules| rules.source != in_force.source) {
            self.submit_first(new_rules(rules)).await?;
        }
        Ok(())
    }

    /// Applies what the start cannot do without, as soon as storage has room for it.
    async fn submit_first(&self, input: Input) -> Result<(), StartError> {
        let mut room = self.room.subscribe();
        loop {
            let applied = self.handle.apply(input.clone()).await;
            if applied != Err(Unavailable::NoSpace) {
                return applied.map_err(|_| StartError::Stopped);
            }
            if room.wait_for(|has_room| *has_room).await.is_err() {
                return Err(StartError::Stopped);
            }
        }
    }

    /// The relays that mail leaves by.
    pub fn relays(&self) -> Relays {
        self.mailer.relays()
    }

    /// Tells whether storage takes notifications.
    pub fn room(&self) -> watch::Receiver<bool> {
        self.room.subscribe()
    }

    /// Ends: mails under way are finished, what was submitted is decided upon, the state goes into a snapshot. Nothing must submit any
    /// more.
    pub async fn stop(self, grace: Duration) {
        self.mailer.shutdown(grace).await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.handle.stop().await;
        let (recovery, gatherer, decider, follower) = (self.recovery, self.gatherer, self.decider, self.follower);
        let ended = tokio::task::spawn_blocking(move || {
            let (Ok(journal), Ok((engine, events))) = (gatherer.join(), decider.join()) else {
                return warn!("a thread of the service failed; the next start makes the state anew from the journal");
            };
            if let Err(cause) = close(&recovery, journal, engine, events) {
                warn!(%cause, "the state could not be put in a snapshot; the next start makes it anew from the journal");
            }
            follower.stop();
        });
        if let Err(cause) = ended.await {
            warn!(%cause, "the service did not end cleanly; the next start makes the state anew from the journal");
        }
    }
}

/// Puts a rule set in force. Refused where storage has no room.
pub async fn put_in_force(handle: &Handle, rules: Arc<RuleSet>) -> Result<(), Unavailable> {
    handle.apply(new_rules(rules)).await
}

fn new_rules(rules: Arc<RuleSet>) -> Input {
    Input::Rules(NewRules {
        source: Arc::clone(&rules.source),
        compiled: Some(rules),
    })
}

/// The position that everything before an offset comes before.
pub(crate) fn head_position(next_offset: u64) -> Position {
    let first = Position {
        offset: next_offset,
        ordinal: 0,
    };
    first.just_before()
}

fn close(recovery: &Recovery, journal: Journal, engine: Engine, mut events: EventLog) -> Result<(), StartError> {
    events.sync()?;
    let recovered = Recovered {
        engine,
        missing: Vec::new(),
        last_event: events.last_position(),
        last_hash: Some(journal.last_hash()),
    };
    snapshots::write(recovery, journal.next_offset(), &recovered)?;
    journal.close()?;
    Ok(())
}

/// Runs a thread without which there is no service: that it panicked ends the process.
fn named<T: Send + 'static>(
    name: &'static str,
    fatal: Fatal,
    run: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let run = move || {
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            fatal.report(Panicked { name }.into());
            resume_unwind(panic)
        })
    };
    #[expect(clippy::expect_used, reason = "a process that cannot start a thread cannot start")]
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .expect("a thread")
}

async fn pass_outcomes(mut outcomes: mpsc::Receiver<MailOutcome>, handle: Handle) {
    while let Some(outcome) = outcomes.recv().await {
        if handle.send(Input::Mail(outcome)).await.is_err() {
            return;
        }
    }
}

/// While storage has no room nobody sends it anything: asks every second whether it has again, and once more when it has, for what
/// waited meanwhile.
async fn probe_room(handle: Handle, mut room: watch::Receiver<bool>, stop: CancellationToken) {
    let probe = async {
        while room.wait_for(|has_room| !has_room).await.is_ok() {
            let mut has_room = false;
            while !has_room {
                tokio::time::sleep(Duration::from_secs(1)).await;
                has_room = *room.borrow();
                if handle.send(Input::Tick).await.is_err() {
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = probe => {}
    }
}
