//! What a mail says after its alerts: what it does not tell of, and how it came to be.

use super::{
    shown::{self, MAX_VALUE},
    words::Words,
};
use crate::{
    email::clean::one_line,
    engine::outbox::{AlertList, GroupNews, Held, Intent, Numbers, Told},
};

/// What is not told of, and what the alerts have in common.
pub(super) fn notes(intent: &Intent, words: Words) -> Vec<String> {
    let Told::Group(news) = &*intent.told else {
        return Vec::new();
    };
    let held = held(&news.held, words);
    held.into_iter().chain(group(news, intent.clear, words)).collect()
}

/// `Grouped by rule: port-full, billing_code: 33333`; nothing where the mail is about one alert, which says all that itself.
fn group(news: &GroupNews, clear: bool, words: Words) -> Option<String> {
    let Numbers { fired, resolved, open } = news.alerts.numbers();
    let names: Vec<String> = news
        .common
        .iter()
        .map(|(name, value)| format!("{}: {}", one_line(name, MAX_VALUE), shown::value(name, value, clear)))
        .collect();
    let is_told = fired + resolved + open > 1 && !names.is_empty();
    is_told.then(|| {
        format!(
            "{} {}",
            words.pick("Grouped by", "分组："),
            names.join(words.pick(", ", "，"))
        )
    })
}

/// `Not told of: 2 silenced, 1 taken on`
fn held(held: &Held, words: Words) -> Option<String> {
    let Held {
        silenced,
        inhibited,
        acknowledged,
    } = *held;
    let parts: Vec<String> = [
        (silenced, words.pick("silenced", "已静默")),
        (inhibited, words.pick("held back by another alert", "被其他告警抑制")),
        (acknowledged, words.pick("taken on", "已受理")),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}"))
    .collect();
    let label = words.pick("Burning in this group, and not told of: ", "同组中仍在持续但未通知：");
    (!parts.is_empty()).then(|| format!("{label}{}", parts.join(words.pick(", ", "，"))))
}

/// `Alert 2a…, told to bridge-ops; mail 2 of its thread`
pub(super) fn footer(intent: &Intent, alerts: &AlertList, words: Words) -> String {
    let receiver = one_line(&intent.receiver, MAX_VALUE);
    let mut listed = alerts.iter();
    let alert = match (listed.next(), listed.next()) {
        (Some(alert), None) => format!("{} {} · ", words.pick("Alert", "告警"), alert.id),
        _ => String::new(),
    };
    match words.pick(true, false) {
        true => format!(
            "{alert}Told to {receiver} · mail {} of this thread · times are UTC",
            intent.number
        ),
        false => format!(
            "{alert}通知对象 {receiver} · 本会话第 {} 封 · 时间均为 UTC",
            intent.number
        ),
    }
}
