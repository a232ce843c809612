//! The shape of receivers and routes.

use schemars::JsonSchema;

use super::{Expression, Name};

/// Somebody who can be told.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Receiver {
    /// Unique among all receivers.
    name: Name,
    /// By mail.
    email: Email,
}

/// Who is told by mail.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Email {
    /// Each gets a mail of its own. Addresses alone, without a display name.
    #[schemars(length(min = 1))]
    to: Vec<String>,
    /// Where answers go.
    reply_to: Option<String>,
    /// Whether names, numbers and cities are shown in full; `masked` if not given.
    personal_data: Option<PersonalData>,
    /// Whether the end of an alert is told; `true` if not given.
    send_resolved: Option<bool>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
enum PersonalData {
    Masked,
    Clear,
}

/// Who is told of what: the first of `routes` that takes an alert, else `receiver`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Route {
    /// Who takes what no branch takes.
    receiver: Option<Name>,
    /// The branches, in the order in which they are asked.
    routes: Option<Vec<Branch>>,
}

/// A branch of the route.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Branch {
    /// An expression over the alert: `severity == CRITICAL && labels.team == 'bridge'`. It takes all without one.
    #[schemars(rename = "match")]
    filter: Option<Expression>,
    /// Who is told.
    receiver: Name,
}
