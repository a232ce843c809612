//! Errors that tonic itself makes, brought to the form that the API promises for every error.
//!
//! tonic finds an over-long message before any codec sees it and answers `OUT_OF_RANGE`, which here means an expired cursor and nothing
//! else. It also gives its own errors no details.

use http::Response;
use tonic::{Code, Status};

use super::status::Refused;

/// Completes an error that stands in the head of a response; put it around the services with `tower`'s `map_response`.
///
/// Errors that end a stream that has begun stand in its trailers and are not seen here: they are made by the services, with details.
pub fn complete_response<B>(response: Response<B>) -> Response<B> {
    let Some(completed) = Status::from_header_map(response.headers()).and_then(completed) else {
        return response;
    };
    let (mut head, body) = response.into_parts();
    // Whatever tonic wrote of the error is written over. The headers of a status made here are always valid, and were they not, the
    // error would stay as tonic made it.
    if completed.add_header(&mut head.headers).is_ok() {
        head.extensions.insert(completed);
    }
    Response::from_parts(head, body)
}

/// Completes an error that an inbound stream ended with.
pub fn stream_error(status: Status) -> Status {
    completed(status.clone()).unwrap_or(status)
}

/// The error as it ought to be, or `None` where it is that already.
fn completed(status: Status) -> Option<Status> {
    if status.code() == Code::Ok || !status.details().is_empty() {
        return None;
    }
    Some(if is_oversize(&status) {
        Refused::message_too_large().into()
    } else {
        Refused::bare(&status).into()
    })
}

/// By tonic's own words, which a test holds on to: too long on the wire, or too long once decompressed.
fn is_oversize(status: &Status) -> bool {
    match status.code() {
        Code::OutOfRange => status.message().starts_with("Error, decoded message length too large"),
        Code::ResourceExhausted => status.message().starts_with("Error decompressing: size limit"),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
