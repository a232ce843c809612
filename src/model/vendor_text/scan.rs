//! Splits the vendor's text into pairs of key and value. What the keys mean is not known here.
//!
//! The text has no escapes, so a quote inside a value and the quote that ends it look the same. What follows decides: a quote ends its
//! value if the body ends there, or a closing brace, or a comma with the next key. This is looked up from each quote at most as far as
//! the next quote, so nothing is gone over more than three times (as the text after a quote, as a value, as a key), and the time is
//! linear in the length, whatever the text.

use super::{super::malformed::Reason, keys};

/// A key with its value, and the byte offsets at which they begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'a> {
    pub key: &'a str,
    pub key_at: usize,
    pub value: &'a str,
    pub value_at: usize,
}

/// What is wrong with the text, and the byte offset of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub reason: Reason,
    pub at: usize,
}

/// The pairs of a text, in their order.
pub(super) struct Pairs<'a> {
    cursor: Cursor<'a>,
    closed: bool,
}

impl<'a> Pairs<'a> {
    /// Begins to read; a blank text has no pairs.
    pub fn open(body: &'a str) -> Result<Self, Fault> {
        let mut cursor = Cursor { body, at: 0 };
        cursor.skip_blanks();
        let closed = match cursor.peek() {
            None => true,
            Some(Mark::Open) => {
                cursor.bump();
                false
            }
            Some(_) => return Err(cursor.fault(Reason::MissingBrace)),
        };
        Ok(Self { cursor, closed })
    }

    /// The next pair, or `None` after the last one.
    pub fn next(&mut self) -> Result<Option<Pair<'a>>, Fault> {
        if self.closed {
            return Ok(None);
        }
        self.cursor.skip_blanks();
        match self.cursor.peek() {
            None => Err(self.cursor.fault(Reason::Unterminated)),
            Some(Mark::Comma) => Err(self.cursor.fault(Reason::EmptyPair)),
            Some(Mark::Close) => self.close().map(|()| None),
            Some(_) => self.pair().map(Some),
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.cursor.bump();
        self.cursor.skip_blanks();
        self.closed = true;
        match self.cursor.peek() {
            None => Ok(()),
            Some(_) => Err(self.cursor.fault(Reason::TrailingText)),
        }
    }

    fn pair(&mut self) -> Result<Pair<'a>, Fault> {
        let (key_at, key) = self.key()?;
        self.cursor.skip_blanks();
        let (value_at, value) = match self.cursor.peek() {
            Some(Mark::Quote) => self.quoted()?,
            _ => self.unquoted()?,
        };
        self.cursor.skip_blanks();
        if self.cursor.peek() == Some(Mark::Comma) {
            self.cursor.bump();
        }
        Ok(Pair {
            key,
            key_at,
            value,
            value_at,
        })
    }

    fn key(&mut self) -> Result<(usize, &'a str), Fault> {
        let start = self.cursor;
        let key = self.cursor.word();
        if self.cursor.peek() != Some(Mark::Equals) {
            return Err(start.fault(Reason::MissingEquals));
        }
        if !is_key(key) {
            return Err(start.fault(Reason::BadKey));
        }
        self.cursor.bump();
        Ok((start.at, key))
    }

    fn quoted(&mut self) -> Result<(usize, &'a str), Fault> {
        let open = self.cursor;
        self.cursor.bump();
        let start = self.cursor.at;
        while let Some(text) = self.cursor.rest().find(is_quote) {
            self.cursor.advance(text);
            let quote = self.cursor;
            self.cursor.bump();
            match after_quote(self.cursor) {
                Follows::End => return Ok((start, &quote.body[start..quote.at])),
                Follows::Text => {}
                Follows::Either => return Err(quote.fault(Reason::AmbiguousQuote)),
            }
        }
        Err(open.fault(Reason::Unterminated))
    }

    fn unquoted(&mut self) -> Result<(usize, &'a str), Fault> {
        let start = self.cursor;
        let value = self.cursor.word();
        let ended = matches!(self.cursor.peek(), None | Some(Mark::Comma | Mark::Close));
        if ended && is_plain(value) {
            Ok((start.at, value))
        } else {
            Err(start.fault(Reason::Unquoted))
        }
    }
}

