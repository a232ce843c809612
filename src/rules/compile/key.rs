//! What one alert of a rule is about.

use crate::rules::{
    Condition, Count, Key, KeyField,
    diagnostic::{Findings, Span, Spanned},
    expr::Expr,
    expr::suggest::nearest,
    file::{RuleText, listed},
    index::Distinct,
};

/// Which kinds of notification something can be true of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) struct Kinds {
    pub conf: bool,
    pub party: bool,
}

impl Kinds {
    /// Those for which the expression could hold.
    pub fn of(expr: &Expr) -> Self {
        let distinct = Distinct::of([expr]);
        Self {
            conf: distinct.conf().any(|codes| expr.could_hold(&codes)),
            party: distinct.party().any(|codes| expr.could_hold(&codes)),
        }
    }

    pub const NONE: Self = Self {
        conf: false,
        party: false,
    };

    /// Those of both.
    pub fn and(self, other: Self) -> Self {
        Self {
            conf: self.conf && other.conf,
            party: self.party && other.party,
        }
    }
}

const CONF: Kinds = Kinds {
    conf: true,
    party: false,
};
const PARTY: Kinds = Kinds {
    conf: false,
    party: true,
};
const BOTH: Kinds = Kinds {
    conf: true,
    party: true,
};

/// The fields that a key can be made of, and the kinds of notification that have them. Whichever way the billing code is written, it
/// is one field.
const FIELDS: [(&str, KeyField, Kinds); 15] = [
    ("party.billing_code", KeyField::BillingCode, BOTH),
    ("conf.billing_code", KeyField::BillingCode, BOTH),
    ("meeting.billing_code", KeyField::BillingCode, BOTH),
    ("conf.status", KeyField::ConfStatus, CONF),
    ("party.party_id", KeyField::PartyId, PARTY),
    ("party.name", KeyField::Name, PARTY),
    ("party.phone", KeyField::Phone, PARTY),
    ("party.country", KeyField::Country, PARTY),
    ("party.area_code", KeyField::AreaCode, PARTY),
    ("party.acm_phone", KeyField::AcmPhone, PARTY),
    ("party.city", KeyField::City, PARTY),
    ("party.role", KeyField::Role, PARTY),
    ("party.status", KeyField::PartyStatus, PARTY),
    ("party.disconnect_reason", KeyField::DisconnectReason, PARTY),
    ("source", KeyField::Source, BOTH),
];

/// The kinds of notification that have this field.
pub(in crate::rules) fn kinds_with(field: KeyField) -> Kinds {
    FIELDS
        .iter()
        .find(|(_, known, _)| *known == field)
        .map_or(Kinds::NONE, |(_, _, kinds)| *kinds)
}

/// Every field, for what reads a key that is in doubt.
pub(super) fn any() -> Key {
    Key {
        fields: FIELDS.iter().map(|(_, field, _)| *field).collect(),
    }
}

/// The key of a rule: as written, or the meeting, and for a state that reads `party` the participant as well. The condition is `None`
/// where that has mistakes of its own.
pub(super) fn key(text: &RuleText, condition: Option<&Condition>, findings: &mut Findings<'_>) -> Option<Key> {
    let Some(written) = &text.key else {
        let condition = condition?;
        let key = default(condition);
        check_default(text, condition, &key, findings);
        check_distinct(text, condition, &key, findings);
        return Some(key);
    };
    let fields = fields(&written.value, findings)?;
    let condition = condition?;
    match condition {
        Condition::Held { condition, .. } => check_held(&fields, condition, written.span, findings),
        _ => {
            let kinds = condition.required().into_iter().map(Kinds::of);
            kinds
                .take_while(|kinds| check_event(&fields, *kinds, findings))
                .for_each(drop);
        }
    }
    let key = Key {
        fields: fields.into_iter().map(|(field, _)| field).collect(),
    };
    check_distinct(text, condition, &key, findings);
    Some(key)
}

/// The fields of those names, each with its place; `None` if there is a mistake in them.
fn fields(written: &[Spanned<String>], findings: &mut Findings<'_>) -> Option<Vec<(KeyField, Span)>> {
    let mut fields: Vec<(KeyField, Span)> = Vec::new();
    for name in written {
        let Some(field) = field(name, "a key cannot be made of", findings) else {
            continue;
        };
        match fields.iter().find(|(earlier, _)| earlier.name() == field.name()) {
            Some((_, first)) => {
                let (first, source) = (*first, findings.source());
                let error = findings.error(name.span, format!("a second part of the key named `{}`", field.name()));
                error
                    .other(source, first, "first here")
                    .advise("a key's parts have different names");
            }
            None => fields.push((field, name.span)),
        }
    }
    (fields.len() == written.len()).then_some(fields)
}

