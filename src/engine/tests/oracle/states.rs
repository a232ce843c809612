//! What is known after a notification: of its meeting, of the participants, and of what was said before.

use super::history::Heard;
use crate::{
    model::{ConferenceStatus, DisconnectReason, Party, Payload, Role},
    rules::facts::MeetingFacts,
};

/// What a notification is about: what is said of one subject is compared with what was last said of it.
#[derive(Debug, PartialEq, Eq)]
enum Subject<'a> {
    Participant(&'a str),
    Life,
    Recording,
    Mute,
    Other(ConferenceStatus),
}

fn subject(payload: &Payload) -> Subject<'_> {
    match payload {
        Payload::Party(party) => Subject::Participant(&party.party_id),
        Payload::Conf(conf) => match conf.status.0 {
            1 | -1 => Subject::Life,
            100..=103 => Subject::Recording,
            40 | 41 => Subject::Mute,
            _ => Subject::Other(conf.status),
        },
    }
}

/// Fills in what follows from what its occurrence heard before.
pub(super) fn weigh(before: &[&Heard], heard: &mut Heard) {
    if heard.over {
        // Of what has closed only the counts are remembered.
        heard.meeting = before.last().map(|last| last.meeting).unwrap_or_default();
        return;
    }
    let of_subject = || {
        before
            .iter()
            .filter(|earlier| subject(&earlier.payload) == subject(&heard.payload))
    };
    let last = of_subject().next_back();
    let previous = last.map(|last| last.payload.clone());
    let is_older = of_subject().any(|earlier| earlier.order > heard.order);
    let says_the_same = last.is_some_and(|last| says(&last.payload) == says(&heard.payload));
    let told_of_something_older = last.is_some_and(|last| last.late);
    // What is newer than all that is known is no repeat of what was older.
    let is_repeat = says_the_same && (is_older || !told_of_something_older);
    let is_late = if is_repeat { told_of_something_older } else { is_older };
    (heard.previous, heard.repeat, heard.late) = (previous, is_repeat, is_late);

    let this = Heard::clone(heard);
    let mut all: Vec<&Heard> = before.to_vec();
    all.push(&this);
    heard.participants = participants(&all);
    heard.meeting = meeting(&all);
}

/// What a notification says, ids and times apart.
fn says(payload: &Payload) -> Payload {
    let mut payload = payload.clone();
    if let Payload::Party(party) = &mut payload {
        party.connect_time = None;
    }
    payload
}

/// What is known of each participant: what is not sent again keeps its last value, but for status and reason.
fn participants(heard: &[&Heard]) -> Vec<Party> {
    let mut known: Vec<Party> = Vec::new();
    for heard in heard.iter().filter(|heard| heard.is_news()) {
        let Payload::Party(said) = &heard.payload else { continue };
        let Some(party) = known.iter_mut().find(|party| party.party_id == said.party_id) else {
            known.push(said.clone());
            continue;
        };
        party.status = said.status;
        party.disconnect_reason = said.disconnect_reason;
        party.role = said.role.or(party.role);
        if !said.phone.is_empty() {
            party.phone = said.phone.clone();
        }
    }
    known
}

/// What is so now follows from what is news; what was so at some time, from what came late as well.
fn meeting(heard: &[&Heard]) -> MeetingFacts {
    let moments: Vec<Moment<'_>> = (0..heard.len()).map(|last| Moment::of(&heard[..=last])).collect();
    let now = moments
        .last()
        .map(|moment| moment.parties.as_slice())
        .unwrap_or_default();
    let newest = |statuses: &[i32]| confs(heard, statuses).filter(|heard| heard.is_news()).last();
    let first = |status| confs(heard, &[status]).next().map(|heard| heard.at);
    let ended_at = newest(&[-1]).map(|end| end.at);
    let refusals = heard.iter().filter(|heard| {
        is_refusal(&heard.payload) && !heard.previous.as_ref().is_some_and(|last| is_told(last, heard))
    });
    MeetingFacts {
        live: ended_at.is_none() && (newest(&[1]).is_some() || moments.iter().any(Moment::is_live)),
        ended: ended_at.is_some(),
        was_recorded: first(101).is_some(),
        muted_all: newest(&[40, 41]).is_some_and(|last| status(&last.payload) == Some(41)),
        had_expert: moments.iter().any(Moment::has_expert),
        recording: newest(&[100, 101, 102, 103])
            .and_then(|last| status(&last.payload))
            .map(ConferenceStatus),
        present: count(now, is_present),
        talking: count(now, |party| matches!(party.status.0, 4 | 5)),
        dialing: count(now, is_dialing),
        experts: count(now, |party| is_present(party) && party.role == Some(Role::EXPERT)),
        clients: count(now, |party| is_present(party) && party.role == Some(Role::CLIENT)),
        peak_present: moments
            .iter()
            .map(|moment| count(&moment.parties, is_present))
            .max()
            .unwrap_or_default(),
        refused: u32::try_from(refusals.count()).unwrap(),
        started_at: first(1),
        ended_at,
    }
}

/// The participants after a notification, and the one that it told of as it said, late or not.
struct Moment<'a> {
    parties: Vec<Party>,
    told: Option<(&'a Party, Option<Role>)>,
}

impl<'a> Moment<'a> {
    fn of(heard: &[&'a Heard]) -> Self {
        let parties = participants(heard);
        let told = heard.last().and_then(|last| match &last.payload {
            Payload::Conf(_) => None,
            Payload::Party(party) => {
                let known = parties.iter().find(|known| known.party_id == party.party_id);
                Some((party, party.role.or(known.and_then(|known| known.role))))
            }
        });
        Self { parties, told }
    }

    fn is_live(&self) -> bool {
        self.told
            .is_some_and(|(party, _)| is_present(party) || is_dialing(party))
    }

    fn has_expert(&self) -> bool {
        self.told
            .is_some_and(|(party, role)| is_present(party) && role == Some(Role::EXPERT))
    }
}

fn status(payload: &Payload) -> Option<i32> {
    match payload {
        Payload::Conf(conf) => Some(conf.status.0),
        Payload::Party(_) => None,
    }
}

fn confs<'h>(heard: &[&'h Heard], statuses: &[i32]) -> impl Iterator<Item = &'h Heard> {
    let is_one = |heard: &&Heard| status(&heard.payload).is_some_and(|status| statuses.contains(&status));
    heard.iter().copied().filter(is_one)
}

fn is_refusal(payload: &Payload) -> bool {
    let Payload::Party(party) = payload else { return false };
    party.status.0 == 0 && matches!(party.disconnect_reason, Some(DisconnectReason(5 | 7 | 8 | 9)))
}

/// Whether the last notification of the participant told of the same refusal.
fn is_told(last: &Payload, heard: &Heard) -> bool {
    match (last, &heard.payload) {
        (Payload::Party(last), Payload::Party(now)) => {
            (last.status, last.disconnect_reason) == (now.status, now.disconnect_reason)
        }
        _ => false,
    }
}

fn is_present(party: &Party) -> bool {
    matches!(party.status.0, 3 | 4 | 5 | 100 | 101 | 103)
}

fn is_dialing(party: &Party) -> bool {
    matches!(party.status.0, 2 | 102)
}

fn count(parties: &[Party], is_counted: impl Fn(&Party) -> bool) -> u32 {
    u32::try_from(parties.iter().filter(|party| is_counted(party)).count()).unwrap()
}
