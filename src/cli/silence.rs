//! `silence`: holds the mail of some alerts back for a time. Alerts fire all the same, and subscribers see them marked.

use std::{io, slice, time::Duration};

use clap::Subcommand;
use tonic::{Status, transport::Channel};

use super::{
    client::{Client, Output, duration, instant},
    each,
    exit::Exit,
    failure::Failure,
    filter,
    ids::{self, Known},
    json, pages, show,
    terminal::Terminal,
};
use crate::{
    api::{self, silence_service_client::SilenceServiceClient},
    clock,
    grpc::to_proto::timestamp,
    model::Time,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Make a silence
    Create(Create),
    /// List the silences that have not ended
    List {
        /// Also those that have ended within the last 7 days
        #[arg(long)]
        ended: bool,
        #[command(flatten)]
        client: Client,
    },
    /// Show a silence
    Show {
        /// Its id, or the beginning of it
        id: String,
        #[command(flatten)]
        client: Client,
    },
    /// End silences now
    Expire {
        /// Their ids, or the beginnings of these
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        client: Client,
    },
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("end").required(true))]
struct Create {
    /// Which alerts, such as "rule == 'port-full' && key.billing_code == '33333'"; true takes all
    filter: String,
    /// For how long, such as 2h or 7d
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, group = "end")]
    for_: Option<Duration>,
    /// Until when, RFC 3339
    #[arg(long, value_name = "TIME", value_parser = instant, group = "end")]
    until: Option<Time>,
    /// When it begins, RFC 3339; at once if not given
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Option<Time>,
    /// Only on these days of the week: mon-fri, or sat,sun
    #[arg(long, value_name = "DAYS", value_delimiter = ',', requires = "time_zone")]
    weekdays: Vec<String>,
    /// Only at these times of the day: 22:00-06:00
    #[arg(long, value_name = "TIMES", value_delimiter = ',', requires = "time_zone")]
    times: Vec<String>,
    /// The zone whose clock --weekdays and --times go by, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Why
    #[arg(long, short, value_name = "TEXT", default_value = "")]
    comment: String,
    /// Who makes it
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true, default_value = "")]
    author: String,
    #[command(flatten)]
    client: Client,
}

pub(super) async fn run(args: Args, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match args.act {
        Act::Create(create) => make(create, terminal).await,
        Act::List { ended, client } => list(ended, &client, terminal).await,
        Act::Show { id, client } => show_one(id, &client, terminal).await,
        Act::Expire { ids, client } => expire(ids, &client, terminal).await,
    }
}

async fn make(create: Create, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    filter::check(&create.filter)?;
    let mut service = SilenceServiceClient::new(create.client.connect().await?);
    let request = api::CreateSilenceRequest {
        ends_at: create.ends_at().map(timestamp),
        schedule: create.schedule(),
        filter: create.filter,
        starts_at: create.from.map(timestamp),
        author: create.author,
        comment: create.comment,
    };
    let silence = service.create_silence(request).await?.into_inner().silence;
    tell(silence, create.client.output, terminal)
}

impl Create {
    fn schedule(&self) -> Option<api::WeeklyTimes> {
        let time_zone = self.time_zone.clone()?;
        Some(api::WeeklyTimes {
            time_zone,
            weekdays: self.weekdays.clone(),
            times: self.times.clone(),
        })
    }

    fn ends_at(&self) -> Option<Time> {
        match self.for_ {
            Some(lasts) => Some(self.from.unwrap_or_else(clock::wall).plus(lasts)),
            None => self.until,
        }
    }
}

async fn list(show_ended: bool, client: &Client, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut service = SilenceServiceClient::new(client.connect().await?);
    let silences = all(&mut service, show_ended).await?;
    tell_all(&silences, client.output, terminal)?;
    Ok(Exit::Done)
}

fn tell_all(silences: &[api::Silence], output: Output, terminal: &mut Terminal<'_>) -> io::Result<()> {
    match output {
        Output::Table => overview(silences, terminal),
        Output::Json => terminal.json(&silences.iter().map(json::silence).collect()),
    }
}

async fn all(service: &mut SilenceServiceClient<Channel>, show_ended: bool) -> Result<Vec<api::Silence>, Status> {
    pages::list(usize::MAX, async |page_size, page_token| {
        let request = api::ListSilencesRequest {
            page_size,
            page_token,
            show_ended,
        };
        let page = service.list_silences(request).await?.into_inner();
        Ok((page.silences, page.next_page_token))
    })
    .await
}

/// Makes whole the ids of silences of which the beginning was given.
async fn complete(service: &mut SilenceServiceClient<Channel>, ids: &mut [String]) -> Result<(), Failure> {
    ids::complete(ids, async || {
        let known = |silence: api::Silence| Known {
            name: format!("{} {}", show::clean(&silence.filter), state(&silence)),
            id: silence.id,
        };
        Ok(all(service, true).await?.into_iter().map(known).collect())
    })
    .await
}

fn overview(silences: &[api::Silence], terminal: &mut Terminal<'_>) -> io::Result<()> {
    let mut table = show::table(["STATE", "FROM", "UNTIL", "SCHEDULE", "BY", "FILTER", "COMMENT", "ID"]);
    for silence in silences {
        table.add_row([
            state(silence),
            show::time(silence.starts_at.as_ref()),
            show::time(silence.ended_at.as_ref().or(silence.ends_at.as_ref())),
            show::clean(&schedule(silence)),
            show::clean(&silence.author),
            show::clean(&silence.filter),
            show::clean(&silence.comment),
            show::clean(&silence.id),
        ]);
    }
    terminal.line(table)
}

async fn show_one(mut id: String, client: &Client, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut service = SilenceServiceClient::new(client.connect().await?);
    complete(&mut service, slice::from_mut(&mut id)).await?;
    let answer = service.get_silence(api::GetSilenceRequest { id }).await?;
    tell(answer.into_inner().silence, client.output, terminal)
}

fn tell(silence: Option<api::Silence>, output: Output, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let silence = silence.ok_or(Failure::Contract("no silence in the answer"))?;
    match output {
        Output::Table => overview(&[silence], terminal)?,
        Output::Json => terminal.json(&json::silence(&silence))?,
    }
    Ok(Exit::Done)
}

async fn expire(mut ids: Vec<String>, client: &Client, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut service = SilenceServiceClient::new(client.connect().await?);
    complete(&mut service, &mut ids).await?;
    let (ended, exit) = each::call(ids, terminal, async |id| {
        service
            .expire_silence(api::ExpireSilenceRequest { id: id.clone() })
            .await?;
        let answer = service.get_silence(api::GetSilenceRequest { id }).await?;
        Ok(answer.into_inner().silence)
    })
    .await;
    if !ended.is_empty() || client.output == Output::Json {
        tell_all(&ended, client.output, terminal)?;
    }
    exit
}

fn schedule(silence: &api::Silence) -> String {
    let Some(times) = &silence.schedule else {
        return "-".to_owned();
    };
    let parts = [times.weekdays.join(","), times.times.join(","), times.time_zone.clone()];
    let written: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    written.join(" ")
}

fn state(silence: &api::Silence) -> String {
    match api::silence::State::try_from(silence.state) {
        Ok(state) => show::short(state.as_str_name(), "STATE_"),
        Err(_) => silence.state.to_string(),
    }
}
