//! What expressions say of notifications, meetings and alerts: values, null, undecided.

use super::{Expr, MAX_FILTER, MAX_RULE, Schema, defines, expr, scenes};
use crate::{
    model::{ConferenceStatus, DisconnectReason, Labels, ParticipantStatus, Party, Personal, Severity, Time},
    rules::{
        expr::Defines,
        facts::{AlertFacts, MeetingFacts, Said},
    },
};

const TRUE: Option<bool> = Some(true);
const FALSE: Option<bool> = Some(false);
const UNDECIDED: Option<bool> = None;

fn check(scene: &scenes::Scene, cases: &[(&str, Option<bool>)]) {
    for (text, expected) in cases {
        assert_eq!(expr(text).decide(&scene.facts()), *expected, "{text}");
    }
}

#[test]
fn a_party_notification() {
    let refused = scenes::party(ParticipantStatus::DISCONNECTED, Some(DisconnectReason::PORT_FULL));
    check(
        &refused,
        &[
            (
                "party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL",
                TRUE,
            ),
            ("party.disconnect_reason == 5", TRUE),
            ("5 == party.disconnect_reason", TRUE),
            ("party.disconnect_reason != 6", TRUE),
            ("party.disconnect_reason in [MEETING_FULL, PORT_FULL]", TRUE),
            ("party.disconnect_reason in [MEETING_FULL, 6, -1]", FALSE),
            ("party.disconnect_reason in []", FALSE),
            ("party.disconnect_reason >= PORT_FULL", TRUE),
            ("party.billing_code == '33333'", TRUE),
            ("'33333' != party.billing_code", FALSE),
            ("party.country in ['1', '86']", TRUE),
            ("party.country in [party.area_code, source]", FALSE),
            ("party.country in [party.area_code, source, '86']", TRUE),
            ("party.country < '9'", TRUE),
            ("party.country > '9'", FALSE),
            ("size(party.name) == 4 && party.name.size() == 4", TRUE),
            (
                "party.city.contains('.') && party.city.startsWith('陕') && party.city.endsWith('西安')",
                TRUE,
            ),
            ("party.party_id.matches('^[0-9]YY')", TRUE),
            (r"party.party_id.matches(r'^\d+$')", FALSE),
            ("matches(party.party_id, '1$')", TRUE),
            ("[party.country, source].exists(x, x == 'bridge-a')", TRUE),
            ("[party.country, source].all(x, size(x) > 1)", TRUE),
            ("[party.country, source].all(x, x == 'bridge-a')", FALSE),
            (
                "['33', '44'].exists(x, ['33', '55'].exists(y, party.billing_code == x) || party.billing_code.endsWith(x))",
                TRUE,
            ),
            ("[party.country, source].exists_one(x, x == 'bridge-a')", TRUE),
            ("[party.country, source].exists_one(x, size(x) > 1)", FALSE),
            ("[party.country, source].exists_one(x, x == 'bridge-b')", FALSE),
            (
                "[PORT_FULL, BUSY].exists_one(x, x == previous.disconnect_reason)",
                FALSE,
            ),
            ("[3, 0].exists_one(x, 6 / x == 2)", UNDECIDED),
            ("[].exists(x, x == source) || [].exists_one(x, x == source)", FALSE),
            ("[].all(x, x == source)", TRUE),
            ("meeting.live ? party.country == '1' : party.country == '86'", TRUE),
            ("(meeting.live ? party.country : source) == 'bridge-a'", TRUE),
            ("(meeting.live ? 5 : party.disconnect_reason) == PORT_FULL", TRUE),
            ("(meeting.live ? 1 : 2) + 3 == 5", TRUE),
            ("meeting.live == meeting.ended", TRUE),
            ("meeting.live != meeting.ended", FALSE),
            ("source == 'bridge-a'", TRUE),
            ("!(source == 'bridge-a')", FALSE),
        ],
    );
}

#[test]
fn an_unlisted_code_is_a_number() {
    check(
        &scenes::party(ParticipantStatus(77), Some(DisconnectReason(6))),
        &[
            ("party.status == 77 && party.disconnect_reason == 6", TRUE),
            ("party.status in [SPEAKING, 0x4d]", TRUE),
            ("party.status != SPEAKING", TRUE),
        ],
    );
    check(
        &scenes::conf(ConferenceStatus(-1)),
        &[("conf.status == -1 && conf.status == MEETING_END", TRUE)],
    );
}

