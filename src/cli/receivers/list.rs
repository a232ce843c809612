//! `receivers list`: who is told, and what waits for each; below, the relays that mail leaves by.

use std::io;

use crate::{
    api::{self, rule_service_client::RuleServiceClient},
    cli::{
        client::{Client, Output},
        exit::Exit,
        failure::Failure,
        json, show,
        terminal::Terminal,
    },
};

pub(super) async fn run(client: &Client, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut service = RuleServiceClient::new(client.connect().await?);
    let listed = service.list_receivers(api::ListReceiversRequest {}).await?.into_inner();
    match client.output {
        Output::Table => {
            overview(&listed.receivers, terminal)?;
            relays(&listed.relays, terminal)?;
        }
        Output::Json => terminal.json(&json::receivers(&listed))?,
    }
    Ok(Exit::Done)
}

fn overview(receivers: &[api::Receiver], terminal: &mut Terminal<'_>) -> io::Result<()> {
    let mut table = show::table(["RECEIVER", "RECIPIENTS", "FALLBACK", "WAITING", "DEFERRED", "SINCE"]);
    for receiver in receivers {
        let recipients: Vec<String> = receiver
            .to
            .iter()
            .chain(&receiver.cc)
            .map(|to| show::clean(to))
            .collect();
        table.add_row([
            show::clean(&receiver.name),
            recipients.join(", "),
            match receiver.fallback.as_str() {
                "" => "-".to_owned(),
                name => show::clean(name),
            },
            receiver.waiting_mails.to_string(),
            receiver.deferred_mails.to_string(),
            show::time(receiver.oldest_mail_at.as_ref()),
        ]);
    }
    terminal.line(table)
}

fn relays(relays: &[api::Relay], terminal: &mut Terminal<'_>) -> io::Result<()> {
    for relay in relays {
        let name = show::clean(&relay.name);
        match relay.trouble.as_str() {
            "" => terminal.line(format_args!("relay {name}: no trouble"))?,
            trouble => terminal.line(format_args!("relay {name}: {}", show::clean(trouble)))?,
        }
    }
    Ok(())
}
