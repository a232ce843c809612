//! What is counted and measured, as handles without a global. Names follow Prometheus: base units, `_total`, labels with a bounded set of
//! values and never a meeting or a person.

mod engine;
mod exposition;
mod labels;
mod mail;
mod start;
mod storage;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Metric, Registry},
};

use self::{
    engine::Observed,
    labels::{
        BuildLabels, EventLabels, EvictedLabels, IrregularityLabels, MailLabels, NotificationLabels, ReasonLabels,
        RuleLabels, SeverityLabels,
    },
    start::process_start,
};
pub use self::{
    exposition::Exposition,
    labels::{Evicted, Irregularity, Kind, MailEnd, Outcome},
    mail::{MailMetrics, OpenConnection, UnderWay},
};
use crate::model::{AlertEventKind, Severity};

type Seconds = Gauge<f64, AtomicU64>;

/// The handles, to be shared in an `Arc`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    notifications: Family<NotificationLabels, Counter>,
    rejections: Family<ReasonLabels, Counter>,
    commit_seconds: Histogram,
    commit_inputs: Histogram,
    engine_seconds: Histogram,
    said_seconds: Histogram,
    mailed_seconds: Histogram,
    rules_matched: Family<RuleLabels, Counter>,
    rules_fired: Family<RuleLabels, Counter>,
    rules: Mutex<BTreeSet<String>>,
    /// What the engine had counted when it was last looked at.
    observed: Mutex<Option<Observed>>,
    reload_ok: Gauge,
    reload_at: Seconds,
    alerts_open: Family<SeverityLabels, Gauge>,
    alert_events: Family<EventLabels, Counter>,
    evictions: Family<EvictedLabels, Counter>,
    irregularities: Family<IrregularityLabels, Counter>,
    mails: Family<MailLabels, Counter>,
    ids_oldest_age: Seconds,
    outbox_oldest_age: Seconds,
    /// The offset that the next input gets.
    journal_next_offset: Gauge,
    /// Bytes of the journal on disk.
    journal_bytes: Gauge,
    /// Segment files of the journal.
    journal_segments: Gauge,
    /// Meetings open now.
    meetings_open: Gauge,
    /// Participants known in open meetings, gone ones included.
    participants_known: Gauge,
    /// Idempotency ids remembered.
    ids_remembered: Gauge,
    /// Mails that wait or are on their way.
    outbox_mails: Gauge,
    mails_held_back: Counter,
    fallbacks: Counter,
    alert_groups: Gauge,
    silences: Gauge,
    clock_steps: Counter,
    /// Subscriptions open now.
    pub subscribers: Gauge,
    /// Alert events handed to subscribers, each subscriber's counted.
    pub subscriber_events: Counter,
    /// What the mailer does.
    pub mailer: MailMetrics,
    /// How many inputs the archive is behind the event log.
    archive_lag: Gauge,
}

/// The counters of one rule, to be kept as long as the rule is in force.
#[derive(Debug, Clone)]
pub struct RuleCounters {
    /// How often its condition matched.
    pub matched: Counter,
    /// How many alerts it fired.
    pub fired: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero, the process's start and the build filled in.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let process_started: Seconds = Gauge::default();
        process_started.set(process_start());
        registry.register(
            "process_start_time_seconds",
            "When the process started, in seconds since the Unix epoch",
            process_started,
        );

