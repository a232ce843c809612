//! A mail as bytes: its headers, its parts, and that they are the same each time.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{
    email::tests::fixture::{alert, fired, fired_as, resolved, resolved_as},
    model::{FilledText, Payload, Personal},
};

fn from() -> Sender {
    "Bellwether 告警 <alerts@example.com>".parse().unwrap()
}

fn composed(intent: &Intent) -> String {
    String::from_utf8(compose(intent, &from(), None).unwrap().bytes).unwrap()
}

/// The headers, unfolded.
fn headers(intent: &Intent) -> Vec<(String, String)> {
    let message = composed(intent);
    let (head, _) = message.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ")
        .split("\r\n")
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn header(intent: &Intent, name: &str) -> Option<String> {
    headers(intent)
        .into_iter()
        .find(|(n, _)| n == name)
        .map(|(_, value)| value)
}

#[test]
fn headers_of_a_firing() {
    let headers: Vec<String> = headers(&fired())
        .into_iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    insta::assert_snapshot!(headers.join("\n"), @r#"
    From: =?utf-8?b?QmVsbHdldGhlciDlkYroraY=?= <alerts@example.com>
    Subject: [CRITICAL] port-full 33333: No free port for 139****2332
    Date: Sun, 22 Nov 2026 10:00:00 +0000
    Message-ID: <1f2e3d4c000000000000000000000007@example.com>
    To: noc@example.com
    Reply-To: desk@example.com
    Auto-Submitted: auto-generated
    X-Auto-Response-Suppress: All
    List-Id: <bridge-ops.alerts.example.com>
    Content-Language: en
    X-Alert-Rule: port-full
    X-Alert-Severity: critical
    X-Alert-State: firing
    X-Alert-Id: 0000000000000000000000000000002a
    Importance: high
    MIME-Version: 1.0
    Content-Type: multipart/alternative; boundary="=_1f2e3d4c000000000000000000000007"
    "#);
}

/// RFC 5322, 2.1.1: they may have 998 characters, and should have 78 at most.
#[test]
fn lines_are_as_short_as_they_should_be() {
    let mail = composed(&fired());
    let long = mail.lines().find(|line| line.len() > 78);
    assert_eq!(long, None);
}

#[test]
fn an_answer_names_its_root() {
    let (root, answer) = (fired(), resolved());
    assert_eq!(header(&root, "In-Reply-To"), None);
    assert_eq!(header(&root, "References"), None);
    let root_id = header(&root, "Message-ID");
    assert!(root_id.is_some());
    assert_eq!(header(&answer, "In-Reply-To"), root_id);
    assert_eq!(header(&answer, "References"), root_id);
    assert_ne!(header(&answer, "Message-ID"), root_id);
    assert_eq!(header(&answer, "X-Alert-State").as_deref(), Some("resolved"));
    assert_eq!(header(&answer, "Importance"), None);
}

#[test]
fn a_later_mail_names_its_root_and_the_one_before() {
    let mut third = resolved();
    third.answers = Some(IntentId(9));
    let (root, before) = (
        header(&fired(), "Message-ID").unwrap(),
        "<00000000000000000000000000000009@example.com>",
    );
    assert_eq!(header(&third, "In-Reply-To").as_deref(), Some(before));
    assert_eq!(header(&third, "References"), Some(format!("{root} {before}")));
}

/// Each gets a mail of its own, and sees who else does.
#[test]
fn all_recipients_stand_in_the_header() {
    let mut intent = fired();
    intent.to = vec!["noc@example.com".to_owned(), "b@例子.公司".to_owned()];
    intent.cc = vec!["lead@example.com".to_owned(), "张@example.com".to_owned()];
    assert_eq!(
        header(&intent, "To").as_deref(),
        Some("noc@example.com, b@xn--fsqu00a.xn--55qx5d")
    );
    assert_eq!(header(&intent, "Cc").as_deref(), Some("lead@example.com"));
    assert_eq!(
        compose(&intent, &from(), None).unwrap().to.to_string(),
        "noc@example.com"
    );
}

#[test]
fn every_attempt_is_the_same_bytes() {
    let intent = fired();
    assert_eq!(composed(&intent), composed(&intent.clone()));
}

#[test]
fn text_cannot_end_its_part() {
    let mut alert = alert();
    alert.description.masked = format!("--=_{}--\n.\n", fired().id);
    let intent = fired_as(alert);
    let message = composed(&intent);
    assert_eq!(message.matches(&format!("\r\n--=_{}", intent.id)).count(), 3);
}

#[test]
fn what_cannot_be_sent_is_refused() {
    for address in ["", "noc", "noc@", "a@b\r\nRCPT TO:<c@d>", "\"a\rb\"@c.example"] {
        let mut intent = fired();
        intent.recipient = address.to_owned();
        assert!(
            matches!(
                compose(&intent, &from(), None),
                Err(ComposeError::Address { role: "recipient" })
            ),
            "{address:?}"
        );
    }
    let mut intent = fired();
    intent.template = 99;
    assert!(matches!(
        compose(&intent, &from(), None),
        Err(ComposeError::UnknownTemplate(99))
    ));
}

#[test]
fn addresses_in_any_script_are_sent_as_servers_know_them() {
    let mail = |recipient: &str| {
        let mut intent = fired();
        intent.recipient = recipient.to_owned();
        intent.to = vec![recipient.to_owned()];
        compose(&intent, &from(), None).unwrap()
    };
    let domain = mail("noc@例子.公司");
    assert_eq!(domain.to.to_string(), "noc@xn--fsqu00a.xn--55qx5d");
    assert!(!domain.needs_utf8() && domain.bytes.is_ascii());

    let name = mail("张@例子.公司");
    assert!(name.needs_utf8());
    let text = String::from_utf8(name.bytes).unwrap();
    assert!(text.contains("\r\nTo: 张@xn--fsqu00a.xn--55qx5d\r\n"), "{text}");
}

#[test]
fn where_answers_go_stands_only_in_mails_that_may_say_so() {
    for (reply_to, recipient, expected) in [
        ("bridge@example.com", "noc@example.com", Some("bridge@example.com")),
        ("张@例子.公司", "李@例子.公司", Some("张@xn--fsqu00a.xn--55qx5d")),
        ("张@例子.公司", "noc@example.com", None),
    ] {
        let mut intent = fired();
        intent.reply_to = Some(reply_to.to_owned());
        (intent.recipient, intent.to) = (recipient.to_owned(), vec![recipient.to_owned()]);
        let text = composed(&intent);
        let head = text.split("\r\n\r\n").next().unwrap();
        let said = head.lines().find_map(|line| line.strip_prefix("Reply-To: "));
        assert_eq!(said, expected, "{recipient}");
        assert!(expected.is_some() || head.is_ascii(), "{head}");
    }
}

#[test]
fn dates_outside_the_libraries_range_do_not_panic() {
    for date in [Time::MIN, Time::MAX, Time::from_nanos(-1)] {
        let mut intent = fired();
        intent.date = date;
        composed(&intent);
    }
}

/// Text as an enemy would write it.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\r\n".to_owned()),
        Just("\r\n.\r\n".to_owned()),
        Just("\r\n\r\nBcc: x@example.com\r\n".to_owned()),
        Just("\r".to_owned()),
        Just("\n".to_owned()),
        Just("\0\u{1b}[31m".to_owned()),
        Just("\u{202e}\u{2066}\u{2028}".to_owned()),
        Just("=?utf-8?B?AAAA?=".to_owned()),
        Just("{{ x }}{% raw %}</td>".to_owned()),
        Just("x".repeat(10_000)),
        Just("真".repeat(3_400)),
        Just("👩‍👩‍👧‍👦".repeat(400)),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn hostile_text_stays_text(name in hostile(), text in hostile(), key in hostile(), clear: bool, ended: bool) {
        let mut alert = alert();
        alert.rule = key.as_str().into();
        alert.key.push((name.as_str().into(), key.as_str().into()));
        alert.labels.insert(key.as_str().into(), name.as_str().into());
        alert.summary = FilledText { masked: text.clone(), clear: Some(name.clone()) };
        alert.description = FilledText { masked: key.clone(), clear: Some(text.clone()) };
        alert.runbook_url = text;
        if let Payload::Party(party) = &mut Arc::make_mut(&mut alert.evidence[0]).payload {
            party.name = Personal::new(name.as_str());
            party.party_id = key.as_str().into();
        }
        let mut intent = if ended { resolved_as(alert) } else { fired_as(alert) };
        intent.clear = clear;
        intent.receiver = name.as_str().into();

        let message = composed(&intent);
        prop_assert!(message.is_ascii());
        for line in message.split("\r\n") {
            prop_assert!(line.len() <= 998);
            prop_assert!(!line.bytes().any(|b| b.is_ascii_control() && b != b'\t'), "{line:?}");
        }
        let names: Vec<String> = headers(&intent).into_iter().map(|(name, _)| name).collect();
        let mut expected: Vec<String> = headers(&if ended { resolved() } else { fired() })
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        prop_assert_eq!(&names, &expected);
        expected.sort();
        expected.dedup();
        prop_assert_eq!(names.len(), expected.len());
        prop_assert_eq!(message, composed(&intent));
    }
}
