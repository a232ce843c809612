//! The gRPC services: wire types in, wire types out.

pub mod codec;
pub mod encoded;
