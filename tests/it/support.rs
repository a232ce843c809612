//! What the tests stand on.

pub mod bad_input;
pub mod client;
pub mod http2;
pub mod process;
pub mod raw_call;
pub mod segments;
pub mod server;
pub mod smtp;
pub mod wait;

use bellwether::api;

/// Tells whoever runs the tests something that is not a failure; shown with `--nocapture`.
#[expect(clippy::print_stderr, reason = "it is what this is for")]
pub fn say(text: &str) {
    eprintln!("{text}");
}
