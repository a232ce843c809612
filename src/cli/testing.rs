//! A server for the verbs' tests: it does what a script says, on a port of its own, and remembers what it was asked.

use std::{
    collections::{HashSet, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use clap::Parser as _;
use futures_util::{Stream, stream};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Code, Request, Response, Status, Streaming, transport::Server};
use tonic_types::{ErrorDetails, StatusExt as _, pb};

use super::{Cli, Command, Exit, Failure, Terminal, check, explain, replay, send, test, watch};
use crate::{
    api::{
        self,
        alert_service_server::{AlertService, AlertServiceServer},
        notification::Payload,
        notification_service_server::{NotificationService, NotificationServiceServer},
        notify_result::Result as Ended,
    },
    grpc::status::Refused,
};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What the server was asked, and what it is to answer.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// The bodies applied, in order, each id once.
    pub(super) applied: Vec<String>,
    /// The ids applied.
    pub(super) ids: HashSet<String>,
    /// How many notifications of the next streams are applied before the stream breaks; further streams hold.
    pub(super) breaks: VecDeque<usize>,
    /// Calls that are refused before one is taken, with a wish when to come again.
    pub(super) refusals: usize,
    /// What the next subscriptions say.
    pub(super) streams: VecDeque<Vec<Result<api::SubscribeResponse, Status>>>,
    /// The subscriptions asked for.
    pub(super) subscriptions: Vec<api::SubscribeRequest>,
}

impl Script {
    /// Bodies that hold `bad` are refused, those that hold `busy` as long as there are refusals left.
    fn apply(&mut self, notification: Option<api::Notification>) -> Result<(), Status> {
        let notification = notification.unwrap();
        let body = match notification.payload.unwrap() {
            Payload::Raw(raw) => format!("{} {}", raw.r#type, raw.body),
            typed => format!("{typed:?}"),
        };
        if body.contains("bad") {
            let mut details = ErrorDetails::with_bad_request_violation("notification.raw.body", "not an integer");
            details.set_error_info("NOT_AN_INTEGER", "bellwether", [("column".to_owned(), "3".to_owned())]);
            return Err(Status::with_error_details(
                Code::InvalidArgument,
                "cannot be read",
                details,
            ));
        }
        if body.contains("busy") && self.refusals > 0 {
            self.refusals -= 1;
            return Err(soon(Code::ResourceExhausted));
        }
        if notification.id.is_empty() || self.ids.insert(notification.id) {
            self.applied.push(body);
        }
        Ok(())
    }
}

/// "Come again in a millisecond."
pub(super) fn soon(code: Code) -> Status {
    let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(1)));
    Status::with_error_details(code, "not now", details)
}

#[derive(Debug, Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

#[tonic::async_trait]
impl NotificationService for Scripted {
    async fn notify(&self, request: Request<api::NotifyRequest>) -> Result<Response<api::NotifyResponse>, Status> {
        let mut script = self.0.lock().unwrap();
        script.apply(request.into_inner().notification)?;
        Ok(Response::new(api::NotifyResponse::default()))
    }

    async fn batch_notify(
        &self,
        request: Request<api::BatchNotifyRequest>,
    ) -> Result<Response<api::BatchNotifyResponse>, Status> {
        let mut script = self.0.lock().unwrap();
        let results = request.into_inner().notifications.into_iter().map(|notification| {
            let ended = match script.apply(Some(notification)) {
                Ok(()) => Ended::Accepted(api::NotifyAccepted::default()),
                Err(status) => Ended::Error(prost::Message::decode(status.details()).unwrap()),
            };
            api::NotifyResult { result: Some(ended) }
        });
        let results = results.collect();
        Ok(Response::new(api::BatchNotifyResponse { results }))
    }

    type StreamNotifyStream = ReceiverStream<Result<api::StreamNotifyResponse, Status>>;

