//! `health`: asks the standard health service, for probes and scripts. Exit code 0 means that it serves.

use serde_json::json;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use super::{
    client::{Client, Output},
    exit::Exit,
    failure::Failure,
    terminal::Terminal,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One service, such as bellwether.v1.AlertService; without it the server as a whole
    service: Option<String>,
    #[command(flatten)]
    client: Client,
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut health = HealthClient::new(args.client.connect().await?);
    let request = HealthCheckRequest {
        service: args.service.unwrap_or_default(),
    };
    let status = health.check(request).await?.into_inner().status();
    match args.client.output {
        Output::Table => terminal.line(status.as_str_name().to_ascii_lowercase().replace('_', " "))?,
        Output::Json => terminal.json(&json!({ "status": status.as_str_name() }))?,
    }
    Ok(if status == ServingStatus::Serving {
        Exit::Done
    } else {
        Exit::No
    })
}
