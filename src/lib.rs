//! An alerting service for conference calls: notifications in over gRPC, rules in files, alerts out by mail and over a stream.

pub mod admin;
pub mod api;
pub mod archive;
pub mod cli;
pub mod clock;
pub mod config;
pub mod email;
pub mod engine;
pub mod grpc;
pub mod journal;
pub mod metrics;
pub mod model;
pub mod reload;
pub mod rule_files;
pub mod rules;
pub mod selftest;
pub mod server;
pub mod service;
pub mod telemetry;
