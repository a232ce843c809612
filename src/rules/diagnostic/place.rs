//! Where things stand in rule files, down to the part of an expression inside a YAML scalar.

use std::{fmt, ops::Range};

use serde::Serialize;

use crate::rules::RuleSource;

/// Some bytes of one file of a [`RuleSource`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Index of the file.
    pub file: usize,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// Its bytes within the file.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// From where this begins to where that ends.
    pub fn to(self, last: Span) -> Self {
        Self {
            end: last.end.max(self.end),
            ..self
        }
    }

    /// Whether what follows it on its line is a comment.
    pub fn is_before_a_comment(self, source: &RuleSource) -> bool {
        let file = source.files.get(self.file);
        let rest = file.and_then(|file| file.text.get(self.end..)).unwrap_or_default();
        rest.starts_with([' ', '\t']) && rest.trim_start_matches([' ', '\t']).starts_with('#')
    }

    /// The text that it spans; empty where it does not lie in that source.
    pub fn text(self, source: &RuleSource) -> &str {
        let file = source.files.get(self.file);
        file.and_then(|file| file.text.get(self.range())).unwrap_or_default()
    }
}

/// A value with the place where it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// Lines and columns of a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The file's name.
    pub file: String,
    /// The line that it begins on, from 1.
    pub line: u32,
    /// The column that it begins at, from 1, in characters.
    pub column: u32,
    /// Where it ends: the place after its last character.
    pub end: LineColumn,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// A line and a column of a file, each from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LineColumn {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl Location {
    /// The lines and columns of a span of that source.
    pub fn of(source: &RuleSource, span: Span) -> Self {
        let (file, text) = match source.files.get(span.file) {
            Some(file) => (file.name.as_str(), file.text.as_str()),
            None => ("", ""),
        };
        let LineColumn { line, column } = LineColumn::of(text, span.start);
        Self {
            file: file.to_owned(),
            line,
            column,
            end: LineColumn::of(text, span.end),
            span,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl LineColumn {
    /// Those of a byte of a text; a byte-order mark is no character.
    fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let column = line.trim_start_matches('\u{feff}').chars().count();
        let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        Self {
            line: number(before.matches('\n').count()),
            column: number(column),
        }
    }
}

impl Spanned<String> {
    /// Where a part of this text, a scalar of a YAML file, stands in the file. Exact for a plain scalar of one line, a quoted one
    /// without escapes and a block scalar that keeps its line breaks; otherwise the whole scalar.
    pub fn within(&self, part: Range<usize>, source: &RuleSource) -> Span {
        let raw = self.span.text(source);
        let at = |start: usize, end: usize| Span {
            start: self.span.start + start,
            end: self.span.start + end,
            ..self.span
        };
        if raw == self.value {
            return at(part.start, part.end);
        }
        if raw.starts_with(['\'', '"']) && raw.get(1..raw.len() - 1) == Some(&self.value) {
            return at(1 + part.start, 1 + part.end);
        }
        match (self.in_block(part.start, raw), self.in_block(part.end, raw)) {
            (Some(start), Some(end)) => at(start, end),
            _ => at(0, raw.trim_end().len()),
        }
    }

    /// The offset in the raw text of a block scalar of an offset in its value; `None` if the two do not agree line by line.
    fn in_block(&self, offset: usize, raw: &str) -> Option<usize> {
        let (mut raw_start, mut start) = (0, 0);
        let mut raw_lines = raw.split_inclusive('\n');
        for line in self.value.split_inclusive('\n') {
            let raw_line = raw_lines.next()?;
            let (text, raw_text) = (line.trim_end_matches('\n'), raw_line.trim_end_matches(['\n', '\r']));
            // The first line begins where the span does; the others carry the indentation of the block.
            let indent = raw_text.len().checked_sub(text.len())?;
            if !raw_text.ends_with(text) || !raw_text.bytes().take(indent).all(|byte| byte == b' ') {
                return None;
            }
            if offset <= start + text.len() {
                return Some(raw_start + indent + (offset - start));
            }
            raw_start += raw_line.len();
            start += line.len();
        }
        (offset == self.value.len()).then_some(raw.trim_end().len())
    }
}
