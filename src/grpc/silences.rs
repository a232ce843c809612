//! `SilenceService`: silences are made and ended by inputs, and shown from the engine's own state. Those that have ended are absent:
//! nothing remembers them but the journal.

use tonic::{Request, Response, Status};

use super::{
    acts::{self, act, unavailable},
    filter, from_proto, page,
    status::Refused,
    to_proto,
};
use crate::{
    api::{
        self, CreateSilenceRequest, CreateSilenceResponse, ExpireSilenceRequest, ExpireSilenceResponse,
        GetSilenceRequest, GetSilenceResponse, ListSilencesRequest, ListSilencesResponse,
        silence_service_server::SilenceService,
    },
    engine::{
        effect::Acted,
        input::{Input, NewSilence},
    },
    model::{Silence, SilenceId, Time},
    service::Handle,
};

/// Implements the service.
pub(super) struct Silences {
    pub handle: Handle,
}

#[tonic::async_trait]
impl SilenceService for Silences {
    async fn create_silence(
        &self,
        request: Request<CreateSilenceRequest>,
    ) -> Result<Response<CreateSilenceResponse>, Status> {
        let new = new_silence(request.into_inner())?;
        let silence = match act(&self.handle, Input::Silence(new)).await? {
            Acted::Silenced(id) => self.silence(id).await?,
            Acted::TooManySilences => return Err(Refused::too_many_silences().into()),
            Acted::SilenceIsOver => return Err(over("must come after now").into()),
            Acted::BadFilter => return Err(Refused::invalid("filter", "BAD_FILTER", "this is no filter").into()),
            _ => return Err(Refused::internal().into()),
        };
        Ok(Response::new(CreateSilenceResponse { silence: Some(silence) }))
    }

    async fn list_silences(
        &self,
        request: Request<ListSilencesRequest>,
    ) -> Result<Response<ListSilencesResponse>, Status> {
        let ListSilencesRequest { page_size, page_token } = request.into_inner();
        let size = page::size(page_size)?;
        let after = page::SilenceToken::read(&page_token)?.map(|token| (token.starts_at, token.id));
        let listed = self.handle.query(move |engine| {
            let mut silences: Vec<(&Silence, bool)> = engine
                .silences()
                .filter(|(silence, _)| Some(place(silence)) > after)
                .collect();
            silences.sort_unstable_by_key(|(silence, _)| place(silence));
            let has_more = silences.len() > size;
            silences.truncate(size);
            let last = silences.last().filter(|_| has_more).map(|(silence, _)| place(silence));
            let silences: Vec<_> = silences.into_iter().map(shown).collect();
            (silences, last)
        });
        let (silences, last) = listed.await.map_err(unavailable)?;
        let next_page_token = last
            .map(|(starts_at, id)| page::SilenceToken { starts_at, id }.write())
            .unwrap_or_default();
        Ok(Response::new(ListSilencesResponse {
            silences,
            next_page_token,
        }))
    }

    async fn get_silence(&self, request: Request<GetSilenceRequest>) -> Result<Response<GetSilenceResponse>, Status> {
        let silence = self.silence(id(&request.into_inner().id)?).await?;
        Ok(Response::new(GetSilenceResponse { silence: Some(silence) }))
    }

    async fn expire_silence(
        &self,
        request: Request<ExpireSilenceRequest>,
    ) -> Result<Response<ExpireSilenceResponse>, Status> {
        let id = id(&request.into_inner().id)?;
        match act(&self.handle, Input::ExpireSilence(id)).await? {
            Acted::Done => Ok(Response::new(ExpireSilenceResponse {})),
            Acted::NoSuchSilence => Err(none().into()),
            _ => Err(Refused::internal().into()),
        }
    }
}

impl Silences {
    async fn silence(&self, id: SilenceId) -> Result<api::Silence, Refused> {
        let found = self.handle.query(move |engine| {
            let found = engine.silences().find(|(silence, _)| silence.id == id);
            found.map(shown)
        });
        found.await.map_err(unavailable)?.ok_or_else(none)
    }
}

fn new_silence(request: CreateSilenceRequest) -> Result<NewSilence, Refused> {
    let required = |field, advice| Refused::invalid(field, "REQUIRED_FIELD_MISSING", advice);
    if filter::compile(&request.filter)?.is_none() {
        return Err(required("filter", "a filter is required; true takes all alerts"));
    }
    let ends_at = request
        .ends_at
        .ok_or_else(|| required("ends_at", "when it ends is required"))?;
    let ends_at = from_proto::timestamp(ends_at, "ends_at")?;
    let starts_at = match request.starts_at {
        Some(starts_at) => from_proto::timestamp(starts_at, "starts_at")?,
        None => Time::MIN,
    };
    if ends_at <= starts_at {
        return Err(over("must come after starts_at"));
    }
    Ok(NewSilence {
        filter: request.filter,
        starts_at,
        ends_at,
        author: acts::name(request.author, "author")?.into(),
        comment: acts::comment(request.comment)?,
    })
}

fn id(text: &str) -> Result<SilenceId, Refused> {
    if text.is_empty() {
        let advice = "a silence's id is required";
        return Err(Refused::invalid("id", "REQUIRED_FIELD_MISSING", advice));
    }
    // What is no id is no silence's.
    text.parse().map_err(|_| none())
}

fn none() -> Refused {
    Refused::not_found("silence that has not ended")
}

fn over(advice: &'static str) -> Refused {
    Refused::invalid("ends_at", "OUT_OF_RANGE", advice)
}

/// Its place in a list.
fn place(silence: &Silence) -> (Time, SilenceId) {
    (silence.starts_at, silence.id)
}

fn shown((silence, has_begun): (&Silence, bool)) -> api::Silence {
    let state = match has_begun {
        true => api::silence::State::Active,
        false => api::silence::State::Pending,
    };
    api::Silence {
        id: silence.id.to_string(),
        filter: silence.filter.clone(),
        starts_at: Some(to_proto::timestamp(silence.starts_at)),
        ends_at: Some(to_proto::timestamp(silence.ends_at)),
        author: silence.author.to_string(),
        comment: silence.comment.clone(),
        state: state.into(),
    }
}
