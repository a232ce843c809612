//! Reads an expression by precedence climbing. Three caps hold *while* it reads, so that no text from outside can exhaust the stack:
//! its length, how deep it nests, how many nodes it has.

use std::ops::Range;

use super::{
    Mistake,
    lex::{Lexer, Token},
    literal,
    syntax::{Call, Kind, Node, Operator},
};

/// How deep an expression may nest, in levels of recursion and of the tree alike.
pub(super) const MAX_DEPTH: usize = 64;

/// How many nodes an expression may have; with its `define`s put in, too.
pub(super) const MAX_NODES: usize = 512;

/// Words that are never names.
const KEYWORDS: [&str; 4] = ["true", "false", "null", "in"];

/// Names that CEL keeps for itself, but for what stands after a dot.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// The tree of an expression of at most `max_len` bytes, or the first mistake in it.
pub(super) fn parse(text: &str, max_len: usize) -> Result<Node, Mistake> {
    if text.len() > max_len {
        return Err(Mistake::new(
            0..text.len(),
            format!("the expression is {} bytes long; {max_len} are allowed", text.len()),
        ));
    }
    let mut parser = Parser {
        lexer: Lexer::new(text),
        token: Token::End,
        span: 0..0,
        last_end: 0,
        depth: 0,
        nodes: 0,
    };
    parser.advance()?;
    if parser.token == Token::End {
        return Err(
            Mistake::new(0..text.len(), "the expression is empty").advise("write 'true' for every notification")
        );
    }
    let node = parser.expression()?;
    match parser.token {
        Token::End => Ok(node),
        _ => Err(parser.unexpected("the end of the expression")),
    }
}

/// Whether CEL keeps the name for itself, so that nothing else can bear it.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || KEYWORDS.contains(&name)
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The token not yet taken, and its bytes.
    token: Token<'t>,
    span: Range<usize>,
    /// Where the token taken last ends.
    last_end: usize,
    depth: usize,
    nodes: usize,
}

impl<'t> Parser<'t> {
    /// `a ? b : c`, which groups to the right.
    fn expression(&mut self) -> Result<Node, Mistake> {
        self.deeper(|parser| {
            let start = parser.span.start;
            let condition = parser.binary(1)?;
            if !parser.take("?")? {
                return Ok(condition);
            }
            let then = parser.binary(1)?;
            parser.expect(":")?;
            let otherwise = parser.expression()?;
            parser.node(start, Kind::Choice(Box::new((condition, then, otherwise))))
        })
    }

    /// Operators that bind at least as tightly as `level`; all of them group to the left.
    fn binary(&mut self, level: u8) -> Result<Node, Mistake> {
        let start = self.span.start;
        let mut left = self.unary()?;
        while let Some((infix, binds)) = self.infix()
            && binds >= level
        {
            self.advance()?;
            let right = self.binary(binds + 1)?;
            left = self.node(start, infix.join(left, right))?;
        }
        Ok(left)
    }

    fn infix(&self) -> Option<(Infix, u8)> {
        Some(match self.token {
            Token::Symbol("||") => (Infix::Any, 1),
            Token::Symbol("&&") => (Infix::All, 2),
            Token::Symbol("==") => (Infix::Operator(Operator::Equal), 3),
            Token::Symbol("!=") => (Infix::Operator(Operator::NotEqual), 3),
            Token::Symbol("<") => (Infix::Operator(Operator::Less), 3),
            Token::Symbol("<=") => (Infix::Operator(Operator::LessOrEqual), 3),
            Token::Symbol(">") => (Infix::Operator(Operator::Greater), 3),
            Token::Symbol(">=") => (Infix::Operator(Operator::GreaterOrEqual), 3),
            Token::Name("in") => (Infix::Operator(Operator::In), 3),
            Token::Symbol("+") => (Infix::Operator(Operator::Add), 4),
            Token::Symbol("-") => (Infix::Operator(Operator::Subtract), 4),
            Token::Symbol("*") => (Infix::Operator(Operator::Multiply), 5),
            Token::Symbol("/") => (Infix::Operator(Operator::Divide), 5),
            Token::Symbol("%") => (Infix::Operator(Operator::Remainder), 5),
            _ => return None,
        })
    }

