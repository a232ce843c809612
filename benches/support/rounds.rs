//! Ours and the yardstick by turns, and the middle of what comes of it: on a machine that others use too, only what was measured side by
//! side can be compared.

use std::time::Duration;

/// How long each side runs, and how often.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    pub each: Duration,
    pub count: usize,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    pub ours: f64,
    pub yardstick: f64,
    /// The middle of the quotients of the rounds, which is steadier than the quotient of the middles.
    pub quotient: f64,
}

impl Rounds {
    /// Runs both by turns, after a warm-up of each.
    pub fn compare(
        self,
        mut ours: impl FnMut(Duration) -> f64,
        mut yardstick: impl FnMut(Duration) -> f64,
    ) -> Compared {
        ours(self.each / 4);
        yardstick(self.each / 4);
        let pairs: Vec<(f64, f64)> = (0..self.count)
            .map(|_| (yardstick(self.each), ours(self.each)))
            .collect();
        Compared {
            ours: median(pairs.iter().map(|(_, ours)| *ours)),
            yardstick: median(pairs.iter().map(|(yardstick, _)| *yardstick)),
            quotient: median(pairs.iter().map(|(yardstick, ours)| ours / yardstick)),
        }
    }
}

/// The middle one; of an even number the higher of the two.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
