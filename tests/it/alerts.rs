//! Questions about alerts: a caller reads its own writes, and pages hold still while the world goes on.

use bellwether::api::{
    Alert, GetAlertRequest, ListAlertsRequest, ListAlertsResponse,
    alert::{ResolveReason, State},
};
use tonic::{Code, Status};

use crate::support::{
    client::{Client, Refusal, conf, port_full, speaking},
    server::{Server, Site},
    wait::soon,
};

async fn list(client: &Client, request: ListAlertsRequest) -> Result<ListAlertsResponse, Status> {
    let listed = soon(client.alerts.clone().list_alerts(request)).await;
    listed.map(tonic::Response::into_inner)
}

async fn get(client: &Client, id: &str) -> Result<Alert, Status> {
    let request = GetAlertRequest { id: id.to_owned() };
    let got = soon(client.alerts.clone().get_alert(request)).await?;
    Ok(got.into_inner().alert.unwrap())
}

fn parties(alerts: &[Alert]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.key["party_id"].as_str()).collect()
}

#[tokio::test]
async fn a_caller_reads_its_own_writes() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    for number in 1..=50 {
        let party = number.to_string();
        client.notify(port_full("1", &party)).await.unwrap();
        let open = client.alerts("state == FIRING").await;
        assert_eq!(open.len(), number);
        let id = &open.last().unwrap().id;
        if number % 2 == 0 {
            assert_eq!(get(&client, id).await.unwrap().state(), State::Firing);
        }
    }
    let id = client.alerts("").await[0].id.clone();
    client.notify(speaking("1", "1")).await.unwrap();
    let resolved = get(&client, &id).await.unwrap();
    assert_eq!(
        (resolved.state(), resolved.resolve_reason()),
        (State::Resolved, ResolveReason::Match)
    );
    assert!(resolved.resolved_at.is_some());
    assert_eq!(client.alerts("state == FIRING").await.len(), 49);
}

#[tokio::test]
async fn alerts_are_the_same_after_a_restart() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let client = server.client().await;
    for party in ["a", "b", "c"] {
        client.notify(port_full("1", party)).await.unwrap();
    }
    client.notify(speaking("1", "b")).await.unwrap();
    let before = client.alerts("").await;
    server.stop().await;
    let server = Server::start(&site).await;
    let client = server.client().await;
    assert_eq!(client.alerts("").await, before);
    client.notify(speaking("1", "c")).await.unwrap();
    assert_eq!(get(&client, &before[2].id).await.unwrap().state(), State::Resolved);
}

#[tokio::test]
async fn a_filter_and_an_order_are_as_asked() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    for party in ["a", "b", "c"] {
        client.notify(port_full("1", party)).await.unwrap();
    }
    client.notify(speaking("1", "b")).await.unwrap();
    for status in [1, 102] {
        client.notify(conf("2", status)).await.unwrap();
    }
    for (filter, count) in [
        ("", 4),
        ("severity == CRITICAL", 3),
        ("rule == 'recording-stopped'", 1),
        ("state == RESOLVED", 1),
        ("key.billing_code == '1' && state == FIRING", 2),
        ("occurrences > 1", 0),
    ] {
        assert_eq!(client.alerts(filter).await.len(), count, "{filter}");
    }
    for (order_by, expected) in [
        ("", ["c", "b", "a"]),
        ("started_at desc", ["c", "b", "a"]),
        ("started_at", ["a", "b", "c"]),
    ] {
        let request = ListAlertsRequest {
            filter: "rule == 'port-full'".to_owned(),
            order_by: order_by.to_owned(),
            ..Default::default()
        };
        assert_eq!(parties(&list(&client, request).await.unwrap().alerts), expected);
    }
}

#[tokio::test]
async fn pages_hold_still() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    for party in 10..35 {
        client.notify(port_full("1", &party.to_string())).await.unwrap();
    }
    let mut request = ListAlertsRequest {
        filter: "state == FIRING".to_owned(),
        page_size: 10,
        ..Default::default()
    };
    let mut seen = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let page = list(&client, request.clone()).await.unwrap();
        sizes.push(page.alerts.len());
        seen.extend(page.alerts);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
        // Meanwhile one that is still to come ends, and another one fires.
        client.notify(speaking("1", "10")).await.unwrap();
        client.notify(port_full("2", &sizes.len().to_string())).await.unwrap();
    }
    assert_eq!(sizes, [10, 10, 5]);
    let expected: Vec<String> = (10..35).rev().map(|party| party.to_string()).collect();
    assert_eq!(parties(&seen), expected);
    assert!(
        seen.iter().all(|alert| alert.state() == State::Firing),
        "as they were when the first page was asked for"
    );
}

#[tokio::test]
async fn a_list_that_cannot_be_given_is_refused_by_field() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    for party in ["a", "b"] {
        client.notify(port_full("1", party)).await.unwrap();
    }
    let page = ListAlertsRequest {
        page_size: 1,
        ..Default::default()
    };
    let token = list(&client, page).await.unwrap().next_page_token;
    let request = ListAlertsRequest::default;
    for (request, reason, field) in [
        (
            ListAlertsRequest {
                order_by: "severity".to_owned(),
                ..request()
            },
            "INVALID_ORDER",
            "order_by",
        ),
        (
            ListAlertsRequest {
                filter: "nonsense".to_owned(),
                ..request()
            },
            "BAD_FILTER",
            "filter",
        ),
        (
            ListAlertsRequest {
                page_token: "x".to_owned(),
                ..request()
            },
            "INVALID_PAGE_TOKEN",
            "page_token",
        ),
        (
            ListAlertsRequest {
                page_token: token,
                filter: "severity == CRITICAL".to_owned(),
                ..request()
            },
            "INVALID_PAGE_TOKEN",
            "page_token",
        ),
    ] {
        let refused = Refusal::of(&list(&client, request).await.unwrap_err());
        assert_eq!(refused.told(), (Code::InvalidArgument, reason, field));
    }
    let request = ListAlertsRequest {
        page_size: -1,
        ..request()
    };
    let refused = Refusal::of(&list(&client, request).await.unwrap_err());
    assert_eq!(
        (refused.code, refused.field.as_str()),
        (Code::InvalidArgument, "page_size")
    );
}

#[tokio::test]
async fn an_alert_that_is_not_there_is_not_found() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    for (id, told) in [
        ("0123456789abcdef0123456789abcdef", (Code::NotFound, "NOT_FOUND", "")),
        ("'; DROP TABLE alerts; --", (Code::NotFound, "NOT_FOUND", "")),
        ("", (Code::InvalidArgument, "REQUIRED_FIELD_MISSING", "id")),
    ] {
        assert_eq!(Refusal::of(&get(&client, id).await.unwrap_err()).told(), told);
    }
}
