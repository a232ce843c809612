//! Numbers that a rule names.

use std::ops::RangeInclusive;

use super::yaml::{Node, Value};
use crate::rules::diagnostic::{Findings, Spanned};

impl Node {
    /// A whole number in that range, which does not begin below 0.
    pub fn whole(self, range: RangeInclusive<u32>, findings: &mut Findings<'_>) -> Option<Spanned<u32>> {
        let written = self.number(findings)?;
        let value = written.parse().ok().filter(|value| range.contains(value));
        if value.is_none() {
            let (least, most) = range.into_inner();
            findings.error(
                self.span,
                format!("`{written}` where a whole number from {least} to {most} is expected"),
            );
        }
        Some(Spanned {
            value: value?,
            span: self.span,
        })
    }

    fn number(&self, findings: &mut Findings<'_>) -> Option<String> {
        if matches!(self.value, Value::Number) {
            return Some(self.span.text(findings.source()).to_owned());
        }
        let error = findings.error(self.span, format!("{} where a number is expected", self.value.kind()));
        if let Value::Text(text) = &self.value
            && text.parse::<f64>().is_ok()
        {
            error.advise(format!("write it without quotes: {text}"));
        }
        None
    }
}
