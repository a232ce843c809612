//! The index offers few rules, and none too few.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{
    model::{Conf, ConferenceStatus, DisconnectReason, ParticipantStatus, Party, Payload, Personal, Role, Time},
    rules::{
        RuleSet, RuleSource, SourceFile,
        compile::compile,
        facts::{AtHand, MeetingFacts, Previous, Said},
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
    caller("", "", status, reason)
}

fn caller(phone: &str, country: &str, status: i32, reason: Option<i32>) -> Payload {
    Payload::Party(Party {
        phone: Personal::new(phone),
        country: country.into(),
        disconnect_reason: reason.map(DisconnectReason),
        ..Party::new("1", "1", ParticipantStatus(status))
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
    assert_eq!(events(index, &conf(101)), [0, 2]);
    assert_eq!(events(index, &conf(77)), [2, 5]);
    assert_eq!(events(index, &conf(-1)), [1, 2, 5]);
    assert_eq!(events(index, &party(0, Some(6))), [1, 2]);
    assert_eq!(events(index, &party(0, Some(5))), [2, 8]);
    assert_eq!(events(index, &party(0, None)), [2]);
    let held_party = |status, reason| -> Vec<u32> {
        let payload = party(status, reason);
        held_party(index, &payload)
    };
    assert_eq!(held_party(4, None), [3]);
    assert_eq!(held_party(3, Some(77)), [7]);
    assert_eq!(held_party(102, None), [] as [u32; 0]);
    let watched = |watches: &[Watch]| -> Vec<u32> { watches.iter().map(|watch| watch.rule).collect() };
    assert_eq!(watched(index.held_meeting()), [4]);
    assert_eq!(
        watched(index.held_party_by_meeting()),
        [3],
        "r7 looks at nothing of the meeting"
    );
    assert_eq!(events(&Index::default(), &conf(1)), [] as [u32; 0]);
}

#[test]
fn finds_rules_by_the_texts_that_they_ask_for() {
    let set = rules(
        r#"
define: { disconnected: party.status == DISCONNECTED }
rules:
- { name: r0, when: disconnected && party.phone == '1' }
- { name: r1, when: "party.phone in ['1', '2'] && disconnected" }
- { name: r2, when: "disconnected && ['1', '3'].exists(x, party.phone == x || party.country == x)" }
- { name: r3, when: disconnected && party.country == '86' && party.phone == '4' }
- { name: r4, when: disconnected && party.phone != '1' }
- { name: r5, when: "disconnected && (meeting.live ? party.phone == '1' : party.country == '86')" }
- { name: r6, when: source == 'other' }
- { name: r7, when: party.phone == '1', resolve: { when: conf.status == MEETING_END } }
- { name: r8, when: disconnected && previous.phone == '1' }
- { name: r9, while: party.status == MUTED && party.phone == '1' }
- { name: r10, when: conf.billing_code == '1' || party.phone == '' }
- { name: r11, when: "disconnected && meeting.billing_code == '2'" }
"#
        .to_owned(),
    );
    let index = &set.index;
    let touched = |phone, country, status| events(index, &caller(phone, country, status, None));
    assert_eq!(touched("1", "", 0), [0, 1, 2, 4, 5, 7, 8]);
    assert_eq!(touched("2", "", 0), [1, 4, 8]);
    assert_eq!(touched("3", "86", 0), [2, 4, 5, 8]);
    assert_eq!(touched("4", "86", 0), [3, 4, 5, 8]);
    assert_eq!(touched("9", "86", 0), [4, 5, 8]);
    assert_eq!(touched("9", "3", 0), [2, 4, 8]);
    assert_eq!(touched("", "", 0), [4, 8, 10]);
    // By its text, although its status is another: its expression says that.
    assert!(touched("1", "", 4).contains(&7));
    assert_eq!(touched("2", "", 4), [1]);
    assert_eq!(events(index, &conf(-1)), [7, 10]);
    assert_eq!(events(index, &conf(1)), [10]);
    let held = |phone| -> Vec<u32> {
        let payload = caller(phone, "", 4, None);
        held_party(index, &payload)
    };
    assert_eq!((held("1"), held("2")), (vec![9], vec![]));
}

/// A part that many rules share is weighed for them all; a rule that needs one text more is found by that.
#[test]
fn weighs_once_what_many_rules_share() {
    let mut text = "define: { vip: party.status == SPEAKING && party.city.matches('^VIP') }\nrules:\n".to_owned();
    for n in 0..10 {
        text += &format!("- {{ name: r{n}, when: vip && meeting.present > {n} }}\n");
    }
    text += "- { name: r10, when: \"vip && party.phone == '1'\" }\n- { name: r11, when: party.status == SPEAKING }\n";
    text += "- { name: r12, when: vip, resolve: { when: party.status == SPEAKING } }\n";
    let set = rules(text);
    let touched = |city, phone| {
        let mut payload = caller(phone, "", 5, None);
        if let Payload::Party(party) = &mut payload {
            party.city = Personal::new(city);
        }
        events(&set.index, &payload)
    };
    assert_eq!(touched("Berlin", ""), [11, 12]);
    assert_eq!(touched("VIP", ""), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12]);
    assert_eq!(touched("Berlin", "1"), [10, 11, 12]);
}

fn facts<'a>(payload: &'a Payload, meeting: &'a MeetingFacts) -> Facts<'a> {
    Facts {
        at_hand: AtHand::of(payload),
        previous: Previous::Nothing,
        meeting,
        source: "bridge",
        occurred_at: Time::default(),
        received_at: Time::default(),
    }
}

fn events(index: &Index, payload: &Payload) -> Vec<u32> {
    let meeting = MeetingFacts::default();
    let facts = facts(payload, &meeting);
    index.events(&index.cells(&facts), &facts).collect()
}

fn held_party(index: &Index, payload: &Payload) -> Vec<u32> {
    let meeting = MeetingFacts::default();
    let facts = facts(payload, &meeting);
    index.held_party(&index.cells(&facts), &facts).collect()
}

fn text() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "1", "2", "3"])
}

