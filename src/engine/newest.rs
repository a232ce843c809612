//! The newest notifications that counted, for the evidence of an alert.

use std::{collections::VecDeque, sync::Arc};

use serde::{Deserialize, Serialize};

use super::lifecycle::EVIDENCE;
use crate::model::Evidence;

/// The newest since the last match, the newest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Newest(VecDeque<Arc<Evidence>>);

impl Newest {
    /// Adds one; of more than `most`, or more than an alert shows, the oldest goes.
    pub fn push(&mut self, evidence: Arc<Evidence>, most: u32) {
        self.0.truncate(EVIDENCE.min(most as usize).saturating_sub(1));
        self.0.push_front(evidence);
    }

    /// Hands them over to a match.
    pub fn take(&mut self) -> Vec<Arc<Evidence>> {
        self.0.drain(..).collect()
    }
}
