//! The gRPC services: wire types in, wire types out.
//!
//! Wire types stop here: [`from_proto`] and [`to_proto`] are the only conversions, [`status`] is the only mapping of errors.

pub mod codec;
pub mod encoded;
pub mod from_proto;
pub mod status;
pub mod to_proto;
pub mod tonic_errors;
