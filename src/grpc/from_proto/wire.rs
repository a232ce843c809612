//! Notifications as they lie on the wire: views into a request's bytes, without a copy. prost would make a `String` of every text and
//! move each message through every layer of the transport, which costs more than deciding what it means.
//!
//! What protobuf says of decoding holds: fields come in any order, the last one of a kind wins, parts of one message are merged, and
//! unknown fields are skipped. A test compares it with prost.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use crate::grpc::status::Refused;

/// `Notification`
#[derive(Debug, Default, PartialEq)]
pub(super) struct Notification<'a> {
    pub id: &'a str,
    pub occurred_at: Option<prost_types::Timestamp>,
    pub payload: Option<Payload<'a>>,
}

/// `Notification.payload`
#[derive(Debug, PartialEq)]
pub(super) enum Payload<'a> {
    Conf(Conf<'a>),
    Party(Party<'a>),
    Raw(Raw<'a>),
}

/// `ConferenceNotification`
#[derive(Debug, Default, PartialEq)]
pub(super) struct Conf<'a> {
    pub billing_code: &'a str,
    pub status: Option<i32>,
}

/// `ParticipantNotification`
#[derive(Debug, Default, PartialEq)]
pub(super) struct Party<'a> {
    pub billing_code: &'a str,
    pub party_id: &'a str,
    pub name: &'a str,
    pub phone: &'a str,
    pub country: &'a str,
    pub area_code: &'a str,
    pub acm_phone: &'a str,
    pub city: &'a str,
    pub role: Option<i32>,
    pub status: Option<i32>,
    pub disconnect_reason: Option<i32>,
    pub connect_time: Option<prost_types::Timestamp>,
}

/// `RawNotification`
#[derive(Debug, Default, PartialEq)]
pub(super) struct Raw<'a> {
    pub kind: &'a str,
    pub body: &'a str,
}

/// The notification of a `NotifyRequest` or a `StreamNotifyRequest`.
pub(super) fn of_one(request: &[u8]) -> Result<Option<Notification<'_>>, Refused> {
    let mut notification = None;
    each_field(request, |field| match field {
        (1, part) => notification
            .get_or_insert_with(Notification::default)
            .merge(part.bytes()?),
        _ => Ok(()),
    })?;
    Ok(notification)
}

/// The notifications of a `BatchNotifyRequest`, each by itself.
pub(super) fn of_many(request: &[u8]) -> Result<Vec<&[u8]>, Refused> {
    let mut notifications = Vec::new();
    each_field(request, |field| {
        if let (1, one) = field {
            notifications.push(one.bytes()?);
        }
        Ok(())
    })?;
    Ok(notifications)
}

impl<'a> Notification<'a> {
    pub fn merge(&mut self, bytes: &'a [u8]) -> Result<(), Refused> {
        each_field(bytes, |(number, value)| {
            match number {
                1 => self.id = value.text()?,
                2 => merge_time(self.occurred_at.get_or_insert_default(), value.bytes()?)?,
                3 => match &mut self.payload {
                    Some(Payload::Conf(conf)) => conf.merge(value.bytes()?)?,
                    payload => {
                        let mut conf = Conf::default();
                        conf.merge(value.bytes()?)?;
                        *payload = Some(Payload::Conf(conf));
                    }
                },
                4 => match &mut self.payload {
                    Some(Payload::Party(party)) => party.merge(value.bytes()?)?,
                    payload => {
                        let mut party = Party::default();
                        party.merge(value.bytes()?)?;
                        *payload = Some(Payload::Party(party));
                    }
                },
                5 => match &mut self.payload {
                    Some(Payload::Raw(raw)) => raw.merge(value.bytes()?)?,
                    payload => {
                        let mut raw = Raw::default();
                        raw.merge(value.bytes()?)?;
                        *payload = Some(Payload::Raw(raw));
                    }
                },
                _ => {}
            }
            Ok(())
        })
    }
}

impl<'a> Conf<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Result<(), Refused> {
        each_field(bytes, |(number, value)| {
            match number {
                1 => self.billing_code = value.text()?,
                2 => self.status = Some(value.number()?),
                _ => {}
            }
            Ok(())
        })
    }
}

impl<'a> Party<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Result<(), Refused> {
        each_field(bytes, |(number, value)| {
            match number {
                1 => self.billing_code = value.text()?,
                2 => self.party_id = value.text()?,
                3 => self.name = value.text()?,
                4 => self.phone = value.text()?,
                5 => self.country = value.text()?,
                6 => self.area_code = value.text()?,
                7 => self.acm_phone = value.text()?,
                8 => self.city = value.text()?,
                9 => self.role = Some(value.number()?),
                10 => self.status = Some(value.number()?),
                11 => self.disconnect_reason = Some(value.number()?),
                12 => merge_time(self.connect_time.get_or_insert_default(), value.bytes()?)?,
                _ => {}
            }
            Ok(())
        })
    }
}

impl<'a> Raw<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Result<(), Refused> {
        each_field(bytes, |(number, value)| {
            match number {
                1 => self.kind = value.text()?,
                2 => self.body = value.text()?,
                _ => {}
            }
            Ok(())
        })
    }
}

