//! The shape of rule files as a JSON Schema, so that editors complete and check as one types. Its types are never made: reading is
//! `file`'s, which tells of all mistakes and their places. A test puts every key to both, so that neither knows one that the other does
//! not.

#![expect(dead_code, reason = "these types are shapes alone")]

mod delivery;
mod rule;
mod schedule;
mod test_case;

use std::collections::BTreeMap;

use schemars::{
    JsonSchema, Schema,
    generate::SchemaSettings,
    transform::{RecursiveTransform, Transform},
};
use serde_json::{Value, json};

use self::{
    delivery::{Inhibition, Receiver, Route},
    rule::Rule,
    schedule::Schedule,
    test_case::TestCase,
};
use super::conditions;

/// The schema, of JSON Schema's draft 7, which is what editors know best.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = false);
    let mut schema = settings.into_generator().into_root_schema_for::<RuleFile>();
    RecursiveTransform(without_null).transform(&mut schema);
    let mut schema = schema.to_value();
    schema["definitions"]["Rule"]["oneOf"] = conditions::forms().map(form).collect();
    schema
}

/// A rule has the keys of one condition, and none of another's.
fn form((told_by, keys): (&str, &[&str])) -> Value {
    let strange = conditions::forms()
        .flat_map(|(_, keys)| keys)
        .filter(|key| !keys.contains(key));
    let mut strange: Vec<&str> = strange.copied().collect();
    strange.sort_unstable();
    strange.dedup();
    let strange: Vec<Value> = strange.into_iter().map(|key| json!({ "required": [key] })).collect();
    json!({ "title": told_by, "required": [told_by], "not": { "anyOf": strange } })
}

/// What need not be there is left out, never `null`.
fn without_null(schema: &mut Schema) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            schema.extend(only);
        }
    }
}

/// Rules for Bellwether, with their tests, and who is told. All files together make one set; any of them may hold any of these keys.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct RuleFile {
    /// Names that stand for expressions in all files.
    define: Option<BTreeMap<String, Expression>>,
    /// What fires alerts.
    rules: Option<Vec<Rule>>,
    /// The rules' own tests: what comes in, and what must happen. `bellwether test` runs them.
    tests: Option<Vec<TestCase>>,
    /// Who can be told.
    receivers: Option<Vec<Receiver>>,
    /// Who is told of what. Stands once in all files together.
    route: Option<Route>,
    /// Which alerts hold the mail of others back.
    inhibit: Option<Vec<Inhibition>>,
    /// Times at which something holds, by their names.
    schedules: Option<BTreeMap<String, Schedule>>,
}

/// An expression in CEL: `party.status == DISCONNECTED && meeting.live`. `true` and `false` alone stand in quotes.
#[derive(JsonSchema)]
struct Expression(String);

/// A length of time, at most 30 days: `90s`, `1m30s`, `500ms`, `2d`.
#[derive(JsonSchema)]
struct Duration(#[schemars(regex(pattern = r"^([0-9]+(d|h|m|s|ms))+$"))] String);

/// The name of a rule, a receiver or a schedule: lower case, with hyphens.
#[derive(JsonSchema)]
struct Name(#[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))] String);

/// A field of notifications.
#[derive(JsonSchema)]
enum Field {
    #[schemars(rename = "party.billing_code")]
    PartyBillingCode,
    #[schemars(rename = "conf.billing_code")]
    ConfBillingCode,
    #[schemars(rename = "meeting.billing_code")]
    MeetingBillingCode,
    #[schemars(rename = "conf.status")]
    ConfStatus,
    #[schemars(rename = "party.party_id")]
    PartyId,
    #[schemars(rename = "party.name")]
    Name,
    #[schemars(rename = "party.phone")]
    Phone,
    #[schemars(rename = "party.country")]
    Country,
    #[schemars(rename = "party.area_code")]
    AreaCode,
    #[schemars(rename = "party.acm_phone")]
    AcmPhone,
    #[schemars(rename = "party.city")]
    City,
    #[schemars(rename = "party.role")]
    Role,
    #[schemars(rename = "party.status")]
    PartyStatus,
    #[schemars(rename = "party.disconnect_reason")]
    DisconnectReason,
    #[schemars(rename = "source")]
    Source,
}

/// One, or a list.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}
