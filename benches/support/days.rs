//! A day sent again and again, each time by other people: whoever called yesterday from every number would be the alarm of the century.

use std::sync::atomic::{AtomicUsize, Ordering};

use bellwether::api::{Notification, notification::Payload};
use bytes::Bytes;

/// How many days there are until the numbers come back.
const DAYS: usize = 100_000;

/// How many digits of a number differ from one day to another, after the first two, which tell the network.
const DIGITS: usize = 5;

/// Encoded messages of a day.
pub struct Days {
    messages: Vec<Message>,
    begun: AtomicUsize,
}

struct Message {
    bytes: Bytes,
    /// Where numbers begin in it.
    numbers: Vec<usize>,
}

impl Days {
    /// Of messages, each with the notifications in it.
    pub fn of<'n>(messages: impl IntoIterator<Item = (Vec<u8>, &'n [Notification])>) -> Self {
        let message = |(bytes, notifications): (Vec<u8>, &[Notification])| Message {
            numbers: numbers(&bytes, notifications),
            bytes: bytes.into(),
        };
        Self {
            messages: messages.into_iter().map(message).collect(),
            begun: AtomicUsize::new(0),
        }
    }

    /// How many messages a day has.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// The place of the first message of a day that has not been.
    pub fn begin(&self) -> usize {
        self.begun.fetch_add(100, Ordering::Relaxed) * self.len()
    }

    /// The message at that place, counted from the first day on.
    pub fn message(&self, place: usize) -> Bytes {
        let Message { bytes, numbers } = &self.messages[place % self.len()];
        let mut bytes = bytes.to_vec();
        for number in numbers {
            let digits = &mut bytes[number + 2..number + 2 + DIGITS];
            let known = digits.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
            let mut other = (known + place / self.len()) % DAYS;
            for digit in digits.iter_mut().rev() {
                *digit = b'0' + (other % 10) as u8;
                other /= 10;
            }
        }
        bytes.into()
    }
}

fn numbers(bytes: &[u8], notifications: &[Notification]) -> Vec<usize> {
    let mut numbers = Vec::new();
    let mut from = 0;
    for notification in notifications {
        let Some(Payload::Party(party)) = &notification.payload else {
            continue;
        };
        // Twice: as `phone` and as `acm_phone`.
        for _ in 0..2 {
            let rest = &bytes[from..];
            let found = rest
                .windows(party.phone.len())
                .position(|part| part == party.phone.as_bytes());
            from += found.expect("the number");
            numbers.push(from);
            from += party.phone.len();
        }
    }
    numbers
}
