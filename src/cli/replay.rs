//! `replay`: candidate rules over what was recorded, or over a file of notifications: what would have fired, and how that differs from
//! what did. No server is asked, nothing is written, and the data folder may be in use.

mod difference;
mod file;
mod line;
mod progress;
mod recorded;
mod rehearsal;

use std::{io, path::PathBuf, time::Instant};

use serde_json::json;

use self::{
    difference::{Change, Difference, Firing},
    progress::Progress,
    rehearsal::Rehearsal,
};
use super::{check, client::Output, exit::Exit, failure::Failure, show, terminal::Terminal};
use crate::{
    model::Time,
    rules::{RuleSet, compile},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The candidate rules: a file or folder; can be given again
    #[arg(long, value_name = "PATH", required = true)]
    rules: Vec<PathBuf>,
    /// Begin at this instant, such as 2026-01-05T08:00:00Z; at the beginning of what is kept if absent
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Option<Time>,
    /// End before this instant
    #[arg(long, value_name = "TIME", value_parser = instant)]
    to: Option<Time>,
    /// The data folder with what was recorded; it may be in use
    #[arg(
        long,
        value_name = "FOLDER",
        env = "BELLWETHER_DATA",
        default_value = "bellwether-data"
    )]
    data: PathBuf,
    /// Instead of a data folder: a file of notifications, a line each, as the vendor's text or as JSON; - is standard input
    file: Option<PathBuf>,
    /// How many firings or differences are shown at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 100)]
    limit: usize,
    /// For people or for programs
    #[arg(long, short, value_enum, default_value_t, env = "BELLWETHER_OUTPUT")]
    output: Output,
}

/// What a replay came to.
struct Outcome {
    /// What would have fired, in order.
    would: Vec<Firing>,
    /// What did; `None` where nobody knows.
    did: Option<Vec<Firing>>,
    notifications: u64,
    /// From when to when, in what was replayed.
    span: Option<(Time, Time)>,
}

pub(super) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    if args.from.zip(args.to).is_some_and(|(from, to)| from >= to) {
        return Err(Failure::Usage("--to has to be later than --from"));
    }
    let source = check::load(&args.rules)?;
    let set = match compile::compile(&source) {
        Ok(compiled) => compiled.set,
        Err(findings) => {
            match args.output {
                Output::Table => check::tell(&findings, &source, terminal)?,
                Output::Json => check::json(&findings, terminal)?,
            }
            return Ok(Exit::No);
        }
    };
    // Nobody is told of what might have been.
    let set = RuleSet {
        routes: Vec::new(),
        ..set
    };
    let began = Instant::now();
    let rehearsal = Rehearsal::new(set, args.from, args.to);
    let outcome = match &args.file {
        Some(path) => file::replay(path, rehearsal, Progress::new(terminal))?,
        None => recorded::replay(&args.data, rehearsal, Progress::new(terminal))?,
    };
    let seconds = began.elapsed().as_secs_f64();
    match args.output {
        Output::Table => tell(&outcome, args.limit, terminal)?,
        Output::Json => terminal.json(&json(&outcome))?,
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = outcome.notifications as f64 / seconds / 1e6;
    let notifications = show::count(outcome.notifications, "notification");
    terminal.note(format_args!(
        "{notifications} in {seconds:.1} s, {rate:.2} million a second"
    ));
    Ok(Exit::Done)
}

fn tell(outcome: &Outcome, limit: usize, terminal: &mut Terminal<'_>) -> io::Result<()> {
    if let Some((from, to)) = outcome.span {
        terminal.line(format_args!("from {from} to {to}"))?;
    }
    let lines: Vec<String> = match &outcome.did {
        Some(did) => {
            let difference = Difference::between(did, &outcome.would);
            let mut table = show::table(["RULE", "DID FIRE", "WOULD FIRE", "BOTH"]);
            for (rule, counts) in &difference.rules {
                let counts = [counts.did, counts.would, counts.both].map(|count| count.to_string());
                table.add_row([vec![show::clean(rule)], counts.to_vec()].concat());
            }
            terminal.line(table)?;
            difference.changes.iter().map(ToString::to_string).collect()
        }
        None => outcome
            .would
            .iter()
            .map(|firing| format!("{} {}", firing.at, firing.alert))
            .collect(),
    };
    if lines.is_empty() {
        let same = if outcome.did.is_some() {
            "no difference"
        } else {
            "nothing fires"
        };
        return terminal.line(same);
    }
    for line in lines.iter().take(limit) {
        terminal.line(line)?;
    }
    match lines.len().saturating_sub(limit) {
        0 => Ok(()),
        more => terminal.line(format_args!("and {more} more; see them with --limit")),
    }
}

fn json(outcome: &Outcome) -> serde_json::Value {
    let firing = |firing: &Firing| json!({ "at": firing.at.to_string(), "rule": firing.rule, "alert": firing.alert, "id": firing.id });
    let changes = outcome.did.as_ref().map(|did| {
        let difference = Difference::between(did, &outcome.would);
        let change = |change: &Change| match change {
            Change::OnlyThen(then) => json!({ "did": firing(then), "would": null }),
            Change::OnlyNow(now) => json!({ "did": null, "would": firing(now) }),
            Change::Moved { then, now } => json!({ "did": firing(then), "would": firing(now) }),
        };
        difference.changes.iter().map(change).collect::<Vec<_>>()
    });
    json!({
        "from": outcome.span.map(|(from, _)| from.to_string()),
        "to": outcome.span.map(|(_, to)| to.to_string()),
        "notifications": outcome.notifications,
        "would": outcome.would.iter().map(firing).collect::<Vec<_>>(),
        "differences": changes,
    })
}

/// An instant on the command line.
fn instant(text: &str) -> Result<Time, &'static str> {
    let read = text.parse::<jiff::Timestamp>().ok();
    read.and_then(|timestamp| i64::try_from(timestamp.as_nanosecond()).ok())
        .map(Time::from_nanos)
        .ok_or("expected an instant such as 2026-01-05T08:00:00Z")
}

#[cfg(test)]
mod tests;
