//! `config`: prints what is in force.

use super::{exit::Exit, failure::Failure, terminal::Terminal};
use crate::config::{Config, Flags};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let yaml = Config::load(&args.flags)?.to_yaml()?;
    terminal.out().write_all(yaml.as_bytes())?;
    Ok(Exit::Done)
}
