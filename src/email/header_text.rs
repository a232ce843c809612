//! Text that may stand in a header. Whatever a mail's header says passes through here.

use std::{fmt, sync::LazyLock};

use regex::Regex;

/// One line of at most 200 characters without control characters, invisible format characters (bidirectional overrides, zero-width
/// marks) or line separators. It may hold any script; RFC 2047 encodes it on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderText(String);

impl HeaderText {
    /// The longest there is, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Makes any text harmless.
    pub fn new(text: &str) -> Self {
        Self(one_line(text, Self::MAX_CHARS))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The printable ASCII of it, `?` for anything else: for headers that programs read.
    pub fn to_ascii(&self) -> String {
        self.0.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text on one line: controls and separators become blanks, blanks collapse, invisible format characters go, and what is longer
/// than `max_chars` ends in an ellipsis.
pub(super) fn one_line(text: &str, max_chars: usize) -> String {
    if is_line(text) {
        return shortened(text.to_owned(), max_chars);
    }
    let mut line = String::new();
    for word in INVISIBLE.replace_all(text, "").split(is_gap).filter(|w| !w.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    shortened(line, max_chars)
}

/// Whether it is harmless as it stands, which most texts are.
fn is_line(text: &str) -> bool {
    let is_printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_printable && !text.contains("  ") && !text.starts_with(' ') && !text.ends_with(' ')
}

/// As [`one_line`], but line breaks stay.
pub(super) fn lines(text: &str, max_chars: usize) -> String {
    let text: Vec<String> = text.lines().map(|line| one_line(line, max_chars)).collect();
    shortened(text.join("\n").trim().to_owned(), max_chars)
}

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by a test")]
static INVISIBLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\p{Cf}").expect("a valid pattern"));

/// U+2028 and U+2029, the categories Zl and Zp, count as white space in Unicode.
fn is_gap(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

fn shortened(mut text: String, max_chars: usize) -> String {
    if text.chars().count() > max_chars {
        let end = text
            .char_indices()
            .nth(max_chars.saturating_sub(1))
            .map_or(text.len(), |(at, _)| at);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_invisible_stays() {
        for (hostile, harmless) in [
            ("a\r\nBcc: b@c", "a Bcc: b@c"),
            ("  a \t b\u{a0} ", "a b"),
            ("a\0b\u{1b}[31mc\u{7f}d", "a b [31mc d"),
            ("abc\u{202e}def\u{2066}\u{200b}\u{feff}", "abcdef"),
            ("a\u{2028}b\u{2029}c\u{85}d", "a b c d"),
            ("真实名称 😀", "真实名称 😀"),
            ("\r\n", ""),
        ] {
            assert_eq!(HeaderText::new(hostile).as_str(), harmless, "{hostile:?}");
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = HeaderText::new(&"真".repeat(10_000));
        assert_eq!(text.as_str().chars().count(), HeaderText::MAX_CHARS);
        assert!(text.as_str().ends_with("真…"));
        assert_eq!(HeaderText::new(&"x".repeat(200)).as_str().len(), 200);
    }

    #[test]
    fn line_breaks_stay_where_they_may() {
        assert_eq!(lines("\n a\r\nb\rc\n\n\u{1b}d\n", 100), "a\nb c\n\nd");
    }

    #[test]
    fn ascii_for_programs() {
        assert_eq!(HeaderText::new("port-full 真\n").to_ascii(), "port-full ?");
    }
}
