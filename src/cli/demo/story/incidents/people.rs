//! Experts who are not there, and lines that do not hold.

use super::{
    super::{Dice, meeting::Meeting},
    minutes,
};
use crate::model::{ConferenceStatus, DisconnectReason, ParticipantStatus};

pub(super) fn all(dice: &mut Dice) -> Vec<Meeting> {
    vec![expert_is_late(dice), wrong_one_dropped(dice), bad_line(dice)]
}

/// The expert comes eight minutes late.
fn expert_is_late(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::open(820_516, minutes(19), 1..=4, dice);
    meeting.conf(minutes(19) + 25, ConferenceStatus::RECORDED);
    let expert = meeting.person(0);
    meeting.comes(minutes(27), &expert);
    meeting.close(minutes(44))
}

/// The host wants to drop a client, and drops the expert.
fn wrong_one_dropped(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_517, minutes(21), 3, dice);
    let expert = meeting.person(0);
    meeting.left(minutes(32), &expert, DisconnectReason::HUNG_UP_BY_HOST);
    meeting.party(minutes(33), &expert, ParticipantStatus::DIALING);
    meeting.party(minutes(33) + 9, &expert, ParticipantStatus::SPEAKING);
    meeting.close(minutes(47))
}

/// A client on a train: out and in again, three times.
fn bad_line(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_518, minutes(23), 3, dice);
    let client = meeting.person(51);
    meeting.comes(minutes(30), &client);
    for out in [minutes(34), minutes(36), minutes(39)] {
        meeting.left(out, &client, DisconnectReason::REMOTE_HUNG_UP);
        meeting.party(out + 15, &client, ParticipantStatus::DIALING);
        meeting.party(out + 24, &client, ParticipantStatus::SPEAKING);
    }
    meeting.close(minutes(50))
}
