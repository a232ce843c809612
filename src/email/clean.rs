//! Text from outside, free of what would break a line or obey: for mails, and for what is recorded of relays' replies. Escaping is
//! absent: that is each format's own.

use std::sync::LazyLock;

use regex::Regex;

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
    let mut before = ' ';
    let is_harmless = text.chars().all(|c| {
        let has_gap = c == ' ' && before == ' ';
        before = c;
        !has_gap && is_visible(c)
    });
    is_harmless && (before != ' ' || text.is_empty())
}

/// Letters, digits and common punctuation, ASCII's blank included. None of them is invisible, so that most texts need no look at the
/// tables of Unicode's categories.
fn is_visible(c: char) -> bool {
    matches!(c, ' '..='~' | '·' | '×' | '…' | '、'..='】' | '！'..='～') || c.is_alphanumeric()
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
    // No text has more characters than bytes.
    if text.len() > max_chars && text.chars().count() > max_chars {
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
            assert_eq!(one_line(hostile, 100), harmless, "{hostile:?}");
        }
    }

    /// Which is why text of them alone needs no cleaning.
    #[test]
    fn nothing_visible_is_invisible() {
        let visible: String = ('!'..=char::MAX).filter(|c| is_visible(*c)).collect();
        assert!(!INVISIBLE.is_match(&visible) && !visible.contains(is_gap));
        assert_eq!(one_line(&visible, usize::MAX), visible);
    }

    #[test]
    fn line_breaks_stay_where_they_may() {
        assert_eq!(lines("\n a\r\nb\rc\n\n\u{1b}d\n", 100), "a\nb c\n\nd");
    }
}
