//! Bad input harms nobody: each kind has its code, its reason and its place, whichever way it comes, and costs only itself.

use std::time::SystemTime;

use bellwether::api::StreamNotifyResponse;
use prost::Message as _;
use tonic::Code;

use crate::support::{
    bad_input::{self, Answer, Case},
    client::{Refusal, conf, raw},
    raw_call,
    server::{Server, Site},
    wait::soon,
};

const NOTIFY: &str = "/bellwether.v1.NotificationService/Notify";
const STREAM_NOTIFY: &str = "/bellwether.v1.NotificationService/StreamNotify";

#[tokio::test]
async fn every_bad_input_has_its_answer_whichever_way_it_comes() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let cases = bad_input::cases(now.as_secs().try_into().unwrap());
    let all = || cases.iter().map(|case| case.notification.clone());

    for case in &cases {
        let answered = client.notify(case.notification.clone()).await;
        check(case, answered.err().map(|status| Refusal::of(&status)));
    }
    let results = client.batch(all().collect()).await.unwrap();
    assert_eq!(results.len(), cases.len());
    for (case, result) in cases.iter().zip(results) {
        check(case, result.err());
    }
    let mut stream = client.stream().await.unwrap();
    for notification in all() {
        stream.send(notification).await;
    }
    drop(stream.messages);
    let mut refused: Vec<Option<Refusal>> = vec![None; cases.len()];
    while let Some(answer) = soon(stream.answers.message()).await.unwrap() {
        for rejection in answer.rejections {
            let index = usize::try_from(rejection.index).unwrap();
            refused[index] = Some(Refusal::of_item(rejection.error.unwrap()));
        }
    }
    for (case, refusal) in cases.iter().zip(refused) {
        check(case, refusal);
    }
}

fn check(case: &Case, refusal: Option<Refusal>) {
    let what = case.what;
    match (&case.answer, refusal) {
        (Answer::Accepted, None) => {}
        (
            Answer::Refused {
                reason,
                field,
                key,
                column,
            },
            Some(refusal),
        ) => {
            assert_eq!(refusal.told(), (Code::InvalidArgument, *reason, *field), "{what}");
            let told = |name| refusal.metadata.get(name).map_or("", String::as_str);
            assert_eq!(told("key"), *key, "{what}");
            let column = if *column == 0 {
                String::new()
            } else {
                column.to_string()
            };
            assert_eq!(told("column"), column, "{what}");
        }
        (expected, refusal) => panic!("{what}: expected {expected:?}, got {refusal:?}"),
    }
}

/// `NotifyRequest { notification: { raw: { type: "conf", body } } }`, by hand: the generated types would not take such a body.
fn with_body(body: &[u8]) -> Vec<u8> {
    let field = |number: u8, content: &[u8]| {
        let length = u8::try_from(content.len())
            .ok()
            .filter(|length| *length < 0x80)
            .unwrap();
        [&[number << 3 | 2, length][..], content].concat()
    };
    let text = [field(1, b"conf"), field(2, body)].concat();
    field(1, &field(5, &text))
}

#[tokio::test]
async fn bytes_that_are_no_message_are_the_callers_fault() {
    let server = Server::start(&Site::new()).await;
    let channel = server.client().await.channel;
    let good = with_body(b"{billingCode='1', status='1'}");
    raw_call::unary(&channel, NOTIFY, good.clone()).await.unwrap();

    let latin = with_body(b"{billingCode='1', status='1', name='\xff'}");
    let gb18030 = with_body(b"{billingCode='1', status='1', name='\xd5\xe6\xca\xb5'}");
    let cut = good[..good.len() - 1].to_vec();
    for (bytes, reason) in [
        (latin, "INVALID_UTF8"),
        (gb18030, "INVALID_UTF8"),
        (cut, "MALFORMED_MESSAGE"),
        (vec![0xff; 16], "MALFORMED_MESSAGE"),
    ] {
        let status = raw_call::unary(&channel, NOTIFY, bytes.clone()).await.unwrap_err();
        assert_eq!(Refusal::of(&status).told(), (Code::InvalidArgument, reason, ""));

        // Where messages end is known all the same: on a stream it costs only itself.
        let messages = tokio_stream::iter([good.clone(), bytes, good.clone()]);
        let answers = raw_call::streaming(&channel, STREAM_NOTIFY, messages).await.unwrap();
        let answers = answers
            .iter()
            .map(|answer| StreamNotifyResponse::decode(answer.as_slice()).unwrap());
        let mut acknowledged = 0;
        let mut refused = Vec::new();
        for answer in answers {
            acknowledged = answer.acknowledged_count;
            refused.extend(answer.rejections);
        }
        let [rejection] = <[_; 1]>::try_from(refused).unwrap();
        assert_eq!((acknowledged, rejection.index), (3, 1));
        let refusal = Refusal::of_item(rejection.error.unwrap());
        assert_eq!(refusal.told(), (Code::InvalidArgument, reason, ""));
    }
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_refused_without_the_advice_to_try_again() {
    let mut site = Site::new();
    site.config.limits.message = 64 << 10;
    let server = Server::start(&site).await;
    let client = server.client().await;
    let too_large = raw("conf", &"x".repeat(65 << 10));
    let refusal = Refusal::of(&client.notify(too_large.clone()).await.unwrap_err());
    assert_eq!(refusal.told(), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE", ""));
    assert!(!refusal.retry, "it will never be taken");

    let mut stream = client.stream().await.unwrap();
    stream.send(conf("1", 1)).await;
    assert_eq!(stream.answer().await.unwrap().unwrap().acknowledged_count, 1);
    stream.send(too_large).await;
    let refusal = Refusal::of(&stream.answer().await.unwrap_err());
    assert_eq!(refusal.told(), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE", ""));
    client.notify(conf("1", 1)).await.unwrap();
}
