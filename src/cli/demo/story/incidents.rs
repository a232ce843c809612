//! What goes wrong in the hour, a meeting each, by what it goes wrong with. Times are seconds of the hour.

mod calls;
mod capacity;
mod meetings;
mod people;
mod recording;

use super::{Dice, meeting::Meeting};

/// The meetings that something goes wrong in.
pub(super) fn all(dice: &mut Dice) -> Vec<Meeting> {
    [capacity::all, recording::all, people::all, calls::all, meetings::all]
        .into_iter()
        .flat_map(|all| all(dice))
        .collect()
}

const fn minutes(minutes: u64) -> u64 {
    minutes * 60
}
