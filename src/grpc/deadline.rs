//! A caller's deadline, answered as the API promises: tonic by itself would answer `CANCELLED`, without details.
//!
//! What a call has begun may still be carried out when its deadline has passed. A stream that has begun is its caller's to end.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{Either, Map},
};
use http::{HeaderMap, Request, Response};
use tokio::time::{Timeout, error::Elapsed, timeout};
use tonic::Status;
use tower::{Layer, Service};

use super::status::Refused;

/// Puts [`Deadlines`] around the services.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeadlineLayer;

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadlines<S>;

    fn layer(&self, inner: S) -> Deadlines<S> {
        Deadlines { inner }
    }
}

/// Answers calls whose deadline has passed. tonic keeps the same deadlines, but around this, so that this answers first.
#[derive(Debug, Clone)]
pub(super) struct Deadlines<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Deadlines<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Either<S::Future, Map<Timeout<S::Future>, Answer<R, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let deadline = given(request.headers());
        let call = self.inner.call(request);
        match deadline {
            None => Either::Left(call),
            Some(deadline) => Either::Right(timeout(deadline, call).map(answer as Answer<R, S::Error>)),
        }
    }
}

type Answer<R, E> = fn(Result<Result<Response<R>, E>, Elapsed>) -> Result<Response<R>, E>;

fn answer<R: Default, E>(answered: Result<Result<Response<R>, E>, Elapsed>) -> Result<Response<R>, E> {
    answered.unwrap_or_else(|_| Ok(Status::from(Refused::deadline_passed()).into_http()))
}

/// How long the caller waits. What is none, by gRPC's rules, is passed over.
fn given(headers: &HeaderMap) -> Option<Duration> {
    let given = headers.get("grpc-timeout")?.to_str().ok()?;
    let (count, unit) = given.split_at_checked(given.len().checked_sub(1)?)?;
    if count.len() > 8 {
        return None;
    }
    let count = count.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_hours(count)),
        "M" => Some(Duration::from_mins(count)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future};

    use tonic::{Code, body::Body};
    use tonic_types::StatusExt as _;
    use tower::service_fn;

    use super::*;

    fn request(timeout: &str) -> Request<()> {
        Request::builder().header("grpc-timeout", timeout).body(()).unwrap()
    }

    #[tokio::test]
    async fn a_call_is_answered_when_its_deadline_has_passed() {
        let never = service_fn(|_: Request<()>| future::pending::<Result<Response<Body>, Infallible>>());
        let response = DeadlineLayer.layer(never).call(request("1m")).await.unwrap();
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        let info = status.get_details_error_info().unwrap();
        assert_eq!(
            (info.domain.as_str(), info.reason.as_str()),
            ("bellwether", "DEADLINE_EXCEEDED")
        );
    }

    #[tokio::test]
    async fn what_is_answered_in_time_is_left_alone() {
        let at_once = service_fn(|_: Request<()>| future::ready(Ok::<_, Infallible>(Response::new(Body::default()))));
        for timeout in ["0n", "99999999H", "soon"] {
            let response = DeadlineLayer.layer(at_once).call(request(timeout)).await.unwrap();
            assert!(Status::from_header_map(response.headers()).is_none(), "{timeout}");
        }
    }

    #[test]
    fn deadlines_are_written_as_grpc_lays_them_out() {
        for (timeout, expected) in [
            ("2H", Some(Duration::from_hours(2))),
            ("3M", Some(Duration::from_mins(3))),
            ("4S", Some(Duration::from_secs(4))),
            ("5m", Some(Duration::from_millis(5))),
            ("6u", Some(Duration::from_micros(6))),
            ("7n", Some(Duration::from_nanos(7))),
            ("123456789S", None),
            ("5s", None),
            ("-5S", None),
            ("S", None),
            ("", None),
        ] {
            assert_eq!(given(request(timeout).headers()), expected, "{timeout}");
        }
    }
}
