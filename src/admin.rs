//! The admin listener: `/metrics`, `/healthz`, `/readyz` over plain HTTP, for scrapers and probes on this machine or its pod. Acting is
//! absent: whatever changes something is gRPC.

mod readiness;

use std::{io, pin::Pin, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;

pub use self::readiness::Readiness;
use crate::metrics::{Exposition, Metrics};

#[derive(Clone)]
struct Shared {
    metrics: Arc<Metrics>,
    readiness: Arc<Readiness>,
    refresh: Refresh,
}

/// Brings the gauges up to date.
type Refresh = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Serves until `shutdown` is done and the requests under way are answered. `refresh` brings the gauges up to date before each scrape.
pub async fn serve<R>(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    readiness: Arc<Readiness>,
    refresh: impl Fn() -> R + Send + Sync + 'static,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()>
where
    R: Future<Output = ()> + Send + 'static,
{
    let refresh: Refresh = Arc::new(move || Box::pin(refresh()));
    axum::serve(
        listener,
        router(Shared {
            metrics,
            readiness,
            refresh,
        }),
    )
    .with_graceful_shutdown(shutdown)
    .await
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/metrics", get(scrape))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .with_state(shared)
}

async fn scrape(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    (shared.refresh)().await;
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let exposition = Exposition::accepted(accept.unwrap_or_default());
    match shared.metrics.encode(exposition) {
        Ok(text) => ([(header::CONTENT_TYPE, exposition.content_type())], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn ready(State(shared): State<Shared>) -> (StatusCode, String) {
    let reasons = shared.readiness.reasons();
    if reasons.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        let lines = reasons.iter().map(|(part, reason)| format!("{part}: {reason}\n"));
        (StatusCode::SERVICE_UNAVAILABLE, lines.collect())
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
        sync::oneshot,
    };

    use super::*;

    async fn ask(address: std::net::SocketAddr, path: &str, accept: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn tells_what_is_asked_and_ends_when_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let readiness = Arc::new(Readiness::starting());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve(
            listener,
            Arc::new(Metrics::new()),
            readiness.clone(),
            async || (),
            async {
                let _ = stopped.await;
            },
        ));

        assert!(ask(address, "/healthz", "*/*").await.starts_with("HTTP/1.1 200"));

        let early = ask(address, "/readyz", "*/*").await;
        assert!(
            early.starts_with("HTTP/1.1 503") && early.contains("start: not complete\n"),
            "{early}"
        );
        readiness.clear("start");
        assert!(ask(address, "/readyz", "*/*").await.starts_with("HTTP/1.1 200"));
        readiness.hold("rules", "the files do not compile");
        let held = ask(address, "/readyz", "*/*").await;
        assert!(
            held.starts_with("HTTP/1.1 503") && held.contains("rules: the files do not compile\n"),
            "{held}"
        );

        let plain = ask(address, "/metrics", "text/plain").await;
        assert!(
            plain.contains("content-type: text/plain; version=0.0.4") && !plain.contains("# EOF"),
            "{plain}"
        );
        let open = ask(
            address,
            "/metrics",
            "application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1",
        )
        .await;
        assert!(
            open.contains("content-type: application/openmetrics-text") && open.ends_with("# EOF\n"),
            "{open}"
        );

        stop.send(()).unwrap();
        serving.await.unwrap().unwrap();
    }
}
