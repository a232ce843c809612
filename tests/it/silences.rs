//! Silences over gRPC: made, listed, ended, refused, recurring, and shown after their end.

use std::{
    slice,
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use bellwether::api::{
    CreateSilenceRequest, ExpireSilenceRequest, GetSilenceRequest, ListSilencesRequest, Silence, WeeklyTimes,
    alert_event::Type,
    silence::{self, State},
};
use prost_types::Timestamp;
use tonic::{Code, Status};

use crate::support::{
    client::{Client, Refusal, port_full},
    server::{RULES, Server, Site},
    smtp::{FakeSmtp, Script, about},
    wait::soon,
};

/// In a month, the same for all of a run.
static LATER: LazyLock<Timestamp> = LazyLock::new(|| Timestamp {
    nanos: 0,
    ..Timestamp::from(SystemTime::now() + Duration::from_hours(30 * 24))
});

fn silencing(filter: &str) -> CreateSilenceRequest {
    CreateSilenceRequest {
        filter: filter.to_owned(),
        ends_at: Some(*LATER),
        author: "wang".to_owned(),
        comment: "maintenance".to_owned(),
        ..Default::default()
    }
}

async fn silence(client: &Client, request: CreateSilenceRequest) -> Result<Silence, Status> {
    let created = soon(client.silences.clone().create_silence(request)).await?;
    Ok(created.into_inner().silence.unwrap())
}

async fn list(client: &Client, request: ListSilencesRequest) -> (Vec<Silence>, String) {
    let listed = soon(client.silences.clone().list_silences(request)).await.unwrap();
    let listed = listed.into_inner();
    (listed.silences, listed.next_page_token)
}

async fn silences(client: &Client, page_size: i32, page_token: &str) -> (Vec<Silence>, String) {
    let page_token = page_token.to_owned();
    let request = ListSilencesRequest {
        page_size,
        page_token,
        show_ended: false,
    };
    list(client, request).await
}

async fn expire(client: &Client, id: &str) -> Result<(), Status> {
    let request = ExpireSilenceRequest { id: id.to_owned() };
    soon(client.silences.clone().expire_silence(request)).await.map(drop)
}

#[tokio::test]
async fn a_silence_holds_mail_back_over_a_restart_until_it_is_expired() {
    let relay = FakeSmtp::start(Script::default()).await;
    let site = Site::new().with_relay(relay.port());
    let server = Server::start(&site).await;
    let client = server.client().await;
    let made = silence(&client, silencing("key.billing_code == '1111'")).await.unwrap();
    assert_eq!((made.author.as_str(), made.state()), ("wang", silence::State::Active));

    let mut feed = client.subscribe_to_all().await;
    client.notify(port_full("1111", "a")).await.unwrap();
    client.notify(port_full("2222", "b")).await.unwrap();
    assert_eq!(feed.event().await.r#type(), Type::Fired);
    let silenced = feed.event().await;
    assert_eq!(silenced.r#type(), Type::Silenced);
    assert_eq!(silenced.alert.unwrap().silenced_by, slice::from_ref(&made.id));
    relay.wait_until(|heard| about(heard, "2222") == 1).await;
    server.stop().await;

    let server = Server::start(&site).await;
    let client = server.client().await;
    let request = GetSilenceRequest { id: made.id.clone() };
    let found = soon(client.silences.clone().get_silence(request)).await.unwrap();
    assert_eq!(found.into_inner().silence, Some(made.clone()));
    assert_eq!(client.alerts("silenced").await.len(), 1);
    assert_eq!(client.alerts("!silenced && !inhibited && !acknowledged").await.len(), 1);
    assert_eq!(about(&relay.heard(), "1111"), 0, "it fired before the other did");
    let mut feed = client
        .subscribe(crate::support::client::after(&feed.cursor))
        .await
        .unwrap();
    expire(&client, &made.id).await.unwrap();
    relay.wait_until(|heard| about(heard, "1111") == 1).await;
    assert_eq!(feed.event().await.r#type(), Type::Fired, "that of the other");
    assert_eq!(feed.event().await.r#type(), Type::Unsilenced);
    let again = expire(&client, &made.id).await.unwrap_err();
    assert_eq!(Refusal::of(&again).told(), (Code::NotFound, "NOT_FOUND", ""));
}

#[tokio::test]
async fn what_is_wrong_with_a_silence_is_told() {
    let mut site = Site::new();
    site.config.limits.silences = 2;
    let server = Server::start(&site).await;
    let client = server.client().await;
    let good = || silencing("severity == CRITICAL");
    for (request, reason, field) in [
        (silencing(""), "REQUIRED_FIELD_MISSING", "filter"),
        (silencing("party.status == 1"), "BAD_FILTER", "filter"),
        (
            CreateSilenceRequest {
                ends_at: None,
                ..good()
            },
            "REQUIRED_FIELD_MISSING",
            "ends_at",
        ),
        (
            CreateSilenceRequest {
                ends_at: Some(Timestamp::default()),
                ..good()
            },
            "OUT_OF_RANGE",
            "ends_at",
        ),
        (
            CreateSilenceRequest {
                ends_at: Some(Timestamp {
                    seconds: LATER.seconds + 90 * 86_400,
                    nanos: 0,
                }),
                ..good()
            },
            "OUT_OF_RANGE",
            "ends_at",
        ),
        (
            CreateSilenceRequest {
                starts_at: Some(*LATER),
                ..good()
            },
            "OUT_OF_RANGE",
            "ends_at",
        ),
        (
            CreateSilenceRequest {
                starts_at: Some(Timestamp { seconds: 1, nanos: -1 }),
                ..good()
            },
            "BAD_TIMESTAMP",
            "starts_at",
        ),
        (
            CreateSilenceRequest {
                author: "a".repeat(129),
                ..good()
            },
            "VALUE_TOO_LONG",
            "author",
        ),
        (
            CreateSilenceRequest {
                comment: "two\nlines".to_owned(),
                ..good()
            },
            "CONTROL_CHARACTER",
            "comment",
        ),
    ] {
        let refused = Refusal::of(&silence(&client, request).await.unwrap_err());
        assert_eq!(refused.told(), (Code::InvalidArgument, reason, field));
    }
    for id in ["", "nonsense", &"0".repeat(32)] {
        let refused = Refusal::of(&expire(&client, id).await.unwrap_err());
        let expected = match id {
            "" => (Code::InvalidArgument, "REQUIRED_FIELD_MISSING", "id"),
            _ => (Code::NotFound, "NOT_FOUND", ""),
        };
        assert_eq!(refused.told(), expected, "{id}");
    }

    let first = silence(&client, good()).await.unwrap();
    assert_eq!(silence(&client, good()).await.unwrap(), first, "a retry");
    let pending = CreateSilenceRequest {
        starts_at: Some(Timestamp {
            seconds: LATER.seconds - 60,
            nanos: 0,
        }),
        ..good()
    };
    let second = silence(&client, pending).await.unwrap();
    assert_eq!(second.state(), silence::State::Pending);
    let full = Refusal::of(&silence(&client, silencing("true")).await.unwrap_err());
    assert_eq!(full.told(), (Code::ResourceExhausted, "TOO_MANY_SILENCES", ""));

    let (page, token) = silences(&client, 1, "").await;
    assert_eq!(page, [first]);
    assert_eq!(silences(&client, 1, &token).await, (vec![second], String::new()));
}

#[tokio::test]
async fn a_silence_sees_personal_data_as_it_is_shown() {
    let rules = RULES.replace("party.party_id]", "party.phone]");
    let server = Server::start(&Site::with_rules(&rules)).await;
    let client = server.client().await;
    silence(&client, silencing("key.phone == '13939232332'")).await.unwrap();
    let masked = silence(&client, silencing("key.phone == '139****2332'")).await.unwrap();
    client.notify(port_full("1111", "a")).await.unwrap();
    assert_eq!(client.alerts("").await[0].silenced_by, [masked.id]);
}

fn weekly(time_zone: &str, weekdays: &[&str], times: &[&str]) -> Option<WeeklyTimes> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Some(WeeklyTimes {
        time_zone: time_zone.to_owned(),
        weekdays: texts(weekdays),
        times: texts(times),
    })
}

#[tokio::test]
async fn a_silence_that_recurs_is_held_as_data_over_a_restart() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let client = server.client().await;
    // Two that take turns: whatever the time is, one of them holds and the other does not.
    let of = |times: &[&str]| CreateSilenceRequest {
        schedule: weekly("Asia/Shanghai", &["mon-sun"], times),
        ..silencing("true")
    };
    let (odd, even): (Vec<String>, Vec<String>) = (0..12)
        .map(|hour| (2 * hour, 2 * hour + 1, 2 * hour + 2))
        .map(|(a, b, c)| (format!("{a:02}:00-{b:02}:00"), format!("{b:02}:00-{c:02}:00")))
        .unzip();
    let made = [&odd, &even].map(|times| of(&times.iter().map(String::as_str).collect::<Vec<_>>()));
    let mut made_ones = Vec::new();
    for request in made {
        let one = silence(&client, request.clone()).await.unwrap();
        assert_eq!(one.schedule, request.schedule);
        assert_eq!(silence(&client, request).await.unwrap().id, one.id, "a retry");
        made_ones.push(one);
    }
    let mut states: Vec<State> = made_ones.iter().map(Silence::state).collect();
    states.sort_unstable();
    assert_eq!(states, [State::Pending, State::Active]);
    assert_eq!(
        made_ones[0].changes_at, made_ones[1].changes_at,
        "one lets go when the other takes over"
    );
    client.notify(port_full("1111", "a")).await.unwrap();
    let holding = made_ones.iter().find(|one| one.state() == State::Active).unwrap();
    assert_eq!(
        client.alerts("silenced").await[0].silenced_by,
        slice::from_ref(&holding.id)
    );
    server.stop().await;

    let server = Server::start(&site).await;
    let (mut listed, _) = silences(&server.client().await, 0, "").await;
    made_ones.sort_by_key(|one| one.id.clone());
    listed.sort_by_key(|one| one.id.clone());
    assert_eq!(listed, made_ones);
}

#[tokio::test]
async fn what_is_wrong_with_a_schedule_is_told_in_its_place() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    let many = vec!["09:00-10:00"; 25];
    let long = "x".repeat(65);
    for (schedule, reason, field) in [
        (
            weekly("", &["mon"], &[]),
            "REQUIRED_FIELD_MISSING",
            "schedule.time_zone",
        ),
        (weekly("Nowhere", &["mon"], &[]), "BAD_SCHEDULE", "schedule.time_zone"),
        (weekly(&long, &["mon"], &[]), "VALUE_TOO_LONG", "schedule.time_zone"),
        (weekly("UTC", &[], &[]), "REQUIRED_FIELD_MISSING", "schedule.times"),
        (
            weekly("UTC", &["mon", "monday"], &[]),
            "BAD_SCHEDULE",
            "schedule.weekdays[1]",
        ),
        (weekly("UTC", &[], &["9:00-10:00"]), "BAD_SCHEDULE", "schedule.times[0]"),
        (
            weekly("UTC", &[], &["09:00-10:00", "10:00-10:00"]),
            "BAD_SCHEDULE",
            "schedule.times[1]",
        ),
        (weekly("UTC", &[], &many), "TOO_MANY_ITEMS", "schedule.times"),
    ] {
        let request = CreateSilenceRequest {
            schedule,
            ..silencing("true")
        };
        let refused = Refusal::of(&silence(&client, request).await.unwrap_err());
        assert_eq!(refused.told(), (Code::InvalidArgument, reason, field));
    }
    let monday = Timestamp {
        seconds: 1_999_814_400,
        nanos: 0,
    };
    let never = CreateSilenceRequest {
        starts_at: Some(monday),
        ends_at: Some(Timestamp {
            seconds: monday.seconds + 86_400,
            nanos: 0,
        }),
        schedule: weekly("UTC", &["wed-sun"], &[]),
        ..silencing("true")
    };
    let refused = Refusal::of(&silence(&client, never.clone()).await.unwrap_err());
    assert_eq!(refused.told(), (Code::InvalidArgument, "OUT_OF_RANGE", "schedule"));
    let mondays = CreateSilenceRequest {
        schedule: weekly("UTC", &["mon"], &[]),
        ..never
    };
    let made = silence(&client, mondays).await.unwrap();
    assert_eq!((made.state(), made.changes_at), (State::Pending, Some(monday)));
}

#[tokio::test]
async fn an_ended_silence_is_shown_for_a_while_to_whoever_asks() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let client = server.client().await;
    let stays = silence(&client, silencing("severity == CRITICAL")).await.unwrap();
    let ends = silence(&client, silencing("severity == WARNING")).await.unwrap();
    expire(&client, &ends.id).await.unwrap();
    server.stop().await;

    let server = Server::start(&site).await;
    let client = server.client().await;
    assert_eq!(silences(&client, 0, "").await, (vec![stays.clone()], String::new()));
    let with_ended = |page_size, page_token: &str| ListSilencesRequest {
        page_size,
        page_token: page_token.to_owned(),
        show_ended: true,
    };
    let (page, token) = list(&client, with_ended(1, "")).await;
    assert_eq!(page, [stays]);
    let (page, token) = list(&client, with_ended(1, &token)).await;
    assert_eq!(token, "");
    let [ended] = page.try_into().unwrap();
    assert_eq!((ended.state(), ended.changes_at), (State::Ended, None));
    assert!(ended.ended_at.unwrap().seconds < LATER.seconds);
    let expected = Silence {
        state: State::Ended.into(),
        changes_at: None,
        ended_at: ended.ended_at,
        ..ends
    };
    assert_eq!(ended, expected);
    let request = GetSilenceRequest { id: ended.id.clone() };
    let found = soon(client.silences.clone().get_silence(request)).await.unwrap();
    assert_eq!(found.into_inner().silence, Some(ended));
}
