//! Which mail is which, and what decides how one is told.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use super::{Bench, at};
use crate::{
    engine::{
        effect::Effect,
        input::Input,
        outbox::{Intent, IntentId, Numbers, Told},
    },
    model::Severity,
};

fn intents(effects: Vec<Effect>) -> Vec<Arc<Intent>> {
    let intent = |effect| match effect {
        Effect::Mail(attempt) => Some(attempt.intent),
        _ => None,
    };
    effects.into_iter().filter_map(intent).collect()
}

#[test]
fn a_group_that_begins_anew_with_the_same_alert_begins_another_thread() {
    let rules = |group_by: &str| {
        format!(
            "
rules: [{{ name: full, when: party.status == SPEAKING, resolve: {{ after: 30d }} }}]
receivers: [{{ name: ops, email: {{ to: [a@example.com] }} }}]
route: {{ receiver: ops, group_by: [{group_by}], repeat_interval: 1h }}
"
        )
    };
    let mut bench = Bench::new(&rules("rule"));
    bench.give("0s party a SPEAKING\nuntil 1m");
    bench.load("2m", &rules("billing_code"));
    bench.load("3m", &rules("rule"));
    bench.advance("90m");
    let roots: Vec<IntentId> = intents(bench.effects()).iter().map(|intent| intent.root).collect();
    assert_eq!(roots.len(), 2);
    assert_ne!(roots[0], roots[1]);
}

#[test]
fn mails_that_stand_alone_are_two_though_they_leave_at_one_instant() {
    let rules = "
rules: [{ name: full, when: party.status == SPEAKING }]
receivers: [{ name: ops, email: { to: [a@example.com], max_per_hour: 1 } }]
route: { receiver: ops, group_by: each, group_wait: 0s }
";
    let mut bench = Bench::new(rules);
    bench.give("0s party a SPEAKING\n1s party a SPEAKING billing_code=2");
    let drill = Input::Drill {
        receiver: "ops".into(),
        by: "duty".into(),
    };
    // The digest falls due within the same input.
    let mut effects = Vec::new();
    bench.world.engine.apply(1000, at("10m1s"), drill, &mut effects);
    let [digest, drill] = intents(effects).try_into().unwrap();
    assert!(matches!(
        (&*digest.told, &*drill.told),
        (Told::Digest(_), Told::Drill { .. })
    ));
    assert_eq!(digest.date, drill.date);
    assert_ne!(digest.id, drill.id);
}

#[test]
fn ends_that_are_not_listed_are_told_like_those_that_are() {
    for send_resolved in [true, false] {
        let rules = format!(
            "
rules:
- name: full
  when: party.disconnect_reason == PORT_FULL
  severity_if: {{ critical: party.role == EXPERT }}
  resolve: {{ when: party.status == SPEAKING }}
receivers: [{{ name: ops, email: {{ to: [a@example.com], send_resolved: {send_resolved} }} }}]
route: {{ receiver: ops, group_by: [], group_wait: 1m, repeat_interval: never }}
"
        );
        let mut given = String::new();
        for code in 0..60 {
            let role = if code == 55 { "EXPERT" } else { "CLIENT" };
            let party = format!("0s party a DISCONNECTED disconnect_reason=PORT_FULL billing_code={code} role={role}");
            writeln!(given, "{party}").unwrap();
        }
        for code in 0..60 {
            writeln!(given, "1s party a SPEAKING billing_code={code}").unwrap();
        }
        let mut bench = Bench::new(&rules);
        bench.give(&format!("{given}until 2m"));
        let [mail] = intents(bench.effects()).try_into().unwrap();
        let alerts = mail.told.alerts().unwrap();
        let mut expected = Numbers::default();
        *(if send_resolved {
            &mut expected.resolved
        } else {
            &mut expected.fired
        }) = 10;
        assert_eq!((alerts.iter().count(), alerts.more), (50, expected));
        assert_eq!(mail.severity, Severity::Critical, "the worst is not listed");
        let listed: BTreeSet<_> = alerts.iter().map(|alert| alert.severity).collect();
        assert_eq!(listed, BTreeSet::from([Severity::Warning]));
    }
}
