//! `test`: runs the tests that rule files bring along, on virtual time. No server is asked.

mod junit;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use regex::Regex;

use super::{check, exit::Exit, failure::Failure, terminal::Terminal};
use crate::{
    rules::{RuleSet, RuleSource, compile::Compiled},
    selftest::{self, Coverage, Script},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Rule files, or folders of them; without any the rules that are built in
    paths: Vec<PathBuf>,
    /// Run only the tests whose name matches
    #[arg(long, value_name = "REGEX")]
    run: Option<Regex>,
    /// Show which rules, and which branches of their expressions, no test reaches
    #[arg(long)]
    coverage: bool,
    /// Fail if less of the rules or of the branches is reached
    #[arg(long, value_name = "PERCENT", requires = "coverage", value_parser = clap::value_parser!(u8).range(..=100))]
    min: Option<u8>,
    /// Write what CI systems read
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// A test that was run.
struct Ran<'s> {
    script: &'s Script,
    took: Duration,
    failure: Option<Box<selftest::Failure>>,
}

pub(super) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let source = check::load(&args.paths)?;
    let (compiled, scripts) = match check::compiled(&source) {
        Ok(compiled) => compiled,
        Err(findings) => {
            if let Some(path) = &args.junit {
                junit::write(path, &junit::refused(&findings))?;
            }
            check::tell(&findings, &source, terminal)?;
            return Ok(Exit::No);
        }
    };
    let coverage = args.coverage.then(|| Coverage::new(&compiled));
    let Compiled { set, .. } = compiled;
    let rules = Arc::new(set);
    let is_asked_for = |script: &&Script| args.run.as_ref().is_none_or(|run| run.is_match(&script.name.value));
    let scripts: Vec<&Script> = scripts.iter().filter(is_asked_for).collect();

    let ran = run_all(&scripts, &rules, terminal)?;
    if let Some(path) = &args.junit {
        junit::write(path, &junit::report(&ran, &source))?;
    }
    let covered = match coverage {
        Some(coverage) => cover(coverage, &scripts, &rules, terminal)?,
        None => 100,
    };
    let failed = ran.iter().filter(|ran| ran.failure.is_some()).count();
    terminal.line(format_args!("{} passed, {failed} failed", ran.len() - failed))?;

    if let (Some(run), []) = (&args.run, ran.as_slice()) {
        terminal.note(format_args!("no test has a name that matches {run}"));
        return Ok(Exit::No);
    }
    if let Some(min) = args.min.filter(|min| covered < usize::from(*min)) {
        terminal.note(format_args!("the tests reach {covered} %, less than {min} %"));
        return Ok(Exit::No);
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::No })
}

fn run_all<'s>(
    scripts: &[&'s Script],
    rules: &Arc<RuleSet>,
    terminal: &mut Terminal<'_>,
) -> std::io::Result<Vec<Ran<'s>>> {
    let mut ran = Vec::with_capacity(scripts.len());
    for script in scripts {
        let began = Instant::now();
        let failure = selftest::run(rules, script).err();
        let took = began.elapsed();
        if let Some(failure) = &failure {
            terminal.line(format_args!("{}\n", failure.render(&rules.source, true)))?;
        }
        ran.push(Ran { script, took, failure });
    }
    Ok(ran)
}

/// Shows what the tests do not reach, and gives the lesser of the two shares in percent.
fn cover(
    mut coverage: Coverage,
    scripts: &[&Script],
    rules: &Arc<RuleSet>,
    terminal: &mut Terminal<'_>,
) -> std::io::Result<usize> {
    for script in scripts {
        coverage.add(rules, script);
    }
    let source: &RuleSource = &rules.source;
    for gap in coverage.gaps(rules) {
        terminal.line(format_args!("{}\n", gap.render(source, true)))?;
    }
    let (fired, outcomes) = (coverage.rules(), coverage.outcomes());
    terminal.line(format_args!(
        "coverage: {} of {} rules ({} %), {} of {} outcomes of their branches ({} %)",
        fired.reached,
        fired.all,
        fired.percent(),
        outcomes.reached,
        outcomes.all,
        outcomes.percent()
    ))?;
    Ok(fired.percent().min(outcomes.percent()))
}
