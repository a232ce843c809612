//! Runs the tests that rule files bring along, `tests:`, against the engine on virtual time: nothing sleeps, and every alert appears at
//! its own instant. Each test is run twice, the second time with the state written to a snapshot and read back after every input, and
//! must say the same.
//!
//! The rules of a test that do not take part are not taken out: no rule changes what another one does, so it is enough not to look at
//! their alerts. Mail is absent: a test needs no receiver and no route.

mod compare;
mod script;
#[cfg(test)]
mod tests;
pub(crate) mod world;

use std::sync::Arc;

pub use compare::Failure;
pub use script::{Act, Script, ScriptStep};

use crate::{
    engine::input::Settings,
    model::{AlertEvent, AlertEventKind},
    rules::{RuleSet, RuleSource, diagnostic::Diagnostic, file::TestCase},
};
use world::World;

/// Makes the tests of rule files ready to run.
///
/// # Errors
///
/// Everything in any of them that cannot be; see [`Script::read`].
pub fn scripts(tests: &[TestCase], source: &RuleSource) -> Result<Vec<Script>, Vec<Diagnostic>> {
    let mut scripts = Vec::with_capacity(tests.len());
    let mut mistakes = Vec::new();
    for test in tests {
        match Script::read(test, source) {
            Ok(script) => scripts.push(script),
            Err(found) => mistakes.extend(found),
        }
    }
    if mistakes.is_empty() {
        Ok(scripts)
    } else {
        Err(mistakes)
    }
}

/// Runs one test of a rule set.
///
/// # Errors
///
/// Something else happened than the test expects: the first difference, with all that happened around it.
pub fn run(rules: &Arc<RuleSet>, script: &Script) -> Result<(), Box<Failure>> {
    let happened = play(script, World::new(script.start, Settings::default(), rules));
    compare::with_expected(&rules.source, script, &happened)?;
    let restored = World::new(script.start, Settings::default(), rules).restored_after_every_input();
    compare::with_restored(&rules.source, script, &happened, &play(script, restored))
}

/// The alert events that a test is about, in their order.
fn play(script: &Script, mut world: World) -> Vec<AlertEvent> {
    world.play(script);
    let is_looked_at =
        |event: &&AlertEvent| event.kind != AlertEventKind::Updated && script.takes_part(&event.alert.rule);
    world.events().filter(is_looked_at).cloned().collect()
}
