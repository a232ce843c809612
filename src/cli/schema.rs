//! `schema`: the JSON Schema of rule files, for editors.

use super::{exit::Exit, failure::Failure, terminal::Terminal};
use crate::rules::schema;

pub(super) fn run(terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    terminal.line(format_args!("{:#}", schema::schema()))?;
    Ok(Exit::Done)
}
