//! The parts that must all hold if an expression is to hold. Those that many rules share the index weighs once for all of them.

use super::{Codes, Expr, tree::Bool};
use crate::rules::facts::Facts;

/// A part that must hold if an expression is to hold.
#[derive(Debug, Clone)]
pub struct Guard(Bool);

impl Expr {
    /// Its guards; itself, if it has no `&&`.
    pub fn guards(&self) -> Vec<Guard> {
        let mut guards = Vec::new();
        collect(&self.condition, &mut guards);
        guards
    }
}

fn collect(bool: &Bool, guards: &mut Vec<Guard>) {
    match bool {
        Bool::All(parts) => parts.iter().for_each(|part| collect(part, guards)),
        part => guards.push(Guard(part.clone())),
    }
}

impl Guard {
    /// Whether it certainly holds.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.0.decide(facts) == Some(true)
    }

    /// Whether it holds for every notification with these codes. A "no" need not be certain.
    pub fn always_holds(&self, codes: &Codes) -> bool {
        codes.always_hold(&self.0)
    }

    /// A text that is the same for guards that mean the same; those that spell it differently may have others.
    pub fn spelling(&self) -> String {
        format!("{:?}", self.0)
    }
}
