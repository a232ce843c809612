//! What goes wrong in the hour, a meeting each. Times are seconds of the hour.

use super::{Dice, meeting::Meeting};
use crate::model::{ConferenceStatus, DisconnectReason, ParticipantStatus};

/// The meetings that something goes wrong in.
pub(super) fn all(dice: &mut Dice) -> Vec<Meeting> {
    vec![
        no_free_ports(820_501, minutes(5), dice),
        no_free_ports(820_513, minutes(7), dice),
        meeting_full(dice),
        locked_too_early(dice),
        dialling_not_allowed(dice),
        recording_stops(dice),
        recording_resumed(dice),
        recording_paused(dice),
        call_on_hold(dice),
        meeting_on_hold(dice),
        dialled_for_ever(dice),
        left_behind(dice),
        nobody_there(dice),
    ]
}

const fn minutes(minutes: u64) -> u64 {
    minutes * 60
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
    close(meeting, minutes(31))
}

/// More clients are invited than the meeting has room for.
fn meeting_full(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_502, minutes(12), 8, dice);
    for (at, number) in [(minutes(15), 44), (minutes(15) + 20, 45)] {
        let client = meeting.person(number);
        meeting.party(at - 9, &client, ParticipantStatus::DIALING);
        meeting.left(at, &client, DisconnectReason::MEETING_FULL);
    }
    close(meeting, minutes(34))
}

/// The host locks the meeting while the expert, whose line had dropped, and a client are still outside.
fn locked_too_early(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_503, minutes(8), 4, dice);
    let (expert, client) = (meeting.person(0), meeting.person(46));
    meeting.left(minutes(20), &expert, DisconnectReason::REMOTE_HUNG_UP);
    meeting.party(minutes(20) + 12, &expert, ParticipantStatus::DIALING);
    meeting.left(minutes(20) + 15, &expert, DisconnectReason::MEETING_LOCKED);
    meeting.left(minutes(20) + 50, &client, DisconnectReason::MEETING_LOCKED);
    meeting.party(minutes(21) + 30, &expert, ParticipantStatus::DIALING);
    meeting.party(minutes(21) + 40, &expert, ParticipantStatus::SPEAKING);
    close(meeting, minutes(37))
}

/// A number that the bridge may not dial.
fn dialling_not_allowed(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_504, minutes(16), 3, dice);
    let client = meeting.person(47);
    meeting.left(minutes(18), &client, DisconnectReason::DIALING_NOT_ALLOWED);
    close(meeting, minutes(29))
}

/// The recorder stops in the middle of the meeting, and nobody starts it again.
fn recording_stops(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_505, minutes(10), 5, dice);
    meeting.conf(minutes(24), ConferenceStatus::NOT_RECORDED);
    close(meeting, minutes(41))
}

/// The recorder stops and goes on half a minute later: nothing to wake anybody for.
fn recording_resumed(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_506, minutes(14), 5, dice);
    meeting.conf(minutes(26), ConferenceStatus::NOT_RECORDED);
    meeting.conf(minutes(26) + 30, ConferenceStatus::RECORDED);
    close(meeting, minutes(43))
}

/// A pause of the recording that was forgotten for eight minutes.
fn recording_paused(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_507, minutes(18), 4, dice);
    meeting.conf(minutes(27), ConferenceStatus::RECORDING_PAUSED);
    meeting.conf(minutes(35), ConferenceStatus::RECORDED);
    close(meeting, minutes(46))
}

/// A client hears music for seven minutes.
fn call_on_hold(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_508, minutes(20), 3, dice);
    let client = meeting.person(48);
    meeting.party(minutes(29), &client, ParticipantStatus::DIALING);
    meeting.party(minutes(29) + 11, &client, ParticipantStatus::SPEAKING);
    meeting.party(minutes(31), &client, ParticipantStatus::CALL_HOLDING);
    meeting.party(minutes(38), &client, ParticipantStatus::SPEAKING);
    meeting.left(minutes(47), &client, DisconnectReason::REMOTE_HUNG_UP);
    close(meeting, minutes(48))
}

/// A client is kept outside the talk, and forgotten there.
fn meeting_on_hold(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_509, minutes(24), 3, dice);
    let client = meeting.person(49);
    meeting.party(minutes(28), &client, ParticipantStatus::DIALING);
    meeting.party(minutes(28) + 7, &client, ParticipantStatus::MEETING_HOLD);
    meeting.left(minutes(40), &client, DisconnectReason::REMOTE_HUNG_UP);
    close(meeting, minutes(49))
}

/// A trunk hangs: one leg rings for four minutes.
fn dialled_for_ever(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_510, minutes(22), 4, dice);
    let client = meeting.person(50);
    meeting.party(minutes(33), &client, ParticipantStatus::DIALING);
    meeting.left(minutes(37), &client, DisconnectReason::NO_ANSWER);
    close(meeting, minutes(50))
}

/// The meeting ends, and two legs stay up for six minutes more.
fn left_behind(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_511, minutes(26), 6, dice);
    meeting.end(minutes(45));
    meeting.all_but_leave(minutes(45) + 1, 2);
    meeting.everyone_leaves(minutes(51));
    meeting
}

/// Everybody leaves, and the meeting is never ended.
fn nobody_there(dice: &mut Dice) -> Meeting {
    let mut meeting = Meeting::begin(820_512, minutes(17), 2, dice);
    meeting.everyone_leaves(minutes(32));
    meeting
}

/// Ends as meetings should.
fn close(mut meeting: Meeting, at: u64) -> Meeting {
    meeting.end(at);
    meeting.everyone_leaves(at + 1);
    meeting
}
