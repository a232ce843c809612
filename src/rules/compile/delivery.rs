//! Receivers and routes.

use compact_str::CompactString;

use super::{Compiler, rule::check_name, twice, unknown};
use crate::rules::{
    Receiver, Route,
    diagnostic::{Findings, Spanned},
    expr::Schema,
    file::{Document, ReceiverText},
};

/// Compiles all receivers.
pub(super) fn receivers(written: &[ReceiverText], compiler: &mut Compiler<'_>) -> Vec<Receiver> {
    for (i, receiver) in written.iter().enumerate() {
        check_name("receiver", &receiver.name, &mut compiler.findings);
        if let Some(first) = written[..i]
            .iter()
            .find(|earlier| earlier.name.value == receiver.name.value)
        {
            twice("receiver", &receiver.name, first.name.span, &mut compiler.findings);
        }
    }
    written
        .iter()
        .map(|text| receiver(text, &mut compiler.findings))
        .collect()
}

fn receiver(text: &ReceiverText, findings: &mut Findings<'_>) -> Receiver {
    if text.to.is_empty() {
        findings
            .error(text.name.span, "a receiver without recipients")
            .advise("name at least one under `to`");
    }
    for (i, to) in text.to.iter().enumerate() {
        check_address(to, findings);
        // Each recipient gets one mail, and two spellings of one would get two.
        if let Some(first) = text.to[..i]
            .iter()
            .find(|earlier| earlier.value.eq_ignore_ascii_case(&to.value))
        {
            let (first, source) = (first.span, findings.source());
            let error = findings.error(to.span, "a recipient that stands twice");
            error.other(source, first, "first here").advise("remove one of the two");
        }
    }
    if let Some(reply_to) = &text.reply_to {
        check_address(reply_to, findings);
    }
    Receiver {
        name: CompactString::from(text.name.value.as_str()),
        to: text.to.iter().map(|to| to.value.clone()).collect(),
        reply_to: text.reply_to.as_ref().map(|reply_to| reply_to.value.clone()),
        clear: text.clear,
        send_resolved: text.send_resolved,
    }
}

/// A bare address. Whatever else could stand in an address field (a display name, a line break, a template) never reaches it.
fn check_address(text: &Spanned<String>, findings: &mut Findings<'_>) {
    let (message, advice) = if text.value.contains(char::is_control) {
        ("a recipient with a line break or another control character", None)
    } else if text.value.contains("{{") {
        (
            "a recipient is never a template",
            Some("name the people in receivers, and choose between them in routes"),
        )
    } else if text.value.contains('<') {
        (
            "a recipient is an address alone",
            Some("leave out the display name and the angle brackets"),
        )
    } else if text.value.parse::<lettre::Address>().is_err() {
        ("not a mail address", Some("write it like noc@example.com"))
    } else {
        return;
    };
    findings.error(text.span, message).advice = advice.map(str::to_owned);
}

/// Compiles the routes: the branches in their order, then what takes the rest.
pub(super) fn routes(document: &Document, receivers: &[Receiver], compiler: &mut Compiler<'_>) -> Vec<Route> {
    let Some(route) = &document.route else {
        return Vec::new();
    };
    let mut routes = Vec::new();
    for (filter, receiver) in &route.branches {
        let receiver = named(receiver, document.whole, receivers, &mut compiler.findings);
        let filter = match filter {
            Some(text) => compiler.expression(text, Schema::Alert).map(Some),
            None => Some(None),
        };
        if let (Some(filter), Some(receiver)) = (filter, receiver) {
            routes.push(Route { filter, receiver });
        }
    }
    let rest = route
        .receiver
        .as_ref()
        .and_then(|name| named(name, document.whole, receivers, &mut compiler.findings));
    routes.extend(rest.map(|receiver| Route { filter: None, receiver }));
    routes
}

fn named(name: &Spanned<String>, whole: bool, receivers: &[Receiver], findings: &mut Findings<'_>) -> Option<usize> {
    let place = receivers.iter().position(|receiver| receiver.name == name.value);
    if place.is_none() && whole {
        unknown(
            "receiver",
            name,
            receivers.iter().map(|receiver| receiver.name.as_str()),
            findings,
        );
    }
    place
}
