//! Texts of alerts, filled in: masked and in clear, and safe from the values in them.

use super::*;
use crate::{
    model::{Conf, ConferenceStatus, DisconnectReason, ParticipantStatus, Party, Personal},
    rules::{
        KeyField, RuleSource, SourceFile,
        diagnostic::Span,
        facts::{AtHand, MeetingFacts, Previous},
    },
};

fn party() -> Party {
    Party {
        name: Personal::new("真实名称"),
        phone: Personal::new("13939232332"),
        country: "86".into(),
        city: Personal::new("西安\u{202e}\u{1b}[31m"),
        disconnect_reason: Some(DisconnectReason::PORT_FULL),
        ..Party::new("33333", "7YY1", ParticipantStatus::DISCONNECTED)
    }
}

/// Fills in a summary and a description of a rule keyed by meeting and phone number.
fn fill(summary: Option<&str>, description: Option<&str>, at_hand: AtHand<'_>) -> (FilledText, FilledText) {
    let scalar = |text: &str| Spanned {
        value: text.to_owned(),
        span: Span::default(),
    };
    let source = RuleSource {
        files: vec![SourceFile {
            name: "rules.yaml".into(),
            text: String::new(),
        }],
    };
    let mut findings = Findings::new(&source);
    let key = Key {
        fields: vec![KeyField::BillingCode, KeyField::Phone],
    };
    let labels = Labels::from([("team".into(), "bridge".into())]);
    let texts = compile(
        summary.map(scalar).as_ref(),
        description.map(scalar).as_ref(),
        &key,
        &labels,
        &mut findings,
    );
    let texts = texts.unwrap_or_else(|| panic!("{:?}", findings.finish()));
    let meeting = MeetingFacts {
        present: 3,
        recording: Some(ConferenceStatus::RECORDED),
        ..MeetingFacts::default()
    };
    let facts = Facts {
        at_hand,
        previous: Previous::Nothing,
        meeting: &meeting,
        source: "bridge-a",
        occurred_at: Default::default(),
        received_at: Default::default(),
    };
    let key = [
        ("billing_code".into(), "33333".into()),
        ("phone".into(), "13939232332".into()),
    ];
    texts.fill(&facts, "port-full", Severity::Critical, &labels, &key)
}

fn summary(text: &str) -> FilledText {
    fill(Some(text), None, AtHand::Party(&party())).0
}

#[test]
fn what_is_personal_is_masked_and_also_given_in_clear() {
    for (template, masked, clear) in [
        ("{{ party.name }} left", "真** left", Some("真实名称 left")),
        ("{{ phone }}", "139****2332", Some("13939232332")),
        ("{{ party['phone'] }}", "139****2332", Some("13939232332")),
        ("{% set p = party %}{{ p.name }}", "真**", Some("真实名称")),
        (
            "{{ billing_code }} {{ party.status }} {{ party.disconnect_reason }}",
            "33333 DISCONNECTED PORT_FULL",
            None,
        ),
        (
            "{{ rule }} {{ severity }} {{ labels.team }}",
            "port-full critical bridge",
            None,
        ),
        ("{{ meeting.present }} {{ meeting.recording }}", "3 RECORDED", None),
        ("no template at all", "no template at all", None),
    ] {
        let filled = summary(template);
        assert_eq!(
            (filled.masked.as_str(), filled.clear.as_deref()),
            (masked, clear),
            "{template}"
        );
    }
}

#[test]
fn what_is_absent_is_empty() {
    let conf = Conf {
        billing_code: "33333".into(),
        status: ConferenceStatus::RECORDED,
        extra: None,
    };
    let template = "[{{ party.name }}{{ party.role }}{{ conf.status }}{{ meeting.started_at }}]";
    assert_eq!(summary(template).shown(true), "[真实名称]");
    let (of_conf, description) = fill(Some(template), None, AtHand::Conf(&conf));
    assert_eq!(of_conf.shown(true), "[RECORDED]");
    assert_eq!(description, FilledText::default());
    assert_eq!(fill(Some(template), None, AtHand::Meeting("33333")).0.shown(true), "[]");
}

#[test]
fn values_cannot_change_how_a_text_reads() {
    assert_eq!(summary("{{ party.city }}.").shown(true), "西安\u{fffd}\u{fffd}[31m.");
    assert_eq!(summary("one\nline\n").masked, "one line");
    // What a value says is text, never a template.
    let mut sly = party();
    sly.name = Personal::new("{{ party.phone }}");
    assert_eq!(
        fill(Some("{{ party.name }}"), None, AtHand::Party(&sly)).0.shown(true),
        "{{ party.phone }}"
    );
}

#[test]
fn without_a_text_the_alert_names_itself() {
    let (summary, description) = fill(None, Some("x"), AtHand::Meeting("33333"));
    assert_eq!(summary.masked, r#"port-full{billing_code="33333",phone="139****2332"}"#);
    assert_eq!(
        summary.shown(true),
        r#"port-full{billing_code="33333",phone="13939232332"}"#
    );
    assert_eq!(description.masked, "x");
}

#[test]
fn a_text_that_cannot_be_filled_names_the_alert() {
    // It passed the trial at load, whose participants have no reason, and then asks for more than there may be.
    for endless in [
        "{% if party.disconnect_reason %}{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}{% endif %}",
        "{% if party.disconnect_reason %}{{ 'x' * 999999 }}{% endif %}",
    ] {
        assert_eq!(
            summary(endless).masked,
            r#"port-full{billing_code="33333",phone="139****2332"}"#,
            "{endless}"
        );
    }
}
