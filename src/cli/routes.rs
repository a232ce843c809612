//! `routes test`: where an alert would go, when, and why. Nothing is sent.

use std::io;

use clap::Subcommand;

use super::{
    client::{Client, Output, instant, pair},
    exit::Exit,
    failure::Failure,
    json, show,
    terminal::Terminal,
};
use crate::{
    api::{self, rule_service_client::RuleServiceClient},
    grpc::to_proto::timestamp,
    model::Time,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Tell where an alert would go, when, and why
    Test(Box<Test>),
}

#[derive(Debug, clap::Args)]
struct Test {
    /// The alert's rule; one in force gives its severity and labels
    #[arg(long, value_name = "NAME", default_value = "")]
    rule: String,
    /// How bad the alert is; the rule's, else warning, if not given
    #[arg(long, value_enum)]
    severity: Option<Severity>,
    /// The alert's labels, beside those of its rule
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', value_parser = pair)]
    labels: Vec<(String, String)>,
    /// What the alert is about
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', value_parser = pair)]
    key: Vec<(String, String)>,
    /// When it fires, RFC 3339; now if not given
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<Time>,
    #[command(flatten)]
    client: Client,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Severity {
    /// Worth knowing
    Info,
    /// Worth a look soon
    Warning,
    /// Worth waking somebody
    Critical,
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let Act::Test(test) = args.act;
    let mut service = RuleServiceClient::new(test.client.connect().await?);
    let severity = match test.severity {
        None => api::Severity::Unspecified,
        Some(Severity::Info) => api::Severity::Info,
        Some(Severity::Warning) => api::Severity::Warning,
        Some(Severity::Critical) => api::Severity::Critical,
    };
    let request = api::TestRoutesRequest {
        rule: test.rule,
        severity: severity.into(),
        labels: test.labels.into_iter().collect(),
        key: test.key.into_iter().collect(),
        at: test.at.map(timestamp),
    };
    let destinations = service.test_routes(request).await?.into_inner().destinations;
    match test.client.output {
        Output::Table => tell(&destinations, terminal)?,
        Output::Json => terminal.json(&destinations.iter().map(json::destination).collect())?,
    }
    Ok(Exit::Done)
}

fn tell(destinations: &[api::Destination], terminal: &mut Terminal<'_>) -> io::Result<()> {
    if destinations.is_empty() {
        return terminal.line("nobody: no route with a receiver takes it");
    }
    for destination in destinations {
        terminal.line(format_args!(
            "{} ({})",
            show::clean(&destination.receiver),
            show::clean(&destination.recipients.join(", "))
        ))?;
        for route in &destination.way {
            let takes = match route.filter.as_str() {
                "" => "takes all".to_owned(),
                filter => format!("takes {}", show::clean(filter)),
            };
            terminal.line(format_args!(
                "  by {}:{}, which {takes}",
                show::clean(&route.file),
                route.line
            ))?;
        }
        terminal.line(format_args!("  in one mail with {}", company(destination)))?;
        if !destination.held_by.is_empty() {
            let schedules = show::clean(&destination.held_by.join(", "));
            terminal.line(format_args!("  held back by {schedules}"))?;
        }
        match &destination.first_mail_at {
            Some(at) => terminal.line(format_args!("  first mail {}", show::rfc3339(at)))?,
            None => terminal.line("  never mailed: its schedules hold it back for ever")?,
        }
        let mails: Vec<String> = destination.mails.iter().map(expected).collect();
        terminal.line(format_args!(
            "  while it goes on and nobody takes it on: {}",
            mails.join(", ")
        ))?;
    }
    Ok(())
}

/// Which alerts one mail tells of.
fn company(destination: &api::Destination) -> String {
    if destination.each {
        return "no other alert".to_owned();
    }
    if destination.group.is_empty() {
        return "all others".to_owned();
    }
    let shared = destination.group.iter();
    let shared: Vec<String> = shared
        .map(|(name, value)| format!("{}=\"{}\"", show::clean(name), show::clean(value)))
        .collect();
    format!("those of the same {}", shared.join(" "))
}

fn expected(mail: &api::ExpectedMail) -> String {
    let after = mail.after.unwrap_or_default();
    let after = jiff::SignedDuration::new(after.seconds, after.nanos);
    format!("{} after {after:#}", show::clean(&mail.receiver))
}
