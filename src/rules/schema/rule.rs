//! The shape of a rule. Which keys go together is absent: that is generated of what reads them.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::{Duration, Expression, Field, Name};

/// A rule. It has exactly one condition: `when` (alone, or with `count` or `ratio`), `while`, `after`, `sequence` or `quiet`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Rule {
    /// Unique among all rules.
    name: Name,
    /// Fires at every notification for which this holds; with `count` or `ratio`, those that are counted.
    when: Option<Expression>,
    /// Fires when so many notifications lie within a window.
    count: Option<Count>,
    /// Fires when so large a share of some notifications lies within a window.
    ratio: Option<Ratio>,
    /// Fires while this state lasts.
    #[schemars(rename = "while")]
    held: Option<Expression>,
    /// How long the state, or the quiet, must have lasted. With `while`: at once without it.
    #[schemars(rename = "for")]
    lasting: Option<Duration>,
    /// How long the state must have been over before the alert ends.
    keep_firing_for: Option<Duration>,
    /// What should be followed by `expect` `within` a time.
    after: Option<Expression>,
    /// What should follow.
    expect: Option<Expression>,
    /// Within which time.
    within: Option<Duration>,
    /// Calls off what is expected, or what has been seen of a sequence.
    unless: Option<Expression>,
    /// Fires when these have happened in this order; others may lie between.
    #[schemars(length(min = 2, max = 16))]
    sequence: Option<Vec<Expression>>,
    /// Fires when nothing of this kind has come for so long.
    quiet: Option<Expression>,
    /// How bad it is; `warning` if not given.
    severity: Option<Severity>,
    /// How bad it is where one of these holds; the worst that does.
    severity_if: Option<SeverityIf>,
    /// What one alert is about; the meeting if not given.
    key: Option<Vec<Field>>,
    /// When an alert ends. Not with `while`, whose alerts end with the state.
    resolve: Option<Resolve>,
    /// The schedule outside of which it sees nothing.
    during: Option<Name>,
    /// Constant labels, for routes and filters.
    labels: Option<BTreeMap<String, String>>,
    /// The alert in a line, and the subject of mails: a template.
    summary: Option<String>,
    /// More about it: a template.
    description: Option<String>,
    /// A link to what to do about it.
    #[schemars(regex(pattern = r"^https?://\S+$"))]
    runbook: Option<String>,
    /// `false`: it sees nothing.
    enabled: Option<bool>,
}

/// How bad an alert is.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
enum Severity {
    Info,
    Warning,
    Critical,
}

/// An expression for each severity.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SeverityIf {
    info: Option<Expression>,
    warning: Option<Expression>,
    critical: Option<Expression>,
}

/// So many notifications in a sliding window.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Count {
    /// How many.
    #[schemars(range(min = 1, max = 10_000))]
    at_least: u32,
    /// The length of the window.
    within: Duration,
    /// How varied they must be.
    distinct: Option<Distinct>,
}

/// So many different values of a field.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Distinct {
    /// Which field.
    of: Field,
    /// How many values.
    #[schemars(range(min = 1, max = 10_000))]
    at_least: u32,
}

/// The share of `when` among `of` in a sliding window.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Ratio {
    /// Those among which `when` has its share.
    of: Expression,
    /// The share, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    at_least: f64,
    /// The length of the window.
    within: Duration,
    /// How many of `of` there must be before the share is looked at.
    #[schemars(range(min = 1, max = 10_000))]
    min_samples: u32,
}

/// When an alert ends by itself.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Resolve {
    /// At a notification for which this holds.
    when: Option<Expression>,
    /// After so long without a match; 10m where nothing is given.
    after: Option<Duration>,
}
