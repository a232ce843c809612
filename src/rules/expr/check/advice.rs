//! What to tell somebody whose expression does not compile: what is wrong, in their words, and what to write instead.

use std::ops::Range;

use super::{Checker, Mistake, Operand, Value};
use crate::rules::expr::{
    Schema,
    suggest::nearest,
    syntax::{Kind, Node},
    tree::{Arithmetic, Number, Text},
    vocabulary::{Field, Type},
};

impl Checker<'_> {
    pub(super) fn not_a_condition(&mut self, node: &Node, value: &Value) {
        let source = self.source(node);
        let mistake = Mistake::new(
            node.span.clone(),
            format!("`{source}` is {}, not a condition", value.kind()),
        );
        let advice = match value {
            Value::Text(Text::Field(_) | Text::Entry(..)) => Some(format!("write has({source}), or compare it")),
            Value::Number(Number::Const(_), kind) => {
                self.field_of(*kind).map(|field| format!("write {field} == {source}"))
            }
            Value::Number(_, Type::Int) => Some(format!("compare it: {source} > 0")),
            Value::Number(_, kind) => self
                .constants_of(*kind)
                .first()
                .map(|code| format!("compare it: {source} == {code}")),
            Value::Bool(_) | Value::Text(_) | Value::Null => None,
        };
        self.report(with(mistake, advice));
    }

    pub(super) fn unknown_name(&mut self, node: &Node, name: &str) {
        let mistake = Mistake::new(node.span.clone(), format!("there is no `{name}` here"));
        if name == "now" {
            let advice =
                "an expression is weighed when something is heard: what changes by the mere passing of time is a `for`";
            return self.report(mistake.advise(advice));
        }
        if let Some((_, fields)) = self.schema.groups().iter().find(|(group, _)| *group == name) {
            let example = fields.first().map_or("", |(field, _)| field);
            let mistake = Mistake::new(node.span.clone(), format!("`{name}` is no value by itself"));
            return self.report(mistake.advise(format!("name a part of it: {name}.{example}")));
        }
        if self.schema.maps().iter().any(|(map, _)| *map == name) {
            let mistake = Mistake::new(node.span.clone(), format!("`{name}` is no value by itself"));
            return self.report(mistake.advise(format!("name an entry of it: {name}.team")));
        }
        let advice = self.other_schema(name).or_else(|| self.full_names(name)).or_else(|| {
            let names = self.names();
            nearest(name, names.iter().map(String::as_str)).map(|near| format!("did you mean {near}?"))
        });
        self.report(with(mistake, advice));
    }

    pub(super) fn unknown_field(&mut self, node: &Node, of: &Node, name: &str, fields: &[(&'static str, Field)]) {
        let group = self.source(of);
        let message = format!("`{group}` has no `{name}`");
        // The name is the last thing in the node.
        let mistake = Mistake::new(node.span.end - name.len()..node.span.end, message);
        let near = nearest(name, fields.iter().map(|(field, _)| *field)).map(|near| format!("{group}.{near}"));
        let elsewhere = || self.groups_with(name).next();
        self.report(with(
            mistake,
            near.or_else(elsewhere).map(|meant| format!("did you mean {meant}?")),
        ));
    }

    /// Tells that a `while` cannot read this, if it is a field of a notification in one.
    pub(super) fn not_a_state(&mut self, node: &Node, compared_with: Option<&Node>) -> bool {
        if self.schema != Schema::State {
            return false;
        }
        let (name, advice) = match &node.kind {
            Kind::Name(name) => (name.to_string(), instead_of(name)),
            Kind::Field(of, field) => {
                let Some(group) = of.as_name() else { return false };
                let advice = match (group.as_str(), field.as_str()) {
                    ("conf", "status") => compared_with.and_then(Node::as_name).and_then(|code| instead(code)),
                    ("conf", "billing_code") => Some("write meeting.billing_code".into()),
                    ("previous", _) => Some("use `sequence`, or `when` with `previous`".into()),
                    _ => None,
                };
                let among = || "write meeting.live, meeting.ended, meeting.recording or meeting.muted_all".into();
                (
                    format!("{group}.{field}"),
                    refused(group).then(|| advice.unwrap_or_else(among)),
                )
            }
            _ => return false,
        };
        let Some(advice) = advice else { return false };
        let message = format!("a `while` watches a state; `{name}` is of one notification");
        self.report(Mistake::new(node.span.clone(), message).advise(advice));
        true
    }

    pub(super) fn not_a_list(&mut self, node: &Node) {
        let source = self.source(node);
        let advice = match self.schema.maps().iter().any(|(map, _)| *map == source) {
            true => format!("ask for an entry: has({source}.team)"),
            false => "write a list: [a, b]".into(),
        };
        self.report(Mistake::new(node.span.clone(), format!("`{source}` is not a list")).advise(advice));
    }

    pub(super) fn mismatch(&mut self, span: &Range<usize>, left: &Operand, right: &Operand) {
        let message = format!(
            "`{}` is {}, `{}` is {}",
            left.source,
            left.kind(),
            right.source,
            right.kind()
        );
        let (span, advice) = match (self.to_compare(left, right), self.to_compare(right, left)) {
            (Some(advice), _) => (right.span.clone(), Some(advice)),
            (None, Some(advice)) => (left.span.clone(), Some(advice)),
            (None, None) => (span.clone(), None),
        };
        self.report(with(Mistake::new(span, message), advice));
    }

    /// What to write in place of `wrong`, which is compared with `right`.
    fn to_compare(&self, right: &Operand, wrong: &Operand) -> Option<String> {
        match (right.kind(), &wrong.value) {
            (Type::Text, Value::Number(Number::Const(number), Type::Int)) => Some(format!("write '{number}'")),
            (Type::Text, Value::Number(Number::Const(_), _)) if self.schema == Schema::Alert => {
                Some(format!("write '{}'", wrong.source))
            }
            (Type::Timestamp, Value::Text(Text::Const(text))) => Some(format!("write timestamp('{text}')")),
            (Type::Duration, Value::Text(Text::Const(text))) => Some(format!("write duration('{text}')")),
            (Type::Duration, Value::Number(Number::Const(number), Type::Int)) => {
                Some(format!("write duration('{number}s')"))
            }
            (Type::Timestamp, Value::Number(_, Type::Duration)) => Some("subtract two times to get a duration".into()),
            (Type::Bool, Value::Number(Number::Const(_), _)) => Some(format!("write {0} or !({0})", right.source)),
            (kind @ (Type::Severity | Type::State), Value::Number(Number::Const(_), _)) => {
                Some(format!("write one of {}", self.constants_of(kind).join(", ")))
            }
            (Type::Int, Value::Text(Text::Const(text))) if text.parse::<i64>().is_ok() => Some(format!("write {text}")),
            (kind, Value::Text(Text::Const(text))) => {
                nearest(text, self.constants_of(kind)).map(|name| format!("write {name}, without quotes"))
            }
            (kind, Value::Number(Number::Const(_), other)) if kind.is_code() && other.is_code() => self
                .field_of(*other)
                .map(|field| format!("compare {} with {field}", wrong.source)),
            _ => None,
        }
    }

    pub(super) fn not_arithmetic(&mut self, node: &Node, with_: Arithmetic, left: &Operand, right: &Operand) {
        let symbol = match with_ {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
        };
        let (a, b) = (left.kind(), right.kind());
        let message = format!(
            "`{symbol}` does not go between `{}`, {a}, and `{}`, {b}",
            left.source, right.source
        );
        let advice = match (a, b) {
            (Type::Text, Type::Text) => Some("joining of texts is left out: an expression takes no memory".into()),
            _ if a.is_code() || b.is_code() => Some("a code is a name, not a quantity".into()),
            (Type::Timestamp | Type::Duration, Type::Int) => Some(format!("write duration('{}s')", right.source)),
            _ => None,
        };
        self.report(with(Mistake::new(node.span.clone(), message), advice));
    }

    fn constants_of(&self, kind: Type) -> Vec<&'static str> {
        let constants = self.schema.constants().filter(|(_, other, _)| *other == kind);
        constants.map(|(name, ..)| name).collect()
    }

    /// The first field of that type, in full.
    fn field_of(&self, kind: Type) -> Option<String> {
        let is_of_kind = |field: &Field| matches!(field, Field::Number(_, other) if *other == kind);
        let alone = self
            .schema
            .fields()
            .iter()
            .map(|(name, field)| (String::from(*name), field));
        let grouped = self.schema.groups().iter().flat_map(|(group, fields)| {
            fields
                .iter()
                .map(move |(name, field)| (format!("{group}.{name}"), field))
        });
        alone
            .chain(grouped)
            .find(|(_, field)| kind != Type::Int && is_of_kind(field))
            .map(|(name, _)| name)
    }

    /// Every field of that name, in full; those of `previous` are also of what is at hand.
    fn groups_with(&self, field: &str) -> impl Iterator<Item = String> {
        self.schema
            .groups()
            .iter()
            .filter(move |(group, fields)| {
                *group != "previous"
                    && !(self.schema == Schema::State && refused(group))
                    && fields.iter().any(|(name, _)| *name == field)
            })
            .map(move |(group, _)| format!("{group}.{field}"))
    }

    fn full_names(&self, field: &str) -> Option<String> {
        let names: Vec<String> = self.groups_with(field).collect();
        match names.as_slice() {
            [] => None,
            names => Some(format!("did you mean {}?", names.join(" or "))),
        }
    }

    /// Advice for a name that means something elsewhere.
    fn other_schema(&self, name: &str) -> Option<String> {
        let other = match self.schema {
            Schema::Notification | Schema::State => Schema::Alert,
            Schema::Alert => Schema::Notification,
        };
        match (self.schema, other.constant(name)) {
            (Schema::Alert, Some(_)) => Some(format!("in an alert's key, codes are text: write '{name}'")),
            (_, Some(_)) => Some("only a filter over alerts knows it".into()),
            _ if other.fields().iter().any(|(field, _)| *field == name)
                || other.groups().iter().any(|(group, _)| *group == name)
                || other.maps().iter().any(|(map, _)| *map == name) =>
            {
                Some(match self.schema {
                    Schema::Alert => "a filter over alerts sees the alert alone: write key.… or labels.…".into(),
                    Schema::Notification | Schema::State => "only a filter over alerts knows it".into(),
                })
            }
            _ => None,
        }
    }

    /// Every name that can stand alone or before a dot.
    fn names(&self) -> Vec<String> {
        let fields = self.schema.fields().iter().map(|(name, _)| *name);
        let groups = self.schema.groups().iter().map(|(name, _)| *name);
        let maps = self.schema.maps().iter().map(|(name, _)| *name);
        let constants = self.schema.constants().map(|(name, ..)| name);
        let defines = self.defines.names().map(|name| name.as_str());
        let locals = self.locals.iter().map(|local| local.name.as_str());
        fields
            .chain(groups)
            .chain(maps)
            .chain(constants)
            .chain(defines)
            .chain(locals)
            .map(String::from)
            .collect()
    }
}

fn refused(group: &str) -> bool {
    matches!(group, "conf" | "previous")
}

/// What a `while` has in place of what stands alone and is of one notification.
fn instead_of(name: &str) -> Option<String> {
    Some(match name {
        "occurred_at" | "received_at" => {
            "say how long with `for`, and at what time of day with `during`: a state is not weighed when time passes"
                .into()
        }
        "source" => "use `when`, `sequence` or `after`: they see notifications".into(),
        _ => return None,
    })
}

/// The state that a code of a conference leaves behind.
fn instead(code: &str) -> Option<String> {
    Some(match code {
        "MEETING_START" => "write meeting.live".into(),
        "MEETING_END" => "write meeting.ended".into(),
        "RECORDING_OPENING" | "RECORDED" | "NOT_RECORDED" | "RECORDING_PAUSED" => {
            format!("write meeting.recording == {code}")
        }
        "MUTED_ALL" => "write meeting.muted_all".into(),
        "UNMUTED_ALL" => "write !meeting.muted_all".into(),
        _ => return None,
    })
}

fn with(mistake: Mistake, advice: Option<String>) -> Mistake {
    Mistake { advice, ..mistake }
}
