//! One call for each of several alerts: one that is not there, or has ended, costs only itself.

use tonic::{Code, Status};

use super::{
    client::Output,
    exit::Exit,
    failure::{self, Failure},
    json, show,
    terminal::Terminal,
};
use crate::api;

/// Makes the calls, one after the other, and shows the alerts after them. The answer is no if one of them is.
pub(super) async fn alert(
    ids: Vec<String>,
    output: Output,
    terminal: &mut Terminal<'_>,
    mut call: impl AsyncFnMut(String) -> Result<Option<api::Alert>, Status>,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let mut alerts = Vec::new();
    for id in ids {
        match call(id.clone()).await {
            Ok(alert) => alerts.push(alert.ok_or(Failure::Contract("no alert in the answer"))?),
            Err(status) if matches!(status.code(), Code::NotFound | Code::FailedPrecondition) => {
                terminal.note(format_args!("{}: {}", show::clean(&id), failure::told(&status)));
                exit = Exit::No;
            }
            Err(status) => return Err(status.into()),
        }
    }
    match output {
        Output::Table => {
            for alert in &alerts {
                terminal.line(format_args!(
                    "{} {} {}",
                    show::alert_name(alert),
                    show::state(alert),
                    show::marks(alert)
                ))?;
            }
        }
        Output::Json => terminal.json(&alerts.iter().map(json::alert).collect())?,
    }
    Ok(exit)
}