/// What may have been said before.
fn befores() -> impl Iterator<Item = Option<Payload>> {
    [None]
        .into_iter()
        .chain((0..4).map(|status| Some(caller("1", "", status, None))))
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (0..4i32).prop_map(|code| format!("conf.status == {code}")),
        (0..4i32).prop_map(|code| format!("party.status != {code}")),
        (0..4i32, 0..4i32).prop_map(|(a, b)| format!("party.disconnect_reason in [{a}, {b}]")),
        (0..4i32).prop_map(|code| format!("party.status < {code}")),
        prop::sample::select(vec!["bridge", "other"]).prop_map(|name| format!("source == '{name}'")),
        text().prop_map(|text| format!("party.phone == '{text}'")),
        (text(), text()).prop_map(|(a, b)| format!("party.country in ['{a}', '{b}']")),
        text().prop_map(|text| format!("conf.billing_code == '{text}'")),
        (text(), text()).prop_map(|(a, b)| format!("['{a}', '{b}'].exists_one(x, x == party.phone)")),
        text().prop_map(|text| format!("previous.phone == '{text}'")),
        (0..4i32, 0..4i32).prop_map(|(a, b)| format!("previous.status in [{a}, {b}]")),
        (0..4i32).prop_map(|code| format!("previous.status < {code}")),
        prop::sample::select(vec!["EXPERT", "CLIENT", "7"]).prop_map(|role| format!("party.role == {role}")),
        Just("party.role == null".to_owned()),
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
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The index may offer a rule that does not match; it must not leave out one that does. What rules share is remembered rightly.
    #[test]
    fn leaves_out_no_rule_that_holds(expressions in prop::collection::vec(expression(), 1..6), shared in expression(), live: bool) {
        let mut text = format!("define: {{ shared: \"{shared}\" }}\nrules:\n");
        for (i, expression) in expressions.iter().cycle().take(12).enumerate() {
            let shared = if i % 2 == 0 { "&& shared" } else { "" };
            text += &format!("- {{ name: r{i}, when: \"({expression}) {shared}\", key: [source] }}\n");
        }
        let set = rules(text);
        let meeting = MeetingFacts { live, ..MeetingFacts::default() };
        let parties = (-1..5).flat_map(|status| {
            [
                (None, "", "1", None),
                (Some(0), "1", "", Some(Role::EXPERT)),
                (Some(2), "2", "3", Some(Role(5))),
                (Some(77), "9", "1", Some(Role::CLIENT)),
            ]
            .map(|(reason, phone, country, role)| match caller(phone, country, status, reason) {
                Payload::Party(party) => Payload::Party(Party { role, ..party }),
                conf => conf,
            })
        });
        let payloads = (-1..5).map(conf).chain(parties);
        for (payload, before) in payloads.flat_map(|payload| befores().map(move |before| (payload.clone(), before))) {
            let previous = match (&payload, &before) {
                (Payload::Conf(_), Some(Payload::Party(party))) => Previous::Conf(ConferenceStatus(party.status.0)),
                (Payload::Party(_), Some(Payload::Party(known))) => Previous::Party { known, said: Said::of(known) },
                _ => Previous::Nothing,
            };
            let facts = Facts { previous, ..facts(&payload, &meeting) };
            let cells = set.index.cells(&facts);
            let memory = set.index.memory(&cells);
            let touched: Vec<u32> = set.index.events(&cells, &facts).collect();
            prop_assert!(touched.is_sorted_by(|a, b| a < b), "{touched:?}");
            for (i, rule) in (0u32..).zip(&set.rules) {
                let Condition::Each { when } = &rule.condition else { unreachable!() };
                prop_assert_eq!(when.still_holds(&facts, &memory), when.holds(&facts));
                if when.holds(&facts) {
                    prop_assert!(touched.contains(&i), "{when:?} {payload:?}");
                }
            }
        }
    }
}
