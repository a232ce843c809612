//! Notifications in: what is acknowledged, in which order, and what is refused, as a caller sees it.

use std::time::Duration;

use bellwether::api::{NotifyAccepted, NotifyResponse, StreamNotifyResponse};
use tonic::Code;

use crate::support::{
    client::{Client, Refusal, conf, port_full, raw, speaking, with_id},
    server::{Server, Site, metric},
    wait::soon,
};

fn accepted(sequence: u64) -> NotifyAccepted {
    NotifyAccepted {
        sequence,
        duplicate: false,
    }
}

fn repeated(sequence: u64) -> NotifyAccepted {
    NotifyAccepted {
        sequence,
        duplicate: true,
    }
}

#[tokio::test]
async fn sequences_are_dense_over_all_ways_in_and_across_a_restart() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let client = server.client().await;
    let bad = || raw("conf", "{");

    let notify = async |client: &Client| {
        let NotifyResponse { sequence, duplicate } = client.notify(conf("1", 1)).await.unwrap();
        assert!(!duplicate);
        sequence
    };
    assert_eq!(notify(&client).await, 1);
    client.notify(bad()).await.unwrap_err();
    assert_eq!(notify(&client).await, 2);
    let results = client.batch(vec![conf("2", 1), bad(), conf("3", 1)]).await.unwrap();
    assert_eq!((&results[0], &results[2]), (&Ok(accepted(3)), &Ok(accepted(4))));
    let mut stream = client.stream().await.unwrap();
    for notification in [conf("4", 1), bad(), conf("5", 1)] {
        stream.send(notification).await;
    }
    drop(stream.messages);
    while soon(stream.answers.message()).await.unwrap().is_some() {}
    assert_eq!(notify(&client).await, 7);

    server.stop().await;
    let server = Server::start(&site).await;
    assert_eq!(notify(&server.client().await).await, 8);
}

#[tokio::test]
async fn what_is_odd_is_taken_and_counted() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    let counted = async |kind: &str| {
        let series = format!("bellwether_irregularities_total{{kind=\"{kind}\"}} ");
        metric(server.admin, &series).await
    };
    assert_eq!(counted("repeat").await, Some(0.0));
    for notification in [
        conf("1", 77_777),
        conf("1", 77_777),
        raw("conf", "{billingCode = '1', status = '1', mood = '2'}"),
    ] {
        client.notify(notification).await.unwrap();
    }
    for (kind, count) in [
        ("repeat", 1.0),
        ("late", 0.0),
        ("early", 0.0),
        ("unlisted_code", 2.0),
        ("unknown_key", 1.0),
        ("skipped_input", 0.0),
    ] {
        assert_eq!(counted(kind).await, Some(count), "{kind}");
    }
}

#[tokio::test]
async fn an_id_is_applied_once_and_other_content_under_it_is_refused() {
    let site = Site::new();
    let mut server = Server::start(&site).await;
    let mut client = server.client().await;
    let once = || with_id("once", conf("1", 1));
    assert_eq!(client.notify(once()).await.unwrap().sequence, 1);

    for restarted in [false, true] {
        if restarted {
            server.stop().await;
            server = Server::start(&site).await;
            client = server.client().await;
        }
        let again = client.notify(once()).await.unwrap();
        assert_eq!((again.sequence, again.duplicate), (1, true));
        let status = client.notify(with_id("once", conf("1", -1))).await.unwrap_err();
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.told(), (Code::AlreadyExists, "ID_REUSED", ""));
        assert_eq!(refusal.metadata["sequence"], "1");
        assert!(refusal.metadata["oldest_id_age"].ends_with('s'), "{refusal:?}");
    }
    assert_eq!(client.notify(with_id("twice", conf("1", 1))).await.unwrap().sequence, 2);
}

#[tokio::test]
async fn the_same_content_in_another_form_is_the_same() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    let typed = with_id("form", conf("33333", 1));
    let text = with_id("form", raw("conf", "{ status=‘1’ , billingCode=33333, }"));
    assert_eq!(client.notify(typed).await.unwrap().sequence, 1);
    assert!(client.notify(text).await.unwrap().duplicate);
}

#[tokio::test]
async fn a_bad_item_of_a_batch_costs_only_itself() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    let batch = vec![
        with_id("a", conf("1", 1)),
        raw("conf", "{billingCode='1'}"),
        with_id("a", conf("1", 1)),
        with_id("a", conf("1", -1)),
        conf("2", 1),
    ];
    let results = client.batch(batch).await.unwrap();
    assert_eq!(results.len(), 5);
    assert_eq!(results[0], Ok(accepted(1)));
    assert_eq!(
        results[1].as_ref().unwrap_err().told(),
        (Code::InvalidArgument, "REQUIRED_FIELD_MISSING", "notification.raw.body")
    );
    assert_eq!(results[2], Ok(repeated(1)), "the second of two equal ids");
    assert_eq!(
        results[3].as_ref().unwrap_err().told(),
        (Code::AlreadyExists, "ID_REUSED", "")
    );
    assert_eq!(results[4], Ok(accepted(2)));
}

#[tokio::test]
async fn a_batch_has_up_to_a_thousand_items() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    assert_eq!(client.batch(Vec::new()).await.unwrap(), []);
    let status = client.batch(vec![conf("1", 1); 1001]).await.unwrap_err();
    assert_eq!(
        Refusal::of(&status).told(),
        (Code::InvalidArgument, "TOO_MANY_ITEMS", "notifications")
    );
    let results = client.batch(vec![conf("1", 1); 1000]).await.unwrap();
    let dense: Vec<_> = (1..=1000).map(|sequence| Ok(accepted(sequence))).collect();
    assert_eq!(results, dense, "nothing of the refused batch was applied");
}

