//! Explanations for `AlertService` and `RuleService`: one at a time, off the async workers, since each replays a part of the journal.
//! One whose caller has gone away is given up.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{from_proto, status::Refused, to_proto};
use crate::{
    api,
    model::AlertId,
    service::{
        Handle,
        explain::{AlertQuestion, ExplainError, Explainer, Explanation},
    },
};

/// Explains for callers. Cheap to clone; all clones share one place.
#[derive(Clone)]
pub(super) struct Explaining {
    handle: Handle,
    explainer: Explainer,
    place: Arc<Semaphore>,
}

impl Explaining {
    pub fn new(handle: Handle, explainer: Explainer) -> Self {
        let place = Arc::new(Semaphore::new(1));
        Self {
            handle,
            explainer,
            place,
        }
    }

    /// Why an alert fired, given as the archive has it.
    pub async fn alert(&self, alert: api::Alert) -> Result<api::Explanation, Refused> {
        let id: AlertId = alert.id.parse().map_err(|_| Refused::internal())?;
        let rule = alert.rule.clone();
        let memory = self.handle.query(move |engine| {
            let rule = engine.rules().named(&rule)?;
            rule.condition.memory()
        });
        let memory = memory.await?;
        let received = alert.evidence.iter().filter_map(|evidence| evidence.received_at);
        let received = received.filter_map(|at| from_proto::timestamp(at, "received_at").ok());
        let fired = alert
            .started_at
            .and_then(|at| from_proto::timestamp(at, "started_at").ok());
        let question = AlertQuestion {
            id,
            rule: alert.rule.as_str().into(),
            billing_code: alert.key.get("billing_code").map(Into::into),
            since: received.chain(fired).min().unwrap_or_default(),
            memory,
        };
        let explainer = self.explainer.clone();
        let explain = move |given_up: &_| explainer.alert(question, given_up);
        run(&self.place, Some(alert), explain).await
    }

    /// Why a rule did not fire for a meeting.
    pub async fn rule(&self, rule: String, billing_code: String) -> Result<api::Explanation, Refused> {
        for (field, value) in [("rule", &rule), ("billing_code", &billing_code)] {
            if value.is_empty() {
                return Err(Refused::invalid(field, "REQUIRED_FIELD_MISSING", "must be given"));
            }
        }
        let name = rule.clone();
        let is_known = self
            .handle
            .query(move |engine| engine.rules().named(&name).is_some())
            .await;
        if !is_known? {
            return Err(Refused::not_found("rule"));
        }
        let explainer = self.explainer.clone();
        let explain = move |given_up: &_| explainer.rule(&rule, &billing_code, given_up);
        run(&self.place, None, explain).await
    }
}

/// Explains in the one place that there is for it. `kept` is what there is if the journal does not go back far enough.
async fn run(
    place: &Arc<Semaphore>,
    kept: Option<api::Alert>,
    explain: impl FnOnce(&CancellationToken) -> Result<Explanation, ExplainError> + Send + 'static,
) -> Result<api::Explanation, Refused> {
    let place = Arc::clone(place).try_acquire_owned();
    let place = place.map_err(|_| Refused::explaining())?;
    let given_up = CancellationToken::new();
    // A call that nobody waits for any more is dropped.
    let _waiting = given_up.clone().drop_guard();
    let explained = tokio::task::spawn_blocking(move || {
        // Held until the work is done, though the caller may have gone away.
        let _place = place;
        explain(&given_up).map(|explanation| to_proto::explanation(&explanation))
    });
    match explained.await {
        Ok(Ok(explanation)) => Ok(explanation),
        Ok(Err(ExplainError::Trimmed)) => Err(Refused::history_trimmed(kept)),
        Ok(Err(ExplainError::Unheard)) => Err(Refused::not_found("meeting in the journal")),
        Ok(Err(ExplainError::TooMuch)) => Err(Refused::too_much_history()),
        Ok(Err(ExplainError::Recovery(cause))) => {
            tracing::error!(%cause, "the journal cannot be replayed for an explanation");
            Err(Refused::internal())
        }
        Err(_) => Err(Refused::internal()),
    }
}
