//! One line of input: the vendor's type and text, or the text alone. The text itself is read by the server.

use std::io::{self, BufRead, Read as _};

/// A longer line is longer than a message may be.
const LONGEST: u64 = 1 << 20;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Kind {
    /// A meeting
    Conf,
    /// A participant
    Party,
}

impl Kind {
    /// As the vendor writes it.
    pub(in crate::cli) const fn name(self) -> &'static str {
        match self {
            Self::Conf => "conf",
            Self::Party => "party",
        }
    }
}

/// What a line holds.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Line<'a> {
    pub(in crate::cli) kind: Kind,
    pub(in crate::cli) body: &'a str,
    /// The column that the body begins in, in characters from 1.
    pub(in crate::cli) column: usize,
}

/// Why a line is no notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::cli) enum BadLine {
    #[error("expected conf {{…}} or party {{…}}; --type says what bodies alone are")]
    NoType,
    #[error("longer than 1 MiB; the server takes no such notification")]
    TooLong,
    #[error("not UTF-8; convert the file first")]
    NotUtf8,
}

/// Reads a line without its end; what is longer than any message is cut, and read over. Returns how many bytes that took; 0 at the end.
pub(in crate::cli) fn next(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let mut read = reader.take(LONGEST).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read as u64 == LONGEST {
        read += reader.skip_until(b'\n')?;
        // One byte more than a line can have: by this it is known to be cut.
        line.push(b' ');
    }
    Ok(read as u64)
}

/// The text of a line that [`next`] has read.
pub(in crate::cli) fn text(line: &[u8]) -> Result<&str, BadLine> {
    if line.len() as u64 > LONGEST {
        return Err(BadLine::TooLong);
    }
    str::from_utf8(line).map_err(|_| BadLine::NotUtf8)
}

/// Reads a line; `None` for a blank one and for a comment.
pub(in crate::cli) fn parse(line: &str, default: Option<Kind>) -> Result<Option<Line<'_>>, BadLine> {
    let text = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.trim_end().is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let word = text
        .find(|c: char| !c.is_ascii_alphanumeric())
        .map_or(text, |end| &text[..end]);
    let (kind, rest) = match (word, default) {
        ("conf", _) => (Kind::Conf, &text[word.len()..]),
        ("party", _) => (Kind::Party, &text[word.len()..]),
        ("", Some(kind)) => (kind, text),
        _ => return Err(BadLine::NoType),
    };
    let body = rest.trim();
    let before = line.len() - rest.trim_start().len();
    Ok(Some(Line {
        kind,
        body,
        column: line[..before].chars().count() + 1,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_type_and_a_body() {
        for (line, default, kind, body, column) in [
            (
                "conf {billingCode = '33333'}",
                None,
                Kind::Conf,
                "{billingCode = '33333'}",
                6,
            ),
            ("  party{a='b'}  \r", None, Kind::Party, "{a='b'}", 8),
            (
                "conf｛billingCode＝＇3＇｝",
                None,
                Kind::Conf,
                "｛billingCode＝＇3＇｝",
                5,
            ),
            ("\u{feff}conf {}", None, Kind::Conf, "{}", 7),
            ("{a='b'}", Some(Kind::Party), Kind::Party, "{a='b'}", 1),
            ("conf {a='b'}", Some(Kind::Party), Kind::Conf, "{a='b'}", 6),
            ("conf", None, Kind::Conf, "", 5),
        ] {
            assert_eq!(parse(line, default), Ok(Some(Line { kind, body, column })), "{line}");
        }
    }

    #[test]
    fn blank_lines_and_comments_are_nothing() {
        for line in ["", "   \t\r", "# conf {}", "  # x"] {
            assert_eq!(parse(line, None), Ok(None), "{line:?}");
        }
    }

    #[test]
    fn what_has_no_type_is_refused() {
        for (line, default) in [
            ("{a='b'}", None),
            ("meeting {}", None),
            ("conference {}", Some(Kind::Conf)),
        ] {
            assert_eq!(parse(line, default), Err(BadLine::NoType), "{line}");
        }
    }
}
