//! How values are shown to people: times, severities, codes, and texts that came from outside. Layout is each verb's own.

use std::fmt;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use jiff::SignedDuration;
use prost_types::Timestamp;

use crate::{
    api,
    model::{self, Time},
};

/// A text from outside as a terminal may have it: control characters as escapes, invisible and direction-changing ones left out.
pub(super) fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => shown.extend(c.escape_default()),
            c if is_format(c) => {}
            c => shown.push(c),
        }
    }
    shown
}

/// The format characters (Unicode's Cf) that hide or reorder what stands around them.
fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// RFC 3339 in whole seconds, or `-` for none; programs get all of it.
pub(super) fn time(time: Option<&Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| rfc3339(&Timestamp { nanos: 0, ..*time }))
}

/// How long it was from one moment to another, in whole seconds: `1h 2m 5s`.
pub(super) fn lasted(from: &Timestamp, to: &Timestamp) -> String {
    format!(
        "{:#}",
        SignedDuration::from_secs(to.seconds.saturating_sub(from.seconds))
    )
}

/// RFC 3339; seconds since the Unix epoch where that cannot hold it.
pub(super) fn rfc3339(time: &Timestamp) -> String {
    match Time::from_parts(time.seconds, time.nanos) {
        Some(time) => time.to_string(),
        None => format!("{}s", time.seconds),
    }
}

/// A rule and a key, as alerts are written everywhere: `port-full{billing_code="33333"}`.
pub(super) fn alert_name(alert: &api::Alert) -> String {
    let key: Vec<String> = alert
        .key
        .iter()
        .map(|(name, value)| format!("{}=\"{}\"", clean(name), clean(value).replace('"', "\\\"")))
        .collect();
    format!("{}{{{}}}", clean(&alert.rule), key.join(","))
}

/// A severity's short name.
pub(super) fn severity(number: i32) -> &'static str {
    match api::Severity::try_from(number) {
        Ok(api::Severity::Info) => "info",
        Ok(api::Severity::Warning) => "warning",
        Ok(api::Severity::Critical) => "critical",
        Ok(api::Severity::Unspecified) | Err(_) => "?",
    }
}

/// A severity's colour.
pub(super) fn severity_style(number: i32) -> Style {
    match api::Severity::try_from(number) {
        Ok(api::Severity::Critical) => AnsiColor::Red.on_default().bold(),
        Ok(api::Severity::Warning) => AnsiColor::Yellow.on_default(),
        Ok(api::Severity::Info) => AnsiColor::Cyan.on_default(),
        Ok(api::Severity::Unspecified) | Err(_) => Style::new(),
    }
}

/// A text in a style, padded to a width that the style's codes do not count in.
pub(super) fn styled(style: Style, text: &str, width: usize) -> impl fmt::Display {
    format!("{style}{text:<width$}{style:#}")
}

/// A state's short name.
pub(super) fn state(alert: &api::Alert) -> String {
    match api::alert::State::try_from(alert.state) {
        Ok(api::alert::State::Firing) => "firing".to_owned(),
        Ok(api::alert::State::Resolved) => match resolve_reason(alert.resolve_reason) {
            Some(reason) => format!("resolved ({reason})"),
            None => "resolved".to_owned(),
        },
        Ok(api::alert::State::Unspecified) | Err(_) => "?".to_owned(),
    }
}

/// What keeps an alert's mail back, or `-`.
pub(super) fn marks(alert: &api::Alert) -> String {
    let marks = [
        ("acknowledged", alert.acknowledgement.is_some()),
        ("silenced", !alert.silenced_by.is_empty()),
        ("inhibited", !alert.inhibited_by.is_empty()),
    ];
    let marks: Vec<&str> = marks.iter().filter(|(_, is)| *is).map(|(mark, _)| *mark).collect();
    if marks.is_empty() {
        "-".to_owned()
    } else {
        marks.join(" ")
    }
}

/// How an attempt to send a mail ended, as a short name.
pub(super) fn outcome(number: i32) -> String {
    match api::delivery::Outcome::try_from(number) {
        Ok(outcome) => short(outcome.as_str_name(), "OUTCOME_"),
        Err(_) => number.to_string(),
    }
}

