//! Which occurrence of its meeting a notification belongs to, and when an occurrence closes.

use super::history::{Heard, History};
use crate::{
    engine::input::Settings,
    model::{ConferenceStatus, Payload, Time},
};

/// Where a notification belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To the occurrence that is open.
    Open(u64),
    /// To one that has closed.
    Over(u64),
    /// It opens the next, and closes the one that is open.
    Next { closes: Option<u64> },
}

/// `happened`: when the caller says that it happened, if he does.
pub(super) fn place(history: &History, settings: &Settings, payload: &Payload, happened: Option<Time>) -> Place {
    let of_the_meeting = |heard: &&Heard| heard.payload.billing_code() == payload.billing_code();
    let mut occurrences: Vec<u64> = history
        .heard()
        .map(|(_, heard)| heard)
        .filter(of_the_meeting)
        .map(|heard| heard.occurrence)
        .collect();
    occurrences.sort_unstable();
    occurrences.dedup();
    let open = occurrences.iter().copied().find(|one| history.closed(*one).is_none());
    let last_closed = occurrences
        .iter()
        .filter_map(|one| Some((*one, history.closed(*one)?)))
        .next_back();
    if let (Some((occurrence, (closed, over))), Some(happened)) = (last_closed, happened)
        && history.now < closed.plus(settings.lateness)
        && end(history, occurrence).map_or(happened < over, |end| happened <= end)
    {
        return Place::Over(occurrence);
    }
    match open {
        Some(open) if joins(history, settings, open, payload, happened) => Place::Open(open),
        closes => Place::Next { closes },
    }
}

/// Whether it belongs to the open occurrence: everything does but the start of the next.
fn joins(history: &History, settings: &Settings, open: u64, payload: &Payload, happened: Option<Time>) -> bool {
    if !is_conf(payload, ConferenceStatus::MEETING_START) {
        return true;
    }
    let heard = history.heard_in(open);
    let last = heard.last().expect("it was opened by a notification");
    let had_start = heard
        .iter()
        .any(|heard| is_conf(&heard.payload, ConferenceStatus::MEETING_START));
    match last.meeting.ended_at {
        // What happened before the end is the start of what has ended.
        Some(end) => happened.is_some_and(|happened| happened <= end),
        None if !had_start => true,
        None => last.meeting.present > 0 || history.now < last.received.plus(settings.restart_gap),
    }
}

fn is_conf(payload: &Payload, status: ConferenceStatus) -> bool {
    matches!(payload, Payload::Conf(conf) if conf.status == status)
}

/// When the end of an occurrence was.
fn end(history: &History, occurrence: u64) -> Option<Time> {
    history.heard_in(occurrence).last()?.meeting.ended_at
}

/// When an open occurrence is to close by the passing of time, and the place in the history that decided it.
pub(super) fn closes(history: &History, settings: &Settings, occurrence: u64) -> Vec<(Time, usize)> {
    let heard = || {
        history
            .heard()
            .filter(|(_, heard)| heard.occurrence == occurrence && !heard.over)
    };
    let (last_place, last) = heard().next_back().expect("it was opened by a notification");
    let idle = (last.received.plus(settings.meeting_idle), last_place);
    let mut ending = heard().filter(|(_, heard)| heard.meeting.ended);
    let grace = last
        .meeting
        .ended_at
        .zip(ending.next())
        .filter(|_| last.meeting.present == 0);
    let grace = grace.map(|(ended, (place, _))| (ended.plus(settings.grace), place));
    [idle].into_iter().chain(grace).collect()
}

/// Whether the newest notification closes its occurrence: the last who had stayed beyond the grace has left.
pub(super) fn is_left(history: &History, settings: &Settings, newest: &Heard) -> bool {
    let heard = history.heard_in(newest.occurrence);
    let had_ended = heard.iter().rev().nth(1).is_some_and(|before| before.meeting.ended);
    let is_past = |ended: Time| ended.plus(settings.grace) <= history.now;
    !newest.over && had_ended && newest.meeting.present == 0 && newest.meeting.ended_at.is_some_and(is_past)
}
