//! How mails fared, for `AlertService`: from the archive, the latest first.

use super::{archived::Archived, page, status::Refused, to_proto::timestamp};
use crate::{
    api::{self, ListDeliveriesRequest, ListDeliveriesResponse, delivery::Outcome},
    archive::DeliveryQuery,
    engine::{input::MailResult, outbox::Delivery},
};

/// A page of deliveries.
pub(super) async fn list(
    archived: &Archived,
    request: ListDeliveriesRequest,
) -> Result<ListDeliveriesResponse, Refused> {
    let Ok(outcome) = Outcome::try_from(request.outcome) else {
        return Err(Refused::invalid("outcome", "UNKNOWN_OUTCOME", "none that there is"));
    };
    let limit = page::size(request.page_size)?;
    let given = [
        request.alert_id.as_str(),
        request.receiver.as_str(),
        outcome.as_str_name(),
    ];
    let before = page::DeliveryToken::read(&request.page_token, &given)?.map(|token| token.before);
    let alert = match request.alert_id.as_str() {
        "" => None,
        // What is no id is no alert's, and nothing was sent about it.
        text => match text.parse() {
            Ok(id) => Some(id),
            Err(_) => return Ok(ListDeliveriesResponse::default()),
        },
    };
    let receiver = request.receiver.clone();
    let page = archived
        .ask(move |archive| {
            let wanted = |delivery: &Delivery| {
                (receiver.is_empty() || delivery.receiver == receiver.as_str())
                    && (outcome == Outcome::Unspecified || outcome == outcome_of(delivery))
            };
            archive.list_deliveries(&DeliveryQuery {
                alert,
                wanted: &wanted,
                before,
                limit,
            })
        })
        .await?;
    let next_page_token = page
        .next
        .map(|before| page::DeliveryToken { before }.write(&given))
        .unwrap_or_default();
    Ok(ListDeliveriesResponse {
        deliveries: page.deliveries.into_iter().map(shown).collect(),
        next_page_token,
    })
}

fn outcome_of(delivery: &Delivery) -> Outcome {
    match (&delivery.result, delivery.retry_at) {
        (MailResult::Sent(_), _) => Outcome::Sent,
        (MailResult::Deferred(_), Some(_)) => Outcome::Deferred,
        (MailResult::Deferred(_), None) => Outcome::Expired,
        (MailResult::Refused(_), _) => Outcome::Refused,
    }
}

fn shown(delivery: Delivery) -> api::Delivery {
    let outcome = outcome_of(&delivery).into();
    let (MailResult::Sent(answer) | MailResult::Deferred(answer) | MailResult::Refused(answer)) = delivery.result;
    api::Delivery {
        mail_id: delivery.intent.to_string(),
        alert_ids: delivery.alerts.iter().map(ToString::to_string).collect(),
        receiver: delivery.receiver.into(),
        recipient: delivery.recipient,
        attempt: delivery.attempt,
        mailed_at: Some(timestamp(delivery.date)),
        ended_at: Some(timestamp(delivery.at)),
        outcome,
        answer,
        retry_at: delivery.retry_at.map(timestamp),
    }
}
