//! Calls that hang, and those who wait in them.

use super::{
    super::{Dice, meeting::Meeting},
    minutes,
};
use crate::model::{DisconnectReason, ParticipantStatus};

pub(super) fn all(dice: &mut Dice) -> Vec<Meeting> {
    vec![
        call_on_hold(dice),
        meeting_on_hold(dice),
        dialled_for_ever(dice),
        leaving_for_ever(dice),
        nobody_takes_the_call(dice),
        redialled(dice),
        unlisted_reason(dice),
    ]
}

/// A client is on hold for seven minutes.
fn call_on_hold(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_508, minutes(20), 3, dice);
    let client = meeting.person(48);
    meeting.comes(minutes(29) + 11, &client);
    meeting.party(minutes(31), &client, ParticipantStatus::CALL_HOLDING);
    meeting.party(minutes(38), &client, ParticipantStatus::SPEAKING);
    meeting.close(minutes(48))
}

/// A client is kept outside the talk, and forgotten there.
fn meeting_on_hold(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_509, minutes(24), 3, dice);
    let client = meeting.person(49);
    meeting.party(minutes(28), &client, ParticipantStatus::DIALING);
    meeting.party(minutes(28) + 7, &client, ParticipantStatus::MEETING_HOLD);
    meeting.left(minutes(40), &client, DisconnectReason::REMOTE_HUNG_UP);
    meeting.close(minutes(49))
}

/// A trunk hangs: one leg rings for four minutes.
fn dialled_for_ever(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_510, minutes(22), 4, dice);
    let client = meeting.person(50);
    meeting.party(minutes(33), &client, ParticipantStatus::DIALING);
    meeting.left(minutes(37), &client, DisconnectReason::NO_ANSWER);
    meeting.close(minutes(50))
}

/// A leg that is hung up and does not go for two minutes.
fn leaving_for_ever(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_519, minutes(25), 4, dice);
    let client = meeting.person(52);
    meeting.party(minutes(31), &client, ParticipantStatus::SPEAKING);
    meeting.party(minutes(42), &client, ParticipantStatus::DISCONNECTING);
    meeting.left(minutes(44), &client, DisconnectReason::REMOTE_HUNG_UP);
    meeting.close(minutes(51))
}

/// A client asks for an operator, and hears music for four minutes.
fn nobody_takes_the_call(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_520, minutes(13), 3, dice);
    let client = meeting.person(53);
    meeting.comes(minutes(16), &client);
    meeting.party(minutes(22), &client, ParticipantStatus::LISTENING_TO_MUSIC);
    meeting.party(minutes(26), &client, ParticipantStatus::IN_SERVICE);
    meeting.party(minutes(27), &client, ParticipantStatus::SPEAKING);
    meeting.close(minutes(39))
}

/// A number that nobody answers is dialled again and again.
fn redialled(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_521, minutes(27), 3, dice);
    let client = meeting.person(54);
    for at in (minutes(35)..).step_by(80).take(5) {
        meeting.party(at, &client, ParticipantStatus::DIALING);
        meeting.left(at + 30, &client, DisconnectReason::NO_ANSWER);
    }
    meeting.close(minutes(52))
}

/// The bridge gives a reason that its manual does not list.
fn unlisted_reason(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_522, minutes(28), 3, dice);
    let client = meeting.person(55);
    meeting.comes(minutes(31) + 30, &client);
    meeting.left(minutes(46) + 30, &client, DisconnectReason(6));
    meeting.close(minutes(53))
}
