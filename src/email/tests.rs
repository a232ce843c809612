//! What no file of this room can show alone, and intents for the tests of all.

pub(super) mod fixture;
mod outage;