/// Why an alert ended, as a short name; `None` where that is not known here.
pub(super) fn resolve_reason(number: i32) -> Option<String> {
    match api::alert::ResolveReason::try_from(number) {
        Ok(api::alert::ResolveReason::Unspecified) | Err(_) => None,
        Ok(reason) => Some(short(reason.as_str_name(), "RESOLVE_REASON_")),
    }
}

/// What happened, as a short name.
pub(super) fn event(number: i32) -> String {
    match api::alert_event::Type::try_from(number) {
        Ok(kind) => short(kind.as_str_name(), "TYPE_"),
        Err(_) => number.to_string(),
    }
}

/// What became of a rule, as a short name.
pub(super) fn fate(number: i32) -> String {
    match api::rule_change::Fate::try_from(number) {
        Ok(fate) => short(fate.as_str_name(), "FATE_"),
        Err(_) => number.to_string(),
    }
}

/// `1 alert`, `2 alerts`
pub(super) fn count(number: u64, of: &str) -> String {
    match number {
        1 => format!("1 {of}"),
        _ => format!("{number} {of}s"),
    }
}

/// An enum value's name without its prefix, in small letters.
pub(super) fn short(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase()
}

/// A conference's status, as rules write it.
pub(super) fn conference_status(number: i32) -> String {
    model::ConferenceStatus(number).to_string()
}

/// A participant's status with the reason of its end, as rules write them.
pub(super) fn participant_status(number: i32, reason: Option<i32>) -> String {
    let status = model::ParticipantStatus(number);
    match reason {
        Some(reason) => format!("{status} ({})", model::DisconnectReason(reason)),
        None => status.to_string(),
    }
}

/// What a notification said, in a line.
pub(super) fn said(evidence: &api::Evidence) -> String {
    use api::evidence::Payload;
    match &evidence.payload {
        Some(Payload::Conf(conf)) => format!(
            "conf {} {}",
            clean(&conf.billing_code),
            conference_status(conf.status.unwrap_or_default())
        ),
        Some(Payload::Party(party)) => format!(
            "party {} {} {} {}",
            clean(&party.billing_code),
            clean(&party.party_id),
            participant_status(party.status.unwrap_or_default(), party.disconnect_reason),
            clean(&party.name)
        ),
        None => String::new(),
    }
}

/// A table without frames, as wide as the terminal.
pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_steers_the_terminal() {
        for (text, shown) in [
            ("真实名称", "真实名称"),
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("two\nlines\ttab\r", "two\\nlines\\ttab\\r"),
            ("a\u{9b}b\u{7f}", "a\\u{9b}b\\u{7f}"),
            ("pay\u{202e}txt.exe\u{200b}\u{2066}", "paytxt.exe"),
        ] {
            assert_eq!(clean(text), shown);
        }
    }

    #[test]
    fn an_alert_is_written_as_everywhere() {
        let alert = api::Alert {
            rule: "flapping".to_owned(),
            key: [("party_id", "7YY\n1"), ("billing_code", "33333")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            ..api::Alert::default()
        };
        assert_eq!(
            alert_name(&alert),
            "flapping{billing_code=\"33333\",party_id=\"7YY\\n1\"}"
        );
    }

    #[test]
    fn times_are_told_in_whole_seconds() {
        let at = |seconds, nanos| Timestamp { seconds, nanos };
        let (fired, resolved) = (at(1_767_600_000, 206_840_229), at(1_767_603_725, 1));
        assert_eq!(time(Some(&fired)), "2026-01-05T08:00:00Z");
        assert_eq!(time(None), "-");
        assert_eq!(lasted(&fired, &resolved), "1h 2m 5s");
        assert_eq!(lasted(&fired, &fired), "0s");
    }

    #[test]
    fn codes_are_written_as_in_rules() {
        assert_eq!(participant_status(0, Some(5)), "DISCONNECTED (PORT_FULL)");
        assert_eq!(participant_status(0, Some(6)), "DISCONNECTED (6)");
        assert_eq!(conference_status(99), "99");
    }
}
