//! Putting rule files in force: at the start, and whenever an operator, a signal or a changed file asks for it. All or nothing: files
//! with a mistake change nothing, and every surface that an operator looks at says so.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::{
    admin::Readiness,
    clock,
    engine::{Fate, Reloaded, RuleChange, input::Settings},
    metrics::Metrics,
    rule_files::{self, LoadError},
    rules::{RuleSet, RuleSource, catalogue, compile, diagnostic::Diagnostic},
    service::{self, Handle, Unavailable},
};

/// How often the files are looked at. Their content is, so that a folder which is swapped whole is seen.
const POLL: Duration = Duration::from_secs(5);

/// The part of `/readyz` that tells of rules.
const PART: &str = "rules";

/// Reads rule files and puts them in force.
#[derive(Debug)]
pub struct Reloader {
    /// Files and folders; none: the catalogue that is built in.
    paths: Vec<PathBuf>,
    limits: Settings,
    readiness: Arc<Readiness>,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

struct State {
    /// `None` until the service runs.
    handle: Option<Handle>,
    in_force: Arc<RuleSet>,
    /// What the files held when they were last read; `None` when they could not be, and that was told.
    seen: Option<Arc<RuleSource>>,
    /// What was read last, if the journal had no room for it, which was told.
    waits: Option<Arc<RuleSet>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

/// What came of a reload.
#[derive(Debug)]
pub enum Reload {
    /// The files are in force.
    Applied {
        /// What that changed.
        change: Reloaded,
        /// What is doubtful in them.
        warnings: Checked,
    },
    /// The files have mistakes; nothing changed.
    Refused(Checked),
    /// The files cannot be read; nothing changed.
    Unreadable(LoadError),
    /// The service did not take them; nothing changed.
    NotTaken(Unavailable),
}

/// Findings, with the text that they are about.
#[derive(Debug)]
pub struct Checked {
    /// The text.
    pub source: Arc<RuleSource>,
    /// What was found in it.
    pub diagnostics: Vec<Diagnostic>,
}

impl Reloader {
    /// Reads those files, or the catalogue where there are none.
    pub fn new(paths: Vec<PathBuf>, limits: Settings, readiness: Arc<Readiness>, metrics: Arc<Metrics>) -> Self {
        let state = State {
            handle: None,
            in_force: Arc::default(),
            seen: None,
            waits: None,
        };
        Self {
            paths,
            limits,
            readiness,
            metrics,
            state: Mutex::new(state),
        }
    }

    /// What is wrong with rules that could keep more state than the configuration lets all of them have.
    pub fn misfit(&self, set: &RuleSet) -> Option<Diagnostic> {
        set.misfit(self.limits.keys_per_rule, self.limits.keys)
    }

    /// Reads and compiles the files for the start of the service.
    pub async fn first(&self) -> Result<Arc<RuleSet>, Reload> {
        let (set, warnings) = self.read(&mut *self.state.lock().await).await?;
        warn_of(&warnings);
        Ok(set)
    }

    /// The service runs, with these rules in force.
    pub async fn begin(&self, handle: Handle, in_force: Arc<RuleSet>) {
        let mut state = self.state.lock().await;
        self.note(&in_force);
        state.handle = Some(handle);
        state.in_force = in_force;
    }

    /// Reads the files anew and puts them in force.
    pub async fn reload(&self) -> Reload {
        let mut state = self.state.lock().await;
        self.apply(&mut state).await
    }

    /// Reloads whenever the files' content has changed, and tells once when they cannot be read any more, or find no room, until told to stop.
    pub async fn watch(&self, stop: CancellationToken) {
        if self.paths.is_empty() {
            return;
        }
        let mut timer = tokio::time::interval(POLL);
        let mut was_readable = true;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = timer.tick() => {}
            }
            let mut state = self.state.lock().await;
            let loaded = self.load().await;
            let is_readable = loaded.is_ok();
            match loaded {
                Ok(source) if state.seen.as_deref() != Some(&source) => drop(self.apply(&mut state).await),
                // What cannot be read at one poll may be just being written.
                Err(cause) if !was_readable && state.seen.take().is_some() => self.tell(&Reload::Unreadable(cause)),
                Err(_) => {}
                Ok(_) => self.try_again(&mut state).await,
            }
            was_readable = is_readable;
        }
    }

    async fn apply(&self, state: &mut State) -> Reload {
        let Some(handle) = state.handle.clone() else {
            return Reload::NotTaken(Unavailable::Stopping);
        };
        let (set, warnings) = match self.read(state).await {
            Ok(read) => read,
            Err(refused) => {
                self.tell(&refused);
                return refused;
            }
        };
        warn_of(&warnings);
        match self.put(state, &handle, set).await {
            Ok(change) => Reload::Applied { change, warnings },
            Err(cause) => {
                let refused = Reload::NotTaken(cause);
                self.tell(&refused);
                refused
            }
        }
    }

