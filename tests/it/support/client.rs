//! A client of the API, and the notifications that tests send with it.

use std::{collections::HashMap, net::SocketAddr};

use bellwether::api::{
    Alert, AlertEvent, BatchNotifyRequest, ConferenceNotification, ListAlertsRequest, Notification, NotifyAccepted,
    NotifyRequest, NotifyResponse, ParticipantNotification, RawNotification, StreamNotifyRequest, StreamNotifyResponse,
    SubscribeRequest, SubscribeResponse, alert_service_client::AlertServiceClient,
    meeting_service_client::MeetingServiceClient, notification::Payload,
    notification_service_client::NotificationServiceClient, notify_result, rule_service_client::RuleServiceClient,
    silence_service_client::SilenceServiceClient, subscribe_request::Start, subscribe_response,
};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Status, Streaming,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;

use super::wait::soon;

/// One connection, with a client for each service.
#[derive(Clone)]
pub struct Client {
    pub channel: Channel,
    pub notifications: NotificationServiceClient<Channel>,
    pub alerts: AlertServiceClient<Channel>,
    pub rules: RuleServiceClient<Channel>,
    pub meetings: MeetingServiceClient<Channel>,
    pub silences: SilenceServiceClient<Channel>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::dial(endpoint(address)).await.unwrap()
    }

    pub async fn dial(endpoint: Endpoint) -> Result<Self, tonic::transport::Error> {
        let channel = soon(endpoint.connect()).await?;
        Ok(Self {
            notifications: NotificationServiceClient::new(channel.clone()),
            alerts: AlertServiceClient::new(channel.clone()),
            rules: RuleServiceClient::new(channel.clone()),
            meetings: MeetingServiceClient::new(channel.clone()),
            silences: SilenceServiceClient::new(channel.clone()),
            channel,
        })
    }

    pub async fn notify(&self, notification: Notification) -> Result<NotifyResponse, Status> {
        let notification = Some(notification);
        let mut client = self.notifications.clone();
        let answered = soon(client.notify(NotifyRequest { notification })).await;
        answered.map(tonic::Response::into_inner)
    }

    /// Sends a batch that is taken as a whole; hands back what became of each item.
    pub async fn batch(
        &self,
        notifications: Vec<Notification>,
    ) -> Result<Vec<Result<NotifyAccepted, Refusal>>, Status> {
        let mut client = self.notifications.clone();
        let answered = soon(client.batch_notify(BatchNotifyRequest { notifications })).await?;
        let results = answered.into_inner().results.into_iter();
        Ok(results
            .map(|result| match result.result.unwrap() {
                notify_result::Result::Accepted(accepted) => Ok(accepted),
                notify_result::Result::Error(error) => Err(Refusal::of_item(error)),
            })
            .collect())
    }

    /// Opens a stream of notifications.
    pub async fn stream(&self) -> Result<Sending, Status> {
        let (messages, outbound) = mpsc::channel(1024);
        let mut client = self.notifications.clone();
        let opened = soon(client.stream_notify(ReceiverStream::new(outbound))).await?;
        Ok(Sending {
            messages,
            answers: opened.into_inner(),
        })
    }

    pub async fn subscribe(&self, request: SubscribeRequest) -> Result<Feed, Status> {
        let mut client = self.alerts.clone();
        let opened = soon(client.subscribe(request)).await?;
        Ok(Feed {
            stream: opened.into_inner(),
            cursor: String::new(),
        })
    }

    /// Everything from the beginning on.
    pub async fn subscribe_to_all(&self) -> Feed {
        let beginning = Start::Since(prost_types::Timestamp::default());
        self.subscribe(starting(beginning)).await.unwrap()
    }

    /// All alerts, oldest first.
    pub async fn alerts(&self, filter: &str) -> Vec<Alert> {
        let request = ListAlertsRequest {
            filter: filter.to_owned(),
            order_by: "started_at".to_owned(),
            page_size: 1000,
            page_token: String::new(),
        };
        let listed = soon(self.alerts.clone().list_alerts(request)).await.unwrap();
        listed.into_inner().alerts
    }

    /// Many alerts at once: the parties of these numbers are refused.
    pub async fn refuse(&self, parties: std::ops::Range<usize>) {
        let notifications: Vec<Notification> = parties.map(|party| port_full("1", &party.to_string())).collect();
        for batch in notifications.chunks(500) {
            let results = self.batch(batch.to_vec()).await.unwrap();
            assert!(results.iter().all(Result::is_ok));
        }
    }

    /// Why a subscription is refused.
    pub async fn refusal(&self, request: SubscribeRequest) -> Refusal {
        match self.subscribe(request).await {
            Err(status) => Refusal::of(&status),
            Ok(_) => panic!("it is taken"),
        }
    }
}

pub fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::from_shared(format!("http://{address}")).unwrap()
}

