//! No room: ports, seats, locks and barred numbers.

use super::{
    super::{Dice, meeting::Meeting},
    minutes,
};
use crate::model::{DisconnectReason, ParticipantStatus};

pub(super) fn all(dice: &mut Dice) -> Vec<Meeting> {
    vec![
        no_free_ports(820_501, minutes(5), dice),
        no_free_ports(820_513, minutes(7), dice),
        no_free_ports(820_514, minutes(6), dice),
        meeting_full(dice),
        locked_too_early(dice),
        dialling_not_allowed(dice),
    ]
}

/// Three clients of a meeting are refused within seconds, since the bridge has no port left for them. One comes when dialled again.
fn no_free_ports(number: u32, begins: u64, dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(number, begins, 6, dice);
    for (at, number) in [(minutes(9), 41), (minutes(9) + 4, 42), (minutes(9) + 9, 43)] {
        let client = meeting.person(number);
        meeting.party(at - 8, &client, ParticipantStatus::DIALING);
        meeting.left(at, &client, DisconnectReason::PORT_FULL);
    }
    let client = meeting.person(41);
    meeting.party(minutes(11), &client, ParticipantStatus::DIALING);
    meeting.party(minutes(11) + 12, &client, ParticipantStatus::SPEAKING);
    meeting.left(minutes(30) + 3, &client, DisconnectReason::REMOTE_HUNG_UP);
    meeting.close(minutes(31))
}

/// More clients are invited than the meeting has room for.
fn meeting_full(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_502, minutes(12), 8, dice);
    for (at, number) in [(minutes(15), 44), (minutes(15) + 20, 45)] {
        let client = meeting.person(number);
        meeting.party(at - 9, &client, ParticipantStatus::DIALING);
        meeting.left(at, &client, DisconnectReason::MEETING_FULL);
    }
    meeting.close(minutes(34))
}

/// The host locks the meeting while the expert, whose line had dropped, and a client are still outside: the clients wait for nobody.
fn locked_too_early(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_503, minutes(8), 4, dice);
    let (expert, client) = (meeting.person(0), meeting.person(46));
    meeting.left(minutes(20), &expert, DisconnectReason::REMOTE_HUNG_UP);
    meeting.party(minutes(20) + 12, &expert, ParticipantStatus::DIALING);
    meeting.left(minutes(20) + 15, &expert, DisconnectReason::MEETING_LOCKED);
    meeting.left(minutes(20) + 50, &client, DisconnectReason::MEETING_LOCKED);
    meeting.party(minutes(21) + 30, &expert, ParticipantStatus::DIALING);
    meeting.party(minutes(21) + 40, &expert, ParticipantStatus::SPEAKING);
    meeting.close(minutes(37))
}

/// A number that the bridge may not dial.
fn dialling_not_allowed(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_504, minutes(16), 3, dice);
    let client = meeting.person(47);
    meeting.left(minutes(18), &client, DisconnectReason::DIALING_NOT_ALLOWED);
    meeting.close(minutes(29))
}
