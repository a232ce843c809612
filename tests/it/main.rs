//! The promises that need a real socket, each in its file.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's leave for tests does not reach their helpers"
)]

mod command_line;
mod demo;
mod email;
mod manual;
mod support;
mod tidy;
