//! The gRPC services: wire types in, wire types out.
//!
//! Wire types stop here: [`from_proto`] and [`to_proto`] are the only conversions, [`status`] is the only mapping of errors.

mod accept;
mod acts;
mod alerts;
mod archived;
pub mod codec;
pub mod cursor;
mod deliveries;
mod destinations;
pub mod encoded;
mod explain;
mod filter;
pub mod from_proto;
mod meetings;
mod notifications;
mod page;
mod receivers;
mod rules;
pub mod serve;
mod silences;
pub mod status;
mod subscribe;
pub mod to_proto;
pub mod tonic_errors;
