//! The language from the outside: text in, decisions and mistakes out.

mod codes;
mod conformance;
mod evaluation;
mod grammar;
mod hostile;
mod meaning;
mod mistakes;
mod scenes;
mod trace;

use super::{Defines, Expr, MAX_FILTER, MAX_RULE, Mistake, Schema};

fn compile(text: &str, schema: Schema) -> Result<Expr, Vec<Mistake>> {
    Expr::compile(text, schema, &Defines::default(), MAX_RULE)
}

/// Over notifications, and known to be right.
fn expr(text: &str) -> Expr {
    compile(text, Schema::Notification).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:#?}"))
}

fn defines(texts: &[(&str, &str)]) -> Defines {
    let (defines, mistakes) = Defines::new(texts.iter().copied());
    assert_eq!(mistakes, []);
    defines
}
