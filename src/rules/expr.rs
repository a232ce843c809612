//! The expression language (CEL): read, check, compile, evaluate.

/// A checked, compiled expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr;
