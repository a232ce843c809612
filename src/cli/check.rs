//! `check`: everything that is wrong or doubtful in rule files, each at its place, and whether they fit the configuration's limits. Nothing
//! is put in force, and no server is asked.

mod schedule;

use std::{path::PathBuf, sync::Arc};

use clap::ValueEnum;

use super::{exit::Exit, failure::Failure, terminal::Terminal};
use crate::{
    config::Config,
    rule_files,
    rules::{
        RuleSource, catalogue,
        compile::Compiled,
        diagnostic::{Diagnostic, Level},
    },
    selftest::{self, Script},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Rule files, or folders of them; without any the rules that are built in
    paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, short = 'o', visible_alias = "output", value_enum, default_value_t)]
    format: Format,
    /// Let a warning fail as an error does
    #[arg(long)]
    deny_warnings: bool,
    /// Also show, for each route, whom it tells and when the first mails leave
    #[arg(long, conflicts_with = "format")]
    schedule: bool,
    /// The configuration whose limits the rules have to fit; without it ./bellwether.yaml, if it is there
    #[arg(long, value_name = "FILE", env = "BELLWETHER_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// For people: the line itself, underlined
    #[default]
    #[value(alias = "table")]
    Human,
    /// For programs: a list of objects
    Json,
}

pub(super) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let limits = Config::limits(args.config.as_deref())?;
    let source = load(&args.paths)?;
    let (findings, set) = match compiled(&source) {
        Ok((compiled, _)) => {
            let misfit = compiled.set.misfit(limits.keys_per_rule, limits.keys);
            let findings = misfit.into_iter().chain(compiled.warnings).collect();
            (findings, Some(compiled.set))
        }
        Err(findings) => (findings, None),
    };
    if let Some(set) = set.filter(|_| args.schedule) {
        schedule::tell(&set, terminal)?;
    }
    match args.format {
        Format::Human => tell(&findings, &source, terminal)?,
        Format::Json => json(&findings, terminal)?,
    }
    let is_refused = |finding: &Diagnostic| finding.level == Level::Error || args.deny_warnings;
    Ok(if findings.iter().any(is_refused) {
        Exit::No
    } else {
        Exit::Done
    })
}

/// The rule files at these places, or those that are built in where there are none.
pub(super) fn load(paths: &[PathBuf]) -> Result<Arc<RuleSource>, Failure> {
    Ok(Arc::new(if paths.is_empty() {
        catalogue::source()
    } else {
        rule_files::load(paths)?
    }))
}

/// The rules with their tests, made ready to run; otherwise all that is wrong with either.
pub(super) fn compiled(source: &Arc<RuleSource>) -> Result<(Compiled, Vec<Script>), Vec<Diagnostic>> {
    selftest::prepare(
        source,
        Some(&|rule_file, name| Ok(rule_files::beside(rule_file, name)?)),
    )
}

/// Writes findings for people, and how many there are.
pub(super) fn tell(findings: &[Diagnostic], source: &RuleSource, terminal: &mut Terminal<'_>) -> std::io::Result<()> {
    for finding in findings {
        terminal.line(format_args!("{}\n", finding.render(source, true)))?;
    }
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    terminal.line(format_args!(
        "errors: {}, warnings: {}",
        count(Level::Error),
        count(Level::Warning)
    ))
}

/// Writes findings for programs.
pub(super) fn json(findings: &[Diagnostic], terminal: &mut Terminal<'_>) -> std::io::Result<()> {
    terminal.json(&serde_json::to_value(findings)?)
}

#[cfg(test)]
mod tests;
