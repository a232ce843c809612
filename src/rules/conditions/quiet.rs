//! *quiet*: nothing of the kind for so long.

use super::{Form, notification, some_time};
use crate::rules::{Condition, Quiet, compile::Compiler, file::Fields};

pub(super) const FORM: Form = Form {
    told_by: "quiet",
    keys: &["quiet", "for"],
    read,
};

fn read(fields: &mut Fields, compiler: &mut Compiler<'_>) -> Option<Condition> {
    let what = notification(fields, "quiet", compiler);
    let for_ = some_time(fields, "for", "it is always quiet for no time", &mut compiler.findings);
    Some(Condition::Quiet(Quiet {
        what: what?,
        for_: for_?,
    }))
}
