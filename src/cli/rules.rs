//! `rules`: those in force; `rules reload` has the files read anew.

use std::io;

use clap::Subcommand;
use serde_json::Value;

use super::{
    client::{Client, Output},
    exit::Exit,
    failure::Failure,
    json, show,
    terminal::Terminal,
};
use crate::api::{self, rule_service_client::RuleServiceClient};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    act: Option<Act>,
    #[command(flatten)]
    client: Client,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Read the rule files anew and put them in force, all or nothing
    Reload {
        #[command(flatten)]
        client: Client,
    },
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match args.act {
        None => list(&args.client, terminal).await,
        Some(Act::Reload { client }) => reload(&client, terminal).await,
    }
}

async fn list(client: &Client, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut service = RuleServiceClient::new(client.connect().await?);
    let listed = service.list_rules(api::ListRulesRequest {}).await?.into_inner();
    match client.output {
        Output::Table => {
            overview(&listed.rules, terminal)?;
            let since = show::time(listed.loaded_at.as_ref());
            tell_changes(&format!("in force since {since}"), &listed.changes, terminal)?;
        }
        Output::Json => terminal.json(&listed.rules.iter().map(json::rule).collect::<Value>())?,
    }
    Ok(Exit::Done)
}

fn overview(rules: &[api::Rule], terminal: &mut Terminal<'_>) -> io::Result<()> {
    let mut table = show::table([
        "RULE",
        "SEVERITY",
        "OPEN",
        "PENDING",
        "KEYS",
        "MATCHED",
        "FIRED",
        "KEYLESS",
        "LAST FIRED",
        "PLACE",
    ]);
    for rule in rules {
        let place = format!("{}:{}", show::clean(&rule.file), rule.line);
        table.add_row([
            show::clean(&rule.name),
            show::severity(rule.severity).to_owned(),
            rule.open_alerts.to_string(),
            rule.pending.to_string(),
            match rule.evicted {
                0 => rule.keys.to_string(),
                evicted => format!("{} ({evicted} evicted)", rule.keys),
            },
            rule.matched.to_string(),
            rule.fired.to_string(),
            rule.keyless.to_string(),
            show::time(rule.last_fired_at.as_ref()),
            match rule.sight() {
                api::rule::Sight::SwitchedOff => format!("{place} (switched off)"),
                api::rule::Sight::OffSchedule => format!("{place} (off schedule)"),
                api::rule::Sight::Failed => format!("{place} (set aside: the service failed on it)"),
                api::rule::Sight::Sees | api::rule::Sight::Unspecified => place,
            },
        ]);
    }
    terminal.line(table)
}

async fn reload(client: &Client, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut service = RuleServiceClient::new(client.connect().await?);
    let answer = service.reload_rules(api::ReloadRulesRequest {}).await?.into_inner();
    match client.output {
        Output::Table => tell(&answer, terminal)?,
        Output::Json => terminal.json(&json::reload(&answer))?,
    }
    Ok(if answer.applied { Exit::Done } else { Exit::No })
}

fn tell(answer: &api::ReloadRulesResponse, terminal: &mut Terminal<'_>) -> io::Result<()> {
    for diagnostic in &answer.diagnostics {
        // Rendered over several lines by the server: each is cleaned by itself.
        for line in diagnostic.rendered.lines() {
            terminal.line(show::clean(line))?;
        }
    }
    if !answer.applied {
        return terminal.line("not applied: the rules before stay in force");
    }
    tell_changes("in force", &answer.rules, terminal)
}

/// Names the rules that were changed, and those that were kept with something to keep.
fn tell_changes(head: &str, changes: &[api::RuleChange], terminal: &mut Terminal<'_>) -> io::Result<()> {
    let is_kept = |change: &&api::RuleChange| change.fate() == api::rule_change::Fate::Kept;
    let kept = changes.iter().filter(is_kept).count();
    terminal.line(format_args!(
        "{head}; {kept} of {} rules kept all their state",
        changes.len()
    ))?;
    for change in changes
        .iter()
        .filter(|change| !is_kept(change) || change.alerts + change.timers > 0)
    {
        terminal.line(format_args!(
            "{:<8} {}, which had {} open and {} running",
            show::fate(change.fate),
            show::clean(&change.name),
            show::count(change.alerts, "alert"),
            show::count(change.timers, "clock"),
        ))?;
    }
    Ok(())
}
