//! What an explanation may cost.

use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{ExplainError, Explainer};
use crate::{
    engine::POISON,
    service::tests::{conf, notify, refused, start_with},
};

const RULES: &str = "
rules:
  - name: refused
    when: party.disconnect_reason == PORT_FULL
";

#[tokio::test]
async fn what_it_costs_is_bounded_and_ends_when_nobody_waits() {
    let folder = TempDir::new().unwrap();
    let service = start_with(&folder, RULES).await;
    notify(&service, vec![conf("1"), refused("1", "a")]).await;

    let explain = |most_inputs, given_up: &CancellationToken| {
        let explainer = Explainer {
            most_inputs,
            ..service.explainer.clone()
        };
        explainer.rule("refused", "1", given_up).map(|told| told.steps.len())
    };
    let given_up = CancellationToken::new();
    // The start, the rules, the meeting, the participant, and the notification's alert as a third step.
    assert_eq!(explain(4, &given_up).unwrap(), 3);
    assert!(matches!(explain(3, &given_up), Err(ExplainError::TooMuch)));
    given_up.cancel();
    assert!(matches!(explain(4, &given_up), Err(ExplainError::TooMuch)));
}

#[tokio::test]
async fn what_the_engine_failed_on_long_ago_is_left_out() {
    let folder = TempDir::new().unwrap();
    let service = start_with(&folder, RULES).await;
    notify(&service, vec![conf("1"), conf(POISON), refused("1", "a")]).await;
    // Leaves a snapshot, in which the meeting is open: what led to it comes before.
    service.stop(Duration::from_secs(5)).await;
    let service = start_with(&folder, RULES).await;
    let told = service.explainer.rule("refused", "1", &CancellationToken::new());
    assert_eq!(told.unwrap().steps.len(), 3);
    service.stop(Duration::from_secs(5)).await;
}
