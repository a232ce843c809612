//! Protobuf over gRPC, with the errors that the API promises for bytes that are no message.

/// The codec of every RPC here.
pub type StrictCodec<T, U> = tonic_prost::ProstCodec<T, U>;
