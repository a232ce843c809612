//! What kind of mail it is, in a word or two and a colour.

use super::words::Words;
use crate::{
    engine::outbox::{AlertList, Because, Intent, Numbers, Told},
    model::Severity,
};

/// `CRITICAL`, `RESOLVED`, `CRITICAL, escalated`, `WARNING, digest`, `DRILL`.
pub(super) fn heading(intent: &Intent, words: Words) -> String {
    let severity = words.severity(intent.severity);
    let over = words.pick("RESOLVED", "已恢复");
    match &*intent.told {
        Told::Drill { .. } => words.pick("DRILL", "演练").to_owned(),
        Told::Digest(_) => words.marked(severity, words.pick("digest", "汇总")),
        Told::RulesChanged(_) => words.marked(over, words.pick("rules changed", "规则已更改")),
        Told::Group(_) if is_over(intent) => over.to_owned(),
        Told::Group(news) => {
            let Numbers { fired, resolved, .. } = news.alerts.numbers();
            let mark = match &news.because {
                Because::Escalated { .. } => words.pick("escalated", "升级"),
                Because::Unreached { .. } => words.pick("stand-in", "代收"),
                Because::Routed if news.alerts.raised > 0 => words.pick("raised", "级别上升"),
                Because::Routed if fired + resolved == 0 => words.pick("still", "仍在持续"),
                Because::Routed => "",
            };
            words.marked(severity, mark)
        }
    }
}

/// Whether nothing that it tells of burns any more.
pub(super) fn is_over(intent: &Intent) -> bool {
    let numbers = intent.told.alerts().map(AlertList::numbers).unwrap_or_default();
    numbers.fired + numbers.open == 0 && numbers.resolved > 0
}

/// A background that white text can be read on.
pub(super) fn color(severity: Severity, is_over: bool) -> &'static str {
    match (is_over, severity) {
        (true, _) => "#2e7d32",
        (_, Severity::Critical) => "#b3261e",
        (_, Severity::Warning) => "#8f5300",
        (_, Severity::Info) => "#1f5fa8",
    }
}
