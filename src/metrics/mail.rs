//! What the mailer does: connections, relays, and the ends that leave a doubt.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{gauge, register};

/// The mailer's handles; cheap to clone. The default ones are in no registry.
#[derive(Debug, Clone, Default)]
pub struct MailMetrics {
    waiting: Gauge,
    under_way: Gauge,
    connections: Family<RelayLabels, Gauge>,
    relay_up: Family<RelayLabels, Gauge>,
    relay_failures: Family<StepLabels, Counter>,
    timeouts: Family<TimeoutLabels, Counter>,
    ambiguous: Counter,
}

/// A connection that counts as open until this is dropped.
#[derive(Debug)]
pub struct OpenConnection(Gauge);

/// A mail that counts as under way until this is dropped.
#[derive(Debug)]
pub struct UnderWay(Gauge);

impl MailMetrics {
    pub(super) fn register(of: &mut Registry) -> Self {
        Self {
            waiting: register(of, "mails_waiting", "Mails that wait for a connection"),
            under_way: register(of, "mails_under_way", "Mails that are being handed over"),
            connections: register(of, "mail_connections", "Connections to a relay, open or being opened"),
            relay_up: register(of, "mail_relay_up", "Whether a relay could be used when last asked"),
            relay_failures: register(
                of,
                "mail_relay_failures",
                "How often a relay was left alone for a while, by the step that failed",
            ),
            timeouts: register(of, "mail_timeouts", "Steps with a mail that took longer than allowed"),
            ambiguous: register(
                of,
                "mails_ambiguous",
                "Mails whose taking was not confirmed: they come again, perhaps a second time",
            ),
        }
    }

    /// So many mails wait for a lane.
    pub fn waiting(&self, mails: usize) {
        self.waiting.set(gauge(mails as u64));
    }

    /// A mail is being handed over.
    pub fn under_way(&self) -> UnderWay {
        self.under_way.inc();
        UnderWay(self.under_way.clone())
    }

    /// A relay is configured. It counts as up until it fails.
    pub fn relay_known(&self, relay: &str) {
        let labels = RelayLabels::of(relay);
        self.connections.get_or_create(&labels).set(0);
        self.relay_up.get_or_create(&labels).set(1);
    }

    /// A connection is being opened.
    pub fn connection(&self, relay: &str) -> OpenConnection {
        let connections = self.connections.get_or_create_owned(&RelayLabels::of(relay));
        connections.inc();
        OpenConnection(connections)
    }

    /// A relay could be used.
    pub fn relay_works(&self, relay: &str) {
        self.relay_up.get_or_create(&RelayLabels::of(relay)).set(1);
    }

    /// A relay could not be used, or asked to be left alone.
    pub fn relay_failed(&self, relay: &str, step: &'static str) {
        self.relay_up.get_or_create(&RelayLabels::of(relay)).set(0);
        let relay = relay.to_owned();
        self.relay_failures.get_or_create(&StepLabels { relay, step }).inc();
    }

    /// A mail's step took longer than allowed.
    pub fn timed_out(&self, step: &'static str) {
        self.timeouts.get_or_create(&TimeoutLabels { step }).inc();
    }

    /// A mail may have been taken, or not.
    pub fn ambiguous(&self) {
        self.ambiguous.inc();
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RelayLabels {
    relay: String,
}

impl RelayLabels {
    fn of(relay: &str) -> Self {
        Self {
            relay: relay.to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    relay: String,
    step: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TimeoutLabels {
    step: &'static str,
}