    /// Puts rules in force that found no room before. That they find none again is no news.
    async fn try_again(&self, state: &mut State) {
        if let (Some(handle), Some(set)) = (state.handle.clone(), state.waits.take())
            && let Err(cause) = self.put(state, &handle, set).await
        {
            debug!("the rule files still cannot be put in force: {cause}");
        }
    }

    /// Puts rules in force, or keeps them where there is no room, for the next look at the files to try again.
    async fn put(&self, state: &mut State, handle: &Handle, set: Arc<RuleSet>) -> Result<Reloaded, Unavailable> {
        let change = match put_in_force(handle, &state.in_force, &set).await {
            Ok(change) => change,
            Err(cause) => {
                state.waits = (cause == Unavailable::NoSpace).then_some(set);
                return Err(cause);
            }
        };
        tell_of(&change);
        self.note(&set);
        state.in_force = set;
        Ok(change)
    }

    async fn read(&self, state: &mut State) -> Result<(Arc<RuleSet>, Checked), Reload> {
        (state.seen, state.waits) = (None, None);
        let source = Arc::new(self.load().await.map_err(Reload::Unreadable)?);
        state.seen = Some(Arc::clone(&source));
        let text = Arc::clone(&source);
        let compiled = tokio::task::spawn_blocking(move || compile::compile(&text)).await;
        match compiled {
            Ok(Ok(compiled)) => {
                let misfit = self.misfit(&compiled.set);
                let refused = misfit.is_some();
                let diagnostics = misfit.into_iter().chain(compiled.warnings).collect();
                let checked = Checked { source, diagnostics };
                match refused {
                    true => Err(Reload::Refused(checked)),
                    false => Ok((Arc::new(compiled.set), checked)),
                }
            }
            Ok(Err(diagnostics)) => Err(Reload::Refused(Checked { source, diagnostics })),
            Err(_) => Err(Reload::NotTaken(Unavailable::Stopping)),
        }
    }

    async fn load(&self) -> Result<RuleSource, LoadError> {
        if self.paths.is_empty() {
            return Ok(catalogue::source());
        }
        let paths = self.paths.clone();
        match tokio::task::spawn_blocking(move || rule_files::load(&paths)).await {
            Ok(loaded) => loaded,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    fn note(&self, set: &RuleSet) {
        let now = std::time::Duration::from_nanos(clock::wall().as_nanos().unsigned_abs()).as_secs_f64();
        self.metrics
            .rules_loaded(set.rules.iter().map(|rule| rule.name.as_str()), now);
        self.readiness.clear(PART);
    }

    /// Tells operators, everywhere they look, that the files are not in force.
    pub fn tell(&self, refused: &Reload) {
        let why = match refused {
            Reload::Applied { .. } | Reload::NotTaken(Unavailable::Stopping) => return,
            Reload::Refused(mistakes) => {
                for mistake in &mistakes.diagnostics {
                    error!("{mistake}");
                }
                let count = mistakes.diagnostics.len();
                format!("the rule files have {count} findings; the rules before them are in force")
            }
            Reload::Unreadable(cause) => {
                error!("the rule files cannot be read: {cause}");
                format!("the rule files cannot be read: {cause}; the rules before them are in force")
            }
            Reload::NotTaken(cause) => {
                error!("the rule files cannot be put in force: {cause}");
                format!("the rule files cannot be put in force: {cause}; the rules before them are in force")
            }
        };
        self.metrics.reload_failed();
        self.readiness.hold(PART, why);
    }
}

/// Puts a rule set in force, if it is another one, and says what that changed.
async fn put_in_force(handle: &Handle, old: &RuleSet, new: &Arc<RuleSet>) -> Result<Reloaded, Unavailable> {
    if old.source == new.source {
        let same = Arc::clone(new);
        return handle.query(move |engine| engine.compare(&same)).await;
    }
    service::put_in_force(handle, Arc::clone(new)).await?;
    handle.query(|engine| engine.reloaded().clone()).await
}

/// Rules that go on as if nothing had been are told of where there is anything that goes on.
fn tell_of(change: &Reloaded) {
    for RuleChange {
        name,
        fate,
        alerts,
        timers,
    } in &change.rules
    {
        if *fate != Fate::Kept || alerts + timers > 0 {
            info!(rule = %name, alerts, timers, "a rule was {}", fate.name());
        }
    }
    info!(
        kept = change.count(Fate::Kept),
        reset = change.count(Fate::Reset),
        added = change.count(Fate::Added),
        removed = change.count(Fate::Removed),
        "the rule files are in force"
    );
}

fn warn_of(warnings: &Checked) {
    for warning in &warnings.diagnostics {
        warn!("{warning}");
    }
}
