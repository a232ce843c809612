//! `explain`: why an alert fired, or why a rule did not fire for a meeting. The server replays its journal for it.

use std::{io, slice};

use anstyle::AnsiColor;
use prost::Message as _;
use tonic_types::pb;

use super::{
    alerts,
    client::{Client, Output},
    exit::Exit,
    failure::Failure,
    ids, json, show,
    terminal::Terminal,
};
use crate::{
    api::{
        self, alert_service_client::AlertServiceClient, clock_change::Change, explained_notification::Taken,
        explanation_step::What, rule_service_client::RuleServiceClient,
    },
    grpc::status::ALERT_TYPE_URL,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The alert, by its id or the beginning of it
    #[arg(required_unless_present = "rule", conflicts_with_all = ["rule", "meeting"])]
    id: Option<String>,
    /// The rule, where no alert fired
    #[arg(long, value_name = "NAME", requires = "meeting")]
    rule: Option<String>,
    /// The meeting for which it did not
    #[arg(long, value_name = "BILLING_CODE", requires = "rule")]
    meeting: Option<String>,
    #[command(flatten)]
    client: Client,
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let channel = args.client.connect().await?;
    let explanation = match (args.id, args.rule, args.meeting) {
        (Some(mut id), ..) => {
            let mut service = AlertServiceClient::new(channel);
            ids::complete_alerts(&mut service, slice::from_mut(&mut id)).await?;
            match service.explain_alert(api::ExplainAlertRequest { id }).await {
                Ok(answer) => answer.into_inner().explanation,
                Err(status) => return without_history(status, args.client.output, terminal),
            }
        }
        (None, Some(rule), Some(billing_code)) => {
            let request = api::ExplainRuleRequest { rule, billing_code };
            let answer = RuleServiceClient::new(channel).explain_rule(request).await?;
            answer.into_inner().explanation
        }
        _ => return Err(Failure::Usage("name an alert, or a rule and a meeting")),
    };
    let explanation = explanation.ok_or(Failure::Contract("no explanation in the answer"))?;
    match args.client.output {
        Output::Table => tell(&explanation, terminal)?,
        Output::Json => terminal.json(&json::explanation(&explanation))?,
    }
    Ok(Exit::Done)
}

/// What led to it is older than the journal: shows what the alert itself kept.
fn without_history(status: tonic::Status, output: Output, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let details = pb::Status::decode(status.details())
        .unwrap_or_default()
        .details
        .into_iter();
    let kept = details.into_iter().find(|detail| detail.type_url == ALERT_TYPE_URL);
    let Some(alert) = kept.and_then(|kept| api::Alert::decode(kept.value.as_slice()).ok()) else {
        return Err(status.into());
    };
    terminal.note(show::clean(status.message()));
    match output {
        Output::Table => alerts::in_full(&alert, terminal)?,
        Output::Json => terminal.json(&json::alert(&alert))?,
    }
    Ok(Exit::No)
}

fn tell(explanation: &api::Explanation, terminal: &mut Terminal<'_>) -> io::Result<()> {
    for line in explanation.rule_text.lines() {
        terminal.line(format_args!("  {}", show::clean(line)))?;
    }
    terminal.line("")?;
    if explanation.has_begun {
        terminal.line("(the meeting began before the oldest that the journal keeps)")?;
    }
    if explanation.left_out_count > 0 {
        let steps = show::count(explanation.left_out_count, "earlier step");
        terminal.line(format_args!("({steps} left out)"))?;
    }
    for step in &explanation.steps {
        let at = step.occurred_at.as_ref().map(show::rfc3339).unwrap_or_default();
        match &step.what {
            Some(What::Notification(notification)) => seen(&at, notification, terminal)?,
            Some(What::Clock(clock)) => terminal.line(format_args!("{at}  {}", changed(clock)))?,
            Some(What::Event(event)) => happened(&at, event, terminal)?,
            None => {}
        }
    }
    Ok(())
}

fn seen(at: &str, seen: &api::ExplainedNotification, terminal: &mut Terminal<'_>) -> io::Result<()> {
    let taken = match Taken::try_from(seen.taken) {
        Ok(Taken::Late) => "  (late)",
        Ok(Taken::Repeat) => "  (a repeat, which is no match)",
        _ => "",
    };
    if let Some(evidence) = &seen.notification {
        let (source, said) = (show::clean(&evidence.source), show::said(evidence));
        terminal.line(format_args!("{at}  #{} {said} from {source}{taken}", evidence.sequence))?;
    }
    for expression in &seen.expressions {
        let width = expression
            .parts
            .iter()
            .map(|part| part.value.chars().count())
            .max()
            .unwrap_or(0);
        terminal.line(format_args!(
            "      {}:{}:{}",
            show::clean(&expression.file),
            expression.line,
            expression.column
        ))?;
        for part in &expression.parts {
            let indent = 2 * usize::try_from(part.depth).unwrap_or_default();
            let text = part.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let value = show::clean(&part.value);
            terminal.line(format_args!(
                "      {value:width$}  {:indent$}{}",
                "",
                show::clean(&text)
            ))?;
        }
    }
    Ok(())
}

/// `clock set, due 2026-01-05T08:01:10Z {billing_code="33333"}`
fn changed(clock: &api::ClockChange) -> String {
    let what = match Change::try_from(clock.change) {
        Ok(Change::Set) => "clock set, due",
        Ok(Change::Stopped) => "clock stopped, which was due",
        Ok(Change::Due) => "clock fell due",
        Ok(Change::Unspecified) | Err(_) => "clock",
    };
    let due = clock.due_at.as_ref().map(show::rfc3339).unwrap_or_default();
    let alert = api::Alert {
        key: clock.key.clone(),
        ..api::Alert::default()
    };
    format!("{what} {due} {}", show::alert_name(&alert))
}

fn happened(at: &str, event: &api::AlertEvent, terminal: &mut Terminal<'_>) -> io::Result<()> {
    let Some(alert) = &event.alert else { return Ok(()) };
    let kind = show::event(event.r#type);
    let kind = show::styled(AnsiColor::Yellow.on_default().bold(), &kind, 0);
    let ended = match event.r#type() {
        api::alert_event::Type::Resolved => format!("  {}", show::state(alert)),
        _ => String::new(),
    };
    terminal.line(format_args!("{at}  {kind} {}{ended}", show::alert_name(alert)))
}

#[cfg(test)]
mod tests {
    use crate::cli::{
        Exit,
        testing::{Fake, Script},
    };

    #[tokio::test]
    async fn what_is_older_than_the_journal_is_shown_as_the_alert_kept_it() {
        let fake = Fake::start(Script::default()).await;
        let ran = fake.run(&["explain", "0123"]).await;
        assert_eq!(ran.ended.unwrap(), Exit::No);
        assert!(ran.out.contains("refused{}") && ran.out.contains("#7"), "{}", ran.out);
        assert!(ran.err.contains("older than what the journal keeps"), "{}", ran.err);
        let ran = fake.run(&["explain", "0123", "-o", "json"]).await;
        assert_eq!(ran.ended.unwrap(), Exit::No);
        let kept: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(
            (&kept["id"], &kept["evidence"][0]["sequence"]),
            (&"0123".into(), &"7".into())
        );
    }
}
