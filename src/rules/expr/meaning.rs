//! The canonical text of an expression: operators before their operands, `define`s put in. It outlives a change of the compiled form, so
//! that a new version of the service still knows a rule whose text has not changed.

use std::fmt::{self, Write};

use super::{
    defines::Defines,
    syntax::{Kind, Node},
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
        f.write_char('(')?;
        for (i, child) in node.kind.children().enumerate() {
            if i > 0 {
                f.write_char(' ')?;
            }
            Canonical(child, defines).fmt(f)?;
        }
        f.write_char(')')
    }
}
