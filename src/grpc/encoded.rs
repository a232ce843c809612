//! Messages that pass the generated servers as bytes: responses of a subscription, encoded once for all subscribers, and the requests
//! that carry notifications, which are read in place.

use prost::{
    DecodeError, Message,
    bytes::{Buf, BufMut, Bytes},
    encoding::{DecodeContext, WireType, encode_varint, skip_field},
    length_delimiter_len,
};

#[allow(missing_docs, clippy::all)]
pub(crate) mod server {
    include!(concat!(env!("OUT_DIR"), "/encoded/bellwether.v1.rs"));
}

/// The keys of `SubscribeResponse`'s fields on the wire: field number times 8, plus 2 for "length-delimited".
mod key {
    pub const CURSOR: u8 = 1 << 3 | 2;
    pub const EVENT: u8 = 2 << 3 | 2;
    pub const HEARTBEAT: u8 = 3 << 3 | 2;
    pub const SNAPSHOT_COMPLETE: u8 = 4 << 3 | 2;
}

/// A `SubscribeResponse` that is ready bytes; cloning it copies none of them.
///
/// The generated server takes it in the place of the message. It is only ever sent; what is decoded into it is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncodedResponse(Bytes);

impl EncodedResponse {
    /// An event, given as an encoded `AlertEvent`. The cursor is empty for the items of a snapshot.
    pub fn event(cursor: &str, alert_event: &[u8]) -> Self {
        Self::encode(cursor, key::EVENT, alert_event)
    }

    /// A sign of life: everything before this cursor has been sent.
    pub fn heartbeat(cursor: &str) -> Self {
        Self::encode(cursor, key::HEARTBEAT, &[])
    }

    /// The end of a snapshot: live events follow from this cursor on.
    pub fn snapshot_complete(cursor: &str) -> Self {
        Self::encode(cursor, key::SNAPSHOT_COMPLETE, &[])
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    fn encode(cursor: &str, payload_key: u8, payload: &[u8]) -> Self {
        let field_len = |len: usize| 1 + length_delimiter_len(len) + len;
        let mut bytes = Vec::with_capacity(field_len(cursor.len()) + field_len(payload.len()));
        if !cursor.is_empty() {
            put_field(&mut bytes, key::CURSOR, cursor.as_bytes());
        }
        put_field(&mut bytes, payload_key, payload);
        Self(bytes.into())
    }
}

fn put_field(bytes: &mut Vec<u8>, key: u8, value: &[u8]) {
    bytes.push(key);
    encode_varint(value.len() as u64, bytes);
    bytes.extend_from_slice(value);
}

impl Message for EncodedResponse {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.0);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        skip_field(wire_type, tag, buf, ctx)
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// A request that carries notifications, as it came; [`from_proto`](super::from_proto) reads it.
///
/// The generated server takes it in the place of the message. It is only ever received; encoding it gives the same bytes again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncodedRequest(Bytes);

impl EncodedRequest {
    /// The message's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Message for EncodedRequest {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.0);
    }

    fn merge(&mut self, mut buf: impl Buf) -> Result<(), DecodeError> {
        self.0 = buf.copy_to_bytes(buf.remaining());
        Ok(())
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        skip_field(wire_type, tag, buf, ctx)
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{AlertEvent, Heartbeat, SnapshotComplete, SubscribeResponse, subscribe_response::Payload};

    #[test]
    fn reads_as_the_message_that_it_stands_for() {
        let event = AlertEvent {
            sequence: 7,
            r#type: 1,
            occurred_at: Some(prost_types::Timestamp { seconds: 1, nanos: 2 }),
            alert: Some(crate::api::Alert {
                summary: "x".repeat(300),
                ..Default::default()
            }),
        };
        let cursor = "c".repeat(128);
        for (encoded, cursor, payload) in [
            (
                EncodedResponse::event(&cursor, &event.encode_to_vec()),
                cursor.as_str(),
                Payload::Event(event.clone()),
            ),
            (
                EncodedResponse::event("", &event.encode_to_vec()),
                "",
                Payload::Event(event),
            ),
            (EncodedResponse::heartbeat("c1"), "c1", Payload::Heartbeat(Heartbeat {})),
            (
                EncodedResponse::snapshot_complete("c2"),
                "c2",
                Payload::SnapshotComplete(SnapshotComplete {}),
            ),
        ] {
            let response = SubscribeResponse {
                cursor: cursor.to_owned(),
                payload: Some(payload),
            };
            assert_eq!(encoded.encode_to_vec(), response.encode_to_vec());
            assert_eq!(SubscribeResponse::decode(encoded.bytes().clone()), Ok(response));
        }
    }
}
