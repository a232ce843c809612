//! Texts of alerts.

/// Summary and description of a rule.
#[derive(Debug)]
pub struct Texts;
