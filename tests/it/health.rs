//! The standard services beside our own: health, as load balancers ask for it, and reflection, as tools do.

use std::collections::BTreeSet;

use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::{v1, v1alpha};

use crate::support::{
    client::{Refusal, conf},
    server::{Server, Site, get},
    wait::soon,
};

const SERVICES: [&str; 5] = [
    "bellwether.v1.AlertService",
    "bellwether.v1.MeetingService",
    "bellwether.v1.NotificationService",
    "bellwether.v1.RuleService",
    "bellwether.v1.SilenceService",
];

fn asking(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn the_whole_and_each_service_serve() {
    let server = Server::start(&Site::new()).await;
    let mut health = HealthClient::new(server.client().await.channel);
    for service in [""].into_iter().chain(SERVICES) {
        let checked = soon(health.check(asking(service))).await.unwrap().into_inner();
        assert_eq!(checked.status(), ServingStatus::Serving, "{service}");
    }
    let unknown = soon(health.check(asking("bellwether.v1.Nonsense"))).await.unwrap_err();
    assert_eq!(Refusal::of(&unknown).code, Code::NotFound);
    assert!(get(server.admin, "/healthz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_watcher_hears_of_the_drain_and_does_not_hold_it_up() {
    let mut site = Site::new();
    // A drain that waited for the watchers would take half of it.
    site.config.shutdown_grace = crate::support::wait::DEADLINE * 3;
    let server = Server::start(&site).await;
    let client = server.client().await;
    let mut health = HealthClient::new(client.channel.clone());
    let mut watches = Vec::new();
    for service in [""].into_iter().chain(SERVICES) {
        let mut watch = soon(health.watch(asking(service))).await.unwrap().into_inner();
        let first = soon(watch.message()).await.unwrap().unwrap();
        assert_eq!(first.status(), ServingStatus::Serving);
        watches.push(watch);
    }
    // Which is no news to them.
    client.notify(conf("1", 1)).await.unwrap();
    let stopping = tokio::spawn(server.stop());
    for watch in &mut watches {
        let next = soon(watch.message()).await.unwrap().unwrap();
        assert_eq!(next.status(), ServingStatus::NotServing);
    }
    soon(stopping).await.unwrap();
}

#[tokio::test]
async fn reflection_names_every_service_in_both_versions() {
    let server = Server::start(&Site::new()).await;
    let channel = server.client().await.channel;

    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let asked = client.server_reflection_info(tokio_stream::once(request));
    let answer = soon(soon(asked).await.unwrap().into_inner().next())
        .await
        .unwrap()
        .unwrap();
    let Some(v1::server_reflection_response::MessageResponse::ListServicesResponse(listed)) = answer.message_response
    else {
        panic!("{answer:?}")
    };
    check(listed.service.into_iter().map(|service| service.name));

    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let asked = client.server_reflection_info(tokio_stream::once(request));
    let answer = soon(soon(asked).await.unwrap().into_inner().next())
        .await
        .unwrap()
        .unwrap();
    let Some(v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(listed)) =
        answer.message_response
    else {
        panic!("{answer:?}")
    };
    check(listed.service.into_iter().map(|service| service.name));
}

fn check(listed: impl Iterator<Item = String>) {
    let listed: BTreeSet<String> = listed.collect();
    for service in SERVICES.into_iter().chain(["grpc.health.v1.Health"]) {
        assert!(listed.contains(service), "{service} is not among {listed:?}");
    }
}
