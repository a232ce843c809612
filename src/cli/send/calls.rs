//! Sending by calls that are answered one after the other: a call each, or a batch each.

use std::collections::VecDeque;

use tonic::{Code, Status, transport::Channel};
use tonic_types::pb;

use super::{Item, Report, Source, stream};
use crate::{
    api::{self, notification_service_client::NotificationServiceClient, notify_result::Result as Ended},
    cli::{
        backoff::{Backoff, is_transient, is_untouched},
        failure::Failure,
    },
};

/// Which call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Unary,
    Batch,
}

/// Sends all. What the server refuses for now is tried again where that is `safe`, because it has an id, or the server did nothing.
pub(super) async fn send(
    mut client: NotificationServiceClient<Channel>,
    mode: Mode,
    mut source: Source,
    safe: bool,
    mut backoff: Backoff,
    report: &mut Report<'_, '_>,
) -> Result<(), Failure> {
    while let Some(chunk) = source.next().await? {
        report.read(&chunk)?;
        let mut waiting = VecDeque::from(chunk.items);
        while !waiting.is_empty() {
            let take = if mode == Mode::Unary { 1 } else { waiting.len() };
            let items: Vec<Item> = waiting.drain(..take).collect();
            let answers = match mode {
                Mode::Unary => notify(&mut client, &items).await,
                Mode::Batch => batch_notify(&mut client, &items).await,
            };
            let (again, because) = match answers {
                Ok(answers) => sort(items, answers, &mut backoff, report)?,
                Err(status) if is_untouched(&status) || (safe && is_transient(&status)) => (items, Some(status)),
                Err(status) if is_transient(&status) => {
                    return Err(Failure::Unknown {
                        unknown: items.len(),
                        cause: Box::new(status),
                    });
                }
                Err(status) => return Err(status.into()),
            };
            // In front, so that the order stays.
            for item in again.into_iter().rev() {
                waiting.push_front(item);
            }
            if let Some(status) = because {
                backoff.wait(status).await?;
            }
        }
    }
    Ok(())
}

/// Counts what has come to an end; returns what is to be sent again, and why.
fn sort(
    items: Vec<Item>,
    answers: Vec<Ended>,
    backoff: &mut Backoff,
    report: &mut Report<'_, '_>,
) -> Result<(Vec<Item>, Option<Status>), Failure> {
    if answers.len() != items.len() {
        return Err(Failure::Contract("as many results as notifications were expected"));
    }
    let mut again = Vec::new();
    let mut because = None;
    for (item, answer) in items.into_iter().zip(answers) {
        match answer {
            Ended::Accepted(accepted) => {
                backoff.succeeded();
                if accepted.duplicate {
                    report.duplicate();
                } else {
                    report.accepted(1);
                }
            }
            Ended::Error(error) => match stream::status(&error) {
                status if is_untouched(&status) => {
                    again.push(item);
                    because = Some(status);
                }
                _ => report.refused(&item.place, &error)?,
            },
        }
    }
    Ok((again, because))
}

async fn notify(client: &mut NotificationServiceClient<Channel>, items: &[Item]) -> Result<Vec<Ended>, Status> {
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        let notification = Some(item.notification.clone());
        let answer = client.notify(api::NotifyRequest { notification }).await;
        answers.push(match answer {
            Ok(answer) => {
                let api::NotifyResponse { sequence, duplicate } = answer.into_inner();
                Ended::Accepted(api::NotifyAccepted { sequence, duplicate })
            }
            Err(status) if is_about_the_item(&status) => Ended::Error(error(&status)),
            Err(status) => return Err(status),
        });
    }
    Ok(answers)
}

/// Whether the next notification may fare better.
fn is_about_the_item(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument | Code::AlreadyExists | Code::ResourceExhausted
    ) && !is_transient(status)
}

fn error(status: &Status) -> pb::Status {
    prost::Message::decode(status.details()).unwrap_or_else(|_| pb::Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

async fn batch_notify(client: &mut NotificationServiceClient<Channel>, items: &[Item]) -> Result<Vec<Ended>, Status> {
    let notifications = items.iter().map(|item| item.notification.clone()).collect();
    let answer = client.batch_notify(api::BatchNotifyRequest { notifications }).await?;
    answer
        .into_inner()
        .results
        .into_iter()
        .map(|result| {
            result
                .result
                .ok_or_else(|| Status::internal("a result without content"))
        })
        .collect()
}
