//! What an expression reads, and what its codes alone say of it.

use proptest::prelude::*;

use super::{Expr, Schema, compile, expr, scenes};
use crate::{
    model::{ConferenceStatus, DisconnectReason, ParticipantStatus, Party, Role, Time},
    rules::{
        expr::{Code, CodeLiterals, Codes, Known, MeetingFields, PartyCodes, Reads},
        facts::{MeetingFacts, Previous, Said},
    },
};

#[test]
fn reads() {
    let all = Reads::default();
    let live = MeetingFields::changed(
        &MeetingFacts::default(),
        &MeetingFacts {
            live: true,
            recording: Some(ConferenceStatus::RECORDED),
            ..MeetingFacts::default()
        },
    );
    for (text, reads) in [
        ("true", all),
        ("conf.status == 1", Reads { conf: true, ..all }),
        ("conf.billing_code == ''", Reads { conf: true, ..all }),
        ("size(party.name) > 1", Reads { party: true, ..all }),
        ("(true ? party.role : CLIENT) == EXPERT", Reads { party: true, ..all }),
        (
            "previous.status == party.status",
            Reads {
                party: true,
                previous: true,
                ..all
            },
        ),
        (
            "previous.billing_code.contains(source)",
            Reads {
                previous: true,
                source: true,
                ..all
            },
        ),
        ("occurred_at.getHours() > 8", Reads { times: true, ..all }),
        (
            "meeting.live && meeting.recording == RECORDED",
            Reads { meeting: live, ..all },
        ),
    ] {
        assert_eq!(expr(text).reads(), reads, "{text}");
    }
    assert!(!expr("meeting.present > 3").reads().meeting.intersects(live));
    assert!(
        expr("meeting.present > 3 || meeting.live")
            .reads()
            .meeting
            .intersects(live)
    );
}

#[test]
fn literals() {
    let literals = expr(
        "conf.status in [MEETING_START, 77] || party.status != SPEAKING && party.status < 9 \
         || [PORT_FULL, 6].exists(x, x == party.disconnect_reason) || previous.status == MUTED || meeting.recording == RECORDED",
    )
    .code_literals();
    assert_eq!(
        literals,
        CodeLiterals {
            conf_status: [ConferenceStatus::MEETING_START, ConferenceStatus(77)].into(),
            party_status: [ParticipantStatus::SPEAKING].into(),
            previous_status: [ParticipantStatus::MUTED].into(),
            disconnect_reason: [DisconnectReason::PORT_FULL, DisconnectReason(6)].into(),
            role: [].into(),
        }
    );
}

#[test]
fn codes_rule_out_what_they_contradict() {
    let port_full = expr("party.status == DISCONNECTED && party.disconnect_reason == PORT_FULL");
    let party = |status, reason: Option<_>| {
        Codes::Party(PartyCodes {
            status: Known::Is(Code::Is(status)),
            reason: reason.map_or(Known::Absent, Known::Is),
            ..PartyCodes::default()
        })
    };
    let other = Codes::Party(PartyCodes {
        status: Known::Is(Code::Other),
        reason: Known::Absent,
        ..PartyCodes::default()
    });
    for (codes, could) in [
        (
            party(
                ParticipantStatus::DISCONNECTED,
                Some(Code::Is(DisconnectReason::PORT_FULL)),
            ),
            true,
        ),
        (
            party(ParticipantStatus::DISCONNECTED, Some(Code::Is(DisconnectReason::BUSY))),
            false,
        ),
        (party(ParticipantStatus::DISCONNECTED, Some(Code::Other)), false),
        (party(ParticipantStatus::DISCONNECTED, None), false),
        (
            party(ParticipantStatus::SPEAKING, Some(Code::Is(DisconnectReason::PORT_FULL))),
            false,
        ),
        (other, false),
        (Codes::Conf(Code::Is(ConferenceStatus::MEETING_END)), false),
        (Codes::Conf(Code::Other), false),
        (Codes::Meeting, false),
    ] {
        assert_eq!(port_full.could_hold(&codes), could, "{codes:?}");
    }
    assert!(expr("party.disconnect_reason != PORT_FULL").could_hold(&party(ParticipantStatus::SPEAKING, None)));
    assert!(expr("party.status < 9").could_hold(&other));
    let came = expr("party.status == SPEAKING && !(previous.status in [MUTED, SPEAKING])");
    for (previous, could) in [
        (Known::Unknown, true),
        (Known::Absent, true),
        (Known::Is(Code::Is(ParticipantStatus::DIALING)), true),
        (Known::Is(Code::Other), true),
        (Known::Is(Code::Is(ParticipantStatus::MUTED)), false),
    ] {
        let codes = Codes::Party(PartyCodes {
            status: Known::Is(Code::Is(ParticipantStatus::SPEAKING)),
            reason: Known::Absent,
            previous,
            ..PartyCodes::default()
        });
        assert_eq!(came.could_hold(&codes), could, "{previous:?}");
    }
    assert!(!expr("party.country == '86'").could_hold(&Codes::Conf(Code::Other)));
    assert!(expr("party.country == '86' || conf.status == 1").could_hold(&Codes::Conf(Code::Is(ConferenceStatus(1)))));
    assert!(expr("source == 'a'").could_hold(&Codes::Conf(Code::Other)));
}