    fn unary(&mut self) -> Result<Node, Mistake> {
        let start = self.span.start;
        if self.take("!")? {
            let of = self.deeper(Self::unary)?;
            return self.node(start, Kind::Not(Box::new(of)));
        }
        if self.take("-")? {
            // The sign belongs to the number: without it the lowest one would not fit.
            if let Token::Int(magnitude) = self.token {
                let value = 0_i64.checked_sub_unsigned(magnitude);
                let value = value.ok_or_else(|| literal::too_large(start, self.span.end))?;
                self.advance()?;
                return self.node(start, Kind::Int(value));
            }
            let of = self.deeper(Self::unary)?;
            return self.node(start, Kind::Negate(Box::new(of)));
        }
        self.postfix()
    }

    /// `a.b`, `a.b(c)`, `a[b]`, one after another.
    fn postfix(&mut self) -> Result<Node, Mistake> {
        let start = self.span.start;
        let mut node = self.primary()?;
        loop {
            if self.take(".")? {
                let (name, name_span) = self.name("a name after the dot", &KEYWORDS)?;
                let kind = if self.take("(")? {
                    let arguments = self.list(")")?;
                    Kind::Call(Box::new(Call {
                        name: name.into(),
                        name_span,
                        receiver: Some(node),
                        arguments,
                    }))
                } else {
                    Kind::Field(Box::new(node), name.into())
                };
                node = self.node(start, kind)?;
            } else if self.take("[")? {
                let index = self.expression()?;
                self.expect("]")?;
                node = self.node(start, Kind::Element(Box::new((node, index))))?;
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Result<Node, Mistake> {
        let start = self.span.start;
        if self.take("(")? {
            let node = self.expression()?;
            self.expect(")")?;
            return Ok(node);
        }
        if self.take("[")? {
            let parts = self.list("]")?;
            return self.node(start, Kind::List(parts));
        }
        let kind = match &mut self.token {
            Token::Int(magnitude) => match i64::try_from(*magnitude) {
                Ok(value) => Kind::Int(value),
                Err(_) => return Err(literal::too_large(start, self.span.end)),
            },
            Token::Text(text) => Kind::Text(std::mem::take(text).into()),
            Token::Name("true") => Kind::Bool(true),
            Token::Name("false") => Kind::Bool(false),
            Token::Name("null") => Kind::Null,
            Token::Name("in") => return Err(self.unexpected("a value")),
            Token::Name(_) => {
                let (name, name_span) = self.name("a name", &RESERVED)?;
                let kind = if self.take("(")? {
                    let arguments = self.list(")")?;
                    Kind::Call(Box::new(Call {
                        name: name.into(),
                        name_span,
                        receiver: None,
                        arguments,
                    }))
                } else {
                    Kind::Name(name.into())
                };
                return self.node(start, kind);
            }
            Token::Symbol(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.advance()?;
        self.node(start, kind)
    }

    /// Expressions with commas between them, up to and with the closing bracket.
    fn list(&mut self, close: &'static str) -> Result<Vec<Node>, Mistake> {
        let mut parts = Vec::new();
        while !self.take(close)? {
            parts.push(self.expression()?);
            if !self.take(",")? {
                self.expect(close)?;
                break;
            }
        }
        Ok(parts)
    }

    fn name(&mut self, wanted: &str, except: &[&str]) -> Result<(&'t str, Range<usize>), Mistake> {
        match self.token {
            Token::Name(name) if except.contains(&name) => Err(Mistake::new(
                self.span.clone(),
                format!("`{name}` is a word that CEL keeps for itself"),
            )),
            Token::Name(name) => {
                let span = self.span.clone();
                self.advance()?;
                Ok((name, span))
            }
            _ => Err(self.unexpected(wanted)),
        }
    }

    fn take(&mut self, symbol: &'static str) -> Result<bool, Mistake> {
        let there = self.token == Token::Symbol(symbol);
        if there {
            self.advance()?;
        }
        Ok(there)
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), Mistake> {
        match self.take(symbol)? {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{symbol}`"))),
        }
    }

    fn advance(&mut self) -> Result<(), Mistake> {
        self.last_end = self.span.end;
        (self.token, self.span) = self.lexer.next()?;
        Ok(())
    }

    /// A node from `start` to the token taken last.
    fn node(&mut self, start: usize, kind: Kind) -> Result<Node, Mistake> {
        let node = Node::new(start..self.last_end, kind);
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(too_large(node.span));
        }
        if node.depth > MAX_DEPTH {
            return Err(too_deep(node.span));
        }
        Ok(node)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Mistake>) -> Result<T, Mistake> {
        if self.depth == MAX_DEPTH {
            return Err(too_deep(self.span.clone()));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn unexpected(&self, wanted: &str) -> Mistake {
        let (found, advice) = match &self.token {
            Token::Symbol(".") => (
                "`.`".into(),
                Some("nothing begins with a dot: every number here is whole, and no name is in a namespace"),
            ),
            Token::Name(name) => (format!("`{name}`"), elsewhere(name)),
            Token::Symbol(",") if wanted == "`)`" => ("`,`".into(), Some("write a list in square brackets: [a, b]")),
            Token::Symbol(">") if self.lexer.read().ends_with("<>") => ("`>`".into(), Some("write !=")),
            Token::Int(value) => (format!("`{value}`"), None),
            Token::Text(_) => ("a text".into(), None),
            Token::Symbol(symbol) => (format!("`{symbol}`"), None),
            Token::End => ("the end of the expression".into(), None),
        };
        let is_negated = self.lexer.text()[..self.last_end].ends_with("not");
        let advice = advice.or(is_negated.then_some("write !(a) for not a"));
        let mistake = Mistake::new(self.span.clone(), format!("here should be {wanted}, not {found}"));
        match advice {
            Some(advice) => mistake.advise(advice),
            None => mistake,
        }
    }
}

/// What CEL writes for a word of other languages.
fn elsewhere(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "and" => "write &&",
        "or" => "write ||",
        "is" => "write == null for what is absent, or !has(a)",
        "like" | "contains" => "write a.contains('part')",
        "startswith" => "write a.startsWith('part')",
        "endswith" => "write a.endsWith('part')",
        "matches" => "write a.matches('pattern')",
        "not" => "write !(a in [b, c])",
        _ => return None,
    })
}

pub(super) fn too_large(span: Range<usize>) -> Mistake {
    Mistake::new(span, format!("the expression has more than {MAX_NODES} parts"))
}

pub(super) fn too_deep(span: Range<usize>) -> Mistake {
    Mistake::new(span, format!("the expression nests deeper than {MAX_DEPTH} levels"))
}

enum Infix {
    All,
    Any,
    Operator(Operator),
}

impl Infix {
    fn join(self, left: Node, right: Node) -> Kind {
        match (self, left.kind) {
            (Self::All, Kind::All(mut parts)) => {
                parts.push(right);
                Kind::All(parts)
            }
            (Self::Any, Kind::Any(mut parts)) => {
                parts.push(right);
                Kind::Any(parts)
            }
            (infix, kind) => {
                let left = Node { kind, ..left };
                match infix {
                    Self::All => Kind::All(vec![left, right]),
                    Self::Any => Kind::Any(vec![left, right]),
                    Self::Operator(operator) => Kind::Binary(operator, Box::new((left, right))),
                }
            }
        }
    }
}
