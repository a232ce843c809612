//! An alerting service for conference calls: notifications in over gRPC, rules in files, alerts out by mail and over a stream.

pub mod api;
pub mod engine;
pub mod grpc;
pub mod model;
pub mod rule_files;
pub mod rules;
