//! How a rule is written in a rule file.

use std::fmt;

use super::{
    expected::Expected,
    matches::{Count, Ratio},
    quiet::Quiet,
    rule::{Condition, Resolve, Rule, Text},
    sequence::Sequence,
};
use crate::rules::file::duration::written;

/// As an element of `rules:`, on one line.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "- {{ name: {}, ", self.name)?;
        let text = |text: &Text| match self.dressed {
            true => format!("'( {} )'", text.text),
            false => format!("'{}'", text.text),
        };
        match &self.condition {
            Condition::Each { when } => write!(f, "when: {}", text(when))?,
            Condition::Count(Count {
                when,
                at_least,
                within,
                distinct,
            }) => {
                let distinct =
                    distinct.map(|(of, at_least)| format!(", distinct: {{ of: {of}, at_least: {at_least} }}"));
                let (when, within, distinct) = (text(when), written(*within), distinct.unwrap_or_default());
                write!(
                    f,
                    "when: {when}, count: {{ at_least: {at_least}, within: {within}{distinct} }}"
                )?;
            }
            Condition::Ratio(Ratio {
                when,
                of,
                at_least,
                within,
                min_samples,
            }) => {
                let (when, of, within) = (text(when), text(of), written(*within));
                let at_least = format!("{}.{:02}", at_least / 100, at_least % 100);
                write!(
                    f,
                    "when: {when}, ratio: {{ of: {of}, at_least: {at_least}, within: {within}, "
                )?;
                write!(f, "min_samples: {min_samples} }}")?;
            }
            Condition::Held { state, for_, keep } => {
                let (state, for_, keep) = (text(state), written(*for_), written(*keep));
                write!(f, "while: {state}, for: {for_}, keep_firing_for: {keep}")?;
            }
            Condition::Expected(Expected {
                after,
                expect,
                within,
                unless,
            }) => {
                let (after, expect, within) = (text(after), text(expect), written(*within));
                let unless = unless.as_ref().map(|unless| format!(", unless: {}", text(unless)));
                write!(
                    f,
                    "after: {after}, expect: {expect}, within: {within}{}",
                    unless.unwrap_or_default()
                )?;
            }
            Condition::Sequence(Sequence { steps, within, unless }) => {
                let steps: Vec<String> = steps.iter().map(text).collect();
                let unless = unless.as_ref().map(|unless| format!(", unless: {}", text(unless)));
                let (steps, within, unless) = (steps.join(", "), written(*within), unless.unwrap_or_default());
                write!(f, "sequence: [{steps}], within: {within}{unless}")?;
            }
            Condition::Quiet(Quiet { of, for_ }) => write!(f, "quiet: {}, for: {}", text(of), written(*for_))?,
        }
        if let Some(key) = &self.key {
            write!(f, ", key: [{}]", key.join(", "))?;
        }
        if let Some(Resolve { when, after }) = &self.resolve {
            let when = when.as_ref().map(|when| format!("when: {}", text(when)));
            let after = after.map(|after| format!("after: {}", written(after)));
            let parts: Vec<String> = when.into_iter().chain(after).collect();
            write!(f, ", resolve: {{ {} }}", parts.join(", "))?;
        }
        if let Some(during) = self.during {
            write!(f, ", during: {}", during.name)?;
        }
        if let Some(critical_if) = &self.critical_if {
            write!(f, ", severity_if: {{ critical: {} }}", text(critical_if))?;
        }
        if !self.enabled {
            f.write_str(", enabled: false")?;
        }
        if self.dressed {
            f.write_str(", summary: dressed")?;
        }
        f.write_str(" }")
    }
}
