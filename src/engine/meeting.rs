//! One occurrence of a meeting: what the notifications have told of it and of its participants. A billing code is used again and
//! again; which occurrence a notification belongs to is `meetings`' to say.

mod seats;

use std::collections::VecDeque;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use self::seats::Seats;
use super::{
    deadlines::{Age, Deadline},
    held::Hold,
};
use crate::{
    model::{Conf, ConferenceStatus, DisconnectReason, ParticipantStatus, Party, Payload, Role, Time},
    rules::facts::{MeetingFacts, Previous, Said},
};

/// How many things the timeline of an occurrence keeps.
const TIMELINE: usize = 32;

/// How many unlisted codes of a meeting are remembered as its last.
const OTHER_RESPECTS: usize = 16;

/// Where an occurrence is kept, and which one it is: the place is used again, the sequence that opened it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Place {
    pub slot: u32,
    pub occurrence: u64,
}

/// One occurrence of a meeting.
#[derive(Debug, Serialize, Deserialize)]
pub struct Occurrence {
    /// The billing code.
    pub billing_code: CompactString,
    /// The sequence of the notification that opened it.
    pub opened_sequence: u64,
    /// When that was received.
    pub opened_at: Time,
    /// What expressions see of it.
    pub facts: MeetingFacts,
    /// What happened in it, oldest first, the newest few.
    pub timeline: VecDeque<TimelineEntry>,
    pub(super) heard_at: Time,
    /// When that moved the deadline of `idle` ahead, though it may still stand at an earlier one's.
    pub(super) heard_age: Age,
    pub(super) idle: Deadline,
    pub(super) grace: Grace,
    pub(super) holds: Vec<Hold>,
    respects: Vec<Respect>,
    seats: Seats,
}

/// Where an occurrence stands between its end and its close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Grace {
    /// It has not ended.
    NotEnded,
    /// It has, and what comes late is waited for.
    Running(Deadline),
    /// It closes as soon as nobody is present.
    Over,
}

/// One thing that happened in a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When.
    pub at: Time,
    /// What.
    pub change: Change,
}

/// What happened in a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// To the meeting itself.
    Meeting(ConferenceStatus),
    /// To a participant.
    Participant {
        /// Which.
        party_id: CompactString,
        /// What it now does.
        status: ParticipantStatus,
        /// Why it was disconnected.
        reason: Option<DisconnectReason>,
    },
}

/// What is known of a participant.
#[derive(Debug, Serialize, Deserialize)]
pub struct Participant {
    /// The last of each text, role and time that was sent, and the last status and reason.
    pub known: Party,
    /// When that happened.
    pub changed_at: Time,
    /// When that was last so: what is older never overwrites it.
    confirmed_at: Time,
    said: Said,
    /// The last notification, where it was older than what is known.
    late: Option<Box<Party>>,
    pub(super) holds: Vec<Hold>,
}

impl Participant {
    /// The last notification, by acceptance: what it said, and which of that it had said.
    fn last(&self) -> (&Party, Said) {
        match &self.late {
            Some(late) => (late, Said::of(late)),
            None => (&self.known, self.said),
        }
    }
}

/// What was heard in one respect of the meeting: its life, its recording, its muting, or an unlisted code by itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Respect {
    kind: RespectKind,
    /// The newest status.
    status: ConferenceStatus,
    /// When that was last so: what is older never overwrites it.
    confirmed_at: Time,
    /// The last one by acceptance, where it was older than that.
    late: Option<ConferenceStatus>,
}

