//! The tree of an expression as it was written: CEL's grammar, nothing of what it means.

use std::ops::Range;

use compact_str::CompactString;

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its bytes in the text, parentheses around it left out.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// How many nodes lie between it and its deepest leaf, both counted.
    pub depth: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Text(CompactString),
    Name(CompactString),
    /// `of.name`
    Field(Box<Node>, CompactString),
    /// `of[index]`
    Element(Box<(Node, Node)>),
    Call(Box<Call>),
    List(Vec<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    /// `a && b && …`: flat, so that a long chain is no deep one.
    All(Vec<Node>),
    /// `a || b || …`
    Any(Vec<Node>),
    Binary(Operator, Box<(Node, Node)>),
    /// `condition ? then : otherwise`
    Choice(Box<(Node, Node, Node)>),
}

/// `name(arguments)` or `receiver.name(arguments)`
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub name: CompactString,
    pub name_span: Range<usize>,
    pub receiver: Option<Node>,
    pub arguments: Vec<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Node {
    pub fn new(span: Range<usize>, kind: Kind) -> Self {
        let depth = 1 + kind.children().map(|child| child.depth).max().unwrap_or(0);
        Self { span, kind, depth }
    }

    /// The name, if it is no more than that.
    pub fn as_name(&self) -> Option<&CompactString> {
        match &self.kind {
            Kind::Name(name) => Some(name),
            _ => None,
        }
    }
}

impl Kind {
    pub fn children(&self) -> impl Iterator<Item = &Node> {
        let (some, more): (Vec<&Node>, &[Node]) = match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::Name(_) => (vec![], &[]),
            Self::Field(of, _) | Self::Not(of) | Self::Negate(of) => (vec![of], &[]),
            Self::Element(pair) | Self::Binary(_, pair) => (vec![&pair.0, &pair.1], &[]),
            Self::Choice(three) => (vec![&three.0, &three.1, &three.2], &[]),
            Self::Call(call) => (call.receiver.iter().collect(), &call.arguments),
            Self::List(parts) | Self::All(parts) | Self::Any(parts) => (vec![], parts),
        };
        some.into_iter().chain(more)
    }
}
