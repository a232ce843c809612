//! `AlertService`: subscriptions from the fan-out, questions from the archive, and what operators do to alerts.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _, stream};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{
    acts::{self, act},
    archived::Archived,
    deliveries,
    encoded::{EncodedResponse, server::alert_service_server::AlertService},
    explain::Explaining,
    filter, from_proto, page,
    status::Refused,
    subscribe::{self, Place, Sources, Start},
};
use crate::{
    api::{
        self, AcknowledgeAlertRequest, AcknowledgeAlertResponse, ExplainAlertRequest, ExplainAlertResponse,
        GetAlertRequest, GetAlertResponse, ListAlertsRequest, ListAlertsResponse, ListDeliveriesRequest,
        ListDeliveriesResponse, ResolveAlertRequest, ResolveAlertResponse, SubscribeRequest, subscribe_request,
    },
    archive::{ListQuery, Page},
    engine::{effect::Acted, input::Input},
    metrics::Metrics,
    model::AlertId,
    service::Visible,
};

/// How long a stream may be idle before a heartbeat, where the subscriber does not say.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// When to come back where as many subscribe as may.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Implements the service.
pub(super) struct Alerts {
    pub sources: Sources,
    pub archived: Archived,
    pub subscribers: Arc<tokio::sync::Semaphore>,
    pub explaining: Explaining,
    pub metrics: Arc<Metrics>,
}

#[tonic::async_trait]
impl AlertService for Alerts {
    type SubscribeStream = Pin<Box<dyn Stream<Item = Result<EncodedResponse, Status>> + Send>>;

    async fn subscribe(&self, request: Request<SubscribeRequest>) -> Result<Response<Self::SubscribeStream>, Status> {
        let request = request.into_inner();
        let permit = Arc::clone(&self.subscribers)
            .try_acquire_owned()
            .map_err(|_| Refused::too_many_subscribers(RETRY_AFTER))?;
        let filter = filter::compile(&request.filter)?;
        let heartbeat = heartbeat(request.heartbeat_interval)?;
        let start = match request.start {
            None => Start::Live,
            Some(subscribe_request::Start::Snapshot(true)) => Start::Snapshot,
            Some(subscribe_request::Start::Snapshot(false)) => {
                let advice = "true, or leave the start unset for a live stream";
                return Err(Refused::invalid("snapshot", "INVALID_START", advice).into());
            }
            Some(subscribe_request::Start::AfterCursor(cursor)) => {
                Start::After(self.sources.cursors.read(&cursor, self.sources.fanout.head())?)
            }
            Some(subscribe_request::Start::Since(since)) => Start::Since(from_proto::timestamp(since, "since")?),
        };
        let place = Place::new(Arc::clone(&self.metrics), permit);
        let responses = subscribe::start(self.sources.clone(), filter, start, heartbeat, place).await?;
        let metrics = Arc::clone(&self.metrics);
        let responses = ReceiverStream::new(responses).flat_map(move |responses| {
            let responses: Vec<_> = match responses {
                Ok(responses) => {
                    metrics.subscriber_events.inc_by(responses.len() as u64);
                    responses.into_iter().map(Ok).collect()
                }
                Err(status) => vec![Err(status)],
            };
            stream::iter(responses)
        });
        Ok(Response::new(Box::pin(responses)))
    }

    async fn list_alerts(&self, request: Request<ListAlertsRequest>) -> Result<Response<ListAlertsResponse>, Status> {
        let request = request.into_inner();
        let descending = match request.order_by.as_str() {
            "" | "started_at desc" => true,
            "started_at" | "started_at asc" => false,
            _ => {
                let advice = "expected `started_at` or `started_at desc`";
                return Err(Refused::invalid("order_by", "INVALID_ORDER", advice).into());
            }
        };
        let filter = filter::compile(&request.filter)?;
        let limit = page::size(request.page_size)?;
        let given = [request.filter.as_str(), request.order_by.as_str()];
        let token = page::AlertToken::read(&request.page_token, &given)?;
        let page = self
            .archived
            .ask(move |archive| {
                let wanted = filter.map(|filter| move |alert: &_| Visible::of(alert).matches(&filter));
                archive.list_alerts(&ListQuery {
                    filter: wanted.as_ref().map(|wanted| wanted as _),
                    descending,
                    as_of: token.as_ref().map(|token| token.as_of),
                    after: token.map(|token| token.after),
                    limit,
                })
            })
            .await?;
        let Page { alerts, as_of, next } = page;
        let next_page_token = next
            .map(|after| page::AlertToken { as_of, after }.write(&given))
            .unwrap_or_default();
        Ok(Response::new(ListAlertsResponse {
            alerts,
            next_page_token,
        }))
    }

