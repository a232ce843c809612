//! `completions`, `man`, `version`: what packages and people need of the command line itself.

use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;

use super::{exit::Exit, failure::Failure, terminal::Terminal};

#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// Which shell
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(super) struct Man {
    /// Write a page for every verb into this folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(super) fn completions(
    args: &Completions,
    mut command: Command,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    // The generator panics when it cannot write; a buffer always can.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "bellwether", &mut script);
    terminal.out().write_all(&script)?;
    Ok(Exit::Done)
}

pub(super) fn man(args: &Man, command: Command, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match &args.out {
        Some(folder) => clap_mangen::generate_to(command, folder).map_err(|source| Failure::File {
            path: folder.clone(),
            source,
        })?,
        None => clap_mangen::Man::new(command).render(terminal.out())?,
    }
    Ok(Exit::Done)
}

pub(super) fn version(terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    terminal.line(concat!("bellwether ", env!("CARGO_PKG_VERSION")))?;
    Ok(Exit::Done)
}
