//! What tracing an expression shows of its parts.

use super::{
    super::{PartValue, TracedPart},
    scenes::Scene,
    *,
};
use crate::{
    model::{ConferenceStatus, DisconnectReason, ParticipantStatus, Personal},
    rules::facts::{MeetingFacts, Said},
};

/// A line a part: what it came to, and its text; in brackets what nobody asked for.
fn shown(expr: &Expr, scene: &Scene) -> Vec<String> {
    let trace = expr.trace(&scene.facts());
    let line = |part: &TracedPart| {
        let line = format!(
            "{}{} <- {}",
            "  ".repeat(part.depth),
            part.value.shown(false),
            part.text
        );
        if part.reached { line } else { format!("({line})") }
    };
    trace.parts.iter().map(line).collect()
}

fn refused() -> Scene {
    scenes::party(ParticipantStatus::DISCONNECTED, Some(DisconnectReason::BUSY))
}

#[test]
fn every_part_has_its_value() {
    let cases: [(&str, Scene, &[&str]); 9] = [
        (
            "party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL",
            refused(),
            &[
                "false <- party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL",
                "  true <- party.status == DISCONNECTED",
                "    DISCONNECTED <- party.status",
                "  false <- party.disconnect_reason == PORT_FULL",
                "    BUSY <- party.disconnect_reason",
            ],
        ),
        (
            "party.status == SPEAKING && party.role == EXPERT",
            refused(),
            &[
                "false <- party.status == SPEAKING && party.role == EXPERT",
                "  false <- party.status == SPEAKING",
                "    DISCONNECTED <- party.status",
                "(  true <- party.role == EXPERT)",
                "(    EXPERT <- party.role)",
            ],
        ),
        (
            "!(meeting.present > 1 + 1) || conf.status == MEETING_END",
            refused(),
            &[
                "true <- !(meeting.present > 1 + 1) || conf.status == MEETING_END",
                "  true <- !(meeting.present > 1 + 1)",
                "    false <- meeting.present > 1 + 1",
                "      0 <- meeting.present",
                "      2 <- 1 + 1",
                "(  undecided <- conf.status == MEETING_END)",
                "(    undecided <- conf.status)",
            ],
        ),
        (
            "party.role == EXPERT ? meeting.live : meeting.ended",
            refused(),
            &[
                "false <- party.role == EXPERT ? meeting.live : meeting.ended",
                "  true <- party.role == EXPERT",
                "    EXPERT <- party.role",
                "  false <- meeting.live",
                "(  false <- meeting.ended)",
            ],
        ),
        (
            "['86', '1'].exists(x, party.country == x)",
            refused(),
            &[
                "true <- ['86', '1'].exists(x, party.country == x)",
                "  true <- party.country == x",
                "    '86' <- party.country",
                "    '86' <- x",
                "  false <- party.country == x",
                "    '86' <- party.country",
                "    '1' <- x",
            ],
        ),
        (
            "party.name.startsWith('真') && party.phone == ''",
            refused(),
            &[
                "true <- party.name.startsWith('真') && party.phone == ''",
                "  true <- party.name.startsWith('真')",
                "    '真**' <- party.name",
                "  true <- party.phone == ''",
                "    '' <- party.phone",
            ],
        ),
        (
            "meeting.started_at == null && occurred_at - timestamp('2026-01-05T08:00:00Z') > duration('1h')",
            refused(),
            &[
                "false <- meeting.started_at == null && occurred_at - timestamp('2026-01-05T08:00:00Z') > duration('1h')",
                "  true <- meeting.started_at == null",
                "    null <- meeting.started_at",
                "  false <- occurred_at - timestamp('2026-01-05T08:00:00Z') > duration('1h')",
                "    30m15s250ms <- occurred_at - timestamp('2026-01-05T08:00:00Z')",
                "      2026-01-05T08:30:15.25Z <- occurred_at",
            ],
        ),
        (
            "previous.status == SPEAKING",
            Scene {
                previous_party: Some((scenes::participant(ParticipantStatus::SPEAKING, None), Said::default())),
                ..refused()
            },
            &["true <- previous.status == SPEAKING", "  SPEAKING <- previous.status"],
        ),
        (
            "previous.status == RECORDED && conf.status == 7",
            Scene {
                previous_conf: Some(ConferenceStatus::RECORDED),
                ..scenes::conf(ConferenceStatus(7))
            },
            &[
                "true <- previous.status == RECORDED && conf.status == 7",
                "  true <- previous.status == RECORDED",
                "    RECORDED <- previous.status",
                "  true <- conf.status == 7",
                "    7 <- conf.status",
            ],
        ),
    ];
    for (text, scene, expected) in cases {
        assert_eq!(shown(&expr(text), &scene), expected, "{text}");
    }
}

#[test]
fn parts_of_a_define_are_told_by_its_name() {
    let defines = defines(&[
        ("refused", "gone && party.disconnect_reason in [PORT_FULL, BUSY]"),
        ("gone", "party.status == DISCONNECTED"),
    ]);
    let expr = Expr::compile("refused || meeting.live", Schema::Notification, &defines, MAX_RULE).unwrap();
    let tracer = expr.tracer();
    let of: Vec<_> = tracer
        .parts()
        .iter()
        .filter(|part| part.is_branch())
        .map(|part| {
            (
                part.define.as_deref().unwrap_or("-"),
                part.span.clone(),
                part.text.as_str(),
            )
        })
        .collect();
    assert_eq!(
        of,
        [
            ("-", 0..23, "refused || meeting.live"),
            ("refused", 0..52, "gone && party.disconnect_reason in [PORT_FULL, BUSY]"),
            ("gone", 0..28, "party.status == DISCONNECTED"),
            ("refused", 8..52, "party.disconnect_reason in [PORT_FULL, BUSY]"),
            ("-", 11..23, "meeting.live"),
        ]
    );
}

#[test]
fn a_trace_and_the_expression_agree() {
    let scenes = [
        refused(),
        scenes::party(ParticipantStatus::SPEAKING, None),
        scenes::conf(ConferenceStatus::MEETING_END),
        scenes::meeting(MeetingFacts {
            live: true,
            present: 3,
            ..MeetingFacts::default()
        }),
    ];
    for text in [
        "party.status == DISCONNECTED || conf.status == MEETING_END",
        "meeting.live ? meeting.present / (meeting.present - 3) > 1 : party.role != CLIENT",
        "!(party.status in [SPEAKING, MUTED]) && party.name.matches('^真')",
        "(party.status == SPEAKING) == (conf.status != RECORDED)",
        "true",
    ] {
        let expr = expr(text);
        for scene in &scenes {
            let whole = expr.tracer().parts()[0]
                .is_branch()
                .then(|| expr.trace(&scene.facts()).parts[0].value.clone());
            let decided = expr
                .decide(&scene.facts())
                .map_or(PartValue::Undecided, PartValue::Bool);
            assert_eq!(whole.unwrap_or(PartValue::Bool(true)), decided, "{text}");
        }
    }
}

#[test]
fn personal_data_is_masked_unless_asked_for() {
    let value = PartValue::Personal(Personal::new("13939232332"));
    assert_eq!(value.shown(false), "'139****2332'");
    assert_eq!(value.shown(true), "'13939232332'");
    assert!(!format!("{value:?}").contains("232"));
}
