//! A rule set as the engine uses it: compiled, checked, immutable.

use std::{sync::Arc, time::Duration};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{
    Condition, Inhibition, Receiver, Route, diagnostic::Span, expr::Expr, facts::Facts, index::Index,
    schedule::Schedule, template::Texts,
};
use crate::model::{Labels, Severity};

/// The text of a rule set: what is journaled, and what the compiled set is a function of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleSource {
    /// The files, in the order of their names.
    pub files: Vec<SourceFile>,
}

/// One rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// As the operator named or would find it; shown in diagnostics and `ListRules`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Rules, receivers and routes in force together.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// What it was compiled from.
    pub source: Arc<RuleSource>,
    /// The rules, in the order of their files; a rule's place here is its index everywhere in the engine.
    pub rules: Vec<Rule>,
    /// The receivers, in the order of their files.
    pub receivers: Vec<Receiver>,
    /// Where alerts go: each route before those below it; the first is `route` itself.
    pub routes: Vec<Route>,
    /// Which alerts hold others back.
    pub inhibitions: Vec<Inhibition>,
    /// The schedules, in the order of their files.
    pub schedules: Vec<Schedule>,
    /// Which rules a notification can touch.
    pub index: Index,
    /// How many rules keep state by key.
    pub keyed: u32,
}

impl RuleSet {
    /// The rule of that name.
    pub fn named(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// The receiver of that name.
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.name == name)
    }

    /// The index of the receiver of that name.
    pub fn receiver_index(&self, name: &str) -> Option<usize> {
        self.receivers.iter().position(|receiver| receiver.name == name)
    }
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Unique name.
    pub name: CompactString,
    /// Where it stands.
    pub place: Place,
    /// What must be so.
    pub condition: Condition,
    /// What one alert of it is about.
    pub key: Key,
    /// How bad its alerts are, and when worse or less.
    pub severity: Severities,
    /// Index of the schedule outside of which it sees nothing; `None`: it always sees.
    pub during: Option<usize>,
    /// Constant labels.
    pub labels: Labels,
    /// Summary and description.
    pub texts: Texts,
    /// What to do about it; may be empty.
    pub runbook_url: String,
    /// When its alerts end by themselves.
    pub resolve: Resolve,
    /// False: it sees nothing.
    pub enabled: bool,
    /// A digest of its condition (after `define`s), durations, key, resolve and schedule, as compiled: equal for equal meaning.
    pub meaning: u128,
}

impl Rule {
    /// All its expressions: those of its condition, what ends its alerts, and what makes them worse.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let cases = self.severity.cases.iter().map(|(_, case)| case);
        self.condition
            .expressions()
            .into_iter()
            .chain(&self.resolve.when)
            .chain(cases)
    }

    /// All its expressions, each with where it stands in the rule, in words.
    pub fn named_expressions(&self) -> impl Iterator<Item = (String, &Expr)> {
        let resolve = self.resolve.when.iter().map(|when| ("`resolve.when`".to_owned(), when));
        let cases = self.severity.cases.iter();
        let cases = cases.map(|(severity, case)| (format!("`severity_if.{severity}`"), case));
        self.condition
            .named_expressions()
            .into_iter()
            .chain(resolve)
            .chain(cases)
    }

    /// Whether it keeps state by key, other than that of meetings and participants.
    pub fn is_keyed(&self) -> bool {
        self.enabled && !matches!(self.condition, Condition::Each { .. } | Condition::Held { .. })
    }
}

/// How bad the alerts of a rule are.
#[derive(Debug, PartialEq)]
pub struct Severities {
    /// What holds else.
    pub otherwise: Severity,
    /// `severity_if`, the worst first.
    pub cases: Vec<(Severity, Expr)>,
}

impl Severities {
    /// That of the worst case that holds for these facts; `None`: no case does, and `otherwise` is it.
    pub fn case(&self, facts: &Facts<'_>) -> Option<Severity> {
        let (severity, _) = self.cases.iter().find(|(_, case)| case.holds(facts))?;
        Some(*severity)
    }

    /// All that there can be.
    pub fn all(&self) -> impl Iterator<Item = Severity> {
        self.cases.iter().map(|(severity, _)| *severity).chain([self.otherwise])
    }
}

/// Where a rule stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// The line that it begins on, from 1.
    pub line: u32,
    /// Its text.
    pub text: String,
    /// Its name.
    pub name: Span,
}

/// What one alert is about: fields of the notification, in the order in which the rule lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The fields; empty: one alert for the whole bridge.
    pub fields: Vec<KeyField>,
}

impl Key {
    /// Whether it names the meeting: then an alert is about one occurrence and ends with it.
    pub fn names_meeting(&self) -> bool {
        self.fields.contains(&KeyField::BillingCode)
    }

    /// Whether it names the participant: then a state is that of each participant, not the meeting's.
    pub fn names_participant(&self) -> bool {
        self.fields.contains(&KeyField::PartyId)
    }
}

/// A field that a key can be made of. `billing_code` is one name for both kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyField {
    /// `party.billing_code`, `conf.billing_code`, `meeting.billing_code`
    BillingCode,
    /// `conf.status`
    ConfStatus,
    /// `party.party_id`
    PartyId,
    /// `party.name`
    Name,
    /// `party.phone`
    Phone,
    /// `party.country`
    Country,
    /// `party.area_code`
    AreaCode,
    /// `party.acm_phone`
    AcmPhone,
    /// `party.city`
    City,
    /// `party.role`
    Role,
    /// `party.status`
    PartyStatus,
    /// `party.disconnect_reason`
    DisconnectReason,
    /// `source`
    Source,
}

impl KeyField {
    /// Its name in an alert's key: the last part of the field's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BillingCode => "billing_code",
            Self::ConfStatus | Self::PartyStatus => "status",
            Self::PartyId => "party_id",
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Country => "country",
            Self::AreaCode => "area_code",
            Self::AcmPhone => "acm_phone",
            Self::City => "city",
            Self::Role => "role",
            Self::DisconnectReason => "disconnect_reason",
            Self::Source => "source",
        }
    }
}

/// When an alert ends by itself; that of a state, or of silence, ends with it and has neither of these.
#[derive(Debug)]
pub struct Resolve {
    /// A notification for which this holds ends it.
    pub when: Option<Expr>,
    /// So long after its last match it ends.
    pub after: Option<Duration>,
}
