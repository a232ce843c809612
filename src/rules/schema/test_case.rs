//! The shape of rules' tests.

use schemars::JsonSchema;

use super::{Duration, Expression, Name, schedule::WeeklyTimes};

/// What comes in, and every alert event that must happen then.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct TestCase {
    /// What it shows.
    name: String,
    /// The rules whose alerts it looks at; all if not given.
    rules: Option<Vec<Name>>,
    /// What happens, in order, each at its time after the start: `- 60s: conf {billingCode = '33333', status = '102'}`.
    given: Option<Vec<Timed<Step>>>,
    /// Every alert that must fire or end, in order, at its time: `- 90s: fired port-full{billing_code="33333"}`.
    expect: Option<Vec<Timed<Event>>>,
    /// Every mail that must leave, in order, at its time; not looked at if not given:
    /// `- 5s: bridge-ops fired port-full{billing_code="1"} open port-full{billing_code="2"}`.
    deliveries: Option<Vec<Timed<Mail>>>,
    /// Receivers by their names, with what is the matter with them in this test.
    receivers: Option<std::collections::BTreeMap<String, ReceiverOfTest>>,
    /// How long it looks; until the last time named in it if not given.
    until: Option<Duration>,
    /// When it begins; 2026-01-05T08:00:00Z, a Monday, if not given.
    start: Option<Instant>,
}

/// One time, with what happens then.
#[derive(JsonSchema)]
#[schemars(inline, extend("minProperties" = 1, "maxProperties" = 1))]
struct Timed<T>(
    #[schemars(with = "std::collections::BTreeMap<String, T>", extend("propertyNames" = { "pattern": "^([0-9]+(d|h|m|s|ms))+$" }))]
     std::marker::PhantomData<T>,
);

/// What happens in a test.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Step {
    /// The vendor's text after its type; `restart`: the service forgets all that is not stored; `acknowledge` or `resolve` with an alert.
    Written(
        #[schemars(regex(
            pattern = r"^\s*(conf\s*\{[\s\S]*|party\s*\{[\s\S]*|restart|(acknowledge|resolve)\s+[a-z0-9-]+\{.*\})\s*$"
        ))]
        String,
    ),
    /// Written out.
    SpelledOut(Box<SpelledOut>),
}

/// One of these.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
struct SpelledOut {
    /// A notification of a meeting.
    conf: Option<Conf>,
    /// A notification of a participant.
    party: Option<Party>,
    /// The service is down for so long.
    restart: Option<Duration>,
    /// A file beside this one takes its place, and the rules are read anew.
    reload: Option<String>,
    /// The mail of some alerts is held back for a time.
    silence: Option<Silence>,
    /// Somebody takes an open alert on: `port-full{billing_code="1"}`.
    acknowledge: Option<AlertName>,
    /// Somebody ends an open alert.
    resolve: Option<AlertName>,
}

/// A silence that begins now.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Silence {
    /// The alerts: an expression over them.
    filter: Expression,
    /// How long it lasts.
    #[schemars(rename = "for")]
    lasts: Duration,
    /// The times of the week at which it holds; all the time if not given.
    schedule: Option<WeeklyTimes>,
}

/// What is the matter with a receiver in a test.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ReceiverOfTest {
    /// From when until when its mail server takes nothing: `[0s, 90s]`.
    #[schemars(length(equal = 2))]
    down: Vec<Duration>,
}

/// A notification of a meeting.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Conf {
    /// The meeting.
    #[schemars(length(min = 1))]
    billing_code: String,
    /// What has changed: a name of the vendor's table, or any number.
    status: Code,
    /// When it happened, after the start.
    occurred_at: Option<Duration>,
    /// Who sent it.
    source: Option<String>,
    /// The idempotency key.
    id: Option<String>,
}

/// A notification of a participant.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Party {
    /// The meeting.
    #[schemars(length(min = 1))]
    billing_code: String,
    /// The participant.
    #[schemars(length(min = 1))]
    party_id: String,
    /// What the participant does: a name of the vendor's table, or any number.
    status: Code,
    /// Why it was disconnected.
    disconnect_reason: Option<Code>,
    /// `EXPERT`, `CLIENT` or any number.
    role: Option<Code>,
    name: Option<String>,
    phone: Option<String>,
    country: Option<String>,
    area_code: Option<String>,
    acm_phone: Option<String>,
    city: Option<String>,
    connect_time: Option<Instant>,
    /// When it happened, after the start.
    occurred_at: Option<Duration>,
    /// Who sent it.
    source: Option<String>,
    /// The idempotency key.
    id: Option<String>,
}

/// One of the vendor's codes: its short name, or its number.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Code {
    Name(#[schemars(regex(pattern = r"^[A-Z_]+$"))] String),
    Number(i32),
}

/// An instant: `2026-01-05T08:00:00Z`.
#[derive(JsonSchema)]
struct Instant(#[schemars(extend("format" = "date-time"))] String);

/// An event with its alert: `fired recording-stopped{billing_code="33333"}`.
#[derive(JsonSchema)]
struct Event(#[schemars(regex(pattern = r"^[a-z]+\s+[a-z0-9-]+\{.*\}$"))] String);

/// An alert: `recording-stopped{billing_code="33333"}`.
#[derive(JsonSchema)]
struct AlertName(#[schemars(regex(pattern = r"^[a-z0-9-]+\{.*\}$"))] String);

/// A mail: its receiver, then what it is the first to tell of, what it is the first to tell the end of, and what burns as before.
#[derive(JsonSchema)]
struct Mail(#[schemars(regex(pattern = r"^[a-z0-9-]+(\s+fired\s.+)?(\s+resolved\s.+)?(\s+open\s.+)?$"))] String);
