//! `test`: runs the tests that rule files bring along, on virtual time. No server is asked.

use std::{path::PathBuf, sync::Arc};

use regex::Regex;

use super::{check, exit::Exit, failure::Failure, terminal::Terminal};
use crate::selftest;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Rule files, or folders of them; without any the rules that are built in
    paths: Vec<PathBuf>,
    /// Run only the tests whose name matches
    #[arg(long, value_name = "REGEX")]
    run: Option<Regex>,
}

pub(super) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let source = check::load(&args.paths)?;
    let (compiled, scripts) = match check::compiled(&source) {
        Ok(compiled) => compiled,
        Err(findings) => {
            check::tell(&findings, &source, terminal)?;
            return Ok(Exit::No);
        }
    };
    let rules = Arc::new(compiled.set);
    let is_asked_for = |name: &str| args.run.as_ref().is_none_or(|run| run.is_match(name));
    let (mut passed, mut failed) = (0, 0);
    for script in scripts.iter().filter(|script| is_asked_for(&script.name.value)) {
        match selftest::run(&rules, script) {
            Ok(()) => passed += 1,
            Err(failure) => {
                failed += 1;
                terminal.line(format_args!("{}\n", failure.render(&source, true)))?;
            }
        }
    }
    terminal.line(format_args!("{passed} passed, {failed} failed"))?;
    if let (Some(run), 0) = (&args.run, passed + failed) {
        terminal.note(format_args!("no test has a name that matches {run}"));
        return Ok(Exit::No);
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::No })
}
