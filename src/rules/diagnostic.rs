//! Mistakes in rule files, told to people (the line underlined, what to do) and to programs (JSON). Reading and checking the files is
//! absent: it only collects here.

use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Level as SnippetLevel, Renderer, Snippet, renderer::DecorStyle};
use serde::Serialize;

use super::{RuleSource, expr::Mistake};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The files are not taken.
    Error,
    /// The files are taken, but probably do not say what was meant.
    Warning,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

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
    /// The line that it ends on.
    pub end_line: u32,
    /// The column after its last character.
    pub end_column: u32,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

impl Location {
    /// The lines and columns of a span of that source.
    pub fn of(source: &RuleSource, span: Span) -> Self {
        let (file, text) = match source.files.get(span.file) {
            Some(file) => (file.name.as_str(), file.text.as_str()),
            None => ("", ""),
        };
        let (line, column) = line_and_column(text, span.start);
        let (end_line, end_column) = line_and_column(text, span.end);
        Self {
            file: file.to_owned(),
            line,
            column,
            end_line,
            end_column,
            span,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Counted from 1, columns in characters; a byte-order mark is no character.
fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let column = line.trim_start_matches('\u{feff}').chars().count();
    let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    (number(before.matches('\n').count()), number(column))
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub level: Level,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// Other places that have to do with it.
    pub others: Vec<Other>,
}

/// Another place that has to do with a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Other {
    /// What it has to do with it.
    pub label: String,
    /// Where.
    #[serde(flatten)]
    pub location: Location,
}

impl Diagnostic {
    /// An error in that place.
    pub fn error(source: &RuleSource, span: Span, message: impl Into<String>) -> Self {
        Self::new(Level::Error, source, span, message)
    }

    /// A warning in that place.
    pub fn warning(source: &RuleSource, span: Span, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, source, span, message)
    }

    fn new(level: Level, source: &RuleSource, span: Span, message: impl Into<String>) -> Self {
        Self {
            level,
            message: message.into(),
            advice: None,
            location: Location::of(source, span),
            others: Vec::new(),
        }
    }

    /// Adds what to do about it.
    pub fn advise(&mut self, advice: impl Into<String>) -> &mut Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds another place.
    pub fn other(&mut self, source: &RuleSource, span: Span, label: impl Into<String>) -> &mut Self {
        self.others.push(Other {
            label: label.into(),
            location: Location::of(source, span),
        });
        self
    }

    /// For a terminal: the line with the mistake underlined, and what to do; no line break at the end. The source is the one that the
    /// finding is about.
    pub fn render(&self, source: &RuleSource, coloured: bool) -> String {
        let level = match self.level {
            Level::Error => SnippetLevel::ERROR,
            Level::Warning => SnippetLevel::WARNING,
        };
        let mut group = level
            .primary_title(self.message.as_str())
            .elements(self.snippets(source));
        if let Some(advice) = &self.advice {
            group = group.element(SnippetLevel::HELP.message(advice.as_str()));
        }
        let renderer = if coloured {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.decor_style(DecorStyle::Ascii).render(&[group])
    }

    /// One snippet a file, this finding's own first.
    fn snippets<'a>(&'a self, source: &'a RuleSource) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let primary = AnnotationKind::Primary.span(self.location.span.range());
        let mut files = vec![(self.location.span.file, vec![primary])];
        for Other { label, location } in &self.others {
            let annotation = AnnotationKind::Context
                .span(location.span.range())
                .label(label.as_str());
            match files.iter_mut().find(|(file, _)| *file == location.span.file) {
                Some((_, annotations)) => annotations.push(annotation),
                None => files.push((location.span.file, vec![annotation])),
            }
        }
        let snippet = |(file, annotations): (usize, Vec<_>)| {
            let file = source.files.get(file)?;
            let snippet = Snippet::source(file.text.as_str()).path(file.name.as_str());
            Some(snippet.annotations(annotations))
        };
        files.into_iter().filter_map(snippet).collect()
    }
}

/// In one line, as compilers write it for programs to find: `rules.yaml:3:5: error: unknown key`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.location, self.level, self.message)?;
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

/// Collects all findings of one run over a source.
#[derive(Debug)]
pub struct Findings<'a> {
    source: &'a RuleSource,
    list: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    /// None yet.
    pub const fn new(source: &'a RuleSource) -> Self {
        Self {
            source,
            list: Vec::new(),
        }
    }

    /// What the findings are about.
    pub const fn source(&self) -> &'a RuleSource {
        self.source
    }

    /// Adds an error.
    pub fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.list.push(Diagnostic::error(self.source, span, message));
        self.last()
    }

    /// Adds a warning.
    pub fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.list.push(Diagnostic::warning(self.source, span, message));
        self.last()
    }

    /// Adds a mistake in an expression, whose span counts within that text.
    pub fn mistake(&mut self, text: &Spanned<String>, mistake: &Mistake) {
        let span = text.within(mistake.span.clone(), self.source);
        self.error(span, mistake.message.as_str())
            .advice
            .clone_from(&mistake.advice);
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|finding| finding.level == Level::Error)
    }

    #[expect(clippy::expect_used, reason = "called right after a push")]
    fn last(&mut self) -> &mut Diagnostic {
        self.list.last_mut().expect("an element was just added")
    }

    /// All of them, in the order of their places; `Err` if one is an error.
    pub fn finish(mut self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        self.list
            .sort_by(|a, b| (a.location.span, &a.message).cmp(&(b.location.span, &b.message)));
        if self.has_errors() {
            Err(self.list)
        } else {
            Ok(self.list)
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

#[cfg(test)]
mod tests;
