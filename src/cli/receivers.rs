//! `receivers test`: sends a mail that says that it is a test, and waits until it has arrived or failed.

mod list;

use std::time::Duration;

use clap::Subcommand;
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;

use super::{
    client::{Client, Output, duration},
    deliveries,
    exit::Exit,
    failure::Failure,
    json, show,
    terminal::Terminal,
};
use crate::api::{
    self, alert_service_client::AlertServiceClient, delivery::Outcome, rule_service_client::RuleServiceClient,
};

/// How often the server is asked how the mails fared.
const POLL: Duration = Duration::from_millis(200);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Send a test mail to each recipient of a receiver, and tell how that ended
    Test(Box<Test>),
    /// List the receivers in force, the mails that wait for each, and the relays
    List {
        #[command(flatten)]
        client: Client,
    },
}

#[derive(Debug, clap::Args)]
struct Test {
    /// The receiver's name
    name: String,
    /// How long to wait for the mails
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration)]
    wait: Duration,
    /// Who tries it, which the mail tells
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true, default_value = "")]
    author: String,
    #[command(flatten)]
    client: Client,
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match args.act {
        Act::Test(test) => try_one(&test, terminal).await,
        Act::List { client } => list::run(&client, terminal).await,
    }
}

async fn try_one(test: &Test, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let channel = test.client.connect().await?;
    let request = api::TestReceiverRequest {
        receiver: test.name.clone(),
        requested_by: test.author.clone(),
    };
    let sent = RuleServiceClient::new(channel.clone()).test_receiver(request).await?;
    let sent = sent.into_inner();
    let deliveries = ended(&mut AlertServiceClient::new(channel), test, &sent, terminal).await?;
    match test.client.output {
        Output::Table => deliveries::overview(&deliveries, terminal)?,
        Output::Json => terminal.json(&deliveries.iter().map(json::delivery).collect())?,
    }
    let arrived = deliveries.iter().filter(|one| one.outcome() == Outcome::Sent).count();
    Ok(if arrived == sent.recipients.len() {
        Exit::Done
    } else {
        Exit::No
    })
}

/// How the first attempt at each mail ended, as far as that is known in time.
async fn ended(
    service: &mut AlertServiceClient<Channel>,
    test: &Test,
    sent: &api::TestReceiverResponse,
    terminal: &mut Terminal<'_>,
) -> Result<Vec<api::Delivery>, Failure> {
    let end = Instant::now() + test.wait;
    loop {
        let request = api::ListDeliveriesRequest {
            receiver: test.name.clone(),
            page_size: 1_000,
            ..Default::default()
        };
        let mut deliveries = service.list_deliveries(request).await?.into_inner().deliveries;
        deliveries.retain(|one| one.mailed_at == sent.mailed_at && one.alert_ids.is_empty() && one.attempt == 1);
        if deliveries.len() >= sent.recipients.len() {
            return Ok(deliveries);
        }
        if Instant::now() >= end {
            let missing = sent.recipients.len().saturating_sub(deliveries.len());
            terminal.note(format_args!(
                "{} still on the way after {:?}; see bellwether deliveries --receiver {}",
                show::count(missing as u64, "mail"),
                test.wait,
                show::clean(&test.name)
            ));
            return Ok(deliveries);
        }
        sleep(POLL).await;
    }
}
