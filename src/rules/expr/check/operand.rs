//! Parts that meet others: the two sides of an operator, the elements of a list.

use std::ops::Range;

use super::{Checker, Value};
use crate::rules::expr::{
    syntax::{Kind, Node},
    tree::{Number, Text},
    vocabulary::Type,
};

/// A compiled part as its neighbours and messages need it; the text of the `define` that it is from may be out of sight by then.
#[derive(Debug, Clone)]
pub(super) struct Operand {
    pub value: Value,
    /// Its text, shortened.
    pub source: String,
    /// Where it, or the `define` that it is from, stands in the expression.
    pub span: Range<usize>,
    /// What it counts against the cap each time it is put in.
    pub nodes: usize,
}

impl Operand {
    pub fn kind(&self) -> Type {
        self.value.kind()
    }

    pub fn is_constant(&self) -> bool {
        matches!(
            self.value,
            Value::Number(Number::Const(_), _) | Value::Text(Text::Const(_))
        )
    }
}

impl Checker<'_> {
    /// The elements of a list literal, or of a `define` of one.
    pub(super) fn list(&mut self, node: &Node) -> Option<Vec<Operand>> {
        self.count(1, &node.span)?;
        if let Some((name, define)) = node.as_name().and_then(|name| self.defines.get(name)) {
            return self.put_in(name, define, node, |checker, body| checker.list(body));
        }
        let Kind::List(parts) = &node.kind else {
            self.not_a_list(node);
            return None;
        };
        let elements: Vec<Option<Operand>> = parts.iter().map(|part| self.list_element(part)).collect();
        elements.into_iter().collect()
    }

    fn list_element(&mut self, node: &Node) -> Option<Operand> {
        let element = self.operand(node)?;
        if matches!(element.value, Value::Null) {
            self.mistake(node, "null is in no list");
            return None;
        }
        Some(element)
    }

    pub(super) fn operand(&mut self, node: &Node) -> Option<Operand> {
        let before = self.nodes;
        let value = self.value(node)?;
        Some(Operand {
            value,
            source: self.source(node),
            span: self.place(&node.span),
            nodes: self.nodes - before,
        })
    }
}
