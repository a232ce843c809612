//! `MeetingService`: the open meetings, from the engine's own state.

use tonic::{Request, Response, Status};

use super::{page, status::Refused, to_proto};
use crate::{
    api::{
        self, GetMeetingRequest, GetMeetingResponse, ListMeetingsRequest, ListMeetingsResponse,
        meeting_service_server::MeetingService,
    },
    engine::{Change, Occurrence, TimelineEntry},
    service::Handle,
};

/// Implements the service.
pub(super) struct Meetings {
    pub handle: Handle,
}

#[tonic::async_trait]
impl MeetingService for Meetings {
    async fn list_meetings(
        &self,
        request: Request<ListMeetingsRequest>,
    ) -> Result<Response<ListMeetingsResponse>, Status> {
        let request = request.into_inner();
        let size = page::size(request.page_size)?;
        let from = page::number(&request.page_token)?.map_or(0, |last| last.saturating_add(1));
        let listed = move |engine: &crate::engine::Engine| {
            engine.meetings_from(from).take(size + 1).map(brief).collect::<Vec<_>>()
        };
        let mut meetings = self.handle.query(listed).await.map_err(Refused::from)?;
        let has_more = meetings.len() > size;
        meetings.truncate(size);
        let last = meetings.last().filter(|_| has_more);
        let next_page_token = last
            .map(|last| page::numbered(last.opened_sequence))
            .unwrap_or_default();
        Ok(Response::new(ListMeetingsResponse {
            meetings,
            next_page_token,
        }))
    }

    async fn get_meeting(&self, request: Request<GetMeetingRequest>) -> Result<Response<GetMeetingResponse>, Status> {
        let billing_code = request.into_inner().billing_code;
        if billing_code.is_empty() {
            let advice = "a billing code is required";
            return Err(Refused::invalid("billing_code", "REQUIRED_FIELD_MISSING", advice).into());
        }
        let found = self
            .handle
            .query(move |engine| {
                let (occurrence, alerts) = engine.meeting(&billing_code)?;
                let alert_ids = alerts.into_iter().map(|alert| alert.id.to_string()).collect();
                Some(api::Meeting {
                    alert_ids,
                    ..whole(occurrence)
                })
            })
            .await
            .map_err(Refused::from)?;
        let meeting = found.ok_or_else(|| Refused::not_found("open meeting"))?;
        Ok(Response::new(GetMeetingResponse { meeting: Some(meeting) }))
    }
}

fn brief(occurrence: &Occurrence) -> api::Meeting {
    let facts = &occurrence.facts;
    api::Meeting {
        billing_code: occurrence.billing_code.to_string(),
        opened_sequence: occurrence.opened_sequence,
        live: facts.live,
        opened_at: Some(to_proto::timestamp(occurrence.opened_at)),
        started_at: facts.started_at.map(to_proto::timestamp),
        ended_at: facts.ended_at.map(to_proto::timestamp),
        recording: facts.recording.map(|recording| recording.0),
        was_recorded: facts.was_recorded,
        muted_all: facts.muted_all,
        present_count: facts.present,
        talking_count: facts.talking,
        dialing_count: facts.dialing,
        expert_count: facts.experts,
        client_count: facts.clients,
        peak_present_count: facts.peak_present,
        refused_count: facts.refused,
        participants: Vec::new(),
        timeline: Vec::new(),
        alert_ids: Vec::new(),
    }
}

fn whole(occurrence: &Occurrence) -> api::Meeting {
    let mut participants: Vec<api::Participant> = occurrence
        .participants()
        .map(|participant| api::Participant {
            known: Some(to_proto::participant(&participant.known)),
            changed_at: Some(to_proto::timestamp(participant.changed_at)),
        })
        .collect();
    participants.sort_by(|a, b| party_id(a).cmp(party_id(b)));
    let timeline = occurrence.timeline.iter().map(entry).collect();
    api::Meeting {
        participants,
        timeline,
        ..brief(occurrence)
    }
}

fn party_id(participant: &api::Participant) -> &str {
    participant.known.as_ref().map_or("", |known| &known.party_id)
}

fn entry(entry: &TimelineEntry) -> api::TimelineEntry {
    use api::timeline_entry::Change::{ConferenceStatus, ParticipantStatus};
    let occurred_at = Some(to_proto::timestamp(entry.at));
    match &entry.change {
        Change::Meeting(status) => api::TimelineEntry {
            occurred_at,
            party_id: String::new(),
            change: Some(ConferenceStatus(status.0)),
            disconnect_reason: None,
        },
        Change::Participant {
            party_id,
            status,
            reason,
        } => api::TimelineEntry {
            occurred_at,
            party_id: party_id.to_string(),
            change: Some(ParticipantStatus(status.0)),
            disconnect_reason: reason.map(|reason| reason.0),
        },
    }
}
