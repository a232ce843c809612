//! Ends that are no ends.

use super::{
    super::{Dice, meeting::Meeting},
    minutes,
};
use crate::model::{ConferenceStatus, DisconnectReason};

pub(super) fn all(dice: &mut Dice) -> Vec<Meeting> {
    vec![left_behind(dice), nobody_there(dice), lecture_not_lifted(dice)]
}

/// The meeting ends, and two legs stay up for six minutes more.
fn left_behind(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_511, minutes(26), 6, dice);
    meeting.end(minutes(45));
    meeting.all_but_leave(minutes(45) + 1, 2, DisconnectReason::HUNG_UP_BY_HOST);
    meeting.all_but_leave(minutes(51), 0, DisconnectReason::HUNG_UP_BY_HOST);
    meeting
}

/// Everybody hangs up, and the meeting is never ended.
fn nobody_there(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_512, minutes(17), 2, dice);
    meeting.all_but_leave(minutes(32), 0, DisconnectReason::REMOTE_HUNG_UP);
    meeting
}

/// All are muted for a lecture, and stay so long after it.
fn lecture_not_lifted(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_523, minutes(3), 6, dice);
    meeting.conf(minutes(6), ConferenceStatus::MUTED_ALL);
    meeting.conf(minutes(40), ConferenceStatus::UNMUTED_ALL);
    meeting.close(minutes(54))
}
