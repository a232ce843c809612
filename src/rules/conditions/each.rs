//! *each*: every notification for which an expression holds.

use super::Form;
use crate::rules::{Condition, compile::Compiler, expr::Schema, file::Fields};

pub(super) const FORM: Form = Form {
    told_by: "when",
    keys: &["when"],
    read,
};

fn read(fields: &mut Fields, compiler: &mut Compiler<'_>) -> Option<Condition> {
    let when = fields.text("when", &mut compiler.findings)?;
    Some(Condition::Each {
        when: compiler.expression(&when, Schema::Notification)?,
    })
}
