//! Alerts and deliveries, for asking: a SQLite database that follows the event log and knows how far it got.
//!
//! It decides nothing and can be made again from the event log at any time, which is also the answer to damage. Anybody may open it
//! with `sqlite3`. Deliberately absent: threads and waiting; a writer and each reader are plain synchronous values. [`ArchiveReaders`] keeps
//! some of those open between questions.

mod deliveries;
mod error;
mod reader;
mod readers;
mod schema;
mod writer;

pub use deliveries::{DeliveryPage, DeliveryQuery};
pub use error::ArchiveError;
pub use reader::{ArchiveReader, ListQuery, Page, PageKey};
pub use readers::ArchiveReaders;
pub use writer::ArchiveWriter;

#[cfg(test)]
mod tests;
