//! One rule after the other.

use compact_str::CompactString;

use super::{Compiler, key, meaning, reach, resolve, schedules, severity, twice};
use crate::{
    model::{Labels, MAIL_WAITING},
    rules::{
        Place, Rule, conditions,
        diagnostic::{Findings, Location, Span, Spanned},
        file::RuleText,
        template,
    },
};

const MAX_NAME: usize = 100;

/// Compiles all rules; those with mistakes are left out, the others come with their text.
pub(super) fn rules<'t>(texts: &'t [RuleText], compiler: &mut Compiler<'_>) -> Vec<(&'t RuleText, Rule)> {
    for (i, rule) in texts.iter().enumerate() {
        let Some(name) = &rule.name else { continue };
        let earlier = texts[..i].iter().filter_map(|earlier| earlier.name.as_ref());
        if let Some(first) = earlier.into_iter().find(|earlier| earlier.value == name.value) {
            twice("rule", name, first.span, &mut compiler.findings);
        }
    }
    texts
        .iter()
        .filter_map(|text| Some((text, rule(text, compiler)?)))
        .collect()
}

fn rule(text: &RuleText, compiler: &mut Compiler<'_>) -> Option<Rule> {
    if let Some(name) = &text.name {
        check_name("rule", name, &mut compiler.findings);
        if name.value == MAIL_WAITING {
            let message = format!("`{MAIL_WAITING}` is the name of alerts that the service itself raises");
            compiler
                .findings
                .error(name.span, message)
                .advise("give the rule another name");
        }
    }
    let labels = labels(&text.labels, &mut compiler.findings);
    let runbook_url = runbook(text.runbook.as_ref(), &mut compiler.findings);
    // What the key can be depends on the condition, and the names that its texts see on the key. A mistake in one of them hides no
    // other: what depends on it is then checked as far as it can be.
    let condition = conditions::read(text.condition.clone(), compiler);
    let key = key::key(text, condition.as_ref(), &mut compiler.findings);
    let resolve = resolve::resolve(text, key.as_ref(), compiler);
    let severity = severity::severities(text, key.as_ref(), compiler);
    let during = match &text.during {
        Some(name) => schedules::named(name, compiler).map(Some),
        None => Some(None),
    };
    if let (Some(condition), Some(key)) = (&condition, &key) {
        reach::check_condition(text, condition, key, &mut compiler.findings);
    }
    let texts = template::compile(
        text.summary.as_ref(),
        text.description.as_ref(),
        key.as_ref().unwrap_or(&key::any()),
        &labels,
        &mut compiler.findings,
    );
    let (condition, key, resolve, during) = (condition?, key?, resolve?, during?);
    Some(Rule {
        name: CompactString::from(text.name.as_ref()?.value.as_str()),
        place: place(text, text.name.as_ref()?.span, &compiler.findings),
        meaning: meaning::digest(&condition, &key, &resolve, compiler.schedule(during)),
        condition,
        key,
        severity: severity?,
        during,
        labels,
        texts: texts?,
        runbook_url,
        resolve,
        enabled: text.enabled,
    })
}

/// Names are lower case with hyphens: they stand in mails, in URLs and on command lines.
pub(super) fn check_name(kind: &str, name: &Spanned<String>, findings: &mut Findings<'_>) {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if name.value.len() > MAX_NAME {
        findings.error(
            name.span,
            format!("a {kind}'s name is longer than {MAX_NAME} characters"),
        );
    } else if !name.value.split('-').all(is_part) {
        let error = findings.error(
            name.span,
            format!("`{}` cannot be a {kind}'s name", name.value.escape_debug()),
        );
        error.advise(match kebab_case(&name.value) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write lower-case letters, digits and hyphens".to_owned(),
        });
    }
}

fn kebab_case(name: &str) -> Option<String> {
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    (name.is_ascii() && !words.is_empty()).then(|| words.join("-"))
}

/// A label's name can be written in a filter: `labels.team`.
fn labels(written: &[(Spanned<String>, Spanned<String>)], findings: &mut Findings<'_>) -> Labels {
    for (name, _) in written {
        let starts_well = name.value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts_well
            || !name
                .value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            let error = findings.error(
                name.span,
                format!("`{}` cannot be a label's name", name.value.escape_debug()),
            );
            error.advise("write letters, digits and underscores, a letter first");
        }
    }
    let label = |(name, value): &(Spanned<String>, Spanned<String>)| {
        (
            CompactString::from(name.value.as_str()),
            CompactString::from(value.value.as_str()),
        )
    };
    written.iter().map(label).collect()
}

fn runbook(text: Option<&Spanned<String>>, findings: &mut Findings<'_>) -> String {
    let Some(text) = text else {
        return String::new();
    };
    let is_link = text.value.starts_with("https://") || text.value.starts_with("http://");
    if !is_link || text.value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        findings
            .error(text.span, "a runbook is a link")
            .advise("write it like https://example.com/what-to-do");
    }
    text.value.clone()
}

fn place(text: &RuleText, name: Span, findings: &Findings<'_>) -> Place {
    let location = Location::of(findings.source(), text.span);
    let indent = usize::try_from(location.column).unwrap_or(1) - 1;
    let lines = text.span.text(findings.source()).lines().map(|line| {
        // The first line begins where the span does.
        let blanks = line.len() - line.trim_start_matches(' ').len();
        &line[blanks.min(indent)..]
    });
    Place {
        file: location.file,
        line: location.line,
        text: lines.collect::<Vec<_>>().join("\n").trim_end().to_owned(),
        name,
    }
}
