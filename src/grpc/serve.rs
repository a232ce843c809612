//! The gRPC server: every service on one listener, with the limits of its transport, until it is told to drain.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::util::MapResponseLayer;

use super::{
    accept::accept,
    alerts::Alerts,
    archived::Archived,
    deadline::DeadlineLayer,
    encoded::server::{
        alert_service_server::AlertServiceServer, notification_service_server::NotificationServiceServer,
    },
    explain::Explaining,
    meetings::Meetings,
    notifications::Notifications,
    rules::Rules,
    silences::Silences,
    subscribe::Sources,
    tonic_errors,
};
use crate::{
    api::{
        DESCRIPTORS, meeting_service_server::MeetingServiceServer, rule_service_server::RuleServiceServer,
        silence_service_server::SilenceServiceServer,
    },
    config::Limits,
    metrics::Metrics,
    reload::Reloader,
    service::Service,
};

/// The services that health is told of, beside the whole (the empty name).
const SERVICES: [&str; 6] = [
    "",
    "bellwether.v1.NotificationService",
    "bellwether.v1.AlertService",
    "bellwether.v1.RuleService",
    "bellwether.v1.MeetingService",
    "bellwether.v1.SilenceService",
];

/// The services that need storage to take writes.
const WRITING: [&str; 2] = ["", "bellwether.v1.NotificationService"];

/// Tells `grpc.health.v1` clients how the services fare.
#[derive(Clone)]
pub struct Health(HealthReporter);

impl Health {
    /// Everything serves, but where storage takes no writes, what needs it to.
    pub async fn serving(&self, has_room: bool) {
        for service in SERVICES {
            let serves = has_room || !WRITING.contains(&service);
            self.set(service, serves).await;
        }
    }

    /// Nothing is taken any more.
    pub async fn draining(&self) {
        for service in SERVICES {
            self.set(service, false).await;
        }
    }

    /// Ends the streams of those who watch, which would hold up the end of the server; they have been told.
    pub async fn end_watches(&mut self) {
        for service in SERVICES {
            self.0.clear_service_status(service).await;
        }
    }

    async fn set(&self, service: &str, serves: bool) {
        let status = match serves {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        };
        self.0.set_service_status(service, status).await;
    }
}

/// How long a connection may be open before the other side has begun to speak HTTP/2.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the services are made of.
pub struct Parts<'a> {
    /// What runs behind them.
    pub service: &'a Service,
    /// What reloads the rules.
    pub reloader: Arc<Reloader>,
    /// What counts.
    pub metrics: Arc<Metrics>,
    /// The bounds.
    pub limits: &'a Limits,
    /// Comes when the streams are to end.
    pub drain: CancellationToken,
}

/// Makes the server: the future serves until `shutdown` is done and the calls under way have ended.
pub fn serve(
    parts: Parts<'_>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> (
    Health,
    impl Future<Output = Result<(), tonic::transport::Error>> + Send + 'static,
) {
    let Parts {
        service,
        reloader,
        metrics,
        limits,
        drain,
    } = parts;
    let size = usize::try_from(limits.message).unwrap_or(usize::MAX);
    let sources = Sources {
        handle: service.handle.clone(),
        fanout: Arc::clone(&service.fanout),
        events: service.events.clone(),
        cursors: service.cursors,
        stall: limits.subscriber_stall,
        drain: drain.clone(),
    };
    let notifications = Notifications {
        handle: service.handle.clone(),
        metrics: Arc::clone(&metrics),
        drain: drain.clone(),
    };
    let explaining = Explaining::new(service.handle.clone(), service.explainer.clone());
    let alerts = Alerts {
        sources,
        archived: Archived {
            handle: service.handle.clone(),
            fanout: Arc::clone(&service.fanout),
            reached: service.archived.clone(),
            path: service.archive.clone(),
        },
        subscribers: Arc::new(Semaphore::new(limits.subscribers as usize)),
        explaining: explaining.clone(),
        metrics,
    };
    let rules = Rules {
        handle: service.handle.clone(),
        reloader,
        explaining,
        relays: service.relays(),
    };
    let meetings = Meetings {
        handle: service.handle.clone(),
    };
    let silences = Silences {
        handle: service.handle.clone(),
    };
    let connections = accept(listener, limits.connections as usize, PATIENCE, drain);
    let (health, health_service) = tonic_health::server::health_reporter();
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    #[expect(clippy::expect_used, reason = "the descriptors are compiled in")]
    let (v1, v1alpha) = (
        reflection().build_v1().expect("good descriptors"),
        reflection().build_v1alpha().expect("good descriptors"),
    );

    let server = Server::builder()
        .max_concurrent_streams(limits.streams_per_connection)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .http2_keepalive_interval(Some(Duration::from_mins(1)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .http2_max_header_list_size(8 << 10)
        .http2_max_pending_accept_reset_streams(Some(20))
        .http2_max_local_error_reset_streams(Some(100))
        .layer(DeadlineLayer)
        .layer(MapResponseLayer::new(tonic_errors::complete_response))
        .add_service(health_service)
        .add_service(v1)
        .add_service(v1alpha)
        .add_service(NotificationServiceServer::new(notifications).max_decoding_message_size(size))
        .add_service(AlertServiceServer::new(alerts).max_decoding_message_size(size))
        .add_service(RuleServiceServer::new(rules).max_decoding_message_size(2 << 20))
        .add_service(MeetingServiceServer::new(meetings).max_decoding_message_size(size))
        .add_service(SilenceServiceServer::new(silences).max_decoding_message_size(size))
        .serve_with_incoming_shutdown(connections, shutdown);
    (Health(health), server)
}
