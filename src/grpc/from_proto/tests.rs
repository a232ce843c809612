//! What callers send, field by field: taken, or refused by name; and the digest that tells equal content.

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use prost::Message as _;

use super::*;
use crate::api::{self, notification::Payload as Wire};

#[path = "../../../tests/it/support/bad_input.rs"]
mod bad_input;
use bad_input::Answer;

/// 2020-12-04T10:04:29Z, the moment of the vendor's example.
const NOW: i64 = 1_607_076_269;

fn read(wire: api::Notification) -> Result<Notification, Refused> {
    item(&wire.encode_to_vec(), "bridge", Time::from_nanos(NOW * 1_000_000_000))
}

#[test]
fn bad_input_gets_the_promised_answer() {
    let mut wrong = Vec::new();
    for case in bad_input::cases(NOW) {
        let result = read(case.notification);
        let told = result.as_ref().err().map(|refused| Status::from(refused.clone()));
        let as_promised = match (&case.answer, &told) {
            (Answer::Accepted, None) => true,
            (
                Answer::Refused {
                    reason,
                    field,
                    key,
                    column,
                },
                Some(status),
            ) => {
                let details = status.get_error_details();
                let info = details.error_info().expect("every error has an ErrorInfo");
                let violations = &details.bad_request().expect("a field is to blame").field_violations;
                let metadata = |name: &str| info.metadata.get(name).map_or("", String::as_str);
                status.code() == Code::InvalidArgument
                    && info.reason == *reason
                    && info.domain == "bellwether"
                    && violations.len() == 1
                    && violations[0].field == *field
                    && metadata("key") == *key
                    && metadata("column").parse().unwrap_or(0) == *column
            }
            _ => false,
        };
        if !as_promised {
            wrong.push((case.what, case.answer, result));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_answer_never_echoes_a_value() {
    let secret = "Zhang";
    for pairs in [
        format!("name='{secret}', name='{secret}'"),
        format!("name='{secret}', {secret} Wei = 'x'"),
        format!("role='{secret}'"),
        format!("{secret}='{secret}', {secret}='{secret}'"),
        format!("name={secret}-{secret}"),
        format!("connectTime='{secret}'"),
        format!("name='{secret}"),
        format!("name='{secret}'}}{secret}"),
    ] {
        let status = Status::from(read(raw(&pairs)).expect_err(&pairs));
        assert!(!format!("{status:?}").contains(secret), "{status:?}");
        let details = String::from_utf8_lossy(status.details()).into_owned();
        assert!(!details.contains(secret), "{details}");
    }
}

#[test]
fn every_field_arrives() {
    let wire = api::Notification {
        id: "n-1".to_owned(),
        occurred_at: Some(prost_types::Timestamp { seconds: 5, nanos: 6 }),
        payload: Some(Wire::Party(vendors_party())),
    };
    let read = read(wire).unwrap();
    assert_eq!(read.source, "bridge");
    assert_eq!(read.id.unwrap().id, "n-1");
    assert_eq!(read.occurred_at, Some(Time::from_nanos(5_000_000_006)));
    let body = "{billingCode='33333', partyId='1595239406278YY10000', name='真实名称', phone='13939232332', country='86', \
                areaCode='010', acmPhone='(86)13939232332', role='1', partyStatus='0', disconnectReason='0', \
                connectTime='1607076269000', city='陕西.西安'}";
    let received = Time::from_nanos(NOW * 1_000_000_000);
    assert_eq!(
        Ok(read.payload),
        vendor_text::parse(vendor_text::Kind::Party, body, received)
    );
}

#[test]
fn a_timestamp_beyond_the_model_becomes_the_nearest() {
    for (seconds, time) in [
        (253_402_300_799, Time::MAX),
        (-62_135_596_800, Time::MIN),
        (1, Time::from_nanos(1_000_000_000)),
    ] {
        assert_eq!(
            timestamp(prost_types::Timestamp { seconds, nanos: 0 }, "since"),
            Ok(time)
        );
    }
}

#[test]
fn a_duration_is_neither_negative_nor_malformed() {
    let read = |seconds, nanos| duration(prost_types::Duration { seconds, nanos }, "heartbeat_interval").ok();
    assert_eq!(read(1, 500_000_000), Some(Duration::from_millis(1500)));
    assert_eq!(read(0, 0), Some(Duration::ZERO));
    for (seconds, nanos) in [
        (-1, 0),
        (0, -1),
        (0, 1_000_000_000),
        (i64::MAX, 0),
        (i64::MIN, i32::MIN),
    ] {
        assert_eq!(read(seconds, nanos), None);
    }
}

mod digest {
    use super::*;

    fn digest(occurred_at: Option<i64>, payload: Wire) -> u128 {
        let wire = api::Notification {
            id: "n".to_owned(),
            occurred_at: occurred_at.map(|seconds| prost_types::Timestamp { seconds, nanos: 0 }),
            payload: Some(payload),
        };
        read(wire).unwrap().id.unwrap().content
    }

    fn digest_of(change: impl FnOnce(&mut api::ParticipantNotification)) -> u128 {
        let mut party = vendors_party();
        change(&mut party);
        digest(None, Wire::Party(party))
    }

    #[test]
    fn equals_for_every_form_of_the_same_content() {
        let typed = digest_of(|_| {});
        for body in [
            "{billingCode = ’33333’ , partyId = ‘1595239406278YY10000’ , name = ‘真实名称’ , phone = ‘13939232332’ ,  \
             country= ‘86’ ,  areaCode= ‘010’,  acmPhone= ‘(86)13939232332’,  role = ‘1’ , partyStatus = ‘0’,  \
             disconnectReason = ‘0’,  connectTime=’1607076269000’, city=’陕西.西安’}",
            "{city='陕西.西安',connectTime='1607076269000',disconnectReason='00',partyStatus=0,role='１',areaCode='010', \
             acmPhone='(86)13939232332',country='86',phone='13939232332',name='真实名称',partyId=1595239406278YY10000, \
             billingCode=33333,}",
        ] {
            assert_eq!(digest(None, raw_payload("party", body)), typed);
        }
        assert_eq!(
            digest(None, raw_payload("conf", "{billingCode='1', status='1', a='x', b='y'}")),
            digest(None, raw_payload("conf", "{b='y', a='x', billingCode='1', status='1'}")),
        );
    }

    #[test]
    fn differs_with_the_content() {
        let digests = [
            digest_of(|_| {}),
            digest_of(|party| party.name.clear()),
            digest_of(|party| {
                party.name.clear();
                party.phone = "真实名称13939232332".to_owned();
            }),
            digest_of(|party| party.role = None),
            digest_of(|party| party.role = Some(0)),
            digest_of(|party| party.disconnect_reason = Some(1)),
            digest_of(|party| party.connect_time = None),
            digest(Some(0), Wire::Party(vendors_party())),
            digest(Some(1), Wire::Party(vendors_party())),
            digest(None, raw_payload("conf", "{billingCode='33333', status='0'}")),
            digest(None, raw_payload("conf", "{billingCode='33333', status='0', a=''}")),
            digest(None, raw_payload("conf", "{billingCode='33333', status='0', a='b'}")),
        ];
        let distinct: std::collections::BTreeSet<_> = digests.iter().collect();
        assert_eq!(distinct.len(), digests.len());
    }

    /// Were it to change, a retry across an upgrade would be refused as another notification under the same id.
    #[test]
    fn is_the_same_in_every_version() {
        assert_eq!(
            format!("{:032x}", digest_of(|_| {})),
            "d7b9abff8cd12b19b97044c78672e754"
        );
    }
}

fn vendors_party() -> api::ParticipantNotification {
    api::ParticipantNotification {
        billing_code: "33333".to_owned(),
        party_id: "1595239406278YY10000".to_owned(),
        name: "真实名称".to_owned(),
        phone: "13939232332".to_owned(),
        country: "86".to_owned(),
        area_code: "010".to_owned(),
        acm_phone: "(86)13939232332".to_owned(),
        city: "陕西.西安".to_owned(),
        role: Some(1),
        status: Some(0),
        disconnect_reason: Some(0),
        connect_time: Some(prost_types::Timestamp { seconds: NOW, nanos: 0 }),
    }
}

fn raw_payload(kind: &str, body: &str) -> Wire {
    Wire::Raw(api::RawNotification {
        r#type: kind.to_owned(),
        body: body.to_owned(),
    })
}

fn raw(pairs: &str) -> api::Notification {
    let body = format!("{{billingCode='1', partyId='p', partyStatus='5', {pairs}}}");
    api::Notification {
        payload: Some(raw_payload("party", &body)),
        ..Default::default()
    }
}