#[test]
fn some_expressions_can_never_hold() {
    for text in [
        "false",
        "meeting.live && false",
        "party.status == SPEAKING && party.status == MUTED",
        "party.status == SPEAKING && !(party.status == SPEAKING)",
        "party.status == SPEAKING && conf.status == MEETING_START",
        "party.status == DISCONNECTED && conf.billing_code == '1'",
        "party.status in []",
        "conf.status == MEETING_START && previous.status == SPEAKING",
        "party.disconnect_reason == null && has(party.disconnect_reason)",
        "conf.status == 5 ? party.status == 5 : conf.status == 5",
        "party.country == '86' && party.country == '1'",
        "party.country in ['86', '1'] && !(party.country == '1' || party.country == '86')",
        "has(party.phone) && party.phone == ''",
        "meeting.live && !meeting.live",
        "meeting.present > 5 && (party.name != '' && meeting.present < 5)",
        "5 < meeting.present && 5 >= meeting.present",
        "meeting.present < 0",
        "meeting.experts == 3 && meeting.experts > 3",
        "meeting.recording == null && meeting.recording == RECORDED",
        "meeting.started_at == null && meeting.started_at < occurred_at && meeting.started_at > timestamp('2026-01-05T08:00:00Z')",
        "(meeting.live && !meeting.live) || (meeting.present > 1 && meeting.present < 2)",
        "meeting.live ? meeting.refused < 0 : (source == 'a' && source == 'b')",
    ] {
        assert!(!expr(text).could_ever_hold(), "{text}");
    }
    for text in [
        "true",
        "party.status != SPEAKING && party.status != MUTED",
        "party.status == SPEAKING || conf.status == MEETING_START",
        "party.disconnect_reason == null",
        "meeting.recording == RECORDED",
        "party.status == 5 ? party.name == 'x' : false",
        "party.country in ['86', '1'] && party.country != '1'",
        "meeting.present > 4 && meeting.present < 6",
        "meeting.live || !meeting.live",
        "meeting.recording != RECORDED && meeting.recording == null",
        "!(meeting.live && meeting.ended) && meeting.live",
        "meeting.recording == null && meeting.present >= 0",
    ] {
        assert!(expr(text).could_ever_hold(), "{text}");
    }
    assert!(compile("meeting.live", Schema::State).unwrap().could_ever_hold());
}

/// Conditions of every shape that the abstract view treats by itself.
fn condition() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "true",
        "false",
        "meeting.live",
        "conf.status == MEETING_START",
        "conf.status in [MEETING_END, 77]",
        "conf.status != 101",
        "conf.status >= 40",
        "party.status == SPEAKING",
        "party.status in [DISCONNECTED, 4]",
        "party.status != MUTED",
        "party.status < 4",
        "party.status == previous.status",
        "party.status in [previous.status, MUTED]",
        "party.disconnect_reason == PORT_FULL",
        "party.disconnect_reason != 6",
        "party.disconnect_reason == null",
        "has(party.disconnect_reason)",
        "party.disconnect_reason <= BUSY",
        "party.disconnect_reason in [previous.disconnect_reason, 7]",
        "party.role == EXPERT",
        "party.role != null",
        "previous.status == MUTED",
        "previous.status != RECORDED",
        "previous.status == 5",
        "previous.role == null",
        "has(previous.status)",
        "has(previous.name)",
        "previous.billing_code == '33333'",
        "party.country == '86'",
        "party.name != ''",
        "conf.billing_code.startsWith('3')",
        "source == 'bridge-a'",
        "size(party.name) == 4",
        "meeting.recording == RECORDED",
        "meeting.recording == null",
        "meeting.present <= 1",
        "2 < meeting.present",
        "party.country in ['86', '1']",
        "meeting.present - 1 > 0",
        "meeting.present / meeting.talking == 1",
        "(meeting.live ? party.status : previous.status) == 4",
        "(meeting.live ? party.status : party.status) == 5",
        "(meeting.live ? conf.status : MEETING_END) != -1",
        "(meeting.live ? party.name : source) == 'bridge-a'",
        "(party.status == SPEAKING ? source : party.name) != ''",
        "party.connect_time < occurred_at",
        "party.connect_time.getHours() == 8",
        "[party.status, MUTED].exists(x, x == SPEAKING)",
        "[party.status, previous.status].exists_one(x, x == SPEAKING)",
        "[conf.status, MUTED_ALL].exists_one(x, x == MUTED_ALL)",
    ]);
    leaf.prop_map(String::from).prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) == ({b})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

