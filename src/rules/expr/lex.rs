//! From text to tokens, one at a time, so that a long text costs nothing beyond the first mistake in it.

use std::ops::Range;

use super::{Mistake, literal};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Name(&'t str),
    /// Without its sign, which is an operator of its own.
    Int(u64),
    Text(String),
    Symbol(&'static str),
    End,
}

/// Longer ones first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 22] = [
    "&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", ".", ",", "?", ":", "+", "-", "*", "/", "%", "<", ">", "!",
];

pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token and its bytes; at the end of the text `End`, again and again.
    pub fn next(&mut self) -> Result<(Token<'t>, Range<usize>), Mistake> {
        self.skip_blanks();
        let start = self.at;
        let rest = self.rest();
        let token = match rest.chars().next() {
            None => Token::End,
            Some(_) if literal::begins_text(rest) => {
                let (value, end) = literal::text(self.text, start)?;
                self.at = end;
                Token::Text(value)
            }
            Some(c) if c.is_ascii_digit() => {
                let (value, end) = literal::int(self.text, start)?;
                self.at = end;
                Token::Int(value)
            }
            Some(c) if is_name_start(c) => {
                self.at += rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
                Token::Name(&self.text[start..self.at])
            }
            Some(c) => match SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
                Some(symbol) => {
                    self.at += symbol.len();
                    Token::Symbol(symbol)
                }
                None => return Err(stray(c, rest, start)),
            },
        };
        Ok((token, start..self.at))
    }

    /// All of the text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The text up to the end of the last token.
    pub fn read(&self) -> &'t str {
        &self.text[..self.at]
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Skips blanks, and comments from `//` to the end of their line.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']).len();
            self.at += blanks;
            if self.rest().starts_with("//") {
                let comment = self.rest();
                self.at += comment.find('\n').unwrap_or(comment.len());
            } else {
                return;
            }
        }
    }
}

pub(super) fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

pub(super) fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn stray(c: char, rest: &str, at: usize) -> Mistake {
    let advice = match c {
        '=' | '~' if rest.starts_with("=~") || c == '~' => Some("write a.matches('pattern')"),
        '=' => Some("write == to compare"),
        '&' => Some("write &&"),
        '|' => Some("write ||"),
        '‘' | '’' | '“' | '”' => Some("put text in straight quotes: 'text'"),
        '{' | '}' => Some("maps and messages of CEL are left out: nothing here is one"),
        '`' => Some("names in backticks are left out; look up labels['team-x']"),
        _ => None,
    };
    let mistake = Mistake::new(
        at..at + c.len_utf8(),
        format!("`{}` means nothing here", c.escape_debug()),
    );
    match advice {
        Some(advice) => mistake.advise(advice),
        None => mistake,
    }
}