#[tokio::test]
async fn a_stream_is_acknowledged_to_its_last_message() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    // That this returns shows that the response's head does not wait for a message.
    let mut stream = client.stream().await.unwrap();
    stream.send(with_id("a", conf("1", 1))).await;
    let first = stream.answer().await.unwrap().unwrap();
    assert_eq!((first.acknowledged_count, first.rejections.len()), (1, 0));

    stream.send(raw("conf", "{")).await;
    stream.send(with_id("a", conf("1", 1))).await;
    stream.send(with_id("a", conf("1", -1))).await;
    for _ in 0..3000 {
        stream.send(conf("1", 1)).await;
    }
    drop(stream.messages);
    let mut last = first.acknowledged_count;
    let mut rejections = Vec::new();
    while let Some(answer) = soon(stream.answers.message()).await.unwrap() {
        let StreamNotifyResponse {
            acknowledged_count,
            rejections: more,
        } = answer;
        assert!(acknowledged_count >= last);
        last = acknowledged_count;
        rejections.extend(more);
    }
    assert_eq!(last, 3004, "the last acknowledgement comes before the end");
    let told: Vec<_> = rejections
        .into_iter()
        .map(|rejection| (rejection.index, Refusal::of_item(rejection.error.unwrap()).reason))
        .collect();
    assert_eq!(told, [(1, "UNTERMINATED".to_owned()), (3, "ID_REUSED".to_owned())]);
    // A refused one has no sequence, and a repeated one has the first one's.
    assert_eq!(client.notify(conf("1", 1)).await.unwrap().sequence, 3002);
}

#[tokio::test]
async fn what_a_drain_cut_off_was_either_acknowledged_or_not_applied() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let mut stream = server.client().await.stream().await.unwrap();
    // A caller that never pauses must not hold up the end.
    let messages = stream.messages.clone();
    let sender = tokio::spawn(async move {
        for number in 0_u64.. {
            let message = bellwether::api::StreamNotifyRequest {
                notification: Some(with_id(&number.to_string(), conf("1", 1))),
            };
            if messages.send(message).await.is_err() {
                break;
            }
        }
    });
    let mut acknowledged = stream.answer().await.unwrap().unwrap().acknowledged_count;
    let stopping = tokio::spawn(server.stop());
    let end = loop {
        match stream.answer().await {
            Ok(answer) => acknowledged = answer.unwrap().acknowledged_count,
            Err(status) => break Refusal::of(&status),
        }
    };
    assert_eq!(end.told(), (Code::Unavailable, "DRAINING", ""));
    assert!(end.retry);
    soon(stopping).await.unwrap();
    drop(stream);
    soon(sender).await.unwrap();

    let server = Server::start(&site).await;
    let client = server.client().await;
    let numbers: Vec<u64> = (0..acknowledged).collect();
    for numbers in numbers.chunks(1000) {
        let again = numbers.iter().map(|number| with_id(&number.to_string(), conf("1", 1)));
        let results = client.batch(again.collect()).await.unwrap();
        let expected: Vec<_> = numbers.iter().map(|number| Ok(repeated(number + 1))).collect();
        assert_eq!(results, expected);
    }
    let next = client.notify(conf("1", 1)).await.unwrap().sequence;
    assert_eq!(next, acknowledged + 1, "what was not acknowledged was not applied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_said_and_passes() {
    let mut site = Site::new();
    site.config.limits.queue = 1;
    let server = Server::start(&site).await;
    let client = server.client().await;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.notify(conf("1", 1)).await })
        })
        .collect();
    let (mut sequences, mut refused) = (Vec::new(), 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(response) => sequences.push(response.sequence),
            Err(status) => {
                let refusal = Refusal::of(&status);
                assert_eq!(refusal.told(), (Code::ResourceExhausted, "QUEUE_FULL", ""));
                assert!(refusal.retry);
                refused += 1;
            }
        }
    }
    assert!(
        refused > 0,
        "200 calls at once found room for all of them in a queue of one"
    );
    sequences.sort_unstable();
    let dense: Vec<u64> = (1..=sequences.len() as u64).collect();
    assert_eq!(sequences, dense, "what was refused was not applied");
    client.notify(conf("1", 1)).await.unwrap();
}

#[tokio::test]
async fn what_is_larger_than_the_queue_is_taken_when_the_queue_is_empty() {
    let mut site = Site::new();
    site.config.limits.queue = 1;
    let server = Server::start(&site).await;
    let client = server.client().await;
    let results = client.batch(vec![conf("1", 1); 100]).await.unwrap();
    assert_eq!(results.last(), Some(&Ok(accepted(100))));

    // A stream is never refused: it waits, and its caller with it.
    let mut stream = client.stream().await.unwrap();
    for _ in 0..100 {
        stream.send(conf("1", 1)).await;
    }
    drop(stream.messages);
    let mut last = 0;
    while let Some(answer) = soon(stream.answers.message()).await.unwrap() {
        last = answer.acknowledged_count;
    }
    assert_eq!(last, 100);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_whole_notifications() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    for round in 0..20 {
        let call = client.notify(with_id(&round.to_string(), port_full("1", &round.to_string())));
        // Dropped wherever it is by then.
        let _ = tokio::time::timeout(Duration::from_micros(100 * round), call).await;
    }
    let mut sequences = Vec::new();
    for round in 0..20 {
        let again = with_id(&round.to_string(), port_full("1", &round.to_string()));
        sequences.push(client.notify(again).await.unwrap().sequence);
    }
    let last = client.notify(speaking("1", "0")).await.unwrap().sequence;
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=20).collect::<Vec<u64>>());
    assert_eq!(last, 21, "each was applied once");
}
