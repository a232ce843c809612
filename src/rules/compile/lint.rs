//! Warnings: what is allowed but was probably not meant.

use std::{collections::BTreeSet, time::Duration};

use super::{Compiler, routes};
use crate::{
    model::{Severity, Time},
    rules::{
        Condition, Count, Route, Rule,
        diagnostic::Findings,
        expr::Expr,
        facts::AlertFacts,
        file::{Document, RuleText},
        route::taken_by,
    },
};

/// After so long without a word a meeting closes, unless the settings say otherwise.
const IDLE_CLOSE: Duration = Duration::from_hours(24);

/// Looks at all that has compiled.
pub(super) fn lint(document: &Document, rules: &[(&RuleText, Rule)], routes: &[Route], compiler: &mut Compiler<'_>) {
    // Where something did not compile, nobody knows what it would have used.
    if !compiler.findings.has_errors() {
        unused_defines(document, compiler);
        unrouted(rules, routes, &mut compiler.findings);
        unused_receivers(document, &mut compiler.findings);
        unused_schedules(document, &mut compiler.findings);
        routes::check_names(document, rules, &mut compiler.findings);
        duplicates(rules, &mut compiler.findings);
    }
    let findings = &mut compiler.findings;
    for (text, rule) in rules.iter().filter(|(_, rule)| rule.enabled) {
        let Some(name) = &text.name else { continue };
        shadowed_key(text, rule, findings);
        ends_itself(rule, findings);
        if let Some(never) = never_holds(&rule.condition) {
            let place = never.written().map_or(name.span, |text| text.span);
            let warning = findings.warning(
                place,
                format!("`{}` can never fire: its condition never holds", rule.name),
            );
            let reads = never.reads();
            if reads.conf && reads.party {
                warning.advise(
                    "a notification is of a meeting or of a participant, never of both: ask for what is known of the meeting, as in \
                     meeting.recording == RECORDED",
                );
            }
        } else if let Some(why) = never_fires(&rule.condition, rule.key.names_meeting()) {
            findings.warning(name.span, format!("`{}` can never fire: {why}", rule.name));
        }
    }
}

/// Two rules that mean the same.
fn duplicates(rules: &[(&RuleText, Rule)], findings: &mut Findings<'_>) {
    let rules: Vec<_> = rules.iter().filter(|(_, rule)| rule.enabled).collect();
    for (i, (text, rule)) in rules.iter().enumerate() {
        let earlier = rules[..i].iter().find(|(_, earlier)| earlier.meaning == rule.meaning);
        if let (Some((first, _)), Some(name)) = (earlier, &text.name) {
            let (first, source) = (first.condition.head, findings.source());
            let message = format!("`{}` fires exactly when another rule does", rule.name);
            let warning = findings.warning(name.span, message);
            warning.other(source, first, "this one").advise("remove one of them");
        }
    }
}

fn unused_defines(document: &Document, compiler: &mut Compiler<'_>) {
    for (name, _) in &document.defines {
        if !compiler.used_defines.contains(name.value.as_str()) {
            compiler
                .findings
                .warning(name.span, format!("no expression uses `{}`", name.value));
        }
    }
}

/// A label beside a part of the key of the same name reads as if it were that part.
fn shadowed_key(text: &RuleText, rule: &Rule, findings: &mut Findings<'_>) {
    for (label, _) in &text.labels {
        if rule.key.fields.iter().any(|field| field.name() == label.value) {
            findings
                .warning(
                    label.span,
                    format!("this label has the name of a part of the key: `{}`", label.value),
                )
                .advise("give it another name, or whoever reads the alert takes one for the other");
        }
    }
}

/// An alert that its own match ends is a new alert with each match.
fn ends_itself(rule: &Rule, findings: &mut Findings<'_>) {
    let (Condition::Each { when } | Condition::Count(Count { when, .. })) = &rule.condition else {
        return;
    };
    if let Some(ends) = rule.resolve.when.as_ref().filter(|ends| *ends == when)
        && let Some(written) = ends.written()
    {
        findings
            .warning(
                written.span,
                "this is `when` again: each match ends the alert and fires another one",
            )
            .advise("name what ends it, or leave `resolve.when` out");
    }
}

