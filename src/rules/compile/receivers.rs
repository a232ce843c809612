//! Receivers: whom their addresses name, and who stands in for whom.

use compact_str::CompactString;

use super::{Compiler, rule::check_name, twice, unknown};
use crate::rules::{
    Receiver,
    diagnostic::{Findings, Spanned},
    file::ReceiverText,
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
    let mut receivers: Vec<Receiver> = written
        .iter()
        .map(|text| receiver(text, &mut compiler.findings))
        .collect();
    for (place, text) in written.iter().enumerate() {
        let Some(name) = &text.fallback else { continue };
        receivers[place].fallback = named(name, written, compiler);
        check_circle(place, name, &mut receivers, &mut compiler.findings);
    }
    receivers
}

/// The place of the receiver of that name.
pub(super) fn named(name: &Spanned<String>, written: &[ReceiverText], compiler: &mut Compiler<'_>) -> Option<usize> {
    let mut names = written.iter().map(|receiver| receiver.name.value.as_str());
    let place = names.clone().position(|known| known == name.value);
    if place.is_none() && compiler.document.whole {
        unknown("receiver", name, names.by_ref(), &mut compiler.findings);
    }
    place
}

fn receiver(text: &ReceiverText, findings: &mut Findings<'_>) -> Receiver {
    if text.to.is_empty() {
        findings
            .error(text.name.span, "a receiver without recipients")
            .advise("name at least one under `to`");
    }
    let recipients: Vec<&Spanned<String>> = text.to.iter().chain(&text.cc).collect();
    for (i, recipient) in recipients.iter().enumerate() {
        check_address(recipient, findings);
        // Each recipient gets one mail, and two spellings of one would get two.
        if let Some(first) = recipients[..i]
            .iter()
            .find(|earlier| earlier.value.eq_ignore_ascii_case(&recipient.value))
        {
            let (first, source) = (first.span, findings.source());
            let error = findings.error(recipient.span, "a recipient that stands twice");
            error.other(source, first, "first here").advise("remove one of the two");
        }
    }
    if let Some(reply_to) = &text.reply_to {
        check_address(reply_to, findings);
    }
    let addresses = |texts: &[Spanned<String>]| texts.iter().map(|text| text.value.clone()).collect();
    Receiver {
        name: CompactString::from(text.name.value.as_str()),
        to: addresses(&text.to),
        cc: addresses(&text.cc),
        reply_to: text.reply_to.as_ref().map(|reply_to| reply_to.value.clone()),
        clear: text.clear,
        send_resolved: text.send_resolved,
        max_per_hour: text.max_per_hour,
        language: text.language,
        fallback: None,
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

/// Those who stand in for one another must end with somebody; what closes a circle is taken out.
fn check_circle(place: usize, name: &Spanned<String>, receivers: &mut [Receiver], findings: &mut Findings<'_>) {
    let mut way = vec![receivers[place].name.clone()];
    let mut next = receivers[place].fallback;
    while let Some(fallback) = next {
        way.push(receivers[fallback].name.clone());
        if fallback == place {
            receivers[place].fallback = None;
            findings
                .error(
                    name.span,
                    format!("these fallbacks go in a circle: {}", way.join(" → ")),
                )
                .advise("leave one of them out");
            return;
        }
        next = receivers[fallback].fallback;
    }
}