fn merge_time(time: &mut prost_types::Timestamp, bytes: &[u8]) -> Result<(), Refused> {
    each_field(bytes, |(number, value)| {
        match number {
            1 => time.seconds = value.varint()?.cast_signed(),
            2 => time.nanos = value.number()?,
            _ => {}
        }
        Ok(())
    })
}

/// A field's value. The messages here have no other kinds.
enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Of a field that no message here has.
    Skipped,
}

impl<'a> Value<'a> {
    fn varint(self) -> Result<u64, Refused> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err(Refused::malformed_message()),
        }
    }

    /// An `int32` or an enum: of a longer number the lower half counts, as protobuf has it.
    #[expect(clippy::cast_possible_truncation, reason = "protobuf's own rule")]
    fn number(self) -> Result<i32, Refused> {
        Ok(self.varint()? as i32)
    }

    fn bytes(self) -> Result<&'a [u8], Refused> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Refused::malformed_message()),
        }
    }

    fn text(self) -> Result<&'a str, Refused> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Refused::invalid_utf8())
    }
}

/// Goes over the fields of a message, in their order.
#[inline]
fn each_field<'a>(
    mut rest: &'a [u8],
    mut field: impl FnMut((u32, Value<'a>)) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let malformed = |_| Refused::malformed_message();
    while !rest.is_empty() {
        let (number, kind) = decode_key(&mut rest).map_err(malformed)?;
        let value = match kind {
            WireType::Varint => Value::Varint(decode_varint(&mut rest).map_err(malformed)?),
            WireType::LengthDelimited => {
                let length = decode_varint(&mut rest).map_err(malformed)?;
                let split = usize::try_from(length)
                    .ok()
                    .and_then(|length| rest.split_at_checked(length));
                let (bytes, after) = split.ok_or_else(Refused::malformed_message)?;
                rest = after;
                Value::Bytes(bytes)
            }
            other => {
                skip_field(other, number, &mut rest, DecodeContext::default()).map_err(malformed)?;
                Value::Skipped
            }
        };
        field((number, value))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;
    use crate::api::{self, notification::Payload as Wire};

    /// What prost reads, as a view.
    fn view(of: &api::Notification) -> Notification<'_> {
        Notification {
            id: &of.id,
            occurred_at: of.occurred_at,
            payload: of.payload.as_ref().map(payload_view),
        }
    }

    fn payload_view(payload: &Wire) -> Payload<'_> {
        match payload {
            Wire::Conf(conf) => Payload::Conf(Conf {
                billing_code: &conf.billing_code,
                status: conf.status,
            }),
            Wire::Party(party) => Payload::Party(Party {
                billing_code: &party.billing_code,
                party_id: &party.party_id,
                name: &party.name,
                phone: &party.phone,
                country: &party.country,
                area_code: &party.area_code,
                acm_phone: &party.acm_phone,
                city: &party.city,
                role: party.role,
                status: party.status,
                disconnect_reason: party.disconnect_reason,
                connect_time: party.connect_time,
            }),
            Wire::Raw(raw) => Payload::Raw(Raw {
                kind: &raw.r#type,
                body: &raw.body,
            }),
        }
    }

    fn agrees_with_prost(request: &[u8]) {
        let theirs = api::NotifyRequest::decode(request);
        match (of_one(request), &theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs.notification.as_ref().map(view)),
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{ours:?} is not {theirs:?}"),
        }
    }

    /// Messages of the shape of ours, their fields in any order and number, some of another kind than they should be.
    fn message(depth: u32) -> BoxedStrategy<Vec<u8>> {
        let varint = (1..14u32, any::<u64>()).prop_map(|(number, value)| {
            let mut bytes = Vec::new();
            prost::encoding::uint64::encode(number, &value, &mut bytes);
            bytes
        });
        let text = (1..14u32, "[a-z真\u{7f}]{0,3}").prop_map(|(number, text)| {
            let mut bytes = Vec::new();
            prost::encoding::string::encode(number, &text, &mut bytes);
            bytes
        });
        let fixed = (1..14u32, any::<u64>()).prop_map(|(number, value)| {
            let mut bytes = Vec::new();
            prost::encoding::fixed64::encode(number, &value, &mut bytes);
            bytes
        });
        let field = if depth == 0 {
            prop_oneof![varint, text].boxed()
        } else {
            let inner = (1..6u32, message(depth - 1)).prop_map(|(number, inner)| {
                let mut bytes = Vec::new();
                prost::encoding::bytes::encode(number, &inner, &mut bytes);
                bytes
            });
            prop_oneof![1 => varint, 2 => text, 1 => fixed, 8 => inner].boxed()
        };
        prop::collection::vec(field, 0..4)
            .prop_map(|fields| fields.concat())
            .boxed()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn reads_what_prost_reads(request in message(3)) {
            agrees_with_prost(&request);
        }

        #[test]
        fn reads_any_bytes_as_prost_does(request: Vec<u8>) {
            agrees_with_prost(&request);
        }
    }
}
