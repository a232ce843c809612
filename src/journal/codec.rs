//! Inputs as bytes. What they mean is the engine's; where they lie is the journal's.

use serde::Serialize;

use crate::{engine::input::Input, model::Notification};

/// The number of this encoding: postcard, one input after the other. Another layout of `Input` is another number.
pub(super) const INPUTS: u16 = 4;

/// Why inputs could not be encoded or decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// An input has no encoding.
    #[error("cannot encode an input")]
    Encode(#[source] postcard::Error),
    /// The bytes are no input.
    #[error("cannot decode input {number} of {count} in a frame: the frame was written by another version")]
    Decode {
        /// Which, from 1.
        number: u32,
        /// Of how many.
        count: u32,
        /// What postcard said.
        source: postcard::Error,
    },
    /// There are more bytes than inputs.
    #[error("{bytes} bytes follow the last of {count} inputs in a frame: the frame was written by another version")]
    Trailing {
        /// How many bytes.
        bytes: usize,
        /// How many inputs there should be.
        count: u32,
    },
}

/// Appends an input's encoding to a payload. After an error the payload is as it was before.
pub fn encode(input: &Input, payload: &mut Vec<u8>) -> Result<(), CodecError> {
    append(input, payload)
}

/// Appends the encoding of the input that a notification is, as [`encode`] does.
pub fn encode_notification(notification: &Notification, payload: &mut Vec<u8>) -> Result<(), CodecError> {
    /// The first variant of [`Input`].
    #[derive(Serialize)]
    enum Borrowed<'a> {
        Notification(&'a Notification),
    }
    append(&Borrowed::Notification(notification), payload)
}

fn append(input: &impl Serialize, payload: &mut Vec<u8>) -> Result<(), CodecError> {
    let before = payload.len();
    let encoded = postcard::to_io(input, &mut *payload);
    if let Err(error) = encoded {
        payload.truncate(before);
        return Err(CodecError::Encode(error));
    }
    Ok(())
}

/// The inputs of a frame's payload, one by one. After an error there is nothing more.
pub fn decode(payload: &[u8], count: u32) -> impl Iterator<Item = Result<Input, CodecError>> {
    let mut rest = Some(payload);
    let mut numbers = 1..=count;
    std::iter::from_fn(move || {
        let bytes = rest.take()?;
        let Some(number) = numbers.next() else {
            let bytes = bytes.len();
            return (bytes > 0).then_some(Err(CodecError::Trailing { bytes, count }));
        };
        let taken = postcard::take_from_bytes(bytes).map_err(|source| CodecError::Decode { number, count, source });
        Some(taken.map(|(input, after)| {
            rest = Some(after);
            input
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::input::{MailOutcome, MailResult, NewSilence, Settings},
        engine::outbox::IntentId,
        model::{AlertId, Conf, ConferenceStatus, Notification, NotificationId, Payload, SilenceId, Time, WeeklyTimes},
    };

    fn skip() -> Input {
        let rule = Some("a".into());
        Input::Skip { offset: 300, rule }
    }

    /// What operators do.
    fn acts() -> Vec<Input> {
        let (who, alert) = ("duty".into(), AlertId(300));
        vec![
            Input::Silence(NewSilence {
                filter: "true".to_owned(),
                starts_at: Time::from_nanos(1),
                ends_at: Time::from_nanos(-1),
                schedule: Some(WeeklyTimes {
                    time_zone: "UTC".to_owned(),
                    weekdays: vec!["sun".to_owned()],
                    times: Vec::new(),
                }),
                author: "a".into(),
                comment: "b".to_owned(),
            }),
            Input::ExpireSilence(SilenceId(300)),
            Input::Acknowledge {
                alert,
                who,
                why: "c".to_owned(),
            },
            Input::Resolve { alert },
            Input::Drill {
                receiver: "ops".into(),
                by: "d".into(),
            },
        ]
    }

    fn inputs() -> Vec<Input> {
        vec![
            Input::Notification(Notification {
                source: "bridge-a".into(),
                id: Some(NotificationId {
                    id: "n-1".into(),
                    content: 300,
                }),
                occurred_at: Some(Time::from_nanos(-1)),
                payload: Payload::Conf(Conf {
                    billing_code: "33333".into(),
                    status: ConferenceStatus(4),
                    extra: None,
                }),
            }),
            Input::Tick,
            Input::Start(Settings::default()),
            Input::Mail(MailOutcome {
                intent: IntentId(7),
                attempt: 2,
                result: MailResult::Deferred("451 later".into()),
            }),
            skip(),
        ]
    }

    fn encoded(inputs: &[Input]) -> Vec<u8> {
        let mut payload = Vec::new();
        for input in inputs {
            encode(input, &mut payload).unwrap();
        }
        payload
    }

    #[test]
    fn inputs_come_back() {
        let inputs = [inputs(), acts()].concat();
        let payload = encoded(&inputs);
        let decoded: Vec<Input> = decode(&payload, 10).map(Result::unwrap).collect();
        assert_eq!(encoded(&decoded), payload);
        assert_eq!(format!("{decoded:?}"), format!("{inputs:?}"));
    }

    /// Bytes that are in use: if this fails, the encoding needs a new number.
    #[test]
    fn the_encoding_stays() {
        let notification = encoded(&inputs()[..1]);
        insta::assert_snapshot!(notification.escape_ascii().to_string(), @r"\x00\x08bridge-a\x01\x03n-1\xac\x02\x01\x01\x00\x0533333\x08\x00");
        assert_eq!(encoded(&[Input::Tick, skip()]), *b"\x01\x05\xac\x02\x01\x01a");
        let acts = encoded(&acts());
        insta::assert_snapshot!(acts.escape_ascii().to_string(), @r"\x06\x04true\x02\x01\x01\x03UTC\x01\x03sun\x00\x01a\x01b\x07\xac\x02\x08\xac\x02\x04duty\x01c\t\xac\x02\n\x03ops\x01d");
    }

    #[test]
    fn a_notification_is_the_input_that_it_is() {
        let inputs = inputs();
        let Input::Notification(notification) = &inputs[0] else {
            unreachable!()
        };
        let mut payload = Vec::new();
        encode_notification(notification, &mut payload).unwrap();
        assert_eq!(payload, encoded(&inputs[..1]));
    }

    #[test]
    fn wrong_counts_and_cut_bytes_are_errors() {
        let payload = encoded(&inputs());
        assert!(matches!(
            decode(&payload, 4).last(),
            Some(Err(CodecError::Trailing { bytes: 6, count: 4 }))
        ));
        for len in 0..payload.len() {
            let last = decode(&payload[..len], 5).last();
            assert!(matches!(last, Some(Err(CodecError::Decode { .. }))));
        }
    }
}