impl Respect {
    /// The last one by acceptance.
    fn last(&self) -> ConferenceStatus {
        self.late.unwrap_or(self.status)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum RespectKind {
    Life,
    Recording,
    Muting,
    Other(ConferenceStatus),
}

impl RespectKind {
    const fn of(status: ConferenceStatus) -> Self {
        match status {
            ConferenceStatus::MEETING_START | ConferenceStatus::MEETING_END => Self::Life,
            ConferenceStatus::RECORDING_OPENING
            | ConferenceStatus::RECORDED
            | ConferenceStatus::NOT_RECORDED
            | ConferenceStatus::RECORDING_PAUSED => Self::Recording,
            ConferenceStatus::UNMUTED_ALL | ConferenceStatus::MUTED_ALL => Self::Muting,
            other => Self::Other(other),
        }
    }
}

impl Occurrence {
    pub(super) fn new(billing_code: CompactString, sequence: u64, now: Time, idle: Deadline) -> Self {
        Self {
            billing_code,
            opened_sequence: sequence,
            opened_at: now,
            facts: MeetingFacts::default(),
            timeline: VecDeque::new(),
            heard_at: now,
            heard_age: idle.age(),
            idle,
            grace: Grace::NotEnded,
            holds: Vec::new(),
            respects: Vec::new(),
            seats: Seats::default(),
        }
    }

    /// Whether its start has been reported.
    pub(super) fn has_started(&self) -> bool {
        self.facts.started_at.is_some()
    }

    /// The participants, in the order of their seats.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.seats.taken.iter().flatten().map(AsRef::as_ref)
    }

    /// The last notification in the same respect of the meeting.
    pub(super) fn previous_conf(&self, conf: &Conf) -> Previous<'static> {
        match self.respect(conf.status) {
            Some(respect) => Previous::Conf(respect.last()),
            None => Previous::Nothing,
        }
    }

