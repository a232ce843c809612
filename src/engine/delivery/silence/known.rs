//! A silence that has not ended: what it takes, and at which times it holds mail back. Who is told of that is absent.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    engine::{deadlines::Deadline, effect::Acted, input::NewSilence, lifecycle::AlertAge},
    model::{Alert, Silence, SilenceState, Time, masked_part},
    rules::{
        expr::{Defines, Expr, MAX_FILTER, Schema},
        facts::AlertFacts,
        schedule::Schedule,
    },
};

/// A silence that has not ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct Known {
    pub silence: Silence,
    /// Made anew after a snapshot was read.
    #[serde(skip)]
    pub meaning: Option<Meaning>,
    pub holds: bool,
    /// When it is to hold or to let go, or ends.
    pub turn: Deadline,
    /// The alerts whose mail it holds back.
    pub held: BTreeSet<AlertAge>,
}

/// What the texts of a silence mean.
#[derive(Debug)]
pub struct Meaning {
    filter: Expr,
    schedule: Option<Schedule>,
}

impl Known {
    /// Whether it says what somebody asks for, who may be asking again.
    pub fn is(&self, new: &NewSilence, now: Time) -> bool {
        let NewSilence {
            filter,
            starts_at,
            ends_at,
            schedule,
            author,
            comment,
        } = new;
        let known = &self.silence;
        let begins_alike = known.starts_at == *starts_at || known.starts_at.max(*starts_at) <= now;
        begins_alike
            && known.ends_at == *ends_at
            && known.filter == *filter
            && known.schedule == *schedule
            && known.author == *author
            && known.comment == *comment
    }

    /// Whether it takes an alert.
    pub fn takes(&mut self, alert: &Alert) -> bool {
        self.meaning().is_some_and(|(meaning, _)| meaning.takes(alert))
    }

    /// Whether it is to hold mail back at that time, and when that changes next.
    pub fn stands(&mut self, now: Time) -> (bool, Time) {
        let ends_at = self.silence.ends_at;
        let stands = self.meaning().map(|(meaning, silence)| meaning.stands(silence, now));
        stands.unwrap_or((false, ends_at))
    }

    /// Where it is in its life.
    pub const fn state(&self) -> SilenceState {
        let until = self.turn.at();
        match self.holds {
            true => SilenceState::Active { until },
            false => SilenceState::Pending { until },
        }
    }

    fn meaning(&mut self) -> Option<(&Meaning, &Silence)> {
        if self.meaning.is_none() {
            // It could be read when it was made, and means the same to every version that reads the same snapshots.
            self.meaning = Meaning::of(&self.silence).ok();
        }
        Some((self.meaning.as_ref()?, &self.silence))
    }
}

impl Meaning {
    /// Reads the texts of a silence.
    pub fn of(silence: &Silence) -> Result<Self, Acted> {
        let filter = Expr::compile(&silence.filter, Schema::Alert, &Defines::default(), MAX_FILTER);
        let schedule = silence.schedule.as_ref().map(Schedule::weekly).transpose();
        Ok(Self {
            filter: filter.map_err(|_| Acted::BadFilter)?,
            schedule: schedule.map_err(|_| Acted::BadSchedule)?,
        })
    }

    /// Whether a silence is to hold mail back at that time, and when that changes next: at its end at the latest.
    pub fn stands(&self, silence: &Silence, now: Time) -> (bool, Time) {
        let begins = silence.starts_at.max(now);
        let (is_open, changes_at) = match &self.schedule {
            Some(schedule) => (schedule.contains(begins), schedule.next_change(begins)),
            None => (true, None),
        };
        let changes_at = changes_at.unwrap_or(Time::MAX);
        let (holds, until) = match is_open && begins > now {
            true => (false, begins),
            false => (is_open, changes_at),
        };
        (holds && now < silence.ends_at, until.min(silence.ends_at))
    }

    /// Whether a silence ever holds mail back.
    pub fn ever_holds(&self, silence: &Silence) -> bool {
        let span = silence.starts_at..silence.ends_at;
        self.schedule
            .as_ref()
            .is_none_or(|schedule| schedule.is_open_within(span))
    }

    /// Whether it takes an alert, which it sees as operators do: personal data masked.
    fn takes(&self, alert: &Alert) -> bool {
        let key: Vec<_> = alert
            .key
            .iter()
            .map(|(name, value)| (name.clone(), masked_part(name, value).into()))
            .collect();
        self.filter.matches_alert(&AlertFacts {
            key: &key,
            ..AlertFacts::of(alert)
        })
    }
}
