//! Receivers and routes, tried out, for `RuleService`: where an alert would go, and whether mail arrives.

use compact_str::CompactString;

use super::{
    acts::{self, act, unavailable},
    from_proto,
    status::Refused,
    to_proto,
};
use crate::{
    api::{self, TestReceiverRequest, TestReceiverResponse, TestRoutesRequest, TestRoutesResponse},
    clock,
    engine::{Engine, effect::Acted, input::Input},
    model::{Alert, AlertId, AlertState, FilledText, Labels, Severity, Time, masked_part},
    rules::{Destination, GroupBy, RuleSet, diagnostic::Location},
    service::Handle,
};

/// How many of the mails to come are told.
const MAILS: usize = 5;

/// How many receivers are named to somebody who named another.
const NAMED: usize = 20;

/// Where an alert would go.
pub(super) async fn test_routes(handle: &Handle, request: TestRoutesRequest) -> Result<TestRoutesResponse, Refused> {
    let at = match request.at {
        Some(at) => from_proto::timestamp(at, "at")?,
        None => clock::wall(),
    };
    let rules = handle
        .query(|engine| engine.rules().clone())
        .await
        .map_err(unavailable)?;
    let alert = supposed(request, at, &rules)?;
    let destinations = rules.destinations(&alert, at);
    Ok(TestRoutesResponse {
        destinations: destinations
            .into_iter()
            .map(|destination| shown(destination, &rules, at))
            .collect(),
    })
}

/// Sends mails that try a receiver.
pub(super) async fn test_receiver(
    handle: &Handle,
    request: TestReceiverRequest,
) -> Result<TestReceiverResponse, Refused> {
    if request.receiver.is_empty() {
        let advice = "a receiver's name is required";
        return Err(Refused::invalid("receiver", "REQUIRED_FIELD_MISSING", advice));
    }
    let by = acts::name(request.requested_by, "requested_by")?.into();
    let receiver = CompactString::from(request.receiver);
    let drill = Input::Drill {
        receiver: receiver.clone(),
        by,
    };
    let acted = act(handle, drill).await?;
    let told = handle.query(move |engine| match acted {
        Acted::Drilled(date) => Ok((recipients(engine, &receiver), date)),
        Acted::NoSuchReceiver => Err(no_such_receiver(engine)),
        _ => Err(Refused::internal()),
    });
    let (recipients, date) = told.await.map_err(unavailable)??;
    Ok(TestReceiverResponse {
        recipients,
        mailed_at: Some(to_proto::timestamp(date)),
    })
}

fn recipients(engine: &Engine, name: &str) -> Vec<String> {
    let receiver = engine.rules().receiver(name);
    receiver
        .map(|receiver| receiver.to.iter().chain(&receiver.cc).cloned().collect())
        .unwrap_or_default()
}

fn no_such_receiver(engine: &Engine) -> Refused {
    let names = engine.rules().receivers.iter().take(NAMED);
    let names: Vec<&str> = names.map(|receiver| receiver.name.as_str()).collect();
    Refused::not_found("receiver").with_metadata("receivers", names.join(","))
}

/// The alert that is asked about.
fn supposed(request: TestRoutesRequest, at: Time, rules: &RuleSet) -> Result<Alert, Refused> {
    let rule = match request.rule.as_str() {
        "" => None,
        name => Some(rules.named(name).ok_or_else(|| Refused::not_found("rule"))?),
    };
    let Ok(severity) = api::Severity::try_from(request.severity) else {
        return Err(Refused::invalid("severity", "UNKNOWN_SEVERITY", "none that there is"));
    };
    let severity = match severity {
        api::Severity::Unspecified => rule.map_or(Severity::Warning, |rule| rule.severity.otherwise),
        api::Severity::Info => Severity::Info,
        api::Severity::Warning => Severity::Warning,
        api::Severity::Critical => Severity::Critical,
    };
    let mut labels = rule.map(|rule| rule.labels.clone()).unwrap_or_default();
    let pairs = |(name, value): (String, String)| (name.into(), value.into());
    labels.extend(request.labels.into_iter().map(pairs).collect::<Labels>());
    Ok(Alert {
        id: AlertId(0),
        rule: request.rule.into(),
        severity,
        state: AlertState::Firing,
        labels,
        key: request.key.into_iter().map(pairs).collect(),
        summary: FilledText::default(),
        description: FilledText::default(),
        runbook_url: String::new(),
        started_at: at,
        last_seen_at: at,
        occurrences: 1,
        evidence: Vec::new(),
        acknowledgement: None,
        silenced_by: Vec::new(),
        inhibited_by: None,
    })
}

fn shown(destination: Destination<'_>, rules: &RuleSet, at: Time) -> api::Destination {
    let Destination {
        way,
        receiver,
        group,
        first_mail,
    } = destination;
    let taken_by = way.last().map(|place| &rules.routes[*place]);
    let each = taken_by.is_some_and(|route| route.group_by == GroupBy::Each);
    let mute = taken_by.into_iter().flat_map(|route| &route.mute);
    let muting = mute.filter(|schedule| rules.schedules[**schedule].contains(at));
    let during = taken_by.and_then(|route| route.during.as_ref());
    let closed = during.filter(|schedule| !rules.schedules[**schedule].contains(at));
    let passed = |place: &usize| {
        let route = &rules.routes[*place];
        let Location { file, line, .. } = Location::of(&rules.source, route.place);
        api::PassedRoute {
            filter: route
                .filter
                .as_ref()
                .map(|filter| filter.text().to_owned())
                .unwrap_or_default(),
            file,
            line,
        }
    };
    let mails = taken_by.map(|route| route.first_mails(MAILS)).unwrap_or_default();
    api::Destination {
        way: way.iter().map(passed).collect(),
        receiver: receiver.name.to_string(),
        recipients: receiver.to.iter().chain(&receiver.cc).cloned().collect(),
        group: group
            .iter()
            .filter(|_| !each)
            .map(|(name, value)| (name.to_string(), masked_part(name, value).into_owned()))
            .collect(),
        each,
        held_by: muting
            .chain(closed)
            .map(|schedule| rules.schedules[*schedule].name.to_string())
            .collect(),
        first_mail_at: first_mail.map(to_proto::timestamp),
        mails: mails
            .into_iter()
            .map(|due| api::ExpectedMail {
                after: prost_types::Duration::try_from(due.after).ok(),
                receiver: rules.receivers[due.receiver].name.to_string(),
            })
            .collect(),
    }
}
