//! Inputs as bytes. What they mean is the engine's; where they lie is the journal's.

use crate::engine::input::Input;

/// The number of this encoding: postcard, one input after the other. Another layout of `Input` is another number.
pub(super) const INPUTS: u16 = 1;

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
    let before = payload.len();
    let encoded = postcard::to_io(input, &mut *payload);
    if let Err(error) = encoded {
        payload.truncate(before);
        return Err(CodecError::Encode(error));
    }
    Ok(())
}

/// The inputs of a frame's payload.
pub fn decode(payload: &[u8], count: u32) -> Result<Vec<Input>, CodecError> {
    let mut rest = payload;
    let mut inputs = Vec::new();
    for number in 1..=count {
        let (input, after) =
            postcard::take_from_bytes(rest).map_err(|source| CodecError::Decode { number, count, source })?;
        inputs.push(input);
        rest = after;
    }
    if !rest.is_empty() {
        let bytes = rest.len();
        return Err(CodecError::Trailing { bytes, count });
    }
    Ok(inputs)
}
