//! `deliveries`: how mails fared, attempt by attempt, the latest first.

use std::{io, slice};

use tonic::{Status, transport::Channel};

use super::{
    client::{Client, Output},
    exit::Exit,
    failure::Failure,
    ids, json, pages, show,
    terminal::Terminal,
};
use crate::api::{self, alert_service_client::AlertServiceClient, delivery::Outcome};

/// How much of an answer a table shows, in characters.
const LONGEST_ANSWER: usize = 80;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only of mails that told of this alert, given by its id or the beginning of it
    #[arg(value_name = "ALERT", default_value = "")]
    alert: String,
    /// Only of mails to this receiver
    #[arg(long, value_name = "NAME", default_value = "")]
    receiver: String,
    /// Only those that ended so
    #[arg(long, value_enum)]
    outcome: Option<Ended>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    client: Client,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Ended {
    /// The server took it
    Sent,
    /// Put off, to be tried again
    Deferred,
    /// Refused for good
    Refused,
    /// Tried for too long
    Expired,
}

pub(super) async fn run(mut args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut service = AlertServiceClient::new(args.client.connect().await?);
    let outcome = match args.outcome {
        None => Outcome::Unspecified,
        Some(Ended::Sent) => Outcome::Sent,
        Some(Ended::Deferred) => Outcome::Deferred,
        Some(Ended::Refused) => Outcome::Refused,
        Some(Ended::Expired) => Outcome::Expired,
    };
    ids::complete_alerts(&mut service, slice::from_mut(&mut args.alert)).await?;
    let request = api::ListDeliveriesRequest {
        alert_id: args.alert,
        receiver: args.receiver,
        outcome: outcome.into(),
        ..api::ListDeliveriesRequest::default()
    };
    if !request.alert_id.is_empty() {
        // One that there is no such alert of is told as elsewhere.
        let id = request.alert_id.clone();
        service.get_alert(api::GetAlertRequest { id }).await?;
    }
    let deliveries = list(&mut service, request, args.limit).await?;
    match args.client.output {
        Output::Table => overview(&deliveries, terminal)?,
        Output::Json => terminal.json(&deliveries.iter().map(json::delivery).collect())?,
    }
    Ok(Exit::Done)
}

async fn list(
    service: &mut AlertServiceClient<Channel>,
    request: api::ListDeliveriesRequest,
    limit: usize,
) -> Result<Vec<api::Delivery>, Status> {
    pages::list(limit, async |page_size, page_token| {
        let request = api::ListDeliveriesRequest {
            page_size,
            page_token,
            ..request.clone()
        };
        let page = service.list_deliveries(request).await?.into_inner();
        Ok((page.deliveries, page.next_page_token))
    })
    .await
}

/// What a mail server said, as far as a row of a table has room for it; `--output json` has all of it.
fn short(answer: &str) -> String {
    match answer.char_indices().nth(LONGEST_ANSWER) {
        Some((end, _)) => format!("{}…", &answer[..end]),
        None => answer.to_owned(),
    }
}

/// A table of them.
pub(super) fn overview(deliveries: &[api::Delivery], terminal: &mut Terminal<'_>) -> io::Result<()> {
    let mut table = show::table([
        "ENDED",
        "OUTCOME",
        "RECEIVER",
        "RECIPIENT",
        "TRY",
        "AGAIN AT",
        "ANSWER",
        "ALERTS",
    ]);
    for delivery in deliveries {
        table.add_row([
            show::time(delivery.ended_at.as_ref()),
            show::outcome(delivery.outcome),
            show::clean(&delivery.receiver),
            show::clean(&delivery.recipient),
            delivery.attempt.to_string(),
            show::time(delivery.retry_at.as_ref()),
            short(&show::clean(&delivery.answer)),
            match delivery.alert_ids.as_slice() {
                [] => "-".to_owned(),
                [only] => show::clean(only),
                [first, more @ ..] => format!("{} and {} more", show::clean(first), more.len()),
            },
        ]);
    }
    terminal.line(table)
}