fn default(condition: &Condition) -> Key {
    let participant = match condition {
        Condition::Each { .. } | Condition::Count(_) | Condition::Ratio(_) | Condition::Quiet(_) => None,
        Condition::Held { .. } | Condition::Expected(_) | Condition::Sequence(_) => condition
            .required()
            .first()
            .filter(|first| first.reads().party)
            .map(|_| KeyField::PartyId),
    };
    Key {
        fields: [KeyField::BillingCode].into_iter().chain(participant).collect(),
    }
}

/// The field of that name; if there is none, the message begins with why one is looked for.
pub(in crate::rules) fn field(name: &Spanned<String>, why: &str, findings: &mut Findings<'_>) -> Option<KeyField> {
    if let Some((_, field, _)) = FIELDS.iter().find(|(written, ..)| *written == name.value) {
        return Some(*field);
    }
    let names = FIELDS.map(|(written, ..)| written);
    let by_last_part = names
        .iter()
        .find(|known| known.rsplit('.').next() == Some(name.value.as_str()))
        .copied();
    let error = findings.error(name.span, format!("{why} `{}`", name.value));
    error.advise(match by_last_part.or_else(|| nearest(&name.value, names)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the fields are {}", listed(&names)),
    });
    None
}

/// Every part of the key is there in some notification that the condition can be true of; false if not.
fn check_event(fields: &[(KeyField, Span)], condition: Kinds, findings: &mut Findings<'_>) -> bool {
    let mut left = condition;
    for (field, span) in fields {
        let kinds = kinds_with(*field);
        if left != Kinds::NONE && left.and(kinds) == Kinds::NONE {
            let kind = if left.conf { "conf" } else { "party" };
            let message = match condition.and(kinds) {
                Kinds::NONE => format!("never there: the condition holds for {kind} notifications only"),
                _ => format!("never there: what stands before it is of {kind} notifications only"),
            };
            findings
                .error(*span, message)
                .advise("leave it out, or the rule can never fire");
            return false;
        }
        left = left.and(kinds);
    }
    true
}

/// The first step of a sequence may be of a participant, and another one not.
fn check_default(text: &RuleText, condition: &Condition, key: &Key, findings: &mut Findings<'_>) {
    let lacks = |step: &Expr| Kinds::of(step) == CONF;
    if let Condition::Sequence(sequence) = condition
        && key.names_participant()
        && sequence.steps.iter().any(lacks)
        && let Some(place) = text.condition.value_place_of("sequence")
    {
        let error = findings.error(place, "one of these steps is not a participant's, as the first one is");
        error.advise("say what one alert is about: `key: [party.billing_code]` is the meeting");
    }
}

/// What is one and the same in all that an alert is about does not vary.
fn check_distinct(text: &RuleText, condition: &Condition, key: &Key, findings: &mut Findings<'_>) {
    if let Condition::Count(Count {
        distinct: Some(varied), ..
    }) = condition
        && key.fields.contains(&varied.of)
        && varied.at_least > 1
        && let Some(place) = text.condition.place_of("count")
    {
        let name = varied.of.name();
        let error = findings.error(
            place,
            format!("one alert is about one `{name}`: there is never a second"),
        );
        error.advise(format!("leave `{name}` out of the key, or `distinct` out of the count"));
    }
}

/// A state belongs to a meeting or to a participant of one.
fn check_held(fields: &[(KeyField, Span)], condition: &Expr, span: Span, findings: &mut Findings<'_>) {
    let has = |wanted| fields.iter().any(|(field, _)| *field == wanted);
    for (field, span) in fields {
        if ![KeyField::BillingCode, KeyField::PartyId].contains(field) {
            let error = findings.error(*span, format!("a state has no key by `{}`", field.name()));
            error.advise("it belongs to the meeting, or to the meeting and the participant");
        }
    }
    if !has(KeyField::BillingCode) {
        let error = findings.error(span, "the key of a state names the meeting");
        error.advise("add `party.billing_code`");
    }
    if condition.reads().party && !has(KeyField::PartyId) {
        let error = findings.error(span, "the state is a participant's, and the key does not say whose");
        error.advise("add `party.party_id`");
    }
}
