//! An alerting service for conference calls: notifications in over gRPC, rules in files, alerts out by mail and over a stream.

pub mod admin;
pub mod api;
pub mod archive;
pub mod cli;
pub mod config;
pub mod email;
pub mod engine;
pub mod grpc;
pub mod metrics;
pub mod model;
pub mod rules;
pub mod telemetry;
