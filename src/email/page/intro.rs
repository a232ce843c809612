//! What a mail says before its alerts: what it is about, and why this receiver is told.

use super::{
    card,
    shown::{MAX_VALUE, meeting, utc},
    words::Words,
};
use crate::{
    email::clean::one_line,
    engine::outbox::{AlertList, Because, Digest, Intent, Numbers, Told},
};

/// The one alert's summary, or how many there are and where.
pub(super) fn title(intent: &Intent, alerts: &AlertList, words: Words) -> String {
    if let Told::Drill { .. } = &*intent.told {
        return words
            .pick(
                "This is a drill: nothing has happened.",
                "这是一次演练，未发生任何情况。",
            )
            .to_owned();
    }
    let Numbers { fired, resolved, open } = alerts.numbers();
    if fired + resolved + open == 1
        && let Some(alert) = alerts.iter().next()
    {
        return card::title(alert, intent.clear);
    }
    let numbers = words.numbers(fired, resolved, open);
    match alerts.iter().next().and_then(meeting) {
        Some(code) if alerts.iter().all(|alert| meeting(alert) == Some(code)) => {
            let (meeting, code) = (words.pick("Meeting", "会议"), one_line(code, MAX_VALUE));
            format!("{meeting} {code}{}{numbers}", words.pick(": ", "："))
        }
        _ => numbers,
    }
}

/// Why this receiver is told, and what else is to be known before the alerts.
pub(super) fn intro(intent: &Intent, words: Words) -> Vec<String> {
    match &*intent.told {
        Told::Group(news) => because(&news.because, words).into_iter().collect(),
        Told::Digest(digest) => because(&digest.because, words)
            .into_iter()
            .chain(digest_intro(digest, words))
            .collect(),
        Told::RulesChanged(_) => vec![
            words
                .pick(
                    "A new set of rules was put in force, which ended these alerts. What they told of may go on.",
                    "新的规则已生效，以下告警因此结束。其所指的情况可能仍在持续。",
                )
                .to_owned(),
        ],
        Told::Drill { by } => {
            let by = one_line(by, MAX_VALUE);
            vec![match words.pick(true, false) {
                true => format!(
                    "{by} asked whether mail to {} arrives. It does.",
                    one_line(&intent.receiver, MAX_VALUE)
                ),
                false => format!(
                    "{by} 测试发往 {} 的邮件能否送达：已送达。",
                    one_line(&intent.receiver, MAX_VALUE)
                ),
            }]
        }
    }
}

fn because(because: &Because, words: Words) -> Option<String> {
    match because {
        Because::Routed => None,
        Because::Escalated { after } => {
            let after = words.lasted(*after);
            Some(match words.pick(true, false) {
                true => format!("Nobody has taken this on within {after} of the first mail, so you are told too."),
                false => format!("首封邮件发出后 {after} 内无人受理，现通知您。"),
            })
        }
        Because::Unreached { receiver } => {
            let receiver = one_line(receiver, MAX_VALUE);
            Some(match words.pick(true, false) {
                true => format!("{receiver} could not be reached, so you are told instead."),
                false => format!("无法送达 {receiver}，现改为通知您。"),
            })
        }
    }
}

fn digest_intro(digest: &Digest, words: Words) -> Vec<String> {
    let since = utc(digest.since);
    let mut lines = Vec::new();
    if digest.held_back > 0 {
        lines.push(match words.pick(true, false) {
            true if digest.held_back == 1 => format!(
                "A mail of {since} was held back, since this receiver gets only so many an hour. This one tells what it told."
            ),
            true => format!(
                "{} mails since {since} were held back, since this receiver gets only so many an hour. This one tells of all of them.",
                digest.held_back
            ),
            false => format!("自 {since} 起，因每小时邮件数上限，{} 封邮件合并为本封。", digest.held_back),
        });
    }
    if digest.given_up > 0 {
        lines.push(match words.pick(true, false) {
            true if digest.given_up == 1 => format!("A mail since {since} was given up, since too many waited."),
            true => format!(
                "{} mails since {since} were given up, since too many waited.",
                digest.given_up
            ),
            false => format!("自 {since} 起，因等待的邮件过多，{} 封邮件未再发送。", digest.given_up),
        });
    }
    lines
}
