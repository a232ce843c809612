//! `SilenceService`: silences are made and ended by inputs, and shown from the engine's own state, which remembers those that have ended
//! for a while.

mod asked;

use tonic::{Request, Response, Status};

use super::{
    acts::{act, unavailable},
    page,
    status::Refused,
    to_proto,
};
use crate::{
    api::{
        self, CreateSilenceRequest, CreateSilenceResponse, ExpireSilenceRequest, ExpireSilenceResponse,
        GetSilenceRequest, GetSilenceResponse, ListSilencesRequest, ListSilencesResponse,
        silence_service_server::SilenceService,
    },
    engine::{effect::Acted, input::Input},
    model::{Silence, SilenceId, SilenceState, Time},
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
        let new = asked::new_silence(request.into_inner())?;
        let silence = match act(&self.handle, Input::Silence(new)).await? {
            Acted::Silenced(id) => self.silence(id).await?,
            Acted::TooManySilences => return Err(Refused::too_many_silences().into()),
            Acted::SilenceIsOver => return Err(asked::over("must come after now").into()),
            Acted::SilenceNeverHolds => return Err(never_holds().into()),
            Acted::BadFilter => return Err(Refused::invalid("filter", "BAD_FILTER", "this is no filter").into()),
            _ => return Err(Refused::internal().into()),
        };
        Ok(Response::new(CreateSilenceResponse { silence: Some(silence) }))
    }

    async fn list_silences(
        &self,
        request: Request<ListSilencesRequest>,
    ) -> Result<Response<ListSilencesResponse>, Status> {
        let ListSilencesRequest {
            page_size,
            page_token,
            show_ended,
        } = request.into_inner();
        let size = page::size(page_size)?;
        let after = page::SilenceToken::read(&page_token)?.map(|token| (token.starts_at, token.id));
        let listed = self.handle.query(move |engine| {
            let ended = show_ended.then(|| engine.ended_silences());
            let all = engine.silences().chain(ended.into_iter().flatten());
            let mut silences: Vec<(&Silence, SilenceState)> =
                all.filter(|(silence, _)| Some(place(silence)) > after).collect();
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
            let mut all = engine.silences().chain(engine.ended_silences());
            all.find(|(silence, _)| silence.id == id).map(shown)
        });
        found
            .await
            .map_err(unavailable)?
            .ok_or_else(|| Refused::not_found("silence"))
    }
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

fn never_holds() -> Refused {
    let advice = "is open at no time between starts_at and ends_at";
    Refused::invalid("schedule", "OUT_OF_RANGE", advice)
}

/// Its place in a list.
fn place(silence: &Silence) -> (Time, SilenceId) {
    (silence.starts_at, silence.id)
}

fn shown((silence, state): (&Silence, SilenceState)) -> api::Silence {
    let (state, changes_at, ended_at) = match state {
        SilenceState::Pending { until } => (api::silence::State::Pending, Some(until), None),
        SilenceState::Active { until } => (api::silence::State::Active, Some(until), None),
        SilenceState::Ended { at } => (api::silence::State::Ended, None, Some(at)),
    };
    api::Silence {
        id: silence.id.to_string(),
        filter: silence.filter.clone(),
        starts_at: Some(to_proto::timestamp(silence.starts_at)),
        ends_at: Some(to_proto::timestamp(silence.ends_at)),
        author: silence.author.to_string(),
        comment: silence.comment.clone(),
        state: state.into(),
        schedule: silence.schedule.clone().map(|times| api::WeeklyTimes {
            time_zone: times.time_zone,
            weekdays: times.weekdays,
            times: times.times,
        }),
        changes_at: changes_at.map(to_proto::timestamp),
        ended_at: ended_at.map(to_proto::timestamp),
    }
}
