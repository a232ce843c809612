//! Bytes from a caller: a message, or an error that says what was wrong with them.

use futures_util::FutureExt as _;
use proptest::prelude::*;
use tonic::{Code, codec::Streaming};
use tonic_types::StatusExt as _;

use super::*;
use crate::api::{NotifyRequest, SubscribeRequest, SubscribeResponse};

/// What a server reads from one message of these bytes.
fn decode<U: Message + Default + 'static>(message: &[u8]) -> Result<Option<U>, Status> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let decoder = StrictCodec::<(), U>::default().decoder();
    let mut stream = Streaming::new_request(decoder, axum::body::Body::from(frame), None, None);
    stream.message().now_or_never().expect("all bytes are there")
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

#[test]
fn a_message_is_decoded() {
    let request = SubscribeRequest {
        filter: "severity >= WARNING".to_owned(),
        ..Default::default()
    };
    assert_eq!(decode(&request.encode_to_vec()).unwrap(), Some(request));
}

#[test]
fn bad_utf8_is_told_from_bad_bytes() {
    // Field 1 (filter), length-delimited: a truncated UTF-8 sequence; "真" in GB18030; a length beyond the end; field number 0.
    for (bytes, expected) in [
        (&[0x0A, 2, 0xE7, 0x9C][..], "INVALID_UTF8"),
        (&[0x0A, 2, 0xD5, 0xE6], "INVALID_UTF8"),
        (&[0x0A, 9, b'x'], "MALFORMED_MESSAGE"),
        (&[0x00, 0x00], "MALFORMED_MESSAGE"),
    ] {
        let status = decode::<SubscribeRequest>(bytes).unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, expected)
        );
    }
}

/// The text of a raw notification, three messages deep.
#[test]
fn bad_utf8_in_a_body_is_found() {
    let body = [0x12, 2, 0xD5, 0xE6];
    let raw = [&[0x2A, 4], &body[..]].concat();
    let request = [&[0x0A, 6], &raw[..]].concat();
    assert_eq!(reason(&decode::<NotifyRequest>(&request).unwrap_err()), "INVALID_UTF8");
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        for status in [decode::<NotifyRequest>(&bytes).err(), decode::<SubscribeResponse>(&bytes).err()].into_iter().flatten() {
            prop_assert_eq!(status.code(), Code::InvalidArgument);
        }
    }
}
