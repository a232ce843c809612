//! When to try again: as the server asks, else twice as long each time, jittered so that many clients do not come back at once.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::failure::Failure;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// The tries since something last went well.
#[derive(Debug)]
pub(super) struct Backoff {
    patience: Option<Duration>,
    tries: u32,
    since: Instant,
}

impl Backoff {
    /// Gives up after that long without a success; `None`: never.
    pub(super) fn new(patience: Option<Duration>) -> Self {
        Self {
            patience,
            tries: 0,
            since: Instant::now(),
        }
    }

    /// Something went well.
    pub(super) fn succeeded(&mut self) {
        *self = Self::new(self.patience);
    }

    /// Waits until it is time to try again, or gives up.
    pub(super) async fn wait(&mut self, because: Status) -> Result<(), Failure> {
        self.tries += 1;
        let delay = self.delay(retry_delay(&because));
        if self
            .patience
            .is_some_and(|patience| self.since.elapsed() + delay > patience)
        {
            return Err(Failure::GaveUp {
                tries: self.tries,
                last: Box::new(because),
            });
        }
        sleep(delay).await;
        Ok(())
    }

    /// The server's wish is the least; on top of it, or of our own doubling delay, comes up to as much again.
    fn delay(&self, asked: Option<Duration>) -> Duration {
        let own = FIRST.saturating_mul(1 << (self.tries - 1).min(10)).min(LONGEST) / 2;
        let least = asked.unwrap_or(own).min(6 * LONGEST);
        least + own.mul_f64(chance())
    }
}

/// From 0 to 1. Without a source of randomness there is no jitter, which harms nobody but the server.
fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX)
}

/// What the server asked for.
pub(super) fn retry_delay(status: &Status) -> Option<Duration> {
    status.get_details_retry_info().and_then(|info| info.retry_delay)
}

/// Whether the same call may go well later: the server says so, or the connection broke, which this side noticed.
pub(super) fn is_transient(status: &Status) -> bool {
    let noticed_here = std::error::Error::source(status).is_some();
    noticed_here || status.code() == Code::Unavailable || is_untouched(status)
}

/// Whether the server said for certain that it did nothing, so that trying again cannot do it twice.
pub(super) fn is_untouched(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && retry_delay(status).is_some()
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn delays_double_up_to_a_bound_and_heed_the_server() {
        let mut backoff = Backoff::new(None);
        for tries in 1..40 {
            backoff.tries = tries;
            let own = FIRST.saturating_mul(1 << (tries - 1).min(10)).min(LONGEST);
            let delay = backoff.delay(None);
            assert!(delay >= own / 2 && delay <= own, "{tries}: {delay:?}");
        }
        backoff.tries = 1;
        assert!(backoff.delay(Some(Duration::from_secs(3))) >= Duration::from_secs(3));
        assert!(backoff.delay(Some(Duration::MAX)) <= Duration::from_secs(61));
    }

    #[tokio::test]
    async fn patience_ends_before_the_wait_would_exceed_it() {
        let mut backoff = Backoff::new(Some(Duration::from_millis(1)));
        let gave_up = backoff.wait(Status::unavailable("draining")).await;
        assert!(matches!(gave_up, Err(Failure::GaveUp { tries: 1, .. })), "{gave_up:?}");
    }

    #[test]
    fn what_may_be_tried_again() {
        let full = Status::with_error_details(
            Code::ResourceExhausted,
            "queue full",
            ErrorDetails::with_retry_info(Some(Duration::from_millis(5))),
        );
        assert!(is_transient(&full) && is_untouched(&full));
        assert_eq!(retry_delay(&full), Some(Duration::from_millis(5)));
        let large = Status::resource_exhausted("message too large");
        assert!(!is_transient(&large));
        let draining = Status::unavailable("draining");
        assert!(is_transient(&draining) && !is_untouched(&draining));
        assert!(!is_transient(&Status::internal("defect")));
    }
}