#[test]
fn what_is_not_at_hand_is_undecided() {
    check(
        &scenes::conf(ConferenceStatus::MEETING_START),
        &[
            ("conf.status == MEETING_START", TRUE),
            ("party.status == SPEAKING", UNDECIDED),
            ("party.status != SPEAKING", UNDECIDED),
            ("!(party.status == SPEAKING)", UNDECIDED),
            ("party.name == ''", UNDECIDED),
            ("has(party.name)", UNDECIDED),
            ("party.role == null", UNDECIDED),
            ("party.country in ['86']", UNDECIDED),
            ("[SPEAKING, MUTED].exists(x, x == party.status)", UNDECIDED),
            ("previous.role == EXPERT", UNDECIDED),
        ],
    );
    check(
        &scenes::party(ParticipantStatus::SPEAKING, None),
        &[
            ("conf.status == MEETING_START", UNDECIDED),
            ("conf.billing_code == '33333'", UNDECIDED),
            ("has(conf.status)", UNDECIDED),
            ("previous.status == MEETING_START", UNDECIDED),
        ],
    );
    check(
        &scenes::meeting(MeetingFacts {
            live: true,
            ..MeetingFacts::default()
        }),
        &[
            ("meeting.live", TRUE),
            ("party.status == SPEAKING", UNDECIDED),
            ("conf.billing_code == ''", UNDECIDED),
            ("previous.billing_code == ''", UNDECIDED),
            ("previous.status == 1", UNDECIDED),
        ],
    );
}

#[test]
fn operators_decide_without_the_undecided_where_they_can() {
    let scene = scenes::conf(ConferenceStatus::MEETING_START);
    let part = [
        ("true", TRUE),
        ("false", FALSE),
        ("party.status == SPEAKING", UNDECIDED),
    ];
    let and = |a: Option<bool>, b: Option<bool>| match (a, b) {
        (FALSE, _) | (_, FALSE) => FALSE,
        (TRUE, TRUE) => TRUE,
        _ => UNDECIDED,
    };
    for (a, is_a) in part {
        for (b, is_b) in part {
            let not = |value: Option<bool>| value.map(|value| !value);
            check(
                &scene,
                &[
                    (&format!("{a} && {b}"), and(is_a, is_b)),
                    (&format!("{a} || {b}"), not(and(not(is_a), not(is_b)))),
                    (&format!("({a}) == ({b})"), is_a.zip(is_b).map(|(a, b)| a == b)),
                    (
                        &format!("{a} ? {b} : true"),
                        is_a.and_then(|a| if a { is_b } else { TRUE }),
                    ),
                    (
                        &format!("{a} ? false : {b}"),
                        is_a.and_then(|a| if a { FALSE } else { is_b }),
                    ),
                ],
            );
        }
    }
}

#[test]
fn arithmetic_that_fails_is_undecided() {
    let seven = MeetingFacts {
        present: 7,
        ..MeetingFacts::default()
    };
    check(
        &scenes::meeting(seven),
        &[
            (
                "meeting.present / 2 == 3 && meeting.present % 4 == 3 && -meeting.present / 2 == -3",
                TRUE,
            ),
            ("meeting.present * 2 - 4 == 10", TRUE),
            ("meeting.present / meeting.talking == 0", UNDECIDED),
            ("meeting.present % meeting.talking == 0", UNDECIDED),
            ("meeting.present + 9223372036854775807 > 0", UNDECIDED),
            ("meeting.present * -9223372036854775808 < 0", UNDECIDED),
            ("-(-9223372036854775808) > 0", UNDECIDED),
            ("-9223372036854775808 / -1 > 0", UNDECIDED),
            ("meeting.present / meeting.talking == 0 || meeting.present == 7", TRUE),
        ],
    );
}

#[test]
fn absent_codes_and_times_are_null() {
    let no_role = Party {
        role: None,
        ..scenes::participant(ParticipantStatus::SPEAKING, None)
    };
    check(
        &scenes::Scene {
            party: Some(no_role),
            ..scenes::party(ParticipantStatus::SPEAKING, None)
        },
        &[
            ("party.role == null", TRUE),
            ("null != party.role", FALSE),
            ("has(party.role)", FALSE),
            ("party.role == EXPERT", FALSE),
            ("party.role != EXPERT", TRUE),
            ("party.role == 0", FALSE),
            ("party.role in [EXPERT, CLIENT]", FALSE),
            ("!(party.role in [EXPERT, CLIENT])", TRUE),
            ("party.role < CLIENT", UNDECIDED),
            ("party.disconnect_reason != PORT_FULL", TRUE),
            ("party.disconnect_reason == previous.disconnect_reason", TRUE),
            ("party.disconnect_reason in [previous.disconnect_reason]", FALSE),
            ("party.connect_time == null", TRUE),
            ("party.connect_time < occurred_at", UNDECIDED),
            ("party.connect_time == occurred_at", FALSE),
            ("party.connect_time + duration('5m') == occurred_at", UNDECIDED),
            ("party.connect_time.getHours() == 8", UNDECIDED),
            ("meeting.recording == null && meeting.started_at == null", TRUE),
            ("meeting.recording != RECORDED", TRUE),
        ],
    );
}

