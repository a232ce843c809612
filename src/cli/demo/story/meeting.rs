//! One meeting as the bridge tells of it: who is dialled, who talks, who leaves, what its recorder does. Times are seconds of the hour.

use std::{ops::RangeInclusive, time::Duration};

use super::{
    Dice, Report,
    people::{Person, person},
};
use crate::model::{Conf, ConferenceStatus, DisconnectReason, ParticipantStatus, Party, Payload, Personal, Role};

pub(super) struct Meeting {
    number: u32,
    reports: Vec<Report>,
    /// Who is in it, the expert first.
    present: Vec<Person>,
}

impl Meeting {
    /// Begins as meetings should: its recorder starts, its expert and so many clients are dialled.
    pub(super) fn begin(number: u32, at: u64, clients: u32, dice: &mut Dice) -> Self {
        let mut meeting = Self::open(number, at, 0..=clients, dice);
        meeting.conf(at + 20, ConferenceStatus::RECORDING_OPENING);
        meeting.conf(at + 25, ConferenceStatus::RECORDED);
        meeting
    }

    /// Starts, and has those people dialled. Nothing is recorded.
    pub(super) fn open(number: u32, at: u64, people: RangeInclusive<u32>, dice: &mut Dice) -> Self {
        let mut meeting = Self {
            number,
            reports: Vec::new(),
            present: Vec::new(),
        };
        meeting.conf(at, ConferenceStatus::MEETING_START);
        for (dialled_at, number) in (at + 1..).step_by(3).zip(people) {
            meeting.dial(dialled_at, number, dice);
        }
        meeting
    }

    /// Somebody is dialled, and comes: some only when dialled again, and some, who are busy, never.
    fn dial(&mut self, at: u64, number: u32, dice: &mut Dice) {
        let person = self.person(number);
        let mut comes_at = at + 5 + dice.roll(15);
        self.party(at, &person, ParticipantStatus::DIALING);
        match dice.roll(12) {
            0 if person.role == Role::CLIENT => return self.left(comes_at, &person, DisconnectReason::BUSY),
            1 => {
                self.left(comes_at, &person, DisconnectReason::NO_ANSWER);
                self.party(comes_at + 20, &person, ParticipantStatus::DIALING);
                comes_at += 30;
            }
            _ => {}
        }
        self.party(comes_at, &person, ParticipantStatus::SPEAKING);
        self.present.push(person);
    }

    /// Its clients mute themselves now and then, and speak again.
    pub(super) fn talk(&mut self, from: u64, until: u64, dice: &mut Dice) {
        for person in self.present.clone().iter().skip(1) {
            let mut at = from + dice.roll(90);
            while at + 60 < until {
                self.party(at, person, ParticipantStatus::MUTED);
                self.party(at + 10 + dice.roll(50), person, ParticipantStatus::SPEAKING);
                at += 120 + dice.roll(300);
            }
        }
    }

    /// The host ends it; the recorder stops a moment before.
    pub(super) fn end(&mut self, at: u64) {
        self.conf(at - 2, ConferenceStatus::NOT_RECORDED);
        self.conf(at, ConferenceStatus::MEETING_END);
    }

    /// Ends as meetings should: all who are in it are disconnected.
    pub(super) fn close(mut self, at: u64) -> Self {
        self.end(at);
        self.all_but_leave(at + 1, 0, DisconnectReason::HUNG_UP_BY_HOST);
        self
    }

    /// All but so many are disconnected, one after the other.
    pub(super) fn all_but_leave(&mut self, at: u64, staying: usize, reason: DisconnectReason) {
        let leaving = self.present.split_off(staying.min(self.present.len()));
        for (at, person) in (at..).zip(&leaving) {
            self.left(at, person, reason);
        }
    }

    /// Somebody more comes, and stays until the others leave.
    pub(super) fn comes(&mut self, at: u64, person: &Person) {
        self.party(at - 11, person, ParticipantStatus::DIALING);
        self.party(at, person, ParticipantStatus::SPEAKING);
        self.present.push(person.clone());
    }

    /// Somebody of this meeting; those dialled at its beginning have the lowest numbers, its expert 0.
    pub(super) fn person(&self, number: u32) -> Person {
        person(self.number, number)
    }

    /// The bridge reports of the meeting.
    pub(super) fn conf(&mut self, at: u64, status: ConferenceStatus) {
        let conf = Conf {
            billing_code: self.billing_code().into(),
            status,
            extra: None,
        };
        self.report(at, Payload::Conf(conf));
    }

    /// The bridge reports of a participant.
    pub(super) fn party(&mut self, at: u64, person: &Person, status: ParticipantStatus) {
        let party = self.told_of(person, status, None);
        self.report(at, Payload::Party(party));
    }

    /// A participant is gone, or never came.
    pub(super) fn left(&mut self, at: u64, person: &Person, reason: DisconnectReason) {
        let party = self.told_of(person, ParticipantStatus::DISCONNECTED, Some(reason));
        self.report(at, Payload::Party(party));
    }

    /// All that was reported of it.
    pub(super) fn into_reports(self) -> Vec<Report> {
        self.reports
    }

    fn told_of(&self, person: &Person, status: ParticipantStatus, reason: Option<DisconnectReason>) -> Party {
        Party {
            billing_code: self.billing_code().into(),
            party_id: person.id.as_str().into(),
            name: Personal::new(person.name),
            phone: Personal::new(person.phone.as_str()),
            country: "86".into(),
            area_code: person.area_code.into(),
            acm_phone: Personal::default(),
            city: Personal::new(person.city),
            role: Some(person.role),
            status,
            disconnect_reason: reason,
            connect_time: None,
            extra: None,
        }
    }

    fn billing_code(&self) -> String {
        self.number.to_string()
    }

    fn report(&mut self, at: u64, payload: Payload) {
        let at = Duration::from_secs(at);
        self.reports.push(Report { at, payload });
    }
}
