//! What a server says: a code and lines of text.

use std::fmt;

use super::clean::one_line;

/// Longest text shown of a reply, in characters.
const MAX_TEXT: usize = 300;

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// The text of each line, as it came.
    pub lines: Vec<String>,
}

impl Reply {
    /// Reads `250-first CRLF 250 last CRLF`; `None` if it is anything else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let mut code = None;
        let mut lines = Vec::new();
        for line in text.lines() {
            let (digits, rest) = line.split_at_checked(3)?;
            let here: u16 = digits
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| digits.parse().ok())??;
            if *code.get_or_insert(here) != here || !(rest.is_empty() || rest.starts_with([' ', '-'])) {
                return None;
            }
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
        }
        let code = code.filter(|code| (200..600).contains(code))?;
        Some(Self { code, lines })
    }

    /// A line for the record, without anything that a terminal would obey: `550 5.1.1 no such user`.
    pub(super) fn text(&self) -> String {
        let mut text = self.code.to_string();
        // Each line repeats the status code of RFC 3463.
        let status = self
            .lines
            .first()
            .and_then(|line| line.split_once(' '))
            .map(|(word, _)| word);
        let status = status.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        for (place, line) in self.lines.iter().enumerate() {
            let repeated = status
                .filter(|_| place > 0)
                .and_then(|status| line.strip_prefix(status));
            text.push(' ');
            text.push_str(repeated.unwrap_or(line));
        }
        one_line(&text, MAX_TEXT)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