#[test]
fn absent_texts_are_empty() {
    check(
        &scenes::party(ParticipantStatus::SPEAKING, None),
        &[
            ("has(party.name) && !has(party.phone)", TRUE),
            ("party.phone == ''", TRUE),
            ("size(party.phone) == 0", TRUE),
            ("party.phone.contains('1')", FALSE),
            ("has(party.status)", TRUE),
            ("has(party.disconnect_reason)", FALSE),
        ],
    );
}

#[test]
fn the_previous_notification_says_only_what_it_said() {
    let known = Party {
        phone: Personal::new("139"),
        ..scenes::participant(ParticipantStatus::MUTED, None)
    };
    let now = scenes::party(ParticipantStatus::SPEAKING, None);
    check(
        &scenes::Scene {
            previous_party: Some((known, Said::PHONE)),
            ..now.clone()
        },
        &[
            ("previous.status == MUTED && party.status == SPEAKING", TRUE),
            ("previous.status in [MUTED, MEETING_HOLD]", TRUE),
            ("previous.status == 4", TRUE),
            ("previous.status != party.status", TRUE),
            ("previous.phone == '139' && !has(previous.name)", TRUE),
            ("previous.role == null", TRUE),
            ("previous.billing_code == '33333' && previous.party_id == '7YY1'", TRUE),
            ("previous.status == RECORDED", UNDECIDED),
        ],
    );
    check(
        &now,
        &[
            ("previous.status == null && !has(previous.status)", TRUE),
            ("previous.status == MUTED", FALSE),
            ("previous.status != MUTED", TRUE),
            ("previous.status == 4", FALSE),
            ("has(previous.name) || has(previous.billing_code)", FALSE),
        ],
    );
    let recorded = scenes::conf(ConferenceStatus::NOT_RECORDED);
    check(
        &scenes::Scene {
            previous_conf: Some(ConferenceStatus::RECORDED),
            ..recorded
        },
        &[
            ("previous.status == RECORDED && conf.status == NOT_RECORDED", TRUE),
            ("previous.status == 101", TRUE),
            ("previous.status == MUTED", UNDECIDED),
            ("previous.billing_code == conf.billing_code", TRUE),
        ],
    );
}

#[test]
fn times() {
    let started = Time::from_millis(monday_millis() - 90_000);
    let scene = scenes::meeting(MeetingFacts {
        started_at: started,
        ..MeetingFacts::default()
    });
    check(
        &scene,
        &[
            ("occurred_at == timestamp('2026-01-05T08:30:15.25Z')", TRUE),
            ("occurred_at > timestamp('2026-01-05T09:30:15+01:00')", TRUE),
            ("occurred_at - meeting.started_at == duration('1m30s')", TRUE),
            ("occurred_at - duration('90s') == meeting.started_at", TRUE),
            ("duration('1h') + duration('-30m') == duration('30m')", TRUE),
            (
                "duration('1.5h') == duration('90m') && duration('0') == duration('0s')",
                TRUE,
            ),
            (
                "duration('-1m1.5s') == duration('-61500ms') && duration('+1us') == duration('1000ns')",
                TRUE,
            ),
            ("duration('0.5s2m') == duration('120.5s')", TRUE),
            ("(occurred_at - meeting.started_at).getMinutes() == 1", TRUE),
            ("(occurred_at - meeting.started_at).getSeconds() == 90", TRUE),
            ("occurred_at + duration('2000000h') > occurred_at", TRUE),
            ("occurred_at + duration('2500000h') > occurred_at", UNDECIDED),
            (
                "occurred_at.getFullYear() == 2026 && occurred_at.getMonth() == 0 && occurred_at.getDate() == 5",
                TRUE,
            ),
            (
                "occurred_at.getDayOfMonth() == 4 && occurred_at.getDayOfYear() == 4",
                TRUE,
            ),
            ("occurred_at.getDayOfWeek() == 1", TRUE),
            ("occurred_at.getHours() == 8 && occurred_at.getMinutes() == 30", TRUE),
            (
                "occurred_at.getSeconds() == 15 && occurred_at.getMilliseconds() == 250",
                TRUE,
            ),
            ("occurred_at.getHours('Asia/Shanghai') == 16", TRUE),
            ("occurred_at.getHours('America/New_York') == 3", TRUE),
            (
                "occurred_at.getHours('+05:30') == 14 && occurred_at.getMinutes('+05:30') == 0",
                TRUE,
            ),
            (
                "occurred_at.getHours('-09:00') == 23 && occurred_at.getDayOfWeek('-09:00') == 0",
                TRUE,
            ),
            ("timestamp('2026-07-01T00:00:00Z').getHours('Europe/Berlin') == 2", TRUE),
        ],
    );
}

