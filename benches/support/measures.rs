//! Which measurements are asked for on the command line, and for how long.

use std::{env, time::Duration};

use super::{rounds::Rounds, table};

/// Measures one claim, and prints it.
pub type Measure = fn(Rounds);

/// Runs those that are named; nothing named: all.
pub fn run(all: &[(&str, Measure)]) {
    let args: Vec<String> = env::args().skip(1).collect();
    let number = |flag| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1)?.parse::<u32>().ok()
    };
    let rounds = Rounds {
        each: Duration::from_secs(number("--seconds").unwrap_or(2).into()),
        count: number("--rounds").unwrap_or(5) as usize,
    };
    let is_named = |name: &str| args.iter().any(|arg| arg == name);
    let none_named = !all.iter().any(|(name, _)| is_named(name));
    table::heading();
    for (name, measure) in all {
        if none_named || is_named(name) {
            measure(rounds);
        }
    }
}
