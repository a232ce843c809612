//! Why an alert fired, or why a rule did not for a meeting: the journal is replayed on a second engine, from a snapshot before it all
//! began, and that engine is watched. Nothing of it reaches the deciding one, and it repeats what that one did by being its equal.

mod budget;
mod story;
#[cfg(test)]
mod tests;

use std::time::Duration;

use compact_str::CompactString;
use tokio_util::sync::CancellationToken;

pub use self::story::{Explanation, Step, Weighed};
use self::{
    budget::Budget,
    story::{Question, Story},
};
use super::recovery::{Recovery, RecoveryError, frames};
use crate::{
    engine::{Engine, Look, SEMANTICS},
    journal::{JournalError, SnapshotHeader, codec},
    model::{AlertId, Time},
};

/// How many inputs are read for one explanation.
const MOST_INPUTS: u64 = 10_000_000;

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// It began before the oldest snapshot that the journal goes on from, or was decided by another version.
    #[error("what led to it is older than what the journal keeps")]
    Trimmed,
    /// The journal knows nothing of that meeting.
    #[error("as far back as the journal goes, nothing was said of this meeting")]
    Unheard,
    /// It takes more than one explanation may, or nobody waits for it any more.
    #[error("there is more of the journal to read than one explanation may")]
    TooMuch,
    /// The journal or a snapshot cannot be read.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
}

impl From<JournalError> for ExplainError {
    fn from(cause: JournalError) -> Self {
        Self::Recovery(cause.into())
    }
}

/// Explains, on the caller's thread. Cheap to clone.
#[derive(Clone)]
pub struct Explainer {
    recovery: Recovery,
    /// How much older than its receipt a notification may be.
    lateness: Duration,
    most_inputs: u64,
}

/// An alert to be explained.
#[derive(Debug, Clone)]
pub struct AlertQuestion {
    /// Which.
    pub id: AlertId,
    /// Its rule's name.
    pub rule: CompactString,
    /// The billing code, where its key has one.
    pub billing_code: Option<CompactString>,
    /// When the first notification that it rests on was received.
    pub since: Time,
    /// How long before its match its rule goes back to other notifications, if it does.
    pub memory: Option<Duration>,
}

impl Explainer {
    pub(super) fn new(recovery: Recovery, lateness: Duration) -> Self {
        Self {
            recovery,
            lateness,
            most_inputs: MOST_INPUTS,
        }
    }

    /// Why an alert fired: what its rule saw and did until then. Ends early when it is given up.
    ///
    /// # Errors
    ///
    /// See [`ExplainError`].
    pub fn alert(&self, question: AlertQuestion, given_up: &CancellationToken) -> Result<Explanation, ExplainError> {
        let memory = question.memory.map(|memory| memory + self.lateness);
        let before = question.since.minus(memory.unwrap_or_default());
        let look = match &question.billing_code {
            Some(code) => Look::Meeting(code.clone()),
            None => Look::Rule(question.rule.clone()),
        };
        let bases = self.bases(|header| header.time < before)?;
        let question = Question {
            rule: question.rule,
            billing_code: question.billing_code,
            alert: Some(question.id),
        };
        let told = self.try_each(&bases, &question, &look, given_up)?;
        told.ok_or(ExplainError::Trimmed)
    }

    /// Why a rule did not fire for a meeting: what it saw and did in its last occurrence. Ends early when it is given up.
    ///
    /// # Errors
    ///
    /// See [`ExplainError`].
    pub fn rule(
        &self,
        rule: &str,
        billing_code: &str,
        given_up: &CancellationToken,
    ) -> Result<Explanation, ExplainError> {
        let question = Question {
            rule: rule.into(),
            billing_code: Some(billing_code.into()),
            alert: None,
        };
        let bases = self.bases(|_| true)?;
        let told = self.try_each(&bases, &question, &Look::Meeting(billing_code.into()), given_up)?;
        told.ok_or(ExplainError::Unheard)
    }

    /// Where a replay can begin, the latest first; `None`: with nothing, at the beginning of the journal.
    fn bases(&self, fits: impl Fn(&SnapshotHeader) -> bool) -> Result<Vec<Option<SnapshotHeader>>, ExplainError> {
        let earliest = self.recovery.journal.earliest();
        let headers = self.recovery.snapshots.list()?;
        let fitting = headers
            .into_iter()
            .rev()
            .filter(|header| header.offset >= earliest && header.semantics == SEMANTICS && fits(header));
        let mut bases: Vec<Option<SnapshotHeader>> = fitting.map(Some).collect();
        if earliest == 0 {
            bases.push(None);
        }
        Ok(bases)
    }

    /// The story from the latest base on that has all of it.
    fn try_each(
        &self,
        bases: &[Option<SnapshotHeader>],
        question: &Question,
        look: &Look,
        given_up: &CancellationToken,
    ) -> Result<Option<Explanation>, ExplainError> {
        let mut budget = Budget::new(self.most_inputs, given_up);
        for (i, base) in bases.iter().enumerate() {
            budget.check()?;
            let engine = self.engine_at(*base)?;
            let is_open = |code: &CompactString| engine.meeting(code).is_some();
            let has_begun = question.billing_code.as_ref().is_some_and(is_open);
            // The occurrence that is asked about may be the one that is open.
            if has_begun && i + 1 < bases.len() {
                continue;
            }
            let from = base.map_or(0, |header| header.offset);
            if let Some(told) = self.tell(engine, from, question, look, has_begun, &mut budget)? {
                return Ok(Some(told));
            }
        }
        Ok(None)
    }

    fn engine_at(&self, base: Option<SnapshotHeader>) -> Result<Engine, ExplainError> {
        let Some(header) = base else {
            return Ok(Engine::new(self.recovery.store));
        };
        let snapshot = self.recovery.snapshots.before(header.offset)?;
        // A snapshot may have been removed, or turn out to be damaged, since it was listed.
        let snapshot = snapshot.filter(|snapshot| snapshot.header.offset == header.offset);
        let snapshot = snapshot.ok_or(ExplainError::Trimmed)?;
        let restored = Engine::restore(&snapshot.payload);
        restored.map_err(|source| {
            let offset = header.offset;
            RecoveryError::Restore { offset, source }.into()
        })
    }

    /// Replays the journal until the story is over; `None` if it has none to tell.
    fn tell(
        &self,
        mut engine: Engine,
        from: u64,
        question: &Question,
        look: &Look,
        has_begun: bool,
        budget: &mut Budget<'_>,
    ) -> Result<Option<Explanation>, ExplainError> {
        engine.watch(look.clone());
        let mut story = Story::new(question, has_begun);
        let skipped = self.recovery.skipped_from(from, || budget.check())?;
        let until = self.recovery.journal.next_offset();
        let mut effects = Vec::new();
        for frame in frames(&self.recovery.journal, from, until) {
            let frame = frame?;
            if frame.semantics != SEMANTICS {
                return Err(ExplainError::Trimmed);
            }
            for (offset, input) in (frame.first_offset..).zip(codec::decode(&frame.payload, frame.count)) {
                let input = input.map_err(|source| RecoveryError::Codec { offset, source })?;
                if !(from..until).contains(&offset) || skipped.contains(&offset) {
                    continue;
                }
                budget.spend()?;
                engine.apply(offset, frame.time, input, &mut effects);
                if story.goes_on(&mut engine, effects.drain(..)) {
                    continue;
                }
                return Ok(story.end());
            }
        }
        Ok(story.end())
    }
}
