//! One call for each of several things: one that is not there, or has ended, costs only itself.

use tonic::{Code, Status};

use super::{
    client::Output,
    exit::Exit,
    failure::{self, Failure},
    json, show,
    terminal::Terminal,
};
use crate::api;

/// Makes the calls, one after the other, and shows the alerts after them.
pub(super) async fn alert(
    ids: Vec<String>,
    output: Output,
    terminal: &mut Terminal<'_>,
    make: impl AsyncFnMut(String) -> Result<Option<api::Alert>, Status>,
) -> Result<Exit, Failure> {
    let (alerts, exit) = call(ids, terminal, make).await;
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
    exit
}

/// Makes the calls, one after the other, up to one that fails for a reason of its own. Gives what was done, which is to be shown also
/// where it ended with that; the answer is no if something is not there, or has ended.
pub(super) async fn call<T>(
    ids: Vec<String>,
    terminal: &mut Terminal<'_>,
    mut make: impl AsyncFnMut(String) -> Result<Option<T>, Status>,
) -> (Vec<T>, Result<Exit, Failure>) {
    let mut exit = Exit::Done;
    let mut done = Vec::new();
    for id in ids {
        match make(id.clone()).await {
            Ok(Some(one)) => done.push(one),
            Ok(None) => return (done, Err(Failure::Contract("nothing in the answer"))),
            Err(status) if matches!(status.code(), Code::NotFound | Code::FailedPrecondition) => {
                terminal.note(format_args!("{}: {}", show::clean(&id), failure::told(&status)));
                exit = Exit::No;
            }
            Err(status) => {
                let (id, cause) = (show::clean(&id), Box::new(status));
                return (done, Err(Failure::One { id, cause }));
            }
        }
    }
    (done, Ok(exit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_done_before_a_failure_is_shown() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut terminal = Terminal::new(&mut out, &mut err);
        let ids = ["gone", "good", "bad", "never asked"].map(str::to_owned).to_vec();
        let ended = alert(ids, Output::Json, &mut terminal, async |id| match id.as_str() {
            "gone" => Err(Status::not_found("there is no such alert")),
            "good" => Ok(Some(api::Alert {
                id,
                ..api::Alert::default()
            })),
            "bad" => Err(Status::unavailable("shutting down")),
            other => panic!("{other}"),
        })
        .await;
        let failure = ended.unwrap_err();
        assert_eq!(
            (failure.exit(), failure.to_string().as_str()),
            (Exit::Unreachable, "bad: shutting down")
        );
        let shown: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&shown[0]["id"], shown.as_array().unwrap().len()), (&"good".into(), 1));
        assert_eq!(String::from_utf8(err).unwrap(), "gone: there is no such alert\n");
    }
}