    async fn get_alert(&self, request: Request<GetAlertRequest>) -> Result<Response<GetAlertResponse>, Status> {
        let alert = self.archived.alert(request.into_inner().id).await?;
        Ok(Response::new(GetAlertResponse { alert: Some(alert) }))
    }

    async fn acknowledge_alert(
        &self,
        request: Request<AcknowledgeAlertRequest>,
    ) -> Result<Response<AcknowledgeAlertResponse>, Status> {
        let alert = Some(self.acknowledge(request.into_inner()).await?);
        Ok(Response::new(AcknowledgeAlertResponse { alert }))
    }

    async fn resolve_alert(
        &self,
        request: Request<ResolveAlertRequest>,
    ) -> Result<Response<ResolveAlertResponse>, Status> {
        let alert = Some(self.resolve(request.into_inner().id).await?);
        Ok(Response::new(ResolveAlertResponse { alert }))
    }

    async fn list_deliveries(
        &self,
        request: Request<ListDeliveriesRequest>,
    ) -> Result<Response<ListDeliveriesResponse>, Status> {
        let page = deliveries::list(&self.archived, request.into_inner()).await?;
        Ok(Response::new(page))
    }

    async fn explain_alert(
        &self,
        request: Request<ExplainAlertRequest>,
    ) -> Result<Response<ExplainAlertResponse>, Status> {
        let alert = self.archived.alert(request.into_inner().id).await?;
        let explanation = Some(self.explaining.alert(alert).await?);
        Ok(Response::new(ExplainAlertResponse { explanation }))
    }
}

impl Alerts {
    /// Takes an alert on.
    async fn acknowledge(&self, request: AcknowledgeAlertRequest) -> Result<api::Alert, Refused> {
        let AcknowledgeAlertRequest {
            id,
            acknowledged_by,
            comment,
        } = request;
        let who = acts::name(acknowledged_by, "acknowledged_by")?;
        let why = acts::comment(comment)?;
        let (given_who, given_why) = (who.clone(), why.clone());
        let acknowledge = |alert| Input::Acknowledge {
            alert,
            who: who.into(),
            why,
        };
        self.act_on(id, acknowledge, |ended| {
            let said = ended.acknowledgement.as_ref();
            said.is_some_and(|said| said.acknowledged_by == given_who && said.comment == given_why)
        })
        .await
    }

    /// Ends an alert.
    async fn resolve(&self, id: String) -> Result<api::Alert, Refused> {
        let is_done = |ended: &api::Alert| ended.resolve_reason() == api::alert::ResolveReason::Operator;
        self.act_on(id, |alert| Input::Resolve { alert }, is_done).await
    }

    /// Does something to an open alert, and hands back the alert after it. Of one that has ended, what was done before is done.
    async fn act_on(
        &self,
        id: String,
        input: impl FnOnce(AlertId) -> Input,
        is_done: impl FnOnce(&api::Alert) -> bool,
    ) -> Result<api::Alert, Refused> {
        // What is no id is no alert's, which the archive knows to say.
        let acted = match id.parse() {
            Ok(alert) => act(&self.archived.handle, input(alert)).await?,
            Err(_) => Acted::NoSuchAlert,
        };
        let alert = self.archived.alert(id).await?;
        match acted {
            Acted::Done => Ok(alert),
            Acted::NoSuchAlert if is_done(&alert) => Ok(alert),
            Acted::NoSuchAlert => Err(Refused::alert_resolved()),
            _ => Err(Refused::internal()),
        }
    }
}

fn heartbeat(interval: Option<prost_types::Duration>) -> Result<Duration, Refused> {
    const FIELD: &str = "heartbeat_interval";
    let interval = interval
        .map(|interval| from_proto::duration(interval, FIELD))
        .transpose()?
        .unwrap_or(HEARTBEAT);
    if !(Duration::from_secs(1)..=Duration::from_hours(1)).contains(&interval) {
        return Err(Refused::invalid(FIELD, "OUT_OF_RANGE", "1 second to 1 hour"));
    }
    Ok(interval)
}
