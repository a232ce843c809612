//! Numbers that a rule names.

use std::ops::RangeInclusive;

use super::yaml::{Node, Value};
use crate::rules::{
    Share,
    diagnostic::{Findings, Spanned},
};

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

    /// A share: more than 0, at most 1, with six decimals at most.
    pub fn share(self, findings: &mut Findings<'_>) -> Option<Share> {
        let written = self.number(findings)?;
        let share = millionths(&written).and_then(Share::of_millionths);
        if share.is_none() {
            let message =
                format!("`{written}` where a share is expected: more than 0 and at most 1, with six decimals at most");
            findings.error(self.span, message).advise("write 30 % as `0.3`");
        }
        share
    }

    fn number(&self, findings: &mut Findings<'_>) -> Option<String> {
        if matches!(self.value, Value::Number) {
            return Some(self.span.text(findings.source()).to_owned());
        }
        let error = findings.error(self.span, format!("{} where a number is expected", self.value.kind()));
        if let Value::Text(text) = &self.value {
            if text.parse::<f64>().is_ok() {
                error.advise(format!("write it without quotes: {text}"));
            } else if text.ends_with('%') {
                error.advise("write 30 % as `0.3`");
            }
        }
        None
    }
}

/// `0.3` is 300,000; `None` where there are more than six decimals or anything but digits.
fn millionths(written: &str) -> Option<u32> {
    let (whole, decimals) = written.split_once('.').unwrap_or((written, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if decimals.len() > 6 || !is_digits(whole) || !is_digits(decimals) {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let decimals: u32 = format!("{decimals:0<6}").parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(decimals)
}
