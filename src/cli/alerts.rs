//! `alerts`: those that are and were, or one of them in full.

use std::{io, slice};

use serde_json::Value;
use tonic::{Status, transport::Channel};

use super::{
    client::{Client, Output},
    exit::Exit,
    failure::Failure,
    filter, ids, json, pages, show,
    terminal::Terminal,
};
use crate::api::{self, alert_service_client::AlertServiceClient};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Show this one, by its id or the beginning of it, with what it rests on
    #[arg(conflicts_with_all = ["filter", "order", "limit"])]
    id: Option<String>,
    /// Only those for which this holds, such as "severity >= WARNING && state == FIRING"
    #[arg(long, short, value_name = "EXPRESSION", default_value = "")]
    filter: String,
    /// Which come first
    #[arg(long, value_enum, default_value_t)]
    order: Order,
    /// How many at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    client: Client,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
pub(super) enum Order {
    /// The newest
    #[default]
    Newest,
    /// The oldest
    Oldest,
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut client = AlertServiceClient::new(args.client.connect().await?);
    if let Some(mut id) = args.id {
        ids::complete_alerts(&mut client, slice::from_mut(&mut id)).await?;
        let answer = client.get_alert(api::GetAlertRequest { id }).await?.into_inner();
        let alert = answer.alert.ok_or(Failure::Contract("no alert in GetAlertResponse"))?;
        match args.client.output {
            Output::Table => in_full(&alert, terminal)?,
            Output::Json => terminal.json(&json::alert(&alert))?,
        }
        return Ok(Exit::Done);
    }
    filter::check(&args.filter)?;
    let alerts = list(&mut client, args.filter, args.order, args.limit).await?;
    match args.client.output {
        Output::Table => overview(&alerts, terminal)?,
        Output::Json => terminal.json(&alerts.iter().map(json::alert).collect::<Value>())?,
    }
    Ok(Exit::Done)
}

/// So many alerts for which the filter holds.
pub(super) async fn list(
    client: &mut AlertServiceClient<Channel>,
    filter: String,
    order: Order,
    limit: usize,
) -> Result<Vec<api::Alert>, Status> {
    let order_by = match order {
        Order::Newest => "started_at desc",
        Order::Oldest => "started_at",
    };
    pages::list(limit, async |page_size, page_token| {
        let request = api::ListAlertsRequest {
            filter: filter.clone(),
            order_by: order_by.to_owned(),
            page_size,
            page_token,
        };
        let page = client.list_alerts(request).await?.into_inner();
        Ok((page.alerts, page.next_page_token))
    })
    .await
}

fn overview(alerts: &[api::Alert], terminal: &mut Terminal<'_>) -> io::Result<()> {
    let mut table = show::table([
        "STARTED", "SEVERITY", "STATE", "MARKS", "ALERT", "TIMES", "SUMMARY", "ID",
    ]);
    for alert in alerts {
        table.add_row([
            show::time(alert.started_at.as_ref()),
            show::severity(alert.severity).to_owned(),
            show::state(alert),
            show::marks(alert),
            show::alert_name(alert),
            alert.occurrences.to_string(),
            show::clean(&alert.summary),
            show::clean(&alert.id),
        ]);
    }
    terminal.line(table)
}

/// One alert with all that it has.
pub(super) fn in_full(alert: &api::Alert, terminal: &mut Terminal<'_>) -> io::Result<()> {
    let severity = show::styled(show::severity_style(alert.severity), show::severity(alert.severity), 0);
    terminal.line(format_args!(
        "{} {severity} {}",
        show::alert_name(alert),
        show::state(alert)
    ))?;
    for (name, value) in [
        ("id", show::clean(&alert.id)),
        ("summary", show::clean(&alert.summary)),
        ("description", show::clean(&alert.description)),
        ("runbook", show::clean(&alert.runbook_url)),
        ("started", show::time(alert.started_at.as_ref())),
        ("last seen", show::time(alert.last_seen_at.as_ref())),
        ("resolved", show::time(alert.resolved_at.as_ref())),
        ("times", alert.occurrences.to_string()),
        (
            "taken on",
            alert.acknowledgement.as_ref().map(taken_on).unwrap_or_default(),
        ),
        ("silenced by", show::clean(&alert.silenced_by.join(" "))),
        ("inhibited by", show::clean(&alert.inhibited_by.join(" "))),
    ] {
        if !value.is_empty() && value != "-" {
            terminal.line(format_args!("  {name:<12} {value}"))?;
        }
    }
    for (name, value) in &alert.labels {
        terminal.line(format_args!(
            "  {:<12} {}={}",
            "label",
            show::clean(name),
            show::clean(value)
        ))?;
    }
    if !alert.evidence.is_empty() {
        terminal.line("evidence, newest first:")?;
    }
    for evidence in &alert.evidence {
        terminal.line(format_args!(
            "  {} #{} {} {}",
            show::time(evidence.occurred_at.as_ref()),
            evidence.sequence,
            show::clean(&evidence.source),
            show::said(evidence)
        ))?;
    }
    Ok(())
}

/// Who has taken an alert on, when, and why.
fn taken_on(acknowledgement: &api::Acknowledgement) -> String {
    let who = show::clean(&acknowledgement.acknowledged_by);
    let at = show::time(acknowledgement.acknowledged_at.as_ref());
    match acknowledgement.comment.as_str() {
        "" => format!("by {who} at {at}"),
        comment => format!("by {who} at {at}: {}", show::clean(comment)),
    }
}
