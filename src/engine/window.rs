//! A window that slides over what happened: (t - within, t], open at its beginning. What came late finds its place in the past.

use std::{collections::VecDeque, ops::Range, time::Duration};

use serde::{Deserialize, Serialize};

use crate::model::Time;

/// What happened lately, in the order of its times.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Window<T> {
    entries: VecDeque<(Time, T)>,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
        }
    }
}

impl<T> Window<T> {
    /// Adds something after all that is not later, and says at which place.
    pub fn insert(&mut self, at: Time, value: T) -> usize {
        let is_newest = self.entries.back().is_none_or(|(last, _)| *last <= at);
        let place = match is_newest {
            true => self.entries.len(),
            false => self.entries.partition_point(|(known, _)| *known <= at),
        };
        self.entries.insert(place, (at, value));
        place
    }

    /// Forgets what is not later than that.
    pub fn forget(&mut self, until: Time) {
        while self.entries.front().is_some_and(|(at, _)| *at <= until) {
            self.entries.pop_front();
        }
    }

    /// Forgets the oldest of more than that, and tells how many.
    pub fn forget_oldest(&mut self, most: usize) -> u64 {
        let forgotten = self.entries.len().saturating_sub(most);
        self.entries.drain(..forgotten);
        forgotten as u64
    }

    /// Keeps what that says, asked from the newest to the oldest; tells how many it forgot.
    pub fn retain_from_newest(&mut self, mut keep: impl FnMut(&T) -> bool) -> usize {
        let before = self.entries.len();
        let mut kept: VecDeque<(Time, T)> = VecDeque::with_capacity(before);
        for entry in self.entries.drain(..).rev() {
            if keep(&entry.1) {
                kept.push_front(entry);
            }
        }
        self.entries = kept;
        before - self.entries.len()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// What stands at that place, and when it happened.
    pub fn get(&self, place: usize) -> Option<&(Time, T)> {
        self.entries.get(place)
    }

    /// What stands at that place and after it.
    pub fn tail_mut(&mut self, place: usize) -> impl Iterator<Item = &mut T> {
        self.entries.range_mut(place..).map(|(_, value)| value)
    }

    /// The windows that end with an instant at which there is an entry and hold the one at that place, earliest first. A late entry lies
    /// in those of later ones too.
    pub fn around(&self, place: usize, within: Duration) -> impl Iterator<Item = Range<usize>> + '_ {
        let at = self.entries.get(place).map_or(Time::MIN, |(at, _)| *at);
        let opens = at.minus(within);
        let mut start = self.entries.partition_point(|(at, _)| *at <= opens);
        let later = self.entries.iter().enumerate().skip(place);
        later
            .map_while(move |(end, (ends, _))| (ends.minus(within) < at).then_some((end, *ends)))
            .filter(|(end, ends)| self.entries.get(end + 1).is_none_or(|(next, _)| next > ends))
            .map(move |(end, ends)| (end, ends.minus(within)))
            .map(move |(end, opens)| {
                while self.entries.get(start).is_some_and(|(at, _)| *at <= opens) {
                    start += 1;
                }
                start..end + 1
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The windows of three units around each time that is added, in this order.
    fn windows(times: &[i64]) -> Vec<Vec<Vec<i64>>> {
        let mut window = Window::default();
        let mut seen = Vec::new();
        for at in times {
            let place = window.insert(Time::from_nanos(*at), *at);
            let around = window.around(place, Duration::from_nanos(3));
            let times = |range: Range<usize>| range.map(|i| window.get(i).unwrap().1).collect();
            seen.push(around.map(times).collect());
        }
        seen
    }

    #[test]
    fn is_open_at_its_beginning() {
        assert_eq!(
            windows(&[0, 2, 3, 5, 5]),
            [
                vec![vec![0]],
                vec![vec![0, 2]],
                vec![vec![2, 3]],
                vec![vec![3, 5]],
                vec![vec![3, 5, 5]]
            ]
        );
    }

    #[test]
    fn what_is_late_lies_in_the_windows_of_later_ones() {
        assert_eq!(windows(&[5, 7, 8, 4]).pop().unwrap(), [vec![4], vec![4, 5]],);
        assert_eq!(windows(&[4, 7, 5]).pop().unwrap(), [vec![4, 5], vec![5, 7]]);
        assert_eq!(windows(&[5, 5, 4]).pop().unwrap(), [vec![4], vec![4, 5, 5]]);
    }

    #[test]
    fn forgets() {
        let mut window = Window::default();
        for at in 0..10 {
            window.insert(Time::from_nanos(at), at);
        }
        window.forget(Time::from_nanos(3));
        assert_eq!((window.len(), window.get(0).unwrap().1), (6, 4));
        assert_eq!(window.retain_from_newest(|value| value % 2 == 0), 3);
        assert_eq!((window.len(), window.get(0).unwrap().1), (3, 4));
    }
}
