//! Waiting for what must come, never for time to pass.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep, timeout};

/// How long anything may take; far beyond what it takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often a condition is looked at that nobody tells of.
const POLL: Duration = Duration::from_millis(5);

/// What comes within the deadline.
#[track_caller]
pub fn soon<T>(what: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        match timeout(DEADLINE, what).await {
            Ok(come) => come,
            Err(_) => panic!("nothing came within {DEADLINE:?} at {place}"),
        }
    }
}

/// Waits until a condition holds, and hands back what it found.
#[track_caller]
pub fn until<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(
                Instant::now() < end,
                "it did not come to be within {DEADLINE:?} at {place}"
            );
            sleep(POLL).await;
        }
    }
}
