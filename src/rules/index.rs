//! Which rules a notification can touch.

/// The index over a rule set.
#[derive(Debug, Default)]
pub struct Index;
