//! The subject: how bad, what, and which meeting, all within what a locked phone shows.

use std::cmp::Reverse;

use super::{
    card::title,
    heading::heading,
    shown::{self, meeting},
    words::Words,
};
use crate::{
    email::clean::one_line,
    engine::outbox::{AlertList, Intent, Numbers, Told},
};

/// Longest subject, in characters, before it is encoded.
pub(super) const MAX_SUBJECT: usize = 60;
/// How much of it a rule's name may take, and a meeting or another key.
const MAX_RULE: usize = 24;
const MAX_KEY: usize = 12;

/// `[CRITICAL] port-full 33333: No free port`
pub(super) fn subject(intent: &Intent, words: Words) -> String {
    let what = match (&*intent.told, intent.told.alerts()) {
        (Told::Drill { .. }, _) | (_, None) => words
            .pick("nothing has happened, mail arrives", "演练，未发生任何情况")
            .to_owned(),
        (Told::Digest(digest), Some(alerts)) => {
            let held = digest.held_back + digest.given_up;
            let told = match words.pick(true, false) {
                true if held == 1 => "1 mail held back".to_owned(),
                true => format!("{held} mails held back"),
                false => format!("{held} 封邮件合并"),
            };
            match all(alerts, words).as_str() {
                "" => told,
                numbers => format!("{told}: {numbers}"),
            }
        }
        (_, Some(alerts)) => of_alerts(alerts, intent.clear, words),
    };
    one_line(&format!("[{}] {what}", heading(intent, words)), MAX_SUBJECT)
}

/// `port-full 33333: No free port`, or `port-full +1 33333: 2 fired, 1 over`: the worst of them is named.
fn of_alerts(alerts: &AlertList, clear: bool, words: Words) -> String {
    let Some(first) = alerts.iter().min_by_key(|alert| Reverse(alert.severity)) else {
        return all(alerts, words);
    };
    let Numbers { fired, resolved, open } = alerts.numbers();
    let mut what = one_line(&first.rule, MAX_RULE);
    let mut others: Vec<&str> = alerts.iter().map(|alert| alert.rule.as_str()).collect();
    others.sort_unstable();
    others.dedup();
    if others.len() > 1 {
        what.push_str(&format!(" +{}", others.len() - 1));
    }
    let is_one = fired + resolved + open == 1;
    let about = match meeting(first) {
        Some(code) if alerts.iter().all(|alert| meeting(alert) == Some(code)) => Some(code.to_owned()),
        _ if is_one => first.key.first().map(|(name, value)| shown::value(name, value, clear)),
        _ => None,
    };
    if let Some(about) = about {
        what.push(' ');
        what.push_str(&one_line(&about, MAX_KEY));
    }
    let told = if is_one {
        title(first, clear)
    } else {
        words.numbers(fired, resolved, open)
    };
    format!("{what}: {told}")
}

fn all(alerts: &AlertList, words: Words) -> String {
    let Numbers { fired, resolved, open } = alerts.numbers();
    words.numbers(fired, resolved, open)
}
