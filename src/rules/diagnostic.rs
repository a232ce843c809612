//! Mistakes in rule files, told to people (the line underlined, what to do) and to programs (JSON). Reading and checking the files is
//! absent: it only collects here.

mod place;

use std::fmt;

use annotate_snippets::{AnnotationKind, Level as SnippetLevel, Renderer, Snippet, renderer::DecorStyle};
use serde::Serialize;

pub use self::place::{LineColumn, Location, Span, Spanned};
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

/// One finding. Its JSON is a promise to editors and CI (docs/rules.md): keys are added, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// How bad it is.
    #[serde(rename = "severity")]
    pub level: Level,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// Other places that have to do with it.
    #[serde(rename = "related")]
    pub others: Vec<Other>,
}

/// Another place that has to do with a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Other {
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// What it has to do with it.
    #[serde(rename = "message")]
    pub label: String,
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

/// How many findings one run tells; a file that has more is not a rule file.
const MAX_FINDINGS: usize = 1000;

/// Collects all findings of one run over a source.
#[derive(Debug)]
pub struct Findings<'a> {
    source: &'a RuleSource,
    list: Vec<Diagnostic>,
    errors: usize,
    /// How many there are beyond [`MAX_FINDINGS`]; the last of them stands at the end of the list.
    left_out: usize,
}

impl<'a> Findings<'a> {
    /// None yet.
    pub const fn new(source: &'a RuleSource) -> Self {
        Self {
            source,
            list: Vec::new(),
            errors: 0,
            left_out: 0,
        }
    }

    /// What the findings are about.
    pub const fn source(&self) -> &'a RuleSource {
        self.source
    }

    /// Adds an error.
    pub fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.errors += 1;
        self.add(Level::Error, span, message.into())
    }

    /// Adds a warning.
    pub fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Level::Warning, span, message.into())
    }

    #[expect(clippy::expect_used, reason = "called right after a push")]
    fn add(&mut self, level: Level, mut span: Span, message: String) -> &mut Diagnostic {
        if self.list.len() >= MAX_FINDINGS {
            self.left_out += 1;
            self.list.truncate(MAX_FINDINGS);
            // Counting lines for what is not told would take as long as the file is.
            (span.start, span.end) = (0, 0);
        }
        self.list.push(Diagnostic::new(level, self.source, span, message));
        self.list.last_mut().expect("an element was just added")
    }

    /// Adds a mistake in a text, whose span counts within it.
    pub fn mistake(&mut self, text: &Spanned<String>, mistake: &Mistake) {
        let span = text.within(mistake.span.clone(), self.source);
        let cut =
            "YAML takes what follows ` #` for a comment: put quotes around this expression, or write it under `>-`";
        let advice = match text.span.is_before_a_comment(self.source) {
            true => Some(cut.to_owned()),
            false => mistake.advice.clone(),
        };
        self.error(span, mistake.message.as_str()).advice = advice;
    }

    /// Whether one of them is an error.
    pub const fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many of them are errors.
    pub const fn errors(&self) -> usize {
        self.errors
    }

    /// All of them, in the order of their places; `Err` if one is an error.
    pub fn finish(mut self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        self.list.truncate(MAX_FINDINGS);
        self.list
            .sort_by(|a, b| (a.location.span, &a.message).cmp(&(b.location.span, &b.message)));
        if let (1.., Some(last)) = (self.left_out, self.list.last_mut()) {
            last.advise(format!("there are {} more findings, which are left out", self.left_out));
        }
        if self.errors > 0 { Err(self.list) } else { Ok(self.list) }
    }
}

#[cfg(test)]
mod tests;