    async fn stream_notify(
        &self,
        request: Request<Streaming<api::StreamNotifyRequest>>,
    ) -> Result<Response<Self::StreamNotifyStream>, Status> {
        let (to, answers) = mpsc::channel(4);
        let this = self.clone();
        tokio::spawn(async move {
            let mut requests = request.into_inner();
            let breaks_at = this.0.lock().unwrap().breaks.pop_front();
            let mut count = 0;
            while let Ok(Some(request)) = requests.message().await {
                if breaks_at == Some(count) {
                    let _ = to.send(Err(soon(Code::Unavailable))).await;
                    return;
                }
                let applied = this.0.lock().unwrap().apply(request.notification);
                let rejections = match applied {
                    Ok(()) => Vec::new(),
                    Err(status) => vec![api::Rejection {
                        index: count as u64,
                        error: pb::Status::into(prost::Message::decode(status.details()).unwrap()),
                    }],
                };
                count += 1;
                // What comes before a break is applied, but its acknowledgement is lost.
                if breaks_at.is_none() {
                    let answer = api::StreamNotifyResponse {
                        acknowledged_count: count as u64,
                        rejections,
                    };
                    if to.send(Ok(answer)).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(answers)))
    }
}

#[tonic::async_trait]
impl AlertService for Scripted {
    type SubscribeStream = Answers<api::SubscribeResponse>;

    async fn subscribe(
        &self,
        request: Request<api::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let mut script = self.0.lock().unwrap();
        script.subscriptions.push(request.into_inner());
        let answers = script
            .streams
            .pop_front()
            .ok_or_else(|| Status::internal("the script is at its end"))?;
        Ok(Response::new(Box::pin(stream::iter(answers))))
    }

    async fn list_alerts(
        &self,
        _: Request<api::ListAlertsRequest>,
    ) -> Result<Response<api::ListAlertsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_alert(&self, _: Request<api::GetAlertRequest>) -> Result<Response<api::GetAlertResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn acknowledge_alert(
        &self,
        _: Request<api::AcknowledgeAlertRequest>,
    ) -> Result<Response<api::AcknowledgeAlertResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn resolve_alert(
        &self,
        _: Request<api::ResolveAlertRequest>,
    ) -> Result<Response<api::ResolveAlertResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_deliveries(
        &self,
        _: Request<api::ListDeliveriesRequest>,
    ) -> Result<Response<api::ListDeliveriesResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    /// Of every alert too much is gone, but what it kept itself.
    async fn explain_alert(
        &self,
        request: Request<api::ExplainAlertRequest>,
    ) -> Result<Response<api::ExplainAlertResponse>, Status> {
        let alert = api::Alert {
            id: request.into_inner().id,
            rule: "refused".to_owned(),
            evidence: vec![api::Evidence {
                sequence: 7,
                ..api::Evidence::default()
            }],
            ..api::Alert::default()
        };
        Err(Refused::history_trimmed(Some(alert)).into())
    }
}

/// The server, until it is dropped.
#[derive(Debug)]
pub(super) struct Fake {
    script: Scripted,
    address: String,
    serving: JoinHandle<()>,
}

impl Fake {
    pub(super) async fn start(script: Script) -> Self {
        let script = Scripted(Arc::new(Mutex::new(script)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = Server::builder()
            .add_service(NotificationServiceServer::new(script.clone()))
            .add_service(AlertServiceServer::new(script.clone()));
        let serving = tokio::spawn(async move {
            router
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        Self {
            script,
            address,
            serving,
        }
    }

    /// What the server knows.
    pub(super) fn script<T>(&self, look: impl FnOnce(&Script) -> T) -> T {
        look(&self.script.0.lock().unwrap())
    }

    /// Runs `bellwether ARGS… --server THIS`.
    pub(super) async fn run(&self, args: &[&str]) -> Ran {
        run(&[args, &["--server", &self.address]].concat()).await
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What a verb did.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) ended: Result<Exit, Failure>,
    pub(super) out: String,
    pub(super) err: String,
}

/// Runs `bellwether ARGS…` for one of the verbs that are tested so.
pub(super) async fn run(args: &[&str]) -> Ran {
    let cli = Cli::try_parse_from([&["bellwether"], args].concat()).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal::new(&mut out, &mut err);
    let ended = match cli.command {
        Command::Send(args) => send::run(*args, &mut terminal).await,
        Command::Watch(args) => watch::run(args, &mut terminal).await,
        Command::Explain(args) => explain::run(args, &mut terminal).await,
        Command::Check(args) => check::run(&args, &mut terminal),
        Command::Test(args) => test::run(&args, &mut terminal),
        Command::Replay(args) => replay::run(&args, &mut terminal),
        other => panic!("{other:?} is not tested so"),
    };
    let plain = |bytes| anstream::adapter::strip_str(&String::from_utf8(bytes).unwrap()).to_string();
    Ran {
        ended,
        out: plain(out),
        err: plain(err),
    }
}
