//! From the text of rule files to a [`RuleSet`], or to all mistakes in them at once. A pure function: equal text gives equal rules, on
//! any machine. Reading files is absent, and so is comparing with the rules in force.

mod key;
mod lint;
mod meaning;
mod reach;
mod receivers;
mod resolve;
mod routes;
mod rule;
mod schedules;
mod severity;

use std::{collections::BTreeSet, sync::Arc};

use compact_str::CompactString;

pub(super) use self::key::{Kinds, field as key_field, kinds_with};
use super::{
    Rule, RuleSet, RuleSource,
    diagnostic::{Diagnostic, Findings, Span, Spanned},
    expr::suggest::nearest,
    expr::{Defines, Expr, MAX_RULE, Schema, SharedParts, share},
    file::{Document, TestCase},
    index::{Distinct, Index, MAX_CODES},
    schedule::Schedule,
};
use crate::model::MAIL_WAITING;

/// What rule files without errors give.
#[derive(Debug)]
pub struct Compiled {
    /// The rules, receivers and routes.
    pub set: RuleSet,
    /// What is probably not meant.
    pub warnings: Vec<Diagnostic>,
    /// The rules' own tests, in the order of their files.
    pub tests: Vec<TestCase>,
    /// The names for expressions and what they stand for, as written.
    pub defines: Vec<(Spanned<String>, Spanned<String>)>,
}

/// Compiles rule files.
///
/// # Errors
///
/// All mistakes of all files, with the warnings, in the order of their places.
pub fn compile(source: &Arc<RuleSource>) -> Result<Compiled, Vec<Diagnostic>> {
    let mut findings = Findings::new(source);
    let document = Document::read(&mut findings);
    let defines = defines(&document.defines, &mut findings);
    let schedules = schedules::schedules(&document.schedules, &mut findings);
    let mut compiler = Compiler {
        findings,
        document: &document,
        schedules,
        defines,
        used_defines: BTreeSet::new(),
        distinct: Distinct::default(),
    };

    let receivers = receivers::receivers(&document.receivers, &mut compiler);
    let routes = routes::routes(&document, &mut compiler);
    let inhibitions = routes::inhibitions(&document.inhibitions, &mut compiler);
    let rules = rule::rules(&document.rules, &mut compiler);
    test_names(&document, &mut compiler.findings);
    lint::lint(&document, &rules, &routes, &mut compiler);

    let warnings = compiler.findings.finish()?;
    let schedules = compiler.schedules.into_iter().flatten().collect();
    let mut rules: Vec<_> = rules.into_iter().map(|(_, rule)| rule).collect();
    let mut index = Index::build(&rules);
    index.answer(&share_parts(&mut rules));
    Ok(Compiled {
        set: RuleSet {
            source: Arc::clone(source),
            index,
            keyed: keyed(&rules),
            rules,
            receivers,
            routes,
            inhibitions,
            schedules,
        },
        warnings,
        tests: document.tests,
        defines: document.defines,
    })
}

/// What the parts of a rule set are compiled with.
pub(super) struct Compiler<'a> {
    /// What is wrong with them.
    pub findings: Findings<'a>,
    document: &'a Document,
    /// In the order of the document; `None` for one with mistakes.
    schedules: Vec<Option<Schedule>>,
    defines: Defines,
    /// Those that compiled expressions name.
    used_defines: BTreeSet<CompactString>,
    /// The codes that they name.
    distinct: Distinct,
}

impl Compiler<'_> {
    /// The schedule in that place, if there is one and it has no mistakes.
    fn schedule(&self, place: Option<usize>) -> Option<&Schedule> {
        self.schedules.get(place?)?.as_ref()
    }

    /// Compiles an expression; what is wrong with it is among the findings.
    pub fn expression(&mut self, text: &Spanned<String>, schema: Schema) -> Option<Expr> {
        match Expr::compile(&text.value, schema, &self.defines, MAX_RULE) {
            Ok(expr) => {
                self.distinct.add(&expr);
                if self.distinct.is_too_wide() {
                    let message =
                        format!("with this, the rules name more than {MAX_CODES} different codes of one kind");
                    self.findings
                        .error(text.span, message)
                        .advise("compare with `<` or `>=` instead of listing them");
                    return None;
                }
                self.used_defines.extend(expr.defines().iter().cloned());
                Some(expr.placed(text.span))
            }
            Err(mistakes) => {
                for mistake in &mistakes {
                    self.findings.mistake(text, mistake);
                }
                None
            }
        }
    }
}

/// What rules have in common is weighed once.
fn share_parts(rules: &mut [Rule]) -> SharedParts {
    let mut expressions: Vec<&mut Expr> = rules
        .iter_mut()
        .filter(|rule| rule.enabled)
        .flat_map(|rule| {
            rule.condition
                .expressions_mut()
                .into_iter()
                .chain(&mut rule.resolve.when)
        })
        .collect();
    share(&mut expressions)
}

/// How many of the rules keep state by key.
fn keyed(rules: &[Rule]) -> u32 {
    u32::try_from(rules.iter().filter(|rule| rule.is_keyed()).count()).unwrap_or(u32::MAX)
}

fn defines(written: &[(Spanned<String>, Spanned<String>)], findings: &mut Findings<'_>) -> Defines {
    for (i, (name, _)) in written.iter().enumerate() {
        if let Some((first, _)) = written[..i].iter().find(|(earlier, _)| earlier.value == name.value) {
            twice("define", name, first.span, findings);
        }
    }
    let texts = written
        .iter()
        .map(|(name, text)| (name.value.as_str(), text.value.as_str()));
    let (defines, mistakes) = Defines::new(texts);
    for (name, mistake) in mistakes {
        if let Some((_, text)) = written.iter().find(|(written, _)| written.value == *name) {
            findings.mistake(text, &mistake);
        }
    }
    defines
}

/// A name that two things of a kind have.
fn twice(kind: &str, name: &Spanned<String>, first: Span, findings: &mut Findings<'_>) {
    let source = findings.source();
    let error = findings.error(name.span, format!("two {kind}s named `{}`", name.value));
    error
        .other(source, first, "first here")
        .advise("give one of them another name");
}

/// A name that nothing of its kind has.
fn unknown<'n>(kind: &str, name: &Spanned<String>, known: impl Iterator<Item = &'n str>, findings: &mut Findings<'_>) {
    let meant = nearest(&name.value, known);
    let error = findings.error(name.span, format!("no {kind} is named `{}`", name.value));
    error.advice = meant.map(|meant| format!("did you mean `{meant}`?"));
}

/// Tests name rules that are there.
fn test_names(document: &Document, findings: &mut Findings<'_>) {
    if !document.whole {
        return;
    }
    let known = || {
        document
            .rules
            .iter()
            .filter_map(|rule| Some(rule.name.as_ref()?.value.as_str()))
            .chain([MAIL_WAITING])
    };
    // What is read anew in a test may bring rules of its own; whoever reads it looks for their names.
    for test in document.tests.iter().filter(|test| !test.reloads()) {
        let expected = test.expect.iter().map(|expected| &expected.alert.rule);
        for name in test.rules.iter().flatten().chain(expected) {
            if !known().any(|rule| rule == name.value) {
                unknown("rule", name, known(), findings);
            }
        }
    }
}

#[cfg(test)]
mod tests;
