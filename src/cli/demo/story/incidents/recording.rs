//! What is not kept.

use super::{
    super::{Dice, meeting::Meeting},
    minutes,
};
use crate::model::ConferenceStatus;

pub(super) fn all(dice: &mut Dice) -> Vec<Meeting> {
    vec![
        recording_stops(dice),
        recording_resumed(dice),
        recording_paused(dice),
        recording_never_begins(dice),
    ]
}

/// The recorder stops in the middle of the meeting, and nobody starts it again.
fn recording_stops(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_505, minutes(10), 5, dice);
    meeting.conf(minutes(24), ConferenceStatus::NOT_RECORDED);
    meeting.close(minutes(41))
}

/// The recorder stops and goes on half a minute later: nothing to wake anybody for.
fn recording_resumed(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_506, minutes(14), 5, dice);
    meeting.conf(minutes(26), ConferenceStatus::NOT_RECORDED);
    meeting.conf(minutes(26) + 30, ConferenceStatus::RECORDED);
    meeting.close(minutes(43))
}

/// A pause of the recording that was forgotten for eight minutes.
fn recording_paused(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_507, minutes(18), 4, dice);
    meeting.conf(minutes(27), ConferenceStatus::RECORDING_PAUSED);
    meeting.conf(minutes(35), ConferenceStatus::RECORDED);
    meeting.close(minutes(46))
}

/// The recorder has no disk: it opens, never begins, and the whole meeting is lost.
fn recording_never_begins(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::open(820_515, minutes(11), 0..=3, dice);
    meeting.conf(minutes(11) + 20, ConferenceStatus::RECORDING_OPENING);
    meeting.close(minutes(28))
}
