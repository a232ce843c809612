//! Runs the tests that rule files bring along, `tests:`, against the engine on virtual time: nothing sleeps, and every alert appears at
//! its own instant. Each test is run twice, the second time with the state written to a snapshot and read back after every input, and
//! must say the same.
//!
//! The rules of a test that do not take part are not taken out: no rule changes what another one does, so it is enough not to look at
//! their alerts. A test needs no receiver and no route: what is unrouted is simply not mailed. Mail servers are absent, too: here they
//! take everything at once, but for the times for which a test says that they are down.

mod compare;
mod coverage;
mod mail;
mod saw;
mod script;
#[cfg(test)]
mod tests;
mod timeline;
pub(crate) mod world;

use std::{error::Error, sync::Arc};

pub use compare::Failure;
pub use coverage::{Coverage, Share};
pub(crate) use script::START;
pub use script::{Act, Script, ScriptStep};

use crate::{
    engine::input::Settings,
    model::{AlertEvent, AlertEventKind},
    rules::{
        RuleSet, RuleSource, SourceFile,
        compile::{self, Compiled},
        diagnostic::{Diagnostic, Span},
    },
};
use mail::Mail;
use world::World;

/// Finds a file that a test names: that of the second name, beside the rule file of the first.
pub type Beside<'a> = &'a dyn Fn(&str, &str) -> Result<SourceFile, Box<dyn Error>>;

/// Compiles rule files and makes their tests ready to run. For rules that came without a folder (`beside` is `None`) those that name a
/// file are left out.
///
/// # Errors
///
/// All mistakes in the rules with the warnings, or else all in the tests (see [`Script::read`]) with the warnings.
pub fn prepare(
    source: &Arc<RuleSource>,
    beside: Option<Beside<'_>>,
) -> Result<(Compiled, Vec<Script>), Vec<Diagnostic>> {
    let compiled = compile::compile(source)?;
    let (mut scripts, mut mistakes) = (Vec::new(), Vec::new());
    for test in compiled.tests.iter().filter(|test| beside.is_some() || !test.reloads()) {
        match Script::read(test, &compiled.set, beside) {
            Ok(script) => scripts.push(script),
            Err(found) => mistakes.extend(found),
        }
    }
    if mistakes.is_empty() {
        Ok((compiled, scripts))
    } else {
        Err([compiled.warnings, mistakes].concat())
    }
}

/// Runs one test of a rule set.
///
/// # Errors
///
/// Something else happened than the test expects: the first difference, with all that happened around it.
pub fn run(rules: &Arc<RuleSet>, script: &Script) -> Result<(), Box<Failure>> {
    let happened = play(script, World::new(script.start, settings(), rules));
    compare::with_expected(&rules.source, script, &happened)
        .map_err(|failure| saw::by_the_rule(rules, script, failure))?;
    let restored = World::new(script.start, settings(), rules).restored_after_every_input();
    compare::with_restored(&rules.source, script, &happened, &play(script, restored))
}

/// What happened that a test is about.
#[derive(Debug, PartialEq)]
struct Happened {
    events: Vec<AlertEvent>,
    mails: Vec<Mail>,
    /// Where it acts upon an alert that is not open.
    in_vain: Vec<Span>,
}

/// Everything as in service, but mails that could not be sent are tried again to the second.
fn settings() -> Settings {
    Settings {
        retry_spread: 0,
        ..Settings::default()
    }
}

fn play(script: &Script, world: World) -> Happened {
    let time = |after| script.start.plus(after);
    let down = script.down.iter();
    let down = down.map(|down| (down.receiver.value.clone(), time(down.from), time(down.to)));
    let mut world = world.with_post(down.collect());
    world.play(script);
    Happened {
        events: looked_at(script, &world).cloned().collect(),
        mails: world.mails().filter_map(|mail| Mail::of(script, mail)).collect(),
        in_vain: world.in_vain,
    }
}

/// The alert events that a test is about, in their order.
fn looked_at<'w>(script: &Script, world: &'w World) -> impl Iterator<Item = &'w AlertEvent> {
    let is_looked_at =
        |event: &&AlertEvent| event.kind != AlertEventKind::Updated && script.takes_part(&event.alert.rule);
    world.events().filter(is_looked_at)
}
