//! The shape of `schedules:`. What the days and times are is absent: that is read when the document is compiled.

use super::{Fields, Node};
use crate::{
    model::WeeklyTimes,
    rules::diagnostic::{Findings, Span, Spanned},
};

/// A schedule as written; its parts are each a list, or one alone.
#[derive(Debug)]
pub struct ScheduleText {
    /// Its name.
    pub name: Spanned<String>,
    /// Its first key, or all of it if it has none: the place to complain about it as a whole.
    pub head: Span,
    /// `time_zone`
    pub time_zone: Option<Spanned<String>>,
    /// `weekdays`
    pub weekdays: Option<List>,
    /// `dates`
    pub dates: Option<List>,
    /// `except`
    pub except: Option<List>,
    /// `times`
    pub times: Option<List>,
}

/// Times of the week as written: what a schedule has, without dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklyText {
    /// All of it.
    pub span: Span,
    /// `time_zone`
    pub time_zone: Spanned<String>,
    /// `weekdays`
    pub weekdays: Vec<Spanned<String>>,
    /// `times`
    pub times: Vec<Spanned<String>>,
}

impl WeeklyText {
    /// What is written, without its places.
    pub fn times(&self) -> WeeklyTimes {
        let texts = |list: &[Spanned<String>]| list.iter().map(|text| text.value.clone()).collect();
        WeeklyTimes {
            time_zone: self.time_zone.value.clone(),
            weekdays: texts(&self.weekdays),
            times: texts(&self.times),
        }
    }
}

type List = Spanned<Vec<Spanned<String>>>;

/// Reads one entry of `schedules:`.
pub(super) fn read(name: Spanned<String>, node: Node, findings: &mut Findings<'_>) -> Option<ScheduleText> {
    let mut fields = Fields::of(node, "a schedule", findings)?;
    let schedule = ScheduleText {
        name,
        head: fields.head,
        time_zone: fields
            .require("time_zone", findings)
            .and_then(|node| node.text(findings)),
        weekdays: list(&mut fields, "weekdays", findings),
        dates: list(&mut fields, "dates", findings),
        except: list(&mut fields, "except", findings),
        times: list(&mut fields, "times", findings),
    };
    fields.finish(findings);
    Some(schedule)
}

/// Reads the times of the week of a silence.
pub(super) fn read_weekly(node: Node, findings: &mut Findings<'_>) -> Option<WeeklyText> {
    let mut fields = Fields::of(node, "a silence's schedule", findings)?;
    let span = fields.span;
    let time_zone = fields.require("time_zone", findings);
    let time_zone = time_zone.and_then(|node| node.text(findings));
    let mut entries = |key| {
        list(&mut fields, key, findings)
            .map(|list| list.value)
            .unwrap_or_default()
    };
    let (weekdays, times) = (entries("weekdays"), entries("times"));
    fields.finish(findings);
    Some(WeeklyText {
        span,
        time_zone: time_zone?,
        weekdays,
        times,
    })
}

fn list(fields: &mut Fields, key: &'static str, findings: &mut Findings<'_>) -> Option<List> {
    let list = fields.take(key)?.texts(findings)?;
    if list.value.is_empty() {
        findings
            .error(list.span, format!("`{key}` is empty"))
            .advise("leave it out, or name at least one");
    }
    Some(list)
}
