//! Protobuf over gRPC, with the errors that the API promises for bytes that are no message: prost's own codec would answer `INTERNAL`.

use std::marker::PhantomData;

use prost::Message;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder},
};
use tonic_prost::ProstEncoder;

use super::status::Refused;

/// The codec of every RPC here; the build script names it to the code generator. Encodes `T`, decodes `U`.
#[derive(Debug)]
pub struct StrictCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for StrictCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for StrictCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = StrictDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        StrictDecoder(PhantomData)
    }
}

/// Decodes messages; what it cannot decode is the sender's fault.
#[derive(Debug)]
pub struct StrictDecoder<U>(PhantomData<U>);

impl<U: Message + Default> Decoder for StrictDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        match U::decode(bytes) {
            Ok(message) => Ok(Some(message)),
            Err(error) => Err(refusal(&error).into()),
        }
    }
}

fn refusal(error: &prost::DecodeError) -> Refused {
    // prost keeps the kind of its error to itself; a test holds on to these words.
    if error.to_string().ends_with("data is not UTF-8 encoded") {
        Refused::invalid_utf8()
    } else {
        Refused::malformed_message()
    }
}

#[cfg(test)]
mod tests;
