//! The promises that need a real socket, each in its file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy's leave for tests does not reach what they share"
)]
#![allow(clippy::result_large_err, reason = "an error is what most of these tests look at")]

mod alerts;
mod bad_input;
mod bad_rules;
mod catalogue;
mod command_line;
mod crash;
mod delivery;
mod demo;
mod differential;
mod email;
mod explain;
mod filters;
mod full_disk;
mod health;
mod http2;
mod ingest;
mod mail;
mod manual;
mod meetings;
mod memory;
mod operators;
mod operators_cli;
mod personal_data;
mod replay;
mod rules;
mod schema;
mod silences;
mod slow_readers;
mod start_and_end;
mod storage;
mod subscribe;
mod support;
mod tidy;
