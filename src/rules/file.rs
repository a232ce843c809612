//! The shape of rule files: which keys there are and what each holds. All files are read into one [`Document`]. What the texts mean is
//! absent: expressions, names and templates are checked when the document is compiled.

mod alert_text;
mod delivery;
pub mod duration;
mod fields;
mod notification;
mod number;
mod schedule;
mod test_case;
mod yaml;

use std::time::Duration;

pub use alert_text::AlertText;
pub use delivery::{EscalationText, GroupByText, InhibitionText, ReceiverText, RouteText};
pub use fields::{Fields, listed};
pub use notification::TestNotification;
pub use schedule::{ScheduleText, WeeklyText};
pub use test_case::{Down, Expected, ExpectedMail, Given, Step, TestCase};
pub use yaml::{Node, Value};

use super::diagnostic::{Findings, Span, Spanned};
use crate::model::Severity;

/// All rule files together.
#[derive(Debug)]
pub struct Document {
    /// Whether all files could be read; if not, a name that nothing has may be one that stands in the others.
    pub whole: bool,
    /// Names for expressions.
    pub defines: Vec<(Spanned<String>, Spanned<String>)>,
    /// The rules.
    pub rules: Vec<RuleText>,
    /// The tests.
    pub tests: Vec<TestCase>,
    /// Who can be told.
    pub receivers: Vec<ReceiverText>,
    /// Who is told of what.
    pub route: Option<RouteText>,
    /// Which alerts hold others back.
    pub inhibitions: Vec<InhibitionText>,
    /// When something holds.
    pub schedules: Vec<ScheduleText>,
}

/// A rule as written. Texts are not yet checked.
#[derive(Debug)]
pub struct RuleText {
    /// All of it.
    pub span: Span,
    /// Its name.
    pub name: Option<Spanned<String>>,
    /// `severity`
    pub severity: Option<Severity>,
    /// `severity_if`
    pub severity_if: Vec<(Spanned<Severity>, Spanned<String>)>,
    /// `during`
    pub during: Option<Spanned<String>>,
    /// `labels`
    pub labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// `summary`
    pub summary: Option<Spanned<String>>,
    /// `description`
    pub description: Option<Spanned<String>>,
    /// `runbook`
    pub runbook: Option<Spanned<String>>,
    /// `key`
    pub key: Option<Spanned<Vec<Spanned<String>>>>,
    /// `resolve`
    pub resolve: Option<ResolveText>,
    /// `enabled`; true if not given.
    pub enabled: bool,
    /// All other keys: those of its condition.
    pub condition: Fields,
}

impl RuleText {
    /// Whether its condition is a state: told by the key, since the condition itself may have mistakes.
    pub fn is_state(&self) -> bool {
        self.condition.place_of("while").is_some()
    }
}

/// `resolve: { when, after }`
#[derive(Debug)]
pub struct ResolveText {
    /// All of it.
    pub span: Span,
    /// What ends the alert.
    pub when: Option<Spanned<String>>,
    /// After how long without a match it ends.
    pub after: Option<Spanned<Duration>>,
}

impl Document {
    /// Reads all files of the source.
    pub fn read(findings: &mut Findings<'_>) -> Self {
        let mut document = Self {
            whole: true,
            defines: Vec::new(),
            rules: Vec::new(),
            tests: Vec::new(),
            receivers: Vec::new(),
            route: None,
            inhibitions: Vec::new(),
            schedules: Vec::new(),
        };
        for file in 0..findings.source().files.len() {
            match yaml::read(file, findings) {
                Some(node) => document.add(node, findings),
                None => document.whole = false,
            }
        }
        document
    }

    fn add(&mut self, node: Node, findings: &mut Findings<'_>) {
        if matches!(node.value, Value::Null) {
            return;
        }
        let Some(mut fields) = Fields::of(node, "a rule file", findings) else {
            return;
        };
        self.defines.extend(fields.texts("define", findings));
        let rules = fields.list("rules", findings);
        self.rules
            .extend(rules.into_iter().filter_map(|node| rule(node, findings)));
        let tests = fields.list("tests", findings);
        self.tests
            .extend(tests.into_iter().filter_map(|node| test_case::read(node, findings)));
        let receivers = fields.list("receivers", findings);
        self.receivers.extend(
            receivers
                .into_iter()
                .filter_map(|node| delivery::receiver(node, findings)),
        );
        if let Some(route) = fields.take("route").and_then(|node| delivery::route(node, findings)) {
            match &self.route {
                Some(first) => {
                    let (first, source) = (first.span, findings.source());
                    let error = findings.error(route.span, "a second `route`");
                    error
                        .other(source, first, "first here")
                        .advise("write all routes in one place");
                }
                None => self.route = Some(route),
            }
        }
        let inhibitions = fields.list("inhibit", findings);
        self.inhibitions.extend(
            inhibitions
                .into_iter()
                .filter_map(|node| delivery::inhibition(node, findings)),
        );
        let schedules = fields.entries("schedules", findings);
        self.schedules.extend(
            schedules
                .into_iter()
                .filter_map(|(name, node)| schedule::read(name, node, findings)),
        );
        fields.finish(findings);
    }
}

fn rule(node: Node, findings: &mut Findings<'_>) -> Option<RuleText> {
    let mut fields = Fields::of(node, "a rule", findings)?;
    Some(RuleText {
        span: fields.span,
        name: fields.require("name", findings).and_then(|node| node.text(findings)),
        severity: fields
            .text("severity", findings)
            .and_then(|text| severity(&text, findings)),
        severity_if: severity_if(&mut fields, findings),
        during: fields.text("during", findings),
        labels: fields.texts("labels", findings),
        summary: fields.text("summary", findings),
        description: fields.text("description", findings),
        runbook: fields.text("runbook", findings),
        key: fields.take("key").and_then(|node| node.text_list(findings)),
        resolve: fields.take("resolve").and_then(|node| resolve(node, findings)),
        enabled: fields.boolean("enabled", findings).unwrap_or(true),
        condition: fields,
    })
}

fn severity(text: &Spanned<String>, findings: &mut Findings<'_>) -> Option<Severity> {
    let named = Severity::ALL.into_iter().find(|severity| severity.name() == text.value);
    if named.is_none() {
        let error = findings.error(text.span, format!("unknown severity `{}`", text.value));
        error.advise(format!("there are {}", listed(&Severity::ALL.map(Severity::name))));
    }
    named
}

fn severity_if(fields: &mut Fields, findings: &mut Findings<'_>) -> Vec<(Spanned<Severity>, Spanned<String>)> {
    let cases = fields.texts("severity_if", findings);
    let case = |(name, text): (Spanned<String>, Spanned<String>)| {
        let (value, span) = (severity(&name, findings)?, name.span);
        Some((Spanned { value, span }, text))
    };
    cases.into_iter().filter_map(case).collect()
}

fn resolve(node: Node, findings: &mut Findings<'_>) -> Option<ResolveText> {
    let mut fields = Fields::of(node, "`resolve`", findings)?;
    let resolve = ResolveText {
        span: fields.span,
        when: fields.text("when", findings),
        after: fields.duration("after", findings),
    };
    fields.finish(findings);
    Some(resolve)
}
