//! Decides. A function of the inputs and their times: no clock, no file, no channel, no random number.

pub mod effect;
pub mod input;
pub mod outbox;
