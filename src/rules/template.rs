//! Texts of alerts: `summary` and `description`, templates that are checked at load and filled once, at the firing. Escaping for mail,
//! pages or terminals is absent: that is done where they are shown.

mod check;
mod values;

use std::{fmt, io};

use compact_str::CompactString;
use minijinja::{Environment, UndefinedBehavior};

use self::values::Values;
use super::{
    Key,
    diagnostic::{Findings, Spanned},
    facts::Facts,
};
use crate::model::{FilledText, Labels, Severity};

/// How many steps one rendering may take.
const FUEL: u64 = 50_000;

/// How long a filled text may be, in bytes.
const MAX_OUTPUT: usize = 256 * 1024;

const SUMMARY: &str = "summary";
const DESCRIPTION: &str = "description";

/// Summary and description of a rule, compiled. Without a summary, the rule's name and the alert's key stand for it.
pub struct Texts {
    templates: Environment<'static>,
    summary: Option<Reads>,
    description: Option<Reads>,
}

/// What a template reads.
#[derive(Debug, Clone, Copy)]
struct Reads {
    personal: bool,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts")
            .field(SUMMARY, &self.summary)
            .field(DESCRIPTION, &self.description)
            .finish()
    }
}

/// Compiles the texts of a rule with this key and these labels; `None` if there is a mistake in one.
pub(super) fn compile(
    summary: Option<&Spanned<String>>,
    description: Option<&Spanned<String>>,
    key: &Key,
    labels: &Labels,
    findings: &mut Findings<'_>,
) -> Option<Texts> {
    let mut texts = Texts {
        templates: environment(),
        summary: None,
        description: None,
    };
    let mut checker = check::Checker::new(key, labels, findings);
    if let Some(text) = summary {
        let personal = checker.add(SUMMARY, text, &mut texts.templates);
        checker.warn_of_numbers(SUMMARY, text, &texts.templates);
        texts.summary = personal.map(|personal| Reads { personal });
    }
    if let Some(text) = description {
        let personal = checker.add(DESCRIPTION, text, &mut texts.templates);
        texts.description = personal.map(|personal| Reads { personal });
    }
    let whole = summary.is_some() == texts.summary.is_some() && description.is_some() == texts.description.is_some();
    whole.then_some(texts)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment
}

impl Texts {
    /// Fills in the summary, which is one line, and the description. A text that cannot be filled (it is too long, or takes too many
    /// steps) becomes the rule's name and the key; an absent description is empty.
    pub fn fill(
        &self,
        facts: &Facts<'_>,
        rule: &str,
        severity: Severity,
        labels: &Labels,
        key: &[(CompactString, CompactString)],
    ) -> (FilledText, FilledText) {
        let values = Values {
            facts,
            rule,
            severity,
            labels,
            key,
        };
        let summary = self
            .text(SUMMARY, self.summary, &values)
            .unwrap_or_else(|| fallback(&values));
        let description = match self.description {
            Some(reads) => self
                .text(DESCRIPTION, Some(reads), &values)
                .unwrap_or_else(|| fallback(&values)),
            None => FilledText::default(),
        };
        (on_one_line(summary), description)
    }

    fn text(&self, name: &str, reads: Option<Reads>, values: &Values<'_>) -> Option<FilledText> {
        let masked = try_render(&self.templates, name, values.masked()).ok()?;
        let clear = match reads?.personal {
            true => Some(try_render(&self.templates, name, values.clear()).ok()?),
            false => None,
        };
        Some(FilledText { masked, clear })
    }
}

/// `port-full{billing_code="33333"}`
fn fallback(values: &Values<'_>) -> FilledText {
    let text = |shown: &dyn Fn(&str, &str) -> String| {
        let parts = values
            .key
            .iter()
            .map(|(name, value)| format!("{name}={:?}", shown(name, value)));
        format!("{}{{{}}}", values.rule, parts.collect::<Vec<_>>().join(","))
    };
    let personal = values.key.iter().any(|(name, _)| values::is_personal(name));
    FilledText {
        masked: text(&|name, value| values::shown(name, value, true)),
        clear: personal.then(|| text(&|name, value| values::shown(name, value, false))),
    }
}

fn on_one_line(text: FilledText) -> FilledText {
    let line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    FilledText {
        masked: line(text.masked),
        clear: text.clear.map(line),
    }
}

fn try_render(templates: &Environment<'_>, name: &str, values: minijinja::Value) -> Result<String, minijinja::Error> {
    let mut output = Capped(Vec::new());
    templates.get_template(name)?.render_captured_to(values, &mut output)?;
    // Templates and values are UTF-8, and each is written whole.
    Ok(String::from_utf8_lossy(&output.0).into_owned())
}

/// Takes so much and no more.
struct Capped(Vec<u8>);

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
