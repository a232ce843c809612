//! Personal data, told apart by type: it prints as `[personal]`, and showing it is a decision that the code has to spell out.

use std::{borrow::Cow, fmt};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The parts of an alert's key whose values are personal.
const KEYS: [&str; 4] = ["name", "phone", "acm_phone", "city"];

/// The value of a part of an alert's key as everyone may see it.
pub fn masked_part<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if KEYS.contains(&name) {
        mask(value).into()
    } else {
        value.into()
    }
}

/// A name, a phone number or a city. It has no `Display`; a place that shows it calls [`Personal::masked`] or, where a receiver is
/// allowed to see it, [`Personal::clear`].
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Personal(CompactString);

impl Personal {
    /// Takes a text into custody.
    pub fn new(text: impl Into<CompactString>) -> Self {
        Self(text.into())
    }

    /// The text itself: for rules, the journal, and receivers that are allowed to see it.
    pub fn clear(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text as everyone may see it: `139****2332` for a number, `****34` for a short one, `真**` for anything else.
    pub fn masked(&self) -> String {
        mask(&self.0)
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "[personal]" })
    }
}

/// A number of eleven digits or more keeps its first three and last four, one of seven or more its last two; any other text its first
/// character.
fn mask(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number = digits.len() >= 7
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '(' | ')' | '+' | '-' | ' ' | '.' | '#' | '*'));
    if is_number {
        // Both ends are ASCII digits, so the cuts fall on character boundaries.
        return match digits.len() {
            11.. => format!("{}****{}", &digits[..3], &digits[digits.len() - 4..]),
            short => format!("****{}", &digits[short - 2..]),
        };
    }
    match text.chars().find(|c| !c.is_whitespace() && !c.is_control()) {
        Some(first) => format!("{first}**"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_just_enough_to_recognise() {
        for (clear, masked) in [
            ("13939232332", "139****2332"),
            ("(86)13939232332", "861****2332"),
            ("1393923233", "****33"),
            ("555-1234", "****34"),
            ("真实名称", "真**"),
            ("陕西.西安", "陕**"),
            ("12345", "1**"),
            ("", ""),
        ] {
            assert_eq!(Personal::new(clear).masked(), masked);
        }
    }

    #[test]
    fn debug_does_not_tell() {
        assert_eq!(format!("{:?}", Personal::new("真实名称")), "[personal]");
    }
}
