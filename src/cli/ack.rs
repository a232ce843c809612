//! `ack`: takes alerts on. From then on they are neither repeated nor escalated.

use super::{client::Client, each, exit::Exit, failure::Failure, ids, terminal::Terminal};
use crate::api::{AcknowledgeAlertRequest, alert_service_client::AlertServiceClient};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The alerts, by their ids or the beginnings of these
    #[arg(required = true, value_name = "ALERT")]
    ids: Vec<String>,
    /// Why, or what is being done
    #[arg(long, short, value_name = "TEXT", default_value = "")]
    comment: String,
    /// Who takes them on
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true, default_value = "")]
    author: String,
    #[command(flatten)]
    client: Client,
}

pub(super) async fn run(mut args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut service = AlertServiceClient::new(args.client.connect().await?);
    ids::complete_alerts(&mut service, &mut args.ids).await?;
    each::alert(args.ids, args.client.output, terminal, async |id| {
        let request = AcknowledgeAlertRequest {
            id,
            acknowledged_by: args.author.clone(),
            comment: args.comment.clone(),
        };
        Ok(service.acknowledge_alert(request).await?.into_inner().alert)
    })
    .await
}