fn code(listed: &'static [i32]) -> impl Strategy<Value = i32> {
    prop::sample::select(listed)
}

fn participant() -> impl Strategy<Value = Party> {
    let reason = prop::option::of(code(&[0, 4, 5, 6, 7, 99]).prop_map(DisconnectReason));
    let time = prop::option::of(Just(scenes::monday()).prop_map(|at: Time| Time::from_nanos(at.as_nanos() - 1)));
    let status = code(&[0, 3, 4, 5, 77, 99]).prop_map(ParticipantStatus);
    (status, reason, prop::option::of(Just(Role::EXPERT)), time).prop_map(|(status, reason, role, connect_time)| {
        Party {
            role,
            connect_time,
            ..scenes::participant(status, reason)
        }
    })
}

fn scene() -> impl Strategy<Value = scenes::Scene> {
    let status = || code(&[1, -1, 40, 77, 101, 102, 999]).prop_map(ConferenceStatus);
    let meeting = (any::<bool>(), prop::option::of(status()), 0..3_u32, 0..2_u32).prop_map(
        |(live, recording, present, talking)| MeetingFacts {
            live,
            recording,
            present,
            talking,
            ..MeetingFacts::default()
        },
    );
    let conf = (status(), prop::option::of(status())).prop_map(|(status, previous_conf)| scenes::Scene {
        previous_conf,
        ..scenes::conf(status)
    });
    let before = prop::option::of((participant(), any::<u8>().prop_map(Said)));
    let party = (participant(), before).prop_map(|(party, previous_party)| scenes::Scene {
        party: Some(party),
        previous_party,
        ..scenes::meeting(MeetingFacts::default())
    });
    (
        prop_oneof![3 => conf, 5 => party, 1 => Just(scenes::meeting(MeetingFacts::default()))],
        meeting,
    )
        .prop_map(|(scene, meeting)| scenes::Scene { meeting, ..scene })
}

/// The codes of a scene, told apart as far as the expression tells them, or wholly.
fn codes(scene: &scenes::Scene, expr: &Expr, wholly: bool) -> Codes {
    fn tell<T: Ord>(code: T, literals: &std::collections::BTreeSet<T>, wholly: bool) -> Code<T> {
        if wholly || literals.contains(&code) {
            Code::Is(code)
        } else {
            Code::Other
        }
    }
    let literals = expr.code_literals();
    match (&scene.conf, &scene.party) {
        (Some(conf), _) => Codes::Conf(tell(conf.status, &literals.conf_status, wholly)),
        (None, Some(party)) => Codes::Party(PartyCodes {
            status: Known::Is(tell(party.status, &literals.party_status, wholly)),
            reason: party.disconnect_reason.map_or(Known::Absent, |reason| {
                Known::Is(tell(reason, &literals.disconnect_reason, wholly))
            }),
            role: party
                .role
                .map_or(Known::Absent, |role| Known::Is(tell(role, &literals.role, wholly))),
            previous: match scene.facts().previous {
                Previous::Party { known, .. } => Known::Is(tell(known.status, &literals.previous_status, wholly)),
                Previous::Nothing | Previous::Conf(_) => Known::Absent,
            },
        }),
        (None, None) => Codes::Meeting,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_holds_could_hold(text in condition(), scene in scene()) {
        let expr = expr(&text);
        if expr.holds(&scene.facts()) {
            prop_assert!(expr.could_hold(&codes(&scene, &expr, false)));
            prop_assert!(expr.could_hold(&codes(&scene, &expr, true)));
            prop_assert!(scene.conf.is_none() && scene.party.is_none() || expr.could_ever_hold());
        }
    }
}
