//! Silences that have ended lately, so that in the morning somebody can see who silenced what at night. Older ones are in the journal.

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};

use crate::model::{Silence, Time};

/// For how long a silence is shown after its end.
const SHOWN: Duration = Duration::from_hours(7 * 24);

/// How many are remembered at most: as many as there may be at once, if nobody has set another bound.
const MOST: usize = 1_000;

/// The silences that have ended, in the order of their ends. What is too old to be shown goes when the next one comes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ended(VecDeque<(Time, Silence)>);

impl Ended {
    /// Remembers one that ends now; true: another one was forgotten before its time.
    pub fn add(&mut self, silence: Silence, now: Time) -> bool {
        while self.0.front().is_some_and(|(at, _)| !is_shown(*at, now)) {
            self.0.pop_front();
        }
        let is_full = self.0.len() >= MOST;
        if is_full {
            self.0.pop_front();
        }
        self.0.push_back((now, silence));
        is_full
    }

    /// Those that are shown at that time, and when each ended.
    pub fn shown(&self, now: Time) -> impl Iterator<Item = (Time, &Silence)> {
        let all = self.0.iter().map(|(at, silence)| (*at, silence));
        all.filter(move |(at, _)| is_shown(*at, now))
    }
}

fn is_shown(ended_at: Time, now: Time) -> bool {
    now < ended_at.plus(SHOWN)
}
