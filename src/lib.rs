//! An alerting service for conference calls: notifications in over gRPC, rules in files, alerts out by mail and over a stream.
//!
//! ```text
//!  gRPC call ─┐                                            ┌─> reply: durable, sequence N
//!  timer due ─┼─> Input ─> Journal ─> Engine ─> Effects ───┼─> event log ─> subscribers, archive
//!  operator  ─┤            (fsync)    (pure)               └─> mailer ─> outcome ─> Input …
//!  mail sent ─┘
//! ```
//!
//! The engine is a function of its inputs and their times. Nothing that an input causes leaves the service before that input is durable.
//!
//! In reading order:
//!
//! - [`model`]: the vocabulary; [`rules`]: from rule files to what is run; [`engine`]: what decides. These three are the core: values
//!   and synchronous functions, without clocks, files, sockets or chance.
//! - [`journal`]: what was decided upon and what was said, on disk; [`service`]: the driver, from inputs to effects.
//! - [`grpc`], over the types of [`api`]: the way in for callers, the way out for subscribers; [`email`]: the way out to people;
//!   [`archive`]: answers about the past.
//! - [`config`], [`rule_files`], [`reload`]: what operators decide; [`clock`]: the service's time; [`telemetry`], [`metrics`], [`admin`]:
//!   what they see.
//! - [`server`]: the order of the start and of the end; [`cli`]: the verbs; [`selftest`]: the tests that rule files bring along.
//!
//! `ARCHITECTURE.md` tells what holds it together.

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
