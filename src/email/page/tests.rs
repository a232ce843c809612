//! Each kind of mail as text and as HTML, in both languages.

use super::{subject::MAX_SUBJECT, *};
use crate::{
    email::tests::fixture::{
        alert, digest, drill, escalated, fired, fired_as, grouped, in_chinese, resolved, with_timeline,
    },
    model::{FilledText, ResolveReason, Severity},
};

const CONSOLE: Option<&str> = Some("https://bellwether.example.com/");

fn page(intent: &Intent) -> Page {
    Page::of(intent, CONSOLE)
}

/// Each kind of mail as it is read on a phone, its subject first.
#[test]
fn each_kind_as_text() {
    for (name, intent) in [
        ("fired", with_timeline()),
        ("grouped", grouped()),
        ("digest", digest()),
        ("escalated", escalated()),
        ("resolved", resolved()),
        ("drill", drill()),
        ("grouped_in_chinese", in_chinese(grouped())),
        ("resolved_in_chinese", in_chinese(resolved())),
        ("digest_in_chinese", in_chinese(digest())),
        ("drill_in_chinese", in_chinese(drill())),
    ] {
        let page = page(&intent);
        let text = format!("Subject: {}\n\n{}", page.subject(), page.render().unwrap().text);
        insta::assert_snapshot!(format!("text_{name}"), text);
    }
}

/// The pictures in the manual are of these.
#[test]
fn each_kind_as_html() {
    for (name, intent) in [
        ("fired", with_timeline()),
        ("grouped", grouped()),
        ("grouped_in_chinese", in_chinese(grouped())),
        ("digest", digest()),
        ("resolved", resolved()),
        ("drill", drill()),
    ] {
        insta::assert_snapshot!(format!("html_{name}"), page(&intent).render().unwrap().html);
    }
}

#[test]
fn what_is_personal_shows_only_in_clear() {
    let mut intent = fired();
    for clear in [false, true] {
        intent.clear = clear;
        let page = page(&intent);
        for text in [
            page.subject().to_string(),
            page.render().unwrap().text,
            page.render().unwrap().html,
        ] {
            assert_eq!(text.contains("13939232332"), clear, "{text}");
            assert_eq!(text.contains("139****2332"), !clear, "{text}");
        }
        assert_eq!(page.render().unwrap().text.contains("真实名称"), clear);
    }
}

#[test]
fn one_mail_that_was_held_back_is_one() {
    let mut alone = digest();
    if let Told::Digest(digest) = std::sync::Arc::make_mut(&mut alone.told) {
        (digest.held_back, digest.given_up) = (1, 0);
    }
    let page = page(&alone);
    assert!(
        page.subject().as_str().contains("] 1 mail held back: "),
        "{}",
        page.subject()
    );
    let text = page.render().unwrap().text;
    assert!(
        text.contains("A mail of 2026-11-22 10:00:00 UTC was held back"),
        "{text}"
    );
}

#[test]
fn what_began_on_another_day_is_told_with_its_date() {
    let mut many = grouped();
    if let Told::Group(news) = std::sync::Arc::make_mut(&mut many.told) {
        let alert = &mut news.alerts.fired[0];
        alert.started_at = alert.started_at.minus(std::time::Duration::from_hours(24));
    }
    let text = page(&many).render().unwrap().text;
    assert!(text.contains("since 2026-11-21 10:00:00"), "{text}");
    assert!(!page(&grouped()).render().unwrap().text.contains("since 2026-"));
}