        let of = registry.sub_registry_with_prefix("bellwether");
        let build: Family<BuildLabels, Gauge> = Family::default();
        build
            .get_or_create(&BuildLabels {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);
        of.register("build_info", "Which build this is; always 1", build);

        let metrics = Self {
            notifications: register(of, "notifications", "Notifications by kind and by what became of them"),
            rejections: register(
                of,
                "rejections",
                "Notifications refused, by the reason that their sender was told",
            ),
            commit_seconds: seconds(
                of,
                "commit_seconds",
                "How long the journal took to make a batch durable",
            ),
            commit_inputs: histogram(
                of,
                "commit_inputs",
                "How many inputs one commit made durable",
                exponential_buckets(1.0, 4.0, 9),
            ),
            engine_seconds: seconds(of, "engine_batch_seconds", "How long the engine took to decide a batch"),
            said_seconds: seconds(
                of,
                "notification_to_subscriber_seconds",
                "From the submission of a notification to handing its alert event to subscribers",
            ),
            mailed_seconds: histogram(
                of,
                "notification_to_mail_seconds",
                "From what a mail tells of to its acceptance by a server",
                exponential_buckets(0.01, 4.0, 12),
            ),
            rules_matched: register(of, "rule_matches", "How often a rule's condition matched"),
            rules_fired: register(of, "rule_firings", "How many alerts a rule fired"),
            reload_ok: register(
                of,
                "rules_last_reload_successful",
                "Whether the rule files could be put in force when last read",
            ),
            reload_at: register(
                of,
                "rules_last_reload_success_timestamp_seconds",
                "When rules were last put in force, in seconds since the Unix epoch",
            ),
            alerts_open: register(of, "alerts_open", "Alerts that burn, by severity"),
            alert_events: register(of, "alert_events", "Alert events, by what happened"),
            evictions: register(
                of,
                "evictions",
                "States dropped because a bound was reached, by what they were",
            ),
            irregularities: register(
                of,
                "irregularities",
                "What was taken though it is not as it should be, by what is wrong with it",
            ),
            mails: register(of, "mails", "Attempts to send a mail, by how they ended"),
            ids_oldest_age: register(
                of,
                "ids_oldest_age_seconds",
                "Age of the oldest idempotency id remembered",
            ),
            outbox_oldest_age: register(
                of,
                "outbox_oldest_age_seconds",
                "Age of the mail that has waited longest",
            ),
            journal_next_offset: register(of, "journal_next_offset", "The offset that the next input gets"),
            journal_bytes: register(of, "journal_size_bytes", "Size of the journal on disk"),
            journal_segments: register(of, "journal_segments", "Segment files of the journal"),
            meetings_open: register(of, "meetings_open", "Meetings open now"),
            participants_known: register(
                of,
                "participants_known",
                "Participants known in open meetings, gone ones included",
            ),
            ids_remembered: register(of, "ids_remembered", "Idempotency ids remembered"),
            outbox_mails: register(of, "outbox_mails", "Mails that wait or are on their way"),
            mails_held_back: register(
                of,
                "mails_held_back",
                "Mails held back because their receiver gets only so many an hour",
            ),
            fallbacks: register(
                of,
                "fallbacks",
                "Mails that nobody of their receiver got in time, so that another receiver was told",
            ),
            alert_groups: register(of, "alert_groups", "Groups of alerts"),
            silences: register(of, "silences", "Silences that have not ended"),
            clock_steps: register(
                of,
                "clock_steps",
                "How often the wall clock was seen to jump, which was not followed",
            ),
            subscribers: register(of, "subscribers", "Subscriptions open now"),
            subscriber_events: register(
                of,
                "subscriber_events",
                "Alert events handed to subscribers, each subscriber's counted",
            ),
            archive_lag: register(
                of,
                "archive_lag_inputs",
                "How many inputs the archive is behind what was last said of an alert or a mail",
            ),
            mailer: MailMetrics::register(of),
            rules: Mutex::default(),
            observed: Mutex::default(),
            registry,
        };
        metrics.show_zeros();
        metrics
    }

    /// A series that appears only with its first event hides that event from `rate()`: those whose labels are known begin at zero.
    fn show_zeros(&self) {
        for outcome in Outcome::ALL {
            for kind in Kind::ALL {
                self.notifications(kind, outcome, 0);
            }
        }
        for severity in Severity::ALL {
            self.alerts_open(severity, 0);
        }
        for kind in AlertEventKind::ALL {
            self.alert_event(kind, 0);
        }
        for what in Evicted::ALL {
            self.evicted(what, 0);
        }
        for kind in Irregularity::ALL {
            self.irregular(kind, 0);
        }
        for end in MailEnd::ALL {
            self.mails(end, 0);
        }
    }

    /// So many notifications came to that end.
    pub fn notifications(&self, kind: Kind, outcome: Outcome, number: u64) {
        self.notifications
            .get_or_create(&NotificationLabels {
                kind: kind.name(),
                outcome: outcome.name(),
            })
            .inc_by(number);
    }

