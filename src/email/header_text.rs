//! Text that may stand in a header. Whatever a mail's header says passes through here.

use std::fmt;

use super::clean::one_line;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = HeaderText::new(&"真".repeat(10_000));
        assert_eq!(text.as_str().chars().count(), HeaderText::MAX_CHARS);
        assert!(text.as_str().ends_with("真…"));
        assert_eq!(HeaderText::new(&"x".repeat(200)).as_str().len(), 200);
    }

    #[test]
    fn ascii_for_programs() {
        assert_eq!(HeaderText::new("port-full 真\n").to_ascii(), "port-full ?");
    }
}
