//! *ratio*: the share of some notifications among others. It is weighed when one of those comes that the share is of, in every window
//! that holds it, and never by the passing of time.

use serde::{Deserialize, Serialize};

use super::{
    events::Shown,
    keyed::{self, State},
    lifecycle::Alerts,
    newest::Newest,
    step::Step,
    window::Window,
};
use crate::{model::Time, rules::Ratio};

/// How many samples a window holds; beyond, the share is that of the newest.
const BOUND: usize = Ratio::MOST_SAMPLES as usize;

/// What a rule has sampled of one key.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Sampled {
    window: Window<Sample>,
    /// Of those that match.
    newest: Newest,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Sample {
    is_match: bool,
    /// How many before it match, counted from anywhere: so those between two are known without looking at them.
    before: u64,
}

/// Samples a notification, if it is one of those that the share is of.
pub(super) fn show(step: &mut Step<'_>, alerts: &mut Alerts, rule: u32, ratio: &Ratio, shown: &Shown<'_>) {
    if !shown.holds(&ratio.of) {
        return;
    }
    let Some(key) = shown.key(step, rule) else {
        return;
    };
    let is_match = shown.holds(&ratio.when);
    let place = keyed::touch(step, alerts, rule, &key, |_, _| State::Ratio(Sampled::default()));
    let forgotten = step.now.minus(step.settings.lateness).minus(ratio.within);
    let Some(State::Ratio(sampled)) = step.keyed.get_mut(place) else {
        return;
    };
    if is_match {
        sampled.newest.push(shown.received.evidence(), u32::MAX);
    }
    sampled.window.forget(forgotten);
    let sample = sampled.insert(shown.received.at, is_match);
    let moment = sampled.match_around(sample, ratio);
    step.counts.matches_forgotten += sampled.window.forget_oldest(BOUND);
    if let Some(moment) = moment {
        let evidence = sampled.newest.take();
        alerts.matched(step, shown.matched(rule, key, moment, evidence));
    }
}

impl Sampled {
    fn insert(&mut self, at: Time, is_match: bool) -> usize {
        let place = self.window.insert(at, Sample { is_match, before: 0 });
        let later = self.window.get(place + 1).map(|(_, later)| later.before);
        let before = match (later, place.checked_sub(1).and_then(|earlier| self.window.get(earlier))) {
            (Some(before), _) => before,
            (None, Some((_, earlier))) => earlier.before + u64::from(earlier.is_match),
            (None, None) => 0,
        };
        for (nth, sample) in self.window.tail_mut(place).enumerate() {
            match nth {
                0 => sample.before = before,
                _ => sample.before += u64::from(is_match),
            }
        }
        place
    }

    /// The last moment at which the share is large enough, that sample being part of it.
    fn match_around(&self, sample: usize, ratio: &Ratio) -> Option<Time> {
        let mut moment = None;
        for range in self.window.around(sample, ratio.within) {
            let samples = range.len() as u64;
            let ends = self.window.get(range.start).zip(self.window.get(range.end - 1));
            let Some(((_, first), (at, last))) = ends.filter(|_| samples >= u64::from(ratio.min_samples)) else {
                continue;
            };
            let matches = last.before + u64::from(last.is_match) - first.before;
            if ratio.at_least.is_reached(matches, samples) {
                moment = Some(*at);
            }
        }
        moment
    }
}
