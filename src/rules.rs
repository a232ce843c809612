//! Rules: from the text in files to what the engine runs.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod bounds;
pub mod catalogue;
pub mod compile;
mod condition;
mod conditions;
mod destination;
pub mod diagnostic;
pub mod expr;
pub mod facts;
pub mod file;
pub mod index;
mod receiver;
mod route;
mod rule;
pub mod schedule;
pub mod schema;
pub mod template;
mod zone;

pub use condition::{Condition, Count, Expected, Quiet, Ratio, Sequence, Share, Varied};
pub use destination::{Destination, Due};
pub use receiver::Receiver;
pub use route::{Escalation, GroupBy, Inhibition, Repeat, Route};
pub use rule::{Key, KeyField, Place, Resolve, Rule, RuleSet, RuleSource, Severities, SourceFile};
