//! `meetings`: those that are open, or one with its participants and what happened in it.

use std::io;

use serde_json::Value;
use tonic::{Status, transport::Channel};

use super::{
    client::{Client, Output},
    exit::Exit,
    failure::Failure,
    json, pages, show,
    terminal::Terminal,
};
use crate::{
    api::{self, meeting_service_client::MeetingServiceClient, timeline_entry::Change},
    model::Role,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Show the meeting of this billing code
    #[arg(conflicts_with = "limit")]
    billing_code: Option<String>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    client: Client,
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut client = MeetingServiceClient::new(args.client.connect().await?);
    if let Some(billing_code) = args.billing_code {
        let answer = client.get_meeting(api::GetMeetingRequest { billing_code }).await?;
        let meeting = answer
            .into_inner()
            .meeting
            .ok_or(Failure::Contract("no meeting in GetMeetingResponse"))?;
        match args.client.output {
            Output::Table => in_full(&meeting, terminal)?,
            Output::Json => terminal.json(&json::meeting(&meeting))?,
        }
        return Ok(Exit::Done);
    }
    let meetings = list(&mut client, args.limit).await?;
    match args.client.output {
        Output::Table => overview(&meetings, terminal)?,
        Output::Json => terminal.json(&meetings.iter().map(json::meeting).collect::<Value>())?,
    }
    Ok(Exit::Done)
}

async fn list(client: &mut MeetingServiceClient<Channel>, limit: usize) -> Result<Vec<api::Meeting>, Status> {
    pages::list(limit, async |page_size, page_token| {
        let request = api::ListMeetingsRequest { page_size, page_token };
        let page = client.list_meetings(request).await?.into_inner();
        Ok((page.meetings, page.next_page_token))
    })
    .await
}

fn overview(meetings: &[api::Meeting], terminal: &mut Terminal<'_>) -> io::Result<()> {
    let mut table = show::table([
        "MEETING",
        "OPENED",
        "LIVE",
        "PRESENT",
        "TALKING",
        "DIALING",
        "REFUSED",
        "RECORDING",
    ]);
    for meeting in meetings {
        table.add_row([
            show::clean(&meeting.billing_code),
            show::time(meeting.opened_at.as_ref()),
            yes(meeting.live),
            meeting.present_count.to_string(),
            meeting.talking_count.to_string(),
            meeting.dialing_count.to_string(),
            meeting.refused_count.to_string(),
            recording(meeting),
        ]);
    }
    terminal.line(table)
}

fn in_full(meeting: &api::Meeting, terminal: &mut Terminal<'_>) -> io::Result<()> {
    terminal.line(format_args!("meeting {}", show::clean(&meeting.billing_code)))?;
    for (name, value) in [
        ("opened", show::time(meeting.opened_at.as_ref())),
        ("started", show::time(meeting.started_at.as_ref())),
        ("ended", show::time(meeting.ended_at.as_ref())),
        ("live", yes(meeting.live)),
        ("recording", recording(meeting)),
        ("muted all", yes(meeting.muted_all)),
        (
            "present",
            format!(
                "{} (experts {}, clients {}, peak {})",
                meeting.present_count, meeting.expert_count, meeting.client_count, meeting.peak_present_count
            ),
        ),
        ("talking", meeting.talking_count.to_string()),
        ("dialing", meeting.dialing_count.to_string()),
        ("refused", meeting.refused_count.to_string()),
        ("alerts", show::clean(&meeting.alert_ids.join(" "))),
    ] {
        terminal.line(format_args!("  {name:<12} {value}"))?;
    }
    let mut participants = show::table(["PARTICIPANT", "NAME", "ROLE", "STATUS", "SINCE"]);
    for participant in &meeting.participants {
        let known = participant.known.clone().unwrap_or_default();
        participants.add_row([
            show::clean(&known.party_id),
            show::clean(&known.name),
            known.role.map_or_else(|| "-".to_owned(), |role| Role(role).to_string()),
            show::participant_status(known.status.unwrap_or_default(), known.disconnect_reason),
            show::time(participant.changed_at.as_ref()),
        ]);
    }
    terminal.line(participants)?;
    let mut timeline = show::table(["TIME", "WHO", "WHAT"]);
    for entry in &meeting.timeline {
        timeline.add_row([
            show::time(entry.occurred_at.as_ref()),
            if entry.party_id.is_empty() {
                "meeting".to_owned()
            } else {
                show::clean(&entry.party_id)
            },
            change(entry),
        ]);
    }
    terminal.line(timeline)
}

fn change(entry: &api::TimelineEntry) -> String {
    match entry.change {
        Some(Change::ConferenceStatus(status)) => show::conference_status(status),
        Some(Change::ParticipantStatus(status)) => show::participant_status(status, entry.disconnect_reason),
        None => String::new(),
    }
}

fn recording(meeting: &api::Meeting) -> String {
    meeting
        .recording
        .map_or_else(|| "-".to_owned(), show::conference_status)
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}
