//! An alerting service for conference calls: notifications in over gRPC, rules in files, alerts out by mail and over a stream.

pub mod api;
pub mod archive;
pub mod email;
pub mod engine;
pub mod grpc;
pub mod journal;
pub mod model;
pub mod rules;