/// The first expression that never holds, though the rule needs it.
fn never_holds(condition: &Condition) -> Option<&Expr> {
    condition
        .required()
        .into_iter()
        .find(|required| !required.could_ever_hold())
}

fn never_fires(condition: &Condition, names_meeting: bool) -> Option<&'static str> {
    match condition {
        Condition::Ratio(ratio) if !ratio.when.could_hold_with(&ratio.of) => {
            Some("what `when` holds for is never among `of`")
        }
        Condition::Expected(expected)
            if [Some(&expected.expect), expected.unless.as_ref()]
                .into_iter()
                .flatten()
                .any(|ends| *ends == expected.after || ends.holds_wherever(&expected.after)) =>
        {
            Some("what opens an expectation also ends it, at the same instant")
        }
        Condition::Quiet(quiet) if names_meeting && quiet.for_ >= IDLE_CLOSE => {
            Some("a meeting closes after 24 hours without a word, and what is kept for it ends then")
        }
        Condition::Sequence(sequence) if sequence.unless.iter().any(|unless| sequence.steps.contains(unless)) => {
            Some("one of its steps also ends it")
        }
        _ => None,
    }
}

/// Where alerts are routed at all, none should go to nobody unseen.
fn unrouted(rules: &[(&RuleText, Rule)], routes: &[Route], findings: &mut Findings<'_>) {
    if routes.is_empty() {
        return;
    }
    for (text, rule) in rules.iter().filter(|(_, rule)| rule.enabled) {
        let is_taken = |severity: &Severity| !taken_by(routes, &facts_of(rule, *severity)).is_empty();
        let untaken = rule.severity.all().find(|severity| !is_taken(severity));
        if let (Some(severity), Some(name)) = (untaken, &text.name) {
            let message = format!(
                "no route is sure to take the alerts of `{}`, severity {severity}",
                rule.name
            );
            findings
                .warning(name.span, message)
                .advise("give `route` a `receiver` for the rest");
        }
    }
}

/// What is known of a rule's alerts whatever they are about.
fn facts_of(rule: &Rule, severity: Severity) -> AlertFacts<'_> {
    AlertFacts {
        rule: &rule.name,
        severity,
        firing: true,
        labels: &rule.labels,
        key: &[],
        occurrences: 1,
        started_at: Time::default(),
        acknowledged: false,
        silenced: false,
        inhibited: false,
    }
}

fn unused_receivers(document: &Document, findings: &mut Findings<'_>) {
    let routes = routes::written(document);
    if routes.is_empty() {
        return;
    }
    let named = routes.iter().flat_map(|route| {
        let escalations = route.escalate.iter().flatten().map(|step| &step.receiver);
        route.receiver.iter().chain(escalations)
    });
    let fallbacks = document
        .receivers
        .iter()
        .filter_map(|receiver| receiver.fallback.as_ref());
    let used: BTreeSet<&str> = named.chain(fallbacks).map(|name| name.value.as_str()).collect();
    for receiver in &document.receivers {
        if !used.contains(receiver.name.value.as_str()) {
            findings.warning(
                receiver.name.span,
                format!("no route names the receiver `{}`", receiver.name.value),
            );
        }
    }
}

fn unused_schedules(document: &Document, findings: &mut Findings<'_>) {
    let by_rules = document.rules.iter().filter_map(|rule| rule.during.as_ref());
    let routes = routes::written(document);
    let by_routes = routes
        .iter()
        .flat_map(|route| route.mute.iter().flatten().chain(&route.during));
    let used: BTreeSet<&str> = by_rules.chain(by_routes).map(|name| name.value.as_str()).collect();
    for schedule in &document.schedules {
        if !used.contains(schedule.name.value.as_str()) {
            let message = format!("no rule and no route names the schedule `{}`", schedule.name.value);
            findings.warning(schedule.name.span, message);
        }
    }
}
