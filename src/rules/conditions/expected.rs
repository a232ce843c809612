//! *expected*: what should have followed did not.

use super::{Form, notification, optional, within};
use crate::rules::{Condition, Expected, compile::Compiler, file::Fields};

pub(super) const FORM: Form = Form {
    told_by: "after",
    keys: &["after", "expect", "within", "unless"],
    read,
};

fn read(fields: &mut Fields, compiler: &mut Compiler<'_>) -> Option<Condition> {
    let after = notification(fields, "after", compiler);
    let expect = notification(fields, "expect", compiler);
    let within = within(fields, &mut compiler.findings);
    let unless = optional(fields, "unless", compiler);
    Some(Condition::Expected(Expected {
        after: after?,
        expect: expect?,
        within: within?,
        unless: unless?,
    }))
}
