//! Numbers and texts as CEL writes them. Fractions, unsigned numbers and bytes are absent: nothing in a notification is one.

use std::{iter::Peekable, str::CharIndices};

use super::{Mistake, lex::is_name_part};

/// Whether a text literal begins here, its prefix included.
pub(super) fn begins_text(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    let letters = bytes
        .iter()
        .take(2)
        .take_while(|b| matches!(b, b'r' | b'R' | b'b' | b'B'))
        .count();
    bytes.get(letters).is_some_and(|b| matches!(b, b'\'' | b'"'))
}

/// The value of the whole number that begins at `start`, and where it ends.
pub(super) fn int(text: &str, start: usize) -> Result<(u64, usize), Mistake> {
    let rest = &text[start..];
    let word = &rest[..rest.find(|c| !is_name_part(c)).unwrap_or(rest.len())];
    let end = start + word.len();
    let is_fraction = {
        let mut after = text[end..].chars();
        after.next() == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit())
    };
    let (digits, radix) = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (word, 10),
    };
    if radix == 10 && (is_fraction || is_exponent(word)) {
        let more = text[end..].find(|c| c != '.' && !is_name_part(c));
        let end = more.map_or(text.len(), |more| end + more);
        return Err(Mistake::new(
            start..end,
            "fractions are left out: every number here is whole",
        ));
    }
    if let Some(digits) = digits.strip_suffix(['u', 'U'])
        && digits.chars().all(|c| c.is_digit(radix))
    {
        return Err(Mistake::new(
            start..end,
            "unsigned numbers are left out: every number here has a sign",
        )
        .advise("write it without the u"));
    }
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(
            Mistake::new(start..end, format!("`{word}` is neither a number nor a name")).advise(format!(
                "put text in quotes: '{word}'; write a duration as duration('5m')"
            )),
        );
    }
    match u64::from_str_radix(digits, radix) {
        Ok(value) => Ok((value, end)),
        Err(_) => Err(too_large(start, end)),
    }
}

pub(super) fn too_large(start: usize, end: usize) -> Mistake {
    Mistake::new(start..end, "the number does not fit in 64 bits")
}

fn is_exponent(word: &str) -> bool {
    word.split_once(['e', 'E'])
        .is_some_and(|(digits, exponent)| [digits, exponent].iter().all(|d| d.chars().all(|c| c.is_ascii_digit())))
}

/// The value of the text literal that begins at `start`, and where it ends.
pub(super) fn text(text: &str, start: usize) -> Result<(String, usize), Mistake> {
    let open = start + text[start..].find(['\'', '"']).unwrap_or(0);
    let prefix = &text[start..open];
    if prefix.contains(['b', 'B']) {
        return Err(
            Mistake::new(start..open, "bytes are left out: every text here is characters")
                .advise("write it without the b"),
        );
    }
    let quote = match &text[open..] {
        long if long.starts_with("'''") => "'''",
        long if long.starts_with("\"\"\"") => "\"\"\"",
        short if short.starts_with('\'') => "'",
        _ => "\"",
    };
    let body = open + quote.len();
    let mut value = String::new();
    let mut chars = text[body..].char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        let at = body + offset;
        if text[at..].starts_with(quote) {
            return Ok((value, at + quote.len()));
        }
        match c {
            '\\' if prefix.is_empty() => {
                let escaped = escape(&mut chars);
                let end = body + chars.peek().map_or(text.len() - body, |(offset, _)| *offset);
                let wrong = || {
                    Mistake::new(at..end, "no such escape in a text")
                        .advise(r"write r'…', in which backslashes stand for themselves")
                };
                value.push(escaped.ok_or_else(wrong)?);
            }
            '\n' | '\r' if quote.len() == 1 => break,
            _ => value.push(c),
        }
    }
    Err(Mistake::new(start..body, "this text has no end").advise(format!("close it with {quote} on the same line")))
}

/// What stands after a backslash; takes it off. `None` for anything that CEL does not name.
fn escape(chars: &mut Peekable<CharIndices<'_>>) -> Option<char> {
    let (_, first) = chars.next()?;
    Some(match first {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '?' | '"' | '\'' | '`' => first,
        'x' | 'X' => number(chars, 2, 16, 0)?,
        'u' => number(chars, 4, 16, 0)?,
        'U' => number(chars, 8, 16, 0)?,
        '0'..='3' => number(chars, 2, 8, first.to_digit(8)?)?,
        _ => return None,
    })
}

fn number(chars: &mut Peekable<CharIndices<'_>>, digits: usize, radix: u32, first: u32) -> Option<char> {
    let mut value = first;
    for _ in 0..digits {
        let digit = chars.next_if(|(_, c)| c.is_digit(radix))?.1.to_digit(radix)?;
        value = value.checked_mul(radix)?.checked_add(digit)?;
    }
    char::from_u32(value)
}
