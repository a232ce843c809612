//! The gRPC services: wire types in, wire types out.
//!
//! Wire types stop here: [`from_proto`] and [`to_proto`] are the only conversions, [`status`] is the only mapping of errors.

mod accept;
mod alerts;
pub mod codec;
pub mod cursor;
pub mod encoded;
mod explain;
mod filter;
pub mod from_proto;
mod meetings;
mod notifications;
mod page;
mod rules;
pub mod serve;
pub mod status;
mod subscribe;
pub mod to_proto;
pub mod tonic_errors;
