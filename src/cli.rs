//! The command line: what can be said, who does it, how it ends. One file a verb.

mod ack;
mod alerts;
mod backoff;
mod bar;
mod check;
mod client;
mod config;
mod deliveries;
mod demo;
mod each;
mod exit;
mod explain;
mod failure;
mod filter;
mod health;
mod ids;
mod json;
mod manual;
mod meetings;
mod pages;
mod receivers;
mod replay;
mod resolve;
mod routes;
mod rules;
mod schema;
mod send;
mod serve;
mod show;
mod silence;
mod terminal;
mod test;
#[cfg(test)]
mod testing;
mod watch;

use std::{env, ffi::OsString, process::ExitCode, time::Duration};

use clap::{
    CommandFactory as _, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};

pub use self::{exit::Exit, failure::Failure, terminal::Terminal};

/// An alerting service for conference calls
#[derive(Debug, Parser)]
#[command(name = "bellwether", version, propagate_version = true, after_help = exit::HELP, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service
    Serve(Box<serve::Args>),
    /// See it work: an hour of a conferencing bridge, in seconds
    Demo(demo::Args),
    /// Send notifications, from files, standard input or flags
    Send(Box<send::Args>),
    /// Follow alerts as they happen; resumes by itself
    Watch(watch::Args),
    /// List alerts, or show one
    Alerts(alerts::Args),
    /// Take alerts on, so that they are neither repeated nor escalated
    Ack(ack::Args),
    /// End alerts
    Resolve(resolve::Args),
    /// Hold the mail of some alerts back for a time
    Silence(silence::Args),
    /// List how mails fared, attempt by attempt
    Deliveries(deliveries::Args),
    /// Tell where an alert would go, and why
    Routes(routes::Args),
    /// List receivers, or try whether mail reaches one
    Receivers(receivers::Args),
    /// List the open meetings, or show one
    Meetings(meetings::Args),
    /// List the rules in force, or have them read anew
    Rules(rules::Args),
    /// Find what is wrong or doubtful in rule files
    Check(check::Args),
    /// Run the tests of rule files
    Test(test::Args),
    /// Tell why an alert fired, or why a rule did not
    Explain(explain::Args),
    /// Try rules on what was recorded, or on a file of notifications
    Replay(Box<replay::Args>),
    /// Print the JSON Schema of rule files, for editors
    Schema,
    /// Print the configuration in force, as YAML
    Config(config::Args),
    /// Ask whether a server serves
    Health(health::Args),
    /// Print completions for a shell
    Completions(manual::Completions),
    /// Print the manual page, or write one for each verb
    Man(manual::Man),
    /// Print the version
    Version,
}

/// Runs what the process was asked to, and says how it ended.
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| with_usage_of_help(error, env::args_os()).exit());
    let mut out = anstream::stdout();
    let mut err = anstream::stderr();
    let mut terminal = Terminal::new(&mut out, &mut err);
    let ended = cli.command.run(&mut terminal);
    let exit = ended.unwrap_or_else(|failure| {
        if let Some(text) = failure.told() {
            terminal.note(format_args!("error: {text}"));
        }
        failure.exit()
    });
    exit.into()
}

/// A mistake on the command line with the usage that `--help` shows. clap's own has in it whatever the environment gives, such as the server,
/// as if it had to be written.
fn with_usage_of_help(mut error: clap::Error, args: impl IntoIterator<Item = OsString>) -> clap::Error {
    if error.get(ContextKind::Usage).is_some() {
        let mut verb = Cli::command();
        verb.build();
        let mut names = args.into_iter().skip(1);
        while let Some(inner) = names.next().and_then(|name| verb.find_subcommand(name).cloned()) {
            verb = inner;
        }
        error.insert(ContextKind::Usage, ContextValue::StyledStr(verb.render_usage()));
    }
    error
}

impl Command {
    fn run(self, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Serve(args) => wait(serve::run(*args)),
            Self::Demo(args) => wait(demo::run(args, terminal)),
            Self::Send(args) => wait(send::run(*args, terminal)),
            Self::Watch(args) => wait(watch::run(args, terminal)),
            Self::Alerts(args) => wait(alerts::run(args, terminal)),
            Self::Ack(args) => wait(ack::run(args, terminal)),
            Self::Resolve(args) => wait(resolve::run(args, terminal)),
            Self::Silence(args) => wait(silence::run(args, terminal)),
            Self::Deliveries(args) => wait(deliveries::run(args, terminal)),
            Self::Routes(args) => wait(routes::run(args, terminal)),
            Self::Receivers(args) => wait(receivers::run(args, terminal)),
            Self::Meetings(args) => wait(meetings::run(args, terminal)),
            Self::Rules(args) => wait(rules::run(args, terminal)),
            Self::Check(args) => check::run(&args, terminal),
            Self::Test(args) => test::run(&args, terminal),
            Self::Explain(args) => wait(explain::run(args, terminal)),
            Self::Replay(args) => replay::run(&args, terminal),
            Self::Schema => schema::run(terminal),
            Self::Config(args) => config::run(&args, terminal),
            Self::Health(args) => wait(health::run(args, terminal)),
            Self::Completions(args) => manual::completions(&args, Cli::command(), terminal),
            Self::Man(args) => manual::man(&args, Cli::command(), terminal),
            Self::Version => manual::version(terminal),
        }
    }
}

/// How long work on the disk that is still under way may hold up the end of the process.
const LINGER: Duration = Duration::from_secs(1);

fn wait(verb: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let ended = runtime.block_on(verb);
    runtime.shutdown_timeout(LINGER);
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_and_flag_is_explained() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{} {}", command.get_name(), arg.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
