use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{
    model::{Conf, Personal, Time},
    rules::{
        RuleSet, RuleSource, SourceFile,
        compile::compile,
        facts::{AtHand, Facts, MeetingFacts, Previous},
    },
};

fn rules(text: String) -> RuleSet {
    let file = SourceFile {
        name: "rules.yaml".to_owned(),
        text,
    };
    let source = Arc::new(RuleSource { files: vec![file] });
    compile(&source).unwrap_or_else(|findings| panic!("{findings:?}")).set
}

fn conf(status: i32) -> Payload {
    Payload::Conf(Conf {
        billing_code: "1".into(),
        status: ConferenceStatus(status),
        extra: None,
    })
}

fn party(status: i32, reason: Option<i32>) -> Payload {
    Payload::Party(Party {
        billing_code: "1".into(),
        party_id: "1".into(),
        name: Personal::default(),
        phone: Personal::default(),
        country: "".into(),
        area_code: "".into(),
        acm_phone: Personal::default(),
        city: Personal::default(),
        role: None,
        status: ParticipantStatus(status),
        disconnect_reason: reason.map(DisconnectReason),
        connect_time: None,
        extra: None,
    })
}

#[test]
fn gives_the_few_rules_that_a_notification_can_touch() {
    let set = rules(
        r#"
rules:
- { name: r0, when: conf.status == RECORDED }
- { name: r1, when: party.status == DISCONNECTED && party.disconnect_reason == 6, resolve: { when: conf.status == MEETING_END } }
- { name: r2, when: 'true', key: [] }
- { name: r3, while: party.status == MUTED && meeting.muted_all }
- { name: r4, while: meeting.live }
- { name: r5, when: conf.status != RECORDED }
- { name: r6, when: 'true', key: [source], enabled: false }
- { name: r7, while: party.status == MEETING_HOLD }
- { name: r8, when: party.disconnect_reason == PORT_FULL, count: { at_least: 2, within: 1m } }
"#
        .to_owned(),
    );
    let index = &set.index;
    assert_eq!(index.events(&conf(101)), [0, 2]);
    assert_eq!(index.events(&conf(77)), [2, 5]);
    assert_eq!(index.events(&conf(-1)), [1, 2, 5]);
    assert_eq!(index.events(&party(0, Some(6))), [1, 2]);
    assert_eq!(index.events(&party(0, Some(5))), [2, 8]);
    assert_eq!(index.events(&party(0, None)), [2]);
    assert_eq!(index.held_party(ParticipantStatus::MUTED, None), [3]);
    assert_eq!(
        index.held_party(ParticipantStatus::MEETING_HOLD, Some(DisconnectReason(77))),
        [7]
    );
    assert_eq!(index.held_party(ParticipantStatus::DIALING, None), [] as [u32; 0]);
    let watches = |watches: &[Watch]| {
        watches
            .iter()
            .map(|watch| (watch.rule, watch.meeting == MeetingFields::NONE))
            .collect::<Vec<_>>()
    };
    assert_eq!(watches(index.held_meeting()), [(4, false)]);
    assert_eq!(watches(index.held_party_watches()), [(3, false), (7, true)]);
    assert_eq!(Index::default().events(&conf(1)), [] as [u32; 0]);
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (0..4i32).prop_map(|code| format!("conf.status == {code}")),
        (0..4i32).prop_map(|code| format!("party.status != {code}")),
        (0..4i32, 0..4i32).prop_map(|(a, b)| format!("party.disconnect_reason in [{a}, {b}]")),
        (0..4i32).prop_map(|code| format!("party.status < {code}")),
        Just("source == 'bridge'".to_owned()),
        Just("party.role == EXPERT".to_owned()),
        Just("meeting.live".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The index may offer a rule that does not match; it must not leave out one that does.
    #[test]
    fn leaves_out_no_rule_that_holds(expressions in prop::collection::vec(expression(), 1..6), live: bool) {
        let mut text = "rules:\n".to_owned();
        for (i, expression) in expressions.iter().enumerate() {
            text += &format!("- {{ name: r{i}, when: \"{expression}\", key: [source] }}\n");
        }
        let set = rules(text);
        let meeting = MeetingFacts { live, ..MeetingFacts::default() };
        let parties = (-1..5).flat_map(|status| [None, Some(0), Some(2), Some(77)].map(|reason| party(status, reason)));
        for payload in (-1..5).map(conf).chain(parties) {
            let facts = Facts {
                at_hand: match &payload {
                    Payload::Conf(conf) => AtHand::Conf(conf),
                    Payload::Party(party) => AtHand::Party(party),
                },
                previous: Previous::Nothing,
                meeting: &meeting,
                source: "bridge",
                occurred_at: Time::default(),
                received_at: Time::default(),
            };
            for (i, rule) in (0u32..).zip(&set.rules) {
                let Condition::Each { when } = &rule.condition else { unreachable!() };
                if when.holds(&facts) {
                    prop_assert!(set.index.events(&payload).contains(&i), "{when:?} {payload:?}");
                }
            }
        }
    }
}