    /// The last notification of the participant who sits there.
    pub(super) fn previous_party(&self, seat: Option<u32>) -> Previous<'_> {
        match seat.and_then(|seat| self.seats.get(seat)) {
            Some(participant) => {
                let (known, said) = participant.last();
                Previous::Party { known, said }
            }
            None => Previous::Nothing,
        }
    }

    /// Whether it says what the last notification of the same participant, who sits there, or in the same respect of the meeting, said.
    /// What says again what came late is none if it is newer than what is known, which it changes.
    pub(super) fn repeats(&self, payload: &Payload, seat: Option<u32>, order: Time) -> bool {
        match payload {
            Payload::Conf(conf) => self.repeats_conf(conf, order),
            Payload::Party(party) => self.repeats_party(party, seat, order),
        }
    }

    fn repeats_conf(&self, conf: &Conf, order: Time) -> bool {
        self.respect(conf.status)
            .is_some_and(|last| last.last() == conf.status && (last.late.is_none() || order < last.confirmed_at))
    }

    fn repeats_party(&self, party: &Party, seat: Option<u32>, order: Time) -> bool {
        let Some(last) = seat.and_then(|seat| self.seats.get(seat)) else {
            return false;
        };
        let said = Said::of(party);
        let times = Said::CONNECT_TIME.0;
        let (known, last_said) = last.last();
        (last.late.is_none() || order < last.confirmed_at)
            && known.status == party.status
            && known.disconnect_reason == party.disconnect_reason
            && last_said.0 | times == said.0 | times
            && (!said.has(Said::NAME) || known.name == party.name)
            && (!said.has(Said::PHONE) || known.phone == party.phone)
            && (!said.has(Said::COUNTRY) || known.country == party.country)
            && (!said.has(Said::AREA_CODE) || known.area_code == party.area_code)
            && (!said.has(Said::ACM_PHONE) || known.acm_phone == party.acm_phone)
            && (!said.has(Said::CITY) || known.city == party.city)
            && (!said.has(Said::ROLE) || known.role == party.role)
    }

    /// Takes a repeat in, of the participant who sits there: what it says was so then too.
    pub(super) fn confirm(&mut self, payload: &Payload, seat: Option<u32>, order: Time) {
        let confirmed_at = match payload {
            Payload::Conf(conf) => {
                let kind = RespectKind::of(conf.status);
                let respect = self.respects.iter_mut().find(|respect| respect.kind == kind);
                respect.map(|respect| &mut respect.confirmed_at)
            }
            Payload::Party(_) => {
                let participant = seat.and_then(|seat| self.seats.get_mut(seat));
                participant.map(|participant| &mut participant.confirmed_at)
            }
        };
        if let Some(confirmed_at) = confirmed_at {
            *confirmed_at = order.max(*confirmed_at);
        }
    }

    /// Takes a change of the meeting in. An older one never overwrites newer state; false: it was such a one.
    pub(super) fn note_conf(&mut self, conf: &Conf, at: Time, order: Time) -> bool {
        let facts = &mut self.facts;
        if conf.status == ConferenceStatus::RECORDED {
            facts.was_recorded = true;
        }
        if conf.status == ConferenceStatus::MEETING_START && facts.started_at.is_none() {
            facts.started_at = Some(at);
        }
        let kind = RespectKind::of(conf.status);
        let respect = Respect {
            kind,
            status: conf.status,
            confirmed_at: order,
            late: None,
        };
        match self.respects.iter_mut().find(|respect| respect.kind == kind) {
            Some(newer) if newer.confirmed_at > order => {
                newer.late = Some(conf.status);
                return false;
            }
            Some(older) => *older = respect,
            None => {
                if self.respects.len() >= OTHER_RESPECTS {
                    self.respects
                        .retain(|respect| !matches!(respect.kind, RespectKind::Other(_)));
                }
                self.respects.push(respect);
            }
        }
        match conf.status {
            ConferenceStatus::MEETING_START => facts.live = !facts.ended,
            ConferenceStatus::MEETING_END => {
                facts.live = false;
                facts.ended = true;
                facts.ended_at = Some(at);
            }
            ConferenceStatus::MUTED_ALL => facts.muted_all = true,
            ConferenceStatus::UNMUTED_ALL => facts.muted_all = false,
            recording if kind == RespectKind::Recording => facts.recording = Some(recording),
            _ => {}
        }
        self.remember(at, Change::Meeting(conf.status));
        true
    }

    /// Takes the meeting's part of a change of the participant who sits there in: the counts. What is known of the participant itself
    /// stays as it was, for `previous`, until [`Self::seat`]. False: it is older than what is known, and changes only what was so at
    /// some time.
    pub(super) fn note_party(&mut self, party: &Party, seat: Option<u32>, at: Time, order: Time) -> bool {
        let last = seat.and_then(|seat| self.seats.get(seat));
        let is_late = last.is_some_and(|last| last.confirmed_at > order);
        let role = party.role.or(last.and_then(|last| last.known.role));
        let before = last.map(|last| (last.known.status, last.known.role));
        let facts = &mut self.facts;
        if party.status.is_present() && role == Some(Role::EXPERT) {
            facts.had_expert = true;
        }
        // More that is told of one refusal, such as a name, makes no second one.
        let is_told = last.is_some_and(|last| {
            let (last, _) = last.last();
            (last.status, last.disconnect_reason) == (party.status, party.disconnect_reason)
        });
        if party.status == ParticipantStatus::DISCONNECTED
            && party.disconnect_reason.is_some_and(DisconnectReason::is_refusal)
            && !is_told
        {
            facts.refused = facts.refused.saturating_add(1);
        }
        if !facts.ended && (party.status.is_present() || party.status.is_dialing()) {
            facts.live = true;
        }
        if is_late {
            return false;
        }
        if let Some((status, role)) = before {
            count(facts, status, role, u32::saturating_sub);
        }
        count(facts, party.status, role, u32::saturating_add);
        facts.peak_present = facts.peak_present.max(facts.present);
        let change = Change::Participant {
            party_id: party.party_id.clone(),
            status: party.status,
            reason: party.disconnect_reason,
        };
        self.remember(at, change);
        true
    }

    /// Takes the participant's own part of a change in; one who is not known yet gets a seat. Says where it sits.
    pub(super) fn seat(&mut self, party: &Party, seat: Option<u32>, order: Time) -> u32 {
        let said = Said::of(party);
        match seat {
            Some(seat) => {
                if let Some(participant) = self.seats.get_mut(seat) {
                    participant.changed_at = order;
                    participant.confirmed_at = order;
                    participant.said = said;
                    participant.late = None;
                    merge(&mut participant.known, party, said);
                }
                seat
            }
            None => {
                let known = Party {
                    extra: None,
                    ..party.clone()
                };
                self.seats.add(Participant {
                    known,
                    changed_at: order,
                    confirmed_at: order,
                    said,
                    late: None,
                    holds: Vec::new(),
                })
            }
        }
    }

    /// Keeps what is older than what is known of the participant who sits there: it changes nothing, but it was the last that was said.
    pub(super) fn keep_late(&mut self, party: &Party, seat: Option<u32>) {
        if let Some(participant) = seat.and_then(|seat| self.seats.get_mut(seat)) {
            let extra = None;
            participant.late = Some(Box::new(Party { extra, ..party.clone() }));
        }
    }

    /// Where the participant sits that a notification is about, if it is about one who is known.
    pub(super) fn seat_of(&self, payload: &Payload) -> Option<u32> {
        match payload {
            Payload::Conf(_) => None,
            Payload::Party(party) => self.seats.find(&party.party_id),
        }
    }

    /// Who sits there.
    pub(super) fn participant(&self, seat: u32) -> Option<&Participant> {
        self.seats.get(seat)
    }

    /// Who sits there.
    pub(super) fn participant_mut(&mut self, seat: u32) -> Option<&mut Participant> {
        self.seats.get_mut(seat)
    }

    /// The seats that are, or were, taken.
    pub(super) fn seat_count(&self) -> u32 {
        u32::try_from(self.seats.taken.len()).unwrap_or(u32::MAX)
    }

    /// How many participants are known.
    pub(super) fn participant_count(&self) -> usize {
        self.seats.len()
    }

    /// Takes out all holds, those of the participants too.
    pub(super) fn take_holds(&mut self) -> Vec<Vec<Hold>> {
        let participants = self.seats.taken.iter_mut().flatten();
        let mut holds: Vec<Vec<Hold>> = participants
            .map(|participant| std::mem::take(&mut participant.holds))
            .filter(|holds| !holds.is_empty())
            .collect();
        holds.push(std::mem::take(&mut self.holds));
        holds
    }

    /// Forgets the participant that has been idle the longest, and hands it back.
    pub(super) fn evict(&mut self) -> Option<Box<Participant>> {
        let (seat, _) = (0u32..)
            .zip(&self.seats.taken)
            .filter_map(|(seat, participant)| Some((seat, participant.as_ref()?.changed_at)))
            .min_by_key(|(seat, changed_at)| (*changed_at, *seat))?;
        let participant = self.seats.remove(seat)?;
        count(
            &mut self.facts,
            participant.known.status,
            participant.known.role,
            u32::saturating_sub,
        );
        Some(participant)
    }

    /// Makes the index anew, which snapshots do not hold.
    pub(super) fn reindex(&mut self) {
        self.seats.reindex();
    }

    fn respect(&self, status: ConferenceStatus) -> Option<&Respect> {
        let kind = RespectKind::of(status);
        self.respects.iter().find(|respect| respect.kind == kind)
    }

    fn remember(&mut self, at: Time, change: Change) {
        if self.timeline.len() == TIMELINE {
            self.timeline.pop_front();
        }
        self.timeline.push_back(TimelineEntry { at, change });
    }
}

