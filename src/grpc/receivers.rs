//! The receivers in force, for `RuleService`: who is told, what waits for each, and the relays by which it leaves. How single mails fared
//! is absent: deliveries tell.

use super::{acts::unavailable, status::Refused, to_proto};
use crate::{
    api::{self, ListReceiversResponse},
    email::Relays,
    engine::{Engine, outbox::Waiting},
    rules::Receiver,
    service::Handle,
};

/// Lists them.
pub(super) async fn list(handle: &Handle, relays: &Relays) -> Result<ListReceiversResponse, Refused> {
    let receivers = handle.query(receivers).await.map_err(unavailable)?;
    let relay = |(name, trouble): (String, Option<String>)| api::Relay {
        name,
        trouble: trouble.unwrap_or_default(),
    };
    let relays = relays.troubles().into_iter().map(relay).collect();
    Ok(ListReceiversResponse { receivers, relays })
}

fn receivers(engine: &Engine) -> Vec<api::Receiver> {
    let waiting = engine.waiting_mails();
    let receivers = &engine.rules().receivers;
    let shown = |receiver: &Receiver| {
        let fallback = receiver.fallback.and_then(|place| receivers.get(place));
        let fallback = fallback.map(|fallback| fallback.name.to_string());
        shown(receiver, fallback, waiting.get(receiver.name.as_str()))
    };
    receivers.iter().map(shown).collect()
}

fn shown(receiver: &Receiver, fallback: Option<String>, waiting: Option<&Waiting>) -> api::Receiver {
    api::Receiver {
        name: receiver.name.to_string(),
        to: receiver.to.clone(),
        cc: receiver.cc.clone(),
        reply_to: receiver.reply_to.clone().unwrap_or_default(),
        clear_personal_data: receiver.clear,
        send_resolved: receiver.send_resolved,
        max_per_hour: receiver.max_per_hour.unwrap_or_default(),
        language: receiver.language.tag().to_owned(),
        fallback: fallback.unwrap_or_default(),
        waiting_mails: waiting.map_or(0, |waiting| waiting.mails),
        deferred_mails: waiting.map_or(0, |waiting| waiting.deferred),
        oldest_mail_at: waiting.map(|waiting| to_proto::timestamp(waiting.oldest)),
    }
}