/// ASCII, curly, prime and full-width; single and double alike, since bridges mix them.
pub(super) fn is_quote(c: char) -> bool {
    if c.is_ascii() {
        matches!(c, '\'' | '"' | '`')
    } else {
        matches!(c, '´' | '‘'..='‟' | '′' | '″' | '‵' | '‶' | '＇' | '＂')
    }
}

/// Whether a quote inside a value, put in quotes, would be taken for its end: `rest` is what follows it, the closing quote included.
pub(super) fn would_end(rest: &str) -> bool {
    after_quote(Cursor { body: rest, at: 0 }) != Follows::Text
}

/// What can follow a quote.
#[derive(PartialEq, Eq)]
enum Follows {
    /// The end of the pair: the quote ends the value.
    End,
    /// More of the value.
    Text,
    /// A next pair with a strange key, or more of the value: not to be told apart.
    Either,
}

fn after_quote(mut cursor: Cursor<'_>) -> Follows {
    cursor.skip_blanks();
    match cursor.peek() {
        None => Follows::End,
        Some(Mark::Close) => after_brace(cursor),
        Some(Mark::Comma) => after_comma(cursor),
        Some(_) => Follows::Text,
    }
}

/// A brace right before another quote closes something inside the value; any other one closes the body, even if something follows
/// that does not belong there: it may be the next notification, which must not vanish in a name.
fn after_brace(mut cursor: Cursor<'_>) -> Follows {
    cursor.bump();
    cursor.skip_blanks();
    match cursor.peek() {
        Some(Mark::Quote) => Follows::Text,
        _ => Follows::End,
    }
}

/// A comma ends the pair if a key follows it, or nothing at all.
fn after_comma(mut cursor: Cursor<'_>) -> Follows {
    cursor.bump();
    cursor.skip_blanks();
    let word = cursor.word();
    match cursor.peek() {
        Some(Mark::Equals) if is_key(word) => Follows::End,
        Some(Mark::Equals) => Follows::Either,
        Some(Mark::Close) if word.is_empty() => after_brace(cursor),
        None | Some(Mark::Comma) if word.is_empty() => Follows::End,
        // A known key with its equals sign forgotten is a mistake to be told, not a part of somebody's name.
        _ if keys::is_known(word) => Follows::End,
        _ => Follows::Text,
    }
}

/// Letters and digits; or a negative number, for the vendor's -1: else a meeting's start would be read and its end refused.
fn is_plain(value: &str) -> bool {
    match value.strip_prefix('-') {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()),
        None => !value.is_empty() && value.chars().all(char::is_alphanumeric),
    }
}

fn is_key(word: &str) -> bool {
    !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// A place in the text.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    body: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(self) -> &'a str {
        &self.body[self.at..]
    }

    fn peek(self) -> Option<Mark> {
        self.rest().chars().next().map(Mark::of)
    }

    fn bump(&mut self) {
        self.advance(self.rest().chars().next().map_or(0, char::len_utf8));
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.advance(rest.len() - rest.trim_start_matches(is_blank).len());
    }

    /// Reads up to the next quote, comma, equals sign or brace; blanks at the end do not count.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let len = rest
            .find(|c| !matches!(Mark::of(c), Mark::Text | Mark::Blank))
            .unwrap_or(rest.len());
        self.advance(len);
        rest[..len].trim_end_matches(is_blank)
    }

    fn advance(&mut self, bytes: usize) {
        self.at += bytes;
        #[cfg(test)]
        TRAVELLED.set(TRAVELLED.get() + bytes);
    }

    fn fault(self, reason: Reason) -> Fault {
        Fault { reason, at: self.at }
    }
}

/// What a character is to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Blank,
    Open,
    Close,
    Equals,
    Comma,
    Quote,
    Text,
}

impl Mark {
    fn of(c: char) -> Self {
        match c {
            '0'..='9' | 'A'..='Z' | 'a'..='z' => Self::Text,
            '{' | '｛' => Self::Open,
            '}' | '｝' => Self::Close,
            '=' | '＝' => Self::Equals,
            ',' | '，' => Self::Comma,
            c if is_quote(c) => Self::Quote,
            c if is_blank(c) => Self::Blank,
            _ => Self::Text,
        }
    }
}

/// White space, and the byte-order mark, which is none to Unicode.
fn is_blank(c: char) -> bool {
    c == ' ' || c.is_whitespace() || c == '\u{FEFF}'
}

#[cfg(test)]
thread_local! {
    /// How many bytes all cursors of this thread have gone over.
    pub(super) static TRAVELLED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
