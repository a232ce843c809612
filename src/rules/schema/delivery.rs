//! The shape of receivers, routes and inhibitions.

use schemars::JsonSchema;

use super::{Duration, Expression, Name, OneOrMore};

/// Somebody who can be told.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Receiver {
    /// Unique among all receivers.
    name: Name,
    /// By mail.
    email: Email,
    /// Who is told where this one cannot be reached: every recipient was refused, or no mail has arrived for 10 minutes.
    fallback: Option<Name>,
}

/// Who is told by mail.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Email {
    /// Each gets a mail of its own. Addresses alone, without a display name.
    #[schemars(length(min = 1))]
    to: Vec<String>,
    /// Who gets a copy; each a mail of its own too.
    cc: Option<Vec<String>>,
    /// Where answers go.
    reply_to: Option<String>,
    /// Whether names, numbers and cities are shown in full; `masked` if not given.
    personal_data: Option<PersonalData>,
    /// Whether the end of an alert is told; `true` if not given.
    send_resolved: Option<bool>,
    /// How many mails it gets within any hour at most, those about critical alerts aside: the rest comes as one. Any number if not given.
    #[schemars(range(min = 1, max = 10_000))]
    max_per_hour: Option<u32>,
    /// What the mails are written in; `en` if not given.
    language: Option<Language>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
enum PersonalData {
    Masked,
    Clear,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
enum Language {
    En,
    Zh,
}

/// Who is told of what. The routes below take what they match; the rest goes to `receiver`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Route {
    /// Who is told of what no route below takes; nobody if not given.
    receiver: Option<Name>,
    /// What the alerts told of in one mail have in common: `rule`, `severity`, parts of keys, labels. `[]`: one mail for all; `each`: a mail
    /// an alert. `[rule, billing_code]` if not given.
    group_by: Option<GroupBy>,
    /// How long after a group's first alert, or a change in it, a mail leaves; `5s` if not given.
    group_wait: Option<Duration>,
    /// The least time between two mails about a group that are due to a change; `5m` if not given.
    group_interval: Option<Duration>,
    /// How long after a mail what still burns is told again, one time or one after the other; or `never`. `4h` if not given.
    repeat_interval: Option<Repeat>,
    /// Who else is told while nobody has acknowledged an alert, in the order of the times.
    escalate: Option<Vec<Escalation>>,
    /// Schedules while which nothing is told but the end of what was told.
    mute: Option<OneOrMore>,
    /// The schedule outside of which nothing is told but the end of what was told.
    during: Option<Name>,
    /// The routes below, in the order in which they are asked.
    routes: Option<Vec<Branch>>,
}

/// A route below another one; what is not given is that of the one above.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Branch {
    /// An expression over the alert: `severity == CRITICAL && labels.team == 'bridge'`. It takes all without one.
    #[schemars(rename = "match")]
    filter: Option<Expression>,
    /// Whether the routes after this one are asked too; `false` if not given.
    #[schemars(rename = "continue")]
    goes_on: Option<bool>,
    /// Who is told.
    receiver: Option<Name>,
    /// What the alerts told of in one mail have in common, as in `route`.
    group_by: Option<GroupBy>,
    /// How long after a group's first alert, or a change in it, a mail leaves.
    group_wait: Option<Duration>,
    /// The least time between two mails about a group that are due to a change.
    group_interval: Option<Duration>,
    /// How long after a mail what still burns is told again, as in `route`.
    repeat_interval: Option<Repeat>,
    /// Who else is told while nobody has acknowledged an alert, in the order of the times.
    escalate: Option<Vec<Escalation>>,
    /// Schedules while which nothing is told but the end of what was told.
    mute: Option<OneOrMore>,
    /// The schedule outside of which nothing is told but the end of what was told.
    during: Option<Name>,
    /// The routes below, in the order in which they are asked.
    routes: Option<Vec<Branch>>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum GroupBy {
    Names(Vec<String>),
    Each(Each),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
enum Each {
    Each,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum Repeat {
    Always(Duration),
    OneAfterTheOther(#[schemars(length(min = 1))] Vec<Duration>),
    Never(Never),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
enum Never {
    Never,
}

/// Somebody who is told while nobody has acknowledged an alert.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Escalation {
    /// How long after the first mail about it.
    after: Duration,
    /// Who.
    receiver: Name,
}

/// Alerts that hold the mail of others back while they burn.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Inhibition {
    /// Those that do: an expression over the alert.
    source: Expression,
    /// Those that are held back: an expression over the alert.
    target: Expression,
    /// Names whose values both must share: `rule`, `severity`, parts of keys, labels.
    equal: Option<Vec<String>>,
}
