//! The canonical text of an expression: operators before their operands, `define`s put in. It outlives a change of the compiled form, so
//! that a new version of the service still knows a rule whose text has not changed.

use std::fmt;

use super::{
    defines::Defines,
    syntax::{Kind, Node, Operator},
};

/// The text of an expression that the checker has passed, and so bounded.
pub(super) fn canonical(node: &Node, defines: &Defines) -> String {
    Canonical(node, defines).to_string()
}

struct Canonical<'a>(&'a Node, &'a Defines);

impl fmt::Display for Canonical<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(node, defines) = self;
        match &node.kind {
            Kind::Null => return f.write_str("null"),
            Kind::Bool(value) => return value.fmt(f),
            Kind::Int(value) => return value.fmt(f),
            Kind::Text(text) => return write!(f, "{text:?}"),
            Kind::Name(name) => {
                return match defines.body(name) {
                    Some(body) => Canonical(body, defines).fmt(f),
                    None => f.write_str(name),
                };
            }
            // A receiver is only another place for the first argument.
            Kind::Call(call) => f.write_str(&call.name)?,
            Kind::Field(_, name) => write!(f, ".{name}")?,
            Kind::Element(_) => f.write_str("[]")?,
            Kind::List(_) => f.write_str("list")?,
            Kind::Not(_) => f.write_str("!")?,
            Kind::Negate(_) => f.write_str("-")?,
            Kind::All(_) => f.write_str("&&")?,
            Kind::Any(_) => f.write_str("||")?,
            Kind::Binary(operator, _) => f.write_str(operator.symbol())?,
            Kind::Choice(_) => f.write_str("?")?,
        }
        let mut children: Vec<String> = node.kind.children().map(|child| canonical(child, defines)).collect();
        // Which side is which makes no difference.
        if let Kind::Binary(Operator::Equal | Operator::NotEqual, _) = node.kind {
            children.sort_unstable();
        }
        write!(f, "({})", children.join(" "))
    }
}