fn monday_millis() -> i64 {
    scenes::monday().as_millis()
}

#[test]
fn defines_stand_for_what_they_say() {
    let defines = defines(&[
        (
            "refused",
            "party.status == DISCONNECTED && party.disconnect_reason in refusals",
        ),
        ("refusals", "[PORT_FULL, MEETING_FULL, 6]"),
        ("home", "'86'"),
        ("also", "refusals"),
    ]);
    let scene = scenes::party(ParticipantStatus::DISCONNECTED, Some(DisconnectReason(6)));
    for (text, expected, used) in [
        (
            "refused && party.country == home",
            TRUE,
            &["home", "refusals", "refused"][..],
        ),
        ("refusals.exists(x, x == party.disconnect_reason)", TRUE, &["refusals"]),
        (
            "size(home) == 2 && size(also) == 3",
            TRUE,
            &["also", "home", "refusals"],
        ),
        ("party.status in refusals || true", UNDECIDED, &[]),
        ("meeting.live", FALSE, &[]),
    ] {
        match Expr::compile(text, Schema::Notification, &defines, MAX_RULE) {
            Ok(expr) => {
                assert_eq!(expr.decide(&scene.facts()), expected, "{text}");
                assert_eq!(expr.defines(), used, "{text}");
            }
            Err(mistakes) => assert_eq!(
                (expected, &mistakes[0].span),
                (UNDECIDED, &(16..24)),
                "{text}: {mistakes:?}"
            ),
        }
    }
}

#[test]
fn alerts() {
    let labels = Labels::from([("team".into(), "bridge".into())]);
    let key = [
        ("billing_code".into(), "33333".into()),
        ("status".into(), "RECORDED".into()),
    ];
    let alert = AlertFacts {
        rule: "port-full",
        severity: Severity::Warning,
        firing: true,
        labels: &labels,
        key: &key,
        occurrences: 3,
        started_at: scenes::monday(),
        acknowledged: false,
        silenced: true,
        inhibited: false,
    };
    for (text, matches) in [
        ("severity >= WARNING && labels.team == 'bridge'", true),
        ("severity > WARNING", false),
        ("CRITICAL > severity && INFO < severity", true),
        ("severity in [INFO, CRITICAL]", false),
        ("state == FIRING && state != RESOLVED", true),
        ("rule.startsWith('port') && occurrences > 2", true),
        (
            "labels['team'] == 'bridge' && !has(labels.other) && labels.other == ''",
            true,
        ),
        ("key.billing_code == '33333' && key.status == 'RECORDED'", true),
        ("has(key.party_id)", false),
        ("silenced && !acknowledged && !inhibited", true),
        ("started_at < timestamp('2026-01-06T00:00:00Z')", true),
    ] {
        let filter = Expr::compile(text, Schema::Alert, &Defines::default(), MAX_FILTER).unwrap();
        assert_eq!(filter.matches_alert(&alert), matches, "{text}");
        assert!(filter.could_ever_hold(), "{text}");
    }
    assert!(!expr("meeting.live || source != ''").matches_alert(&alert));
}

#[test]
fn an_expression_left_undecided_does_not_hold() {
    let conf = scenes::conf(ConferenceStatus::MEETING_START);
    assert!(expr("conf.status == MEETING_START").holds(&conf.facts()));
    assert!(!expr("party.status == SPEAKING").holds(&conf.facts()));
    assert!(!expr("party.status != SPEAKING").holds(&conf.facts()));
}
