//! What a subscriber's filter sees of an alert: the alert as it is sent, personal data masked.

use compact_str::CompactString;

use crate::{
    api,
    model::{Labels, Severity, Time},
    rules::{expr::Expr, facts::AlertFacts},
};

/// The parts of an alert that a filter can name.
#[derive(Debug, Clone)]
pub struct Visible {
    rule: CompactString,
    severity: Severity,
    firing: bool,
    labels: Labels,
    key: Vec<(CompactString, CompactString)>,
    occurrences: u64,
    started_at: Time,
    acknowledged: bool,
    silenced: bool,
    inhibited: bool,
}

impl Visible {
    /// What is visible of an alert on the wire.
    pub fn of(alert: &api::Alert) -> Self {
        let pairs = |map: &std::collections::BTreeMap<String, String>| {
            map.iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect::<Vec<(CompactString, CompactString)>>()
        };
        Self {
            rule: alert.rule.as_str().into(),
            severity: match alert.severity() {
                api::Severity::Critical => Severity::Critical,
                api::Severity::Warning => Severity::Warning,
                api::Severity::Info | api::Severity::Unspecified => Severity::Info,
            },
            firing: alert.state() == api::alert::State::Firing,
            labels: pairs(&alert.labels).into_iter().collect(),
            key: pairs(&alert.key),
            occurrences: alert.occurrences,
            started_at: alert
                .started_at
                .and_then(|at| Time::from_parts(at.seconds, at.nanos))
                .unwrap_or_default(),
            acknowledged: alert.acknowledgement.is_some(),
            silenced: !alert.silenced_by.is_empty(),
            inhibited: !alert.inhibited_by.is_empty(),
        }
    }

    /// Whether a filter holds for it.
    pub fn matches(&self, filter: &Expr) -> bool {
        filter.matches_alert(&AlertFacts {
            rule: &self.rule,
            severity: self.severity,
            firing: self.firing,
            labels: &self.labels,
            key: &self.key,
            occurrences: self.occurrences,
            started_at: self.started_at,
            acknowledged: self.acknowledged,
            silenced: self.silenced,
            inhibited: self.inhibited,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::expr::{Defines, MAX_FILTER, Schema};

    #[test]
    fn a_filter_sees_who_has_taken_an_alert_on_and_what_holds_it_back() {
        let plain = api::Alert::default();
        let acknowledged = api::Alert {
            acknowledgement: Some(api::Acknowledgement::default()),
            ..api::Alert::default()
        };
        let silenced = api::Alert {
            silenced_by: vec![String::new()],
            ..api::Alert::default()
        };
        let inhibited = api::Alert {
            inhibited_by: vec![String::new()],
            ..api::Alert::default()
        };
        for (name, marked) in [
            ("acknowledged", acknowledged),
            ("silenced", silenced),
            ("inhibited", inhibited),
        ] {
            let filter = Expr::compile(name, Schema::Alert, &Defines::default(), MAX_FILTER).unwrap();
            assert!(Visible::of(&marked).matches(&filter), "{name}");
            assert!(!Visible::of(&plain).matches(&filter), "{name}");
        }
    }
}
