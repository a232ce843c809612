//! The public API as generated from `proto/`: messages, clients and servers. Its manual is the proto's comments.
#![allow(clippy::all)]

tonic::include_proto!("bellwether.v1");

/// The compiled descriptors of the API, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
