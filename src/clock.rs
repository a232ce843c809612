//! The service's time: the wall clock where it runs evenly, the monotonic one where it jumps. Nothing else in the service reads a
//! clock to decide something.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use tracing::warn;

use crate::model::Time;

/// By how much the wall clock may stray before it counts as stepped.
const TOLERANCE: Duration = Duration::from_secs(2);

/// For how long a step forward is not followed.
const PATIENCE: Duration = Duration::from_mins(5);

/// A clock that never runs backwards, and does not jump with the wall clock.
#[derive(Debug)]
pub struct Clock {
    base: Time,
    read_at: Instant,
    /// Since when the wall clock has been out of step.
    stepped_since: Option<Instant>,
    /// How many steps have been seen.
    steps: u64,
    /// What it shows instead of this machine's time.
    hands: Option<Hands>,
}

/// The hands of a clock, for whoever sets them: a rehearsal need not wait for its hours to pass. Time then stands still until they
/// are moved; set back, they show what they showed before.
#[derive(Debug, Clone)]
pub struct Hands(Arc<AtomicI64>);

impl Hands {
    /// Hands that show that time.
    pub fn at(time: Time) -> Self {
        Self(Arc::new(AtomicI64::new(time.as_nanos())))
    }

    /// Sets them.
    pub fn set(&self, time: Time) {
        self.0.store(time.as_nanos(), Ordering::Release);
    }

    fn read(&self) -> Time {
        Time::from_nanos(self.0.load(Ordering::Acquire))
    }
}

impl Clock {
    /// A clock that starts with what the hands show, or the wall clock where nobody sets it, or with the latest time that was ever
    /// used, if that is later.
    pub fn starting_after(latest: Time, hands: Option<Hands>) -> Self {
        Self {
            base: hands.as_ref().map_or_else(wall, Hands::read).max(latest),
            read_at: Instant::now(),
            stepped_since: None,
            steps: 0,
            hands,
        }
    }

    /// The time now.
    pub fn now(&mut self) -> Time {
        if let Some(hands) = &self.hands {
            self.base = self.base.max(hands.read());
            return self.base;
        }
        let read_at = Instant::now();
        self.base = self.base.plus(read_at.duration_since(self.read_at));
        self.read_at = read_at;
        self.follow(wall(), read_at);
        self.base
    }

    /// How many times the wall clock has been seen to jump.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    fn follow(&mut self, wall: Time, read_at: Instant) {
        let (ahead, behind) = (wall - self.base, self.base - wall);
        if ahead <= TOLERANCE && behind <= TOLERANCE {
            self.stepped_since = None;
            self.base = self.base.max(wall);
            return;
        }
        match self.stepped_since {
            None => {
                self.steps += 1;
                self.stepped_since = Some(read_at);
                warn!(
                    ?ahead,
                    ?behind,
                    "the wall clock jumped; going on by the monotonic clock"
                );
            }
            Some(since) if !ahead.is_zero() && read_at.duration_since(since) >= PATIENCE => {
                warn!(?ahead, "the wall clock has stayed ahead; following it");
                self.stepped_since = None;
                self.base = wall;
            }
            Some(_) => {}
        }
    }
}

/// The wall clock, unfiltered: for plausibility checks and file names.
pub fn wall() -> Time {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Time::from_nanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn clock() -> (Clock, Instant) {
        let clock = Clock::starting_after(Time::MIN, None);
        let read_at = clock.read_at;
        (clock, read_at)
    }

    #[test]
    fn hands_are_followed_forwards_alone() {
        let (begin, latest) = (Time::from_nanos(1), Time::from_nanos(2));
        let hands = Hands::at(begin);
        let mut clock = Clock::starting_after(latest, Some(hands.clone()));
        assert_eq!(clock.now(), latest);
        hands.set(latest.plus(HOUR));
        assert_eq!(clock.now(), latest.plus(HOUR));
        hands.set(begin);
        assert_eq!(clock.now(), latest.plus(HOUR));
    }

    #[test]
    fn a_step_back_does_not_stop_time() {
        let (mut clock, read_at) = clock();
        let before = clock.base;
        clock.follow(before.minus(HOUR), read_at);
        assert_eq!((clock.base, clock.steps), (before, 1));
        clock.follow(before.minus(HOUR), read_at + HOUR);
        assert_eq!((clock.base, clock.steps), (before, 1), "never backwards, reported once");
    }

    #[test]
    fn a_step_forward_is_followed_only_if_it_lasts() {
        let (mut clock, read_at) = clock();
        let before = clock.base;
        clock.follow(before.plus(HOUR), read_at);
        clock.follow(before.plus(HOUR), read_at + PATIENCE / 2);
        assert_eq!(clock.base, before);
        clock.follow(before.plus(HOUR), read_at + PATIENCE);
        assert_eq!(clock.base, before.plus(HOUR));
    }

    #[test]
    fn drift_is_followed_at_once() {
        let (mut clock, read_at) = clock();
        let wall = clock.base.plus(Duration::from_millis(300));
        clock.follow(wall, read_at);
        assert_eq!((clock.base, clock.steps), (wall, 0));
    }
}