    /// A notification was refused for this reason: `ErrorInfo.reason`, one of a fixed set, which `'static` holds it to.
    pub fn rejected(&self, reason: &'static str) {
        self.rejections.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// So many inputs became durable in that time.
    #[expect(clippy::cast_precision_loss, reason = "a batch is far below 2^52")]
    pub fn committed(&self, inputs: usize, took: Duration) {
        self.commit_inputs.observe(inputs as f64);
        self.commit_seconds.observe(took.as_secs_f64());
    }

    /// An alert event reached the subscribers so long after the first notification of its commit was submitted.
    pub fn said(&self, took: Duration) {
        self.said_seconds.observe(took.as_secs_f64());
    }

    /// The wall clock has been seen to jump so often since the process started.
    pub fn clock_steps(&self, steps: u64) {
        self.clock_steps.inner().store(steps, Ordering::Relaxed);
    }

    /// A mail was accepted so long after what it tells of.
    pub fn mailed(&self, took: Duration) {
        self.mailed_seconds.observe(took.as_secs_f64());
    }

    /// The engine decided a batch in that time.
    pub fn decided(&self, took: Duration) {
        self.engine_seconds.observe(took.as_secs_f64());
    }

    /// A rule set was put in force at this moment, in seconds since the Unix epoch: from now on only its rules have a series. Returns
    /// their counters, in the order of the names; those of a rule that stays go on.
    pub fn rules_loaded<'a>(&self, names: impl IntoIterator<Item = &'a str>, at: f64) -> Vec<RuleCounters> {
        self.reload_ok.set(1);
        self.reload_at.set(at);
        let names: Vec<&str> = names.into_iter().collect();
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<String> = rules.extract_if(.., |rule| !names.contains(&rule.as_str())).collect();
        for rule in gone {
            let labels = RuleLabels { rule };
            self.rules_matched.remove(&labels);
            self.rules_fired.remove(&labels);
        }
        rules.extend(names.iter().map(|&name| name.to_owned()));
        names.into_iter().map(|name| self.rule(name)).collect()
    }

    fn rule(&self, name: &str) -> RuleCounters {
        let labels = RuleLabels { rule: name.to_owned() };
        RuleCounters {
            matched: self.rules_matched.get_or_create_owned(&labels),
            fired: self.rules_fired.get_or_create_owned(&labels),
        }
    }

    /// The rule files could not be put in force; the rules before them stay.
    pub fn reload_failed(&self) {
        self.reload_ok.set(0);
    }

    /// So many alerts of this severity burn now.
    pub fn alerts_open(&self, severity: Severity, number: u64) {
        self.alerts_open
            .get_or_create(&SeverityLabels {
                severity: severity.name(),
            })
            .set(gauge(number));
    }

    /// So many alert events of this kind happened.
    pub fn alert_event(&self, kind: AlertEventKind, number: u64) {
        let event = kind.name();
        self.alert_events.get_or_create(&EventLabels { event }).inc_by(number);
    }

    /// So many states were dropped because a bound was reached.
    pub fn evicted(&self, what: Evicted, number: u64) {
        self.evictions
            .get_or_create(&EvictedLabels { what: what.name() })
            .inc_by(number);
    }

    /// So much was taken though it is not as it should be.
    pub fn irregular(&self, kind: Irregularity, number: u64) {
        self.irregularities
            .get_or_create(&IrregularityLabels { kind: kind.name() })
            .inc_by(number);
    }

    /// So many attempts to send a mail ended so.
    pub fn mails(&self, end: MailEnd, number: u64) {
        self.mails
            .get_or_create(&MailLabels { outcome: end.name() })
            .inc_by(number);
    }

    /// How long ago the oldest idempotency id was first seen; zero when there is none.
    pub fn ids_oldest_age(&self, age: Duration) {
        self.ids_oldest_age.set(age.as_secs_f64());
    }

    /// How long the mail that has waited longest has waited; zero when there is none.
    pub fn outbox_oldest_age(&self, age: Duration) {
        self.outbox_oldest_age.set(age.as_secs_f64());
    }

    /// All as text for a scraper.
    pub fn encode(&self, exposition: Exposition) -> Result<String, std::fmt::Error> {
        exposition.encode(&self.registry)
    }
}

/// A number as gauges hold it; what exceeds them shows as the largest.
pub fn gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn register<M>(registry: &mut Registry, name: &str, help: &str) -> M
where
    M: Metric + Clone + Default,
{
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// Buckets from 0.1 ms to 6.6 s, each twice the one before.
fn seconds(registry: &mut Registry, name: &str, help: &str) -> Histogram {
    histogram(registry, name, help, exponential_buckets(0.000_1, 2.0, 17))
}

fn histogram(registry: &mut Registry, name: &str, help: &str, buckets: impl Iterator<Item = f64>) -> Histogram {
    let histogram = Histogram::new(buckets);
    registry.register(name, help, histogram.clone());
    histogram
}
