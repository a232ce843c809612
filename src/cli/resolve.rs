//! `resolve`: ends alerts, whatever their rules say.

use super::{client::Client, each, exit::Exit, failure::Failure, ids, terminal::Terminal};
use crate::api::{ResolveAlertRequest, alert_service_client::AlertServiceClient};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The alerts, by their ids or the beginnings of these
    #[arg(required = true, value_name = "ALERT")]
    ids: Vec<String>,
    #[command(flatten)]
    client: Client,
}

pub(super) async fn run(mut args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut service = AlertServiceClient::new(args.client.connect().await?);
    ids::complete_alerts(&mut service, &mut args.ids).await?;
    each::alert(args.ids, args.client.output, terminal, async |id| {
        let answer = service.resolve_alert(ResolveAlertRequest { id }).await?;
        Ok(answer.into_inner().alert)
    })
    .await
}
