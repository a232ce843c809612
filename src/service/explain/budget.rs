//! What one explanation may cost: so many inputs, so much time, and nothing more once nobody waits for it.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::ExplainError;

/// How long one explanation may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is left of it.
pub(super) struct Budget<'t> {
    inputs: u64,
    until: Instant,
    given_up: &'t CancellationToken,
}

impl<'t> Budget<'t> {
    /// So many inputs, and the usual time from now on.
    pub fn new(inputs: u64, given_up: &'t CancellationToken) -> Self {
        Self {
            inputs,
            until: Instant::now() + PATIENCE,
            given_up,
        }
    }

    /// Takes one input off.
    pub fn spend(&mut self) -> Result<(), ExplainError> {
        self.inputs = self.inputs.checked_sub(1).ok_or(ExplainError::TooMuch)?;
        self.check()
    }

    /// Whether to go on at all.
    pub fn check(&self) -> Result<(), ExplainError> {
        if self.given_up.is_cancelled() || Instant::now() > self.until {
            return Err(ExplainError::TooMuch);
        }
        Ok(())
    }
}