/// A stream of notifications on its way. Dropping `messages` ends it from this side.
pub struct Sending {
    pub messages: mpsc::Sender<StreamNotifyRequest>,
    pub answers: Streaming<StreamNotifyResponse>,
}

impl Sending {
    pub async fn send(&self, notification: Notification) {
        let notification = Some(notification);
        soon(self.messages.send(StreamNotifyRequest { notification }))
            .await
            .unwrap();
    }

    /// The next answer; `None`: the server ended the stream in good order.
    pub async fn answer(&mut self) -> Result<Option<StreamNotifyResponse>, Status> {
        soon(self.answers.message()).await
    }
}

/// A subscription.
pub struct Feed {
    pub stream: Streaming<SubscribeResponse>,
    /// The last one that came.
    pub cursor: String,
}

impl Feed {
    /// The next response; `None`: the server ended the stream without a word.
    pub async fn next(&mut self) -> Result<Option<SubscribeResponse>, Status> {
        let next = soon(self.stream.message()).await?;
        if let Some(response) = &next {
            self.cursor.clone_from(&response.cursor);
        }
        Ok(next)
    }

    /// The next event; heartbeats are passed over.
    pub async fn event(&mut self) -> AlertEvent {
        loop {
            match self.next().await.unwrap().unwrap().payload.unwrap() {
                subscribe_response::Payload::Event(event) => return event,
                subscribe_response::Payload::Heartbeat(_) => {}
                other => panic!("not an event: {other:?}"),
            }
        }
    }

    /// The next events' sequences.
    pub async fn sequences(&mut self, count: usize) -> Vec<u64> {
        let mut sequences = Vec::with_capacity(count);
        for _ in 0..count {
            sequences.push(self.event().await.sequence);
        }
        sequences
    }

    /// What the server ends the stream with, everything before passed over.
    pub async fn end(&mut self) -> Refusal {
        loop {
            match self.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended without a status"),
                Err(status) => return Refusal::of(&status),
            }
        }
    }
}

pub fn starting(start: Start) -> SubscribeRequest {
    SubscribeRequest {
        start: Some(start),
        ..Default::default()
    }
}

pub fn after(cursor: &str) -> SubscribeRequest {
    starting(Start::AfterCursor(cursor.to_owned()))
}

/// An error as the API promises it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub message: String,
    pub reason: String,
    /// The path in the field violation; empty: there is none.
    pub field: String,
    pub metadata: HashMap<String, String>,
    /// Whether it says when to try again.
    pub retry: bool,
}

impl Refusal {
    pub fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details
            .error_info()
            .unwrap_or_else(|| panic!("without ErrorInfo: {status:?}"));
        assert_eq!(info.domain, "bellwether");
        let violations = details.bad_request().map(|bad| bad.field_violations.as_slice());
        Self {
            code: status.code(),
            message: status.message().to_owned(),
            reason: info.reason.clone(),
            field: match violations {
                None => String::new(),
                Some([only]) => only.field.clone(),
                Some(several) => panic!("{several:?}"),
            },
            metadata: info.metadata.clone(),
            retry: details.retry_info().is_some_and(|retry| retry.retry_delay.is_some()),
        }
    }

    /// The same in an answer.
    pub fn of_item(error: tonic_types::Status) -> Self {
        let details = error.encode_to_vec().into();
        Self::of(&Status::with_details(error.code.into(), error.message, details))
    }

    /// Code, reason and field path.
    pub fn told(&self) -> (Code, &str, &str) {
        (self.code, &self.reason, &self.field)
    }
}

/// A meeting's status.
pub fn conf(meeting: &str, status: i32) -> Notification {
    of(Payload::Conf(ConferenceNotification {
        billing_code: meeting.to_owned(),
        status: Some(status),
    }))
}

/// A participant who is refused for want of a port: an alert.
pub fn port_full(meeting: &str, party: &str) -> Notification {
    party_of(meeting, party, 0, Some(5))
}

/// A participant who speaks: the alert's end.
pub fn speaking(meeting: &str, party: &str) -> Notification {
    party_of(meeting, party, 5, None)
}

fn party_of(meeting: &str, party: &str, status: i32, disconnect_reason: Option<i32>) -> Notification {
    of(Payload::Party(ParticipantNotification {
        billing_code: meeting.to_owned(),
        party_id: party.to_owned(),
        name: "真实名称".to_owned(),
        phone: "13939232332".to_owned(),
        city: "陕西.西安".to_owned(),
        status: Some(status),
        disconnect_reason,
        ..Default::default()
    }))
}

/// The vendor's text.
pub fn raw(kind: &str, body: &str) -> Notification {
    of(Payload::Raw(RawNotification {
        r#type: kind.to_owned(),
        body: body.to_owned(),
    }))
}

fn of(payload: Payload) -> Notification {
    Notification {
        payload: Some(payload),
        ..Default::default()
    }
}

pub fn with_id(id: &str, notification: Notification) -> Notification {
    Notification {
        id: id.to_owned(),
        ..notification
    }
}