#[test]
fn the_subject_says_how_bad_what_and_where_in_sixty_characters() {
    let mut raised = grouped();
    if let Told::Group(news) = std::sync::Arc::make_mut(&mut raised.told) {
        news.alerts.raised = 1;
    }
    for (intent, subject) in [
        (fired(), "[CRITICAL] port-full 33333: No free port for 139****2332"),
        (resolved(), "[RESOLVED] port-full 33333: No free port for 139****2332"),
        (
            grouped(),
            "[CRITICAL] port-full +3 33333: 3 fired, 1 still burning, 1 …",
        ),
        (raised, "[CRITICAL, raised] port-full +3 33333: 3 fired, 1 still bur…"),
        (
            escalated(),
            "[CRITICAL, escalated] port-full 33333: No free port for 139…",
        ),
        (digest(), "[WARNING, digest] 57 mails held back: 64 fired, 3 over"),
        (drill(), "[DRILL] nothing has happened, mail arrives"),
        (
            in_chinese(fired()),
            "[严重] port-full 33333: No free port for 139****2332",
        ),
        (
            in_chinese(escalated()),
            "[严重·升级] port-full 33333: No free port for 139****2332",
        ),
    ] {
        assert_eq!(page(&intent).subject().as_str(), subject);
    }

    let mut worst_is_open = grouped();
    if let Told::Group(news) = std::sync::Arc::make_mut(&mut worst_is_open.told) {
        for alert in news.alerts.fired.iter_mut().chain(&mut news.alerts.resolved) {
            alert.severity = Severity::Warning;
        }
        news.alerts.open[0].severity = Severity::Critical;
        news.alerts.open[0].rule = "on-fire".into();
    }
    let subject = page(&worst_is_open).subject();
    assert!(subject.as_str().starts_with("[CRITICAL] on-fire +"), "{subject}");

    let mut long = alert();
    long.rule = "r".repeat(500).into();
    long.key = vec![("billing_code".into(), "3".repeat(500).into())];
    let subject = page(&fired_as(long)).subject();
    assert_eq!(subject.as_str().chars().count(), MAX_SUBJECT);
    assert!(subject.as_str().contains("33…: No"), "{subject}");

    let mut keyless = alert();
    keyless.key.clear();
    let subject = page(&fired_as(keyless)).subject();
    assert!(subject.as_str().starts_with("[CRITICAL] port-full: No"), "{subject}");
}

#[test]
fn values_are_data_in_html() {
    let mut alert = alert();
    let hostile = "<img src=x onerror=alert(1)>{{ 7*7 }}\" & '";
    alert.summary = FilledText {
        masked: hostile.to_owned(),
        clear: None,
    };
    alert.description = alert.summary.clone();
    alert.runbook_url = "https://e.example/\"><script>".to_owned();
    let html = |alert| Page::of(&fired_as(alert), None).render().unwrap().html;
    let page = html(alert.clone());
    assert!(!page.contains("<img") && !page.contains("<script"), "{page}");
    assert!(page.contains("{{ 7*7 }}") && !page.contains(">49"), "{page}");
    alert.runbook_url = "javascript:alert(1)".to_owned();
    assert!(!html(alert).contains("href"));
}

#[test]
fn a_mail_brings_nothing_from_elsewhere() {
    for intent in [with_timeline(), grouped(), digest(), resolved(), drill()] {
        let html = page(&intent).render().unwrap().html;
        for word in ["<img", "<script", "<link", "@import", "url(", "src="] {
            assert!(!html.contains(word), "{word}");
        }
    }
}

#[test]
fn at_most_fifty_are_listed_and_the_others_counted() {
    let text = page(&digest()).render().unwrap().text;
    assert_eq!(text.matches("A participant did not answer").count(), 50);
    assert!(text.contains("and 14 more, not listed"), "{text}");
    assert!(text.contains("64 fired, 3 over"), "{text}");
}

/// The words of the other language stand nowhere, whatever the mail tells.
#[test]
fn a_language_has_all_its_words() {
    let words = [
        Words(crate::model::Language::English),
        Words(crate::model::Language::Chinese),
    ];
    let is_chinese = |text: &str| !text.is_ascii();
    for (words, chinese) in words.into_iter().zip([false, true]) {
        for severity in Severity::ALL {
            assert_eq!(is_chinese(words.severity(severity)), chinese);
        }
        for reason in [
            ResolveReason::Condition,
            ResolveReason::Match,
            ResolveReason::Timeout,
            ResolveReason::MeetingClosed,
            ResolveReason::Operator,
            ResolveReason::RuleChanged,
            ResolveReason::RuleRemoved,
            ResolveReason::OffSchedule,
            ResolveReason::RuleFailed,
            ResolveReason::Evicted,
        ] {
            assert_eq!(is_chinese(words.why(reason)), chinese);
        }
        for (_, status) in crate::model::ConferenceStatus::LISTED {
            let text = words.conference(*status);
            assert!(is_chinese(&text) == chinese && !text.contains("code") && !text.contains("代码"));
        }
        for (_, status) in crate::model::ParticipantStatus::LISTED {
            for (_, reason) in crate::model::DisconnectReason::LISTED {
                let text = words.participant(*status, Some(*reason));
                assert!(is_chinese(&text) == chinese && !text.contains("code") && !text.contains("代码"));
            }
        }
    }
}

#[test]
fn durations_in_words() {
    use std::time::Duration;

    let words = Words(crate::model::Language::English);
    for (seconds, text) in [(0, "0s"), (59, "59s"), (3_725, "1h 2m 5s"), (86_400, "1d")] {
        assert_eq!(words.lasted(Duration::from_secs(seconds)), text);
    }
    let words = Words(crate::model::Language::Chinese);
    assert_eq!(words.lasted(Duration::from_secs(3_725)), "1 小时 2 分 5 秒");
}
