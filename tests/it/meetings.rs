//! Questions about meetings: what the notifications before have made of them.

use bellwether::api::{GetMeetingRequest, ListMeetingsRequest, ListMeetingsResponse, Meeting, timeline_entry::Change};
use tonic::{Code, Status};

use crate::support::{
    client::{Client, Refusal, conf, port_full, speaking},
    server::{Server, Site},
    wait::soon,
};

async fn list(client: &Client, request: ListMeetingsRequest) -> Result<ListMeetingsResponse, Status> {
    let listed = soon(client.meetings.clone().list_meetings(request)).await;
    listed.map(tonic::Response::into_inner)
}

async fn get(client: &Client, billing_code: &str) -> Result<Meeting, Status> {
    let billing_code = billing_code.to_owned();
    let got = soon(client.meetings.clone().get_meeting(GetMeetingRequest { billing_code })).await?;
    Ok(got.into_inner().meeting.unwrap())
}

#[tokio::test]
async fn a_meeting_is_what_was_said_of_it() {
    let site = Site::new();
    let mut server = Server::start(&site).await;
    let client = server.client().await;
    for notification in [
        conf("33333", 1),
        speaking("33333", "b"),
        speaking("33333", "a"),
        port_full("33333", "c"),
        conf("33333", 101),
        conf("33333", 41),
    ] {
        client.notify(notification).await.unwrap();
    }
    for restarted in [false, true] {
        if restarted {
            server.stop().await;
            server = Server::start(&site).await;
        }
        let client = server.client().await;
        let meeting = get(&client, "33333").await.unwrap();
        assert_eq!((meeting.opened_sequence, meeting.live), (1, true));
        assert_eq!(
            (meeting.present_count, meeting.talking_count, meeting.refused_count),
            (2, 2, 1)
        );
        assert_eq!(
            (meeting.recording, meeting.was_recorded, meeting.muted_all),
            (Some(101), true, true)
        );
        assert!(meeting.started_at.is_some() && meeting.ended_at.is_none());
        let known: Vec<_> = meeting
            .participants
            .iter()
            .map(|participant| participant.known.as_ref().unwrap())
            .map(|known| (known.party_id.as_str(), known.status, known.phone.as_str()))
            .collect();
        let phone = "139****2332";
        assert_eq!(
            known,
            [("a", Some(5), phone), ("b", Some(5), phone), ("c", Some(0), phone)]
        );
        let timeline: Vec<_> = meeting.timeline.iter().filter_map(|entry| entry.change).collect();
        assert_eq!(
            timeline,
            [
                Change::ConferenceStatus(1),
                Change::ParticipantStatus(5),
                Change::ParticipantStatus(5),
                Change::ParticipantStatus(0),
                Change::ConferenceStatus(101),
                Change::ConferenceStatus(41),
            ]
        );
        let open = client.alerts("state == FIRING").await;
        assert_eq!(meeting.alert_ids, [open[0].id.as_str()]);
    }
}

#[tokio::test]
async fn meetings_are_listed_in_pages_in_the_order_of_their_opening() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    for code in 0..5 {
        client.notify(conf(&code.to_string(), 1)).await.unwrap();
    }
    let mut request = ListMeetingsRequest {
        page_size: 2,
        ..Default::default()
    };
    let mut pages = Vec::new();
    loop {
        let page = list(&client, request.clone()).await.unwrap();
        assert!(page.meetings.iter().all(|meeting| meeting.timeline.is_empty()));
        let codes: Vec<String> = page.meetings.into_iter().map(|meeting| meeting.billing_code).collect();
        pages.push(codes.join(" "));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(pages, ["0 1", "2 3", "4"]);
}

#[tokio::test]
async fn what_is_not_there_and_what_cannot_be_asked() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    let refused = async |code| Refusal::of(&get(&client, code).await.unwrap_err());
    assert_eq!(refused("1").await.told(), (Code::NotFound, "NOT_FOUND", ""));
    assert_eq!(
        refused("").await.told(),
        (Code::InvalidArgument, "REQUIRED_FIELD_MISSING", "billing_code")
    );
    let request = ListMeetingsRequest {
        page_token: "x".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        Refusal::of(&list(&client, request).await.unwrap_err()).told(),
        (Code::InvalidArgument, "INVALID_PAGE_TOKEN", "page_token")
    );
}
