use super::*;
use crate::{
    email::fixture::{alert, fired, fired_as, resolved},
    model::FilledText,
};

#[test]
fn plain_text_of_a_firing() {
    insta::assert_snapshot!(Page::of(&fired()).text().unwrap(), @r#"
    CRITICAL: port-full
    No free port for 139****2332

    The bridge is full.
    More ports help.

    Meeting: 33333
    phone: 139****2332
    Severity: critical
    Since: 2026-11-22 10:00:00 UTC
    Matched: 3 times, last at 2026-11-22 10:01:30 UTC
    team: bridge

    What to do: https://runbooks.example.com/port-full?a=1&b=2

    What it rests on, newest first:
    - 2026-11-22 10:00:00 UTC 真** 139****2332 西**, participant 7YY1 of meeting 33333: DISCONNECTED, PORT_FULL (from bridge-1)

    Alert 0000000000000000000000000000002a, told to bridge-ops.
    "#);
}

#[test]
fn plain_text_of_an_end() {
    insta::assert_snapshot!(Page::of(&resolved()).text().unwrap(), @r#"
    RESOLVED: port-full
    No free port for 139****2332

    The bridge is full.
    More ports help.

    Meeting: 33333
    phone: 139****2332
    Severity: critical
    Since: 2026-11-22 10:00:00 UTC
    Ended: 2026-11-22 11:02:05 UTC
    Lasted: 1h 2m 5s
    Because: the meeting is over
    Matched: 3 times, last at 2026-11-22 10:01:30 UTC
    team: bridge

    What to do: https://runbooks.example.com/port-full?a=1&b=2

    What it rests on, newest first:
    - 2026-11-22 10:00:00 UTC 真** 139****2332 西**, participant 7YY1 of meeting 33333: DISCONNECTED, PORT_FULL (from bridge-1)

    Alert 0000000000000000000000000000002a, told to bridge-ops.
    "#);
}

#[test]
fn html_of_a_firing() {
    insta::assert_snapshot!(Page::of(&fired()).html().unwrap());
}

#[test]
fn what_is_personal_shows_only_in_clear() {
    let mut intent = fired();
    for clear in [false, true] {
        intent.clear = clear;
        let page = Page::of(&intent);
        for text in [page.subject().to_string(), page.text().unwrap(), page.html().unwrap()] {
            assert_eq!(text.contains("13939232332"), clear, "{text}");
            assert_eq!(text.contains("139****2332"), !clear, "{text}");
        }
        assert_eq!(page.text().unwrap().contains("真实名称"), clear);
    }
}

#[test]
fn the_subject_says_it_early() {
    for (intent, subject) in [
        (fired(), "[CRITICAL] port-full 33333: No free port for 139****2332"),
        (resolved(), "[RESOLVED] port-full 33333: No free port for 139****2332"),
    ] {
        assert_eq!(Page::of(&intent).subject().as_str(), subject);
    }

    let mut long = alert();
    long.rule = "r".repeat(500).into();
    long.key = vec![("billing_code".into(), "3".repeat(500).into())];
    let subject = Page::of(&fired_as(long)).subject();
    assert!(subject.as_str().chars().count() <= MAX_SUBJECT);
    assert!(subject.as_str().find("33…: No").unwrap() < 75, "{subject}");

    let mut keyless = alert();
    keyless.key.clear();
    assert!(
        Page::of(&fired_as(keyless))
            .subject()
            .as_str()
            .starts_with("[CRITICAL] port-full: No")
    );
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
    let html = Page::of(&fired_as(alert.clone())).html().unwrap();
    assert!(!html.contains("<img") && !html.contains("<script"), "{html}");
    assert!(html.contains("{{ 7*7 }}") && !html.contains(">49"), "{html}");
    alert.runbook_url = "javascript:alert(1)".to_owned();
    assert!(!Page::of(&fired_as(alert)).html().unwrap().contains("href"));
}

#[test]
fn durations_in_words() {
    for (seconds, words) in [(0, "0s"), (59, "59s"), (3_725, "1h 2m 5s"), (86_400, "1d"), (-5, "0s")] {
        let from = crate::email::fixture::TEN_O_CLOCK;
        let to = Time::from_nanos(from.as_nanos() + seconds * 1_000_000_000);
        assert_eq!(lasted(from, to), words);
    }
}

#[test]
fn any_time_can_be_shown() {
    assert_eq!(utc(Time::from_nanos(1_999_999_999)), "1970-01-01 00:00:01 UTC");
    assert_eq!(utc(Time::MIN), "1677-09-21 00:12:43 UTC");
    assert_eq!(utc(Time::MAX), "2262-04-11 23:47:16 UTC");
}