fn count(facts: &mut MeetingFacts, status: ParticipantStatus, role: Option<Role>, change: fn(u32, u32) -> u32) {
    if status.is_present() {
        facts.present = change(facts.present, 1);
        match role {
            Some(Role::EXPERT) => facts.experts = change(facts.experts, 1),
            Some(Role::CLIENT) => facts.clients = change(facts.clients, 1),
            _ => {}
        }
    }
    if status.is_talking() {
        facts.talking = change(facts.talking, 1);
    }
    if status.is_dialing() {
        facts.dialing = change(facts.dialing, 1);
    }
}

/// Texts, role and connect time that are not sent again keep their last value; status and reason never do.
fn merge(known: &mut Party, party: &Party, said: Said) {
    known.status = party.status;
    known.disconnect_reason = party.disconnect_reason;
    known.role = party.role.or(known.role);
    known.connect_time = party.connect_time.or(known.connect_time);
    replace(&mut known.name, &party.name, said.has(Said::NAME));
    replace(&mut known.phone, &party.phone, said.has(Said::PHONE));
    replace(&mut known.country, &party.country, said.has(Said::COUNTRY));
    replace(&mut known.area_code, &party.area_code, said.has(Said::AREA_CODE));
    replace(&mut known.acm_phone, &party.acm_phone, said.has(Said::ACM_PHONE));
    replace(&mut known.city, &party.city, said.has(Said::CITY));
}

/// Most notifications say of a participant what is known: comparing saves the allocation of a long text.
fn replace<T: Clone + PartialEq>(known: &mut T, text: &T, said: bool) {
    if said && known != text {
        known.clone_from(text);
    }
}
