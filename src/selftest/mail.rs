//! A mail as tests look at it: when it left, for whom, and which alerts it told of as what.

use std::{fmt, sync::Arc};

use compact_str::CompactString;

use super::Script;
use crate::{
    engine::outbox::Intent,
    model::{Alert, Time},
    rules::file::{AlertText, ExpectedMail},
};

/// A mail that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mail {
    /// When.
    pub at: Time,
    receiver: CompactString,
    fired: Vec<Alert>,
    resolved: Vec<Alert>,
    open: Vec<Alert>,
}

impl Mail {
    /// What a mail tells of the alerts that the test looks at; `None`: nothing.
    pub fn of(script: &Script, (at, intent): &(Time, Arc<Intent>)) -> Option<Self> {
        let alerts = intent.told.alerts()?;
        let looked_at = |list: &[Alert]| -> Vec<Alert> {
            let looked_at = list.iter().filter(|alert| script.takes_part(&alert.rule));
            looked_at.cloned().collect()
        };
        let mail = Self {
            at: *at,
            receiver: intent.receiver.clone(),
            fired: looked_at(&alerts.fired),
            resolved: looked_at(&alerts.resolved),
            open: looked_at(&alerts.open),
        };
        // One that tells of nothing at all is a surprise to any test.
        let tells_of_others = alerts.iter().next().is_some();
        let is_empty = mail.fired.is_empty() && mail.resolved.is_empty() && mail.open.is_empty();
        (!is_empty || !tells_of_others).then_some(mail)
    }

    /// Whether it is that mail, at whatever time.
    pub fn is(&self, expected: &ExpectedMail) -> bool {
        let are = |alerts: &[Alert], texts: &[AlertText]| {
            alerts.len() == texts.len() && texts.iter().zip(alerts).all(|(text, alert)| text.is(alert))
        };
        self.receiver == expected.receiver.value
            && are(&self.fired, &expected.fired)
            && are(&self.resolved, &expected.resolved)
            && are(&self.open, &expected.open)
    }
}

/// As tests write it: `bridge-ops fired port-full{billing_code="1"} open …`
impl fmt::Display for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.receiver)?;
        for (part, alerts) in [
            ("fired", &self.fired),
            ("resolved", &self.resolved),
            ("open", &self.open),
        ] {
            if !alerts.is_empty() {
                write!(f, " {part}")?;
            }
            for alert in alerts {
                write!(f, " {alert}")?;
            }
        }
        if self.fired.is_empty() && self.resolved.is_empty() && self.open.is_empty() {
            f.write_str(" (no alert)")?;
        }
        Ok(())
    }
}
