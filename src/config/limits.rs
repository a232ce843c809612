//! Every bound: what is kept, what waits, what is taken in at once. Whatever would exceed one is refused or evicted, and counted.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::value::{count, duration, size, write_duration, write_size};
use crate::engine::input::Settings;

/// Every bound, with its range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How far back `occurred_at` may lie before it is ignored: 0s to 1d.
    #[serde(deserialize_with = "duration::<0, 86_400, _>", serialize_with = "write_duration")]
    pub lateness: Duration,
    /// How long an ended meeting stays open for what comes late: 0s to 1h.
    #[serde(deserialize_with = "duration::<0, 3_600, _>", serialize_with = "write_duration")]
    pub meeting_grace: Duration,
    /// How long a meeting stays open without a word: 1m to 30d.
    #[serde(deserialize_with = "duration::<60, 2_592_000, _>", serialize_with = "write_duration")]
    pub meeting_idle: Duration,
    /// For how long after the last word a second start is a repeat: 0s to 1d.
    #[serde(deserialize_with = "duration::<0, 86_400, _>", serialize_with = "write_duration")]
    pub restart_gap: Duration,
    /// How long an idempotency id is remembered at most: 1m to 1d.
    #[serde(deserialize_with = "duration::<60, 86_400, _>", serialize_with = "write_duration")]
    pub id_horizon: Duration,
    /// How many ids of one source are remembered: 0 to 10,000,000.
    #[serde(deserialize_with = "count::<0, 10_000_000, _>")]
    pub ids_per_source: u32,
    /// How many participants one meeting holds: 1 to 100,000.
    #[serde(deserialize_with = "count::<1, 100_000, _>")]
    pub participants_per_meeting: u32,
    /// How many meetings are open at once: 1 to 10,000,000.
    #[serde(deserialize_with = "count::<1, 10_000_000, _>")]
    pub meetings: u32,
    /// How many alerts of one rule are open at once: 1 to 1,000,000.
    #[serde(deserialize_with = "count::<1, 1_000_000, _>")]
    pub alerts_per_rule: u32,
    /// How many keys one rule keeps state for: 1 to 1,000,000.
    #[serde(deserialize_with = "count::<1, 1_000_000, _>")]
    pub keys_per_rule: u32,
    /// How many keys all rules keep state for; rules that could exceed it are refused: 1 to 100,000,000.
    #[serde(deserialize_with = "count::<1, 100_000_000, _>")]
    pub keys: u32,
    /// How many mails wait: 1 to 10,000,000.
    #[serde(deserialize_with = "count::<1, 10_000_000, _>")]
    pub outbox: u32,
    /// How many groups of alerts there are at once: 1 to 1,000,000.
    #[serde(deserialize_with = "count::<1, 1_000_000, _>")]
    pub groups: u32,
    /// How many silences there are at once: 0 to 10,000.
    #[serde(deserialize_with = "count::<0, 10_000, _>")]
    pub silences: u32,
    /// How many notifications wait to be journaled, a large one counting for as many as it has KiB; beyond, callers get
    /// `RESOURCE_EXHAUSTED`: 1 to 10,000,000.
    #[serde(deserialize_with = "count::<1, 10_000_000, _>")]
    pub queue: u32,
    /// How many inputs one commit takes: 1 to 65,536.
    #[serde(deserialize_with = "count::<1, 65_536, _>")]
    pub commit: u32,
    /// How large a request may be: 64KiB to 64MiB.
    #[serde(deserialize_with = "size::<65_536, 67_108_864, _>", serialize_with = "write_size")]
    pub message: u64,
    /// How many connections are open at once: 1 to 100,000.
    #[serde(deserialize_with = "count::<1, 100_000, _>")]
    pub connections: u32,
    /// How many calls one connection has under way at once: 1 to 100,000.
    #[serde(deserialize_with = "count::<1, 100_000, _>")]
    pub streams_per_connection: u32,
    /// How many subscriptions are open at once: 1 to 100,000.
    #[serde(deserialize_with = "count::<1, 100_000, _>")]
    pub subscribers: u32,
    /// How many alert events are kept in memory for subscribers; one further behind is fed from disk: 16 to 1,000,000.
    #[serde(deserialize_with = "count::<16, 1_000_000, _>")]
    pub ring: u32,
    /// How long a subscriber may take nothing before it is ended: 1s to 1h.
    #[serde(deserialize_with = "duration::<1, 3_600, _>", serialize_with = "write_duration")]
    pub subscriber_stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let engine = Settings::default();
        Self {
            lateness: engine.lateness,
            meeting_grace: engine.grace,
            meeting_idle: engine.meeting_idle,
            restart_gap: engine.restart_gap,
            id_horizon: engine.id_horizon,
            ids_per_source: engine.ids_per_source,
            participants_per_meeting: engine.participants_per_meeting,
            meetings: engine.meetings,
            alerts_per_rule: engine.alerts_per_rule,
            keys_per_rule: engine.keys_per_rule,
            keys: engine.keys,
            outbox: engine.outbox,
            groups: engine.groups,
            silences: engine.silences,
            queue: 65_536,
            commit: 16_384,
            message: 1 << 20,
            connections: 2_000,
            streams_per_connection: 200,
            subscribers: 2_000,
            ring: 65_536,
            subscriber_stall: Duration::from_secs(60),
        }
    }
}

impl Limits {
    /// Those that the engine keeps.
    pub fn engine(&self) -> Settings {
        Settings {
            lateness: self.lateness,
            grace: self.meeting_grace,
            meeting_idle: self.meeting_idle,
            restart_gap: self.restart_gap,
            id_horizon: self.id_horizon,
            ids_per_source: self.ids_per_source,
            participants_per_meeting: self.participants_per_meeting,
            meetings: self.meetings,
            alerts_per_rule: self.alerts_per_rule,
            keys_per_rule: self.keys_per_rule,
            keys: self.keys,
            outbox: self.outbox,
            groups: self.groups,
            silences: self.silences,
            ..Settings::default()
        }
    }
}
