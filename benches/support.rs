//! What the measurements share.

pub mod client;
pub mod days;
pub mod echo;
pub mod measures;
pub mod process;
pub mod rounds;
pub mod servers;
pub mod table;
pub mod traffic;
