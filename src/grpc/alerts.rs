//! `AlertService`: subscriptions from the fan-out, questions from the archive.

use std::{path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _, stream};
use tokio::{sync::watch, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{
    encoded::{EncodedResponse, server::alert_service_server::AlertService},
    explain::Explaining,
    filter, from_proto, page,
    status::Refused,
    subscribe::{self, Place, Sources, Start},
};
use crate::{
    api::{
        self, ExplainAlertRequest, ExplainAlertResponse, GetAlertRequest, GetAlertResponse, ListAlertsRequest,
        ListAlertsResponse, SubscribeRequest, subscribe_request,
    },
    archive::{ArchiveError, ArchiveReader, ListQuery, Page},
    journal::Position,
    metrics::Metrics,
    service::{Unavailable, Visible},
};

/// How long a stream may be idle before a heartbeat, where the subscriber does not say.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long the archive is waited for.
const CATCH_UP: Duration = Duration::from_secs(5);

/// When to come back after a drain, or to an archive that is behind.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Implements the service.
pub(super) struct Alerts {
    pub sources: Sources,
    /// How far the archive got.
    pub archived: watch::Receiver<Option<Position>>,
    /// Where it is.
    pub archive: PathBuf,
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
        self.catch_up().await?;
        let page = self
            .ask(move |archive| {
                let wanted = filter.map(|filter| move |alert: &_| Visible::of(alert).matches(&filter));
                archive.list_alerts(&ListQuery {
                    filter: wanted.as_ref().map(|wanted| wanted as _),
                    descending,
                    as_of: token.as_ref().map(|token| token.as_of),
                    after: token.map(|token| token.after),
                    limit,
                    max_rows: usize::MAX,
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
        let alert = self.alert(request.into_inner().id).await?;
        Ok(Response::new(GetAlertResponse { alert: Some(alert) }))
    }

    async fn explain_alert(
        &self,
        request: Request<ExplainAlertRequest>,
    ) -> Result<Response<ExplainAlertResponse>, Status> {
        let alert = self.alert(request.into_inner().id).await?;
        let explanation = Some(self.explaining.alert(alert).await?);
        Ok(Response::new(ExplainAlertResponse { explanation }))
    }
}

impl Alerts {
    async fn alert(&self, id: String) -> Result<api::Alert, Refused> {
        if id.is_empty() {
            return Err(Refused::invalid(
                "id",
                "REQUIRED_FIELD_MISSING",
                "an alert's id is required",
            ));
        }
        self.catch_up().await?;
        let alert = self.ask(move |archive| archive.get_alert(&id)).await?;
        alert.ok_or_else(|| Refused::not_found("alert"))
    }

    /// Waits until the archive holds all that was durable when the call came: a question goes through the queue behind it. An archive
    /// that does not get there, because the disk is full say, is told of.
    async fn catch_up(&self) -> Result<(), Refused> {
        let fanout = Arc::clone(&self.sources.fanout);
        let last = self.sources.handle.query(move |_| fanout.last_record()).await;
        let last = last.map_err(|_: Unavailable| Refused::draining(RETRY_AFTER))?;
        let mut archived = self.archived.clone();
        match timeout(CATCH_UP, archived.wait_for(|reached| *reached >= last)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(Refused::draining(RETRY_AFTER)),
            Err(_) => Err(Refused::archive_behind(RETRY_AFTER)),
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&ArchiveReader) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, Refused> {
        let path = self.archive.clone();
        let answered = tokio::task::spawn_blocking(move || ArchiveReader::open(&path).and_then(|it| question(&it)));
        match answered.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(cause)) => {
                tracing::error!(%cause, "the archive cannot be read");
                Err(Refused::internal())
            }
            Err(_) => Err(Refused::internal()),
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
