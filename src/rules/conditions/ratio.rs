//! *ratio*: the share of some notifications among others.

use super::{Form, notification, within};
use crate::rules::{Condition, Ratio, compile::Compiler, file::Fields};

pub(super) const FORM: Form = Form {
    told_by: "ratio",
    keys: &["when", "ratio"],
    read,
};

fn read(fields: &mut Fields, compiler: &mut Compiler<'_>) -> Option<Condition> {
    let when = notification(fields, "when", compiler);
    let mut ratio = Fields::of(fields.take("ratio")?, "`ratio`", &mut compiler.findings)?;
    let of = notification(&mut ratio, "of", compiler);
    let findings = &mut compiler.findings;
    let at_least = ratio
        .require("at_least", findings)
        .and_then(|node| node.share(findings));
    let within = within(&mut ratio, findings);
    let min_samples = ratio
        .require("min_samples", findings)
        .and_then(|node| node.whole(1..=Ratio::MOST_SAMPLES, findings));
    ratio.finish(findings);
    Some(Condition::Ratio(Ratio {
        when: when?,
        of: of?,
        at_least: at_least?,
        within: within?,
        min_samples: min_samples?.value,
    }))
}
