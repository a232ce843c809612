//! Responses encoded once for all subscribers.

/// A `SubscribeResponse` that is ready bytes.
pub type EncodedResponse = crate::api::SubscribeResponse;

#[allow(missing_docs, clippy::all)]
pub(crate) mod server {
    include!(concat!(env!("OUT_DIR"), "/encoded/bellwether.v1.rs"));
}
