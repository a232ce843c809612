//! Which mail is which, and what decides how one is told.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use super::{Bench, at};
use crate::{
    engine::{
        effect::Effect,
        input::{Input, MailOutcome, MailResult},
        outbox::{Intent, IntentId, Numbers, Told},
    },
    model::{Alert, Severity},
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
        assert_eq!(mail.severity, Severity::Critical);
        let worst = alerts.iter().next().unwrap();
        assert_eq!((worst.severity, worst.key[0].1.as_str()), (Severity::Critical, "55"));
        assert_eq!(alerts.ids().collect::<BTreeSet<_>>().len(), 60, "the record knows all");
    }
}

/// One rule of events, one receiver, all in one group; the second mail is due five minutes after the first.
const ONE_GROUP: &str = "
rules:
- name: full
  when: party.disconnect_reason == PORT_FULL
  severity_if: { critical: party.role == EXPERT }
  resolve: { when: party.status == SPEAKING, after: 30d }
receivers:
- { name: ops, email: { to: [a@example.com] }, fallback: duty }
- { name: duty, email: { to: [b@example.com] } }
route: { receiver: ops, group_by: [], group_wait: 0s, group_interval: 5m, repeat_interval: never }
";

fn full(at: &str, code: u32, role: &str) -> String {
    format!("{at} party a DISCONNECTED disconnect_reason=PORT_FULL billing_code={code} role={role}\n")
}

fn ended(mail: &Intent, result: MailResult) -> Input {
    Input::Mail(MailOutcome {
        intent: mail.id,
        attempt: 1,
        result,
    })
}

fn codes(alerts: &[Alert]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.key[0].1.as_str()).collect()
}

#[test]
fn a_mail_lists_the_worst_and_its_record_knows_the_others() {
    let mut bench = Bench::new(ONE_GROUP);
    let given = (0..60).map(|code| full("1s", code, "CLIENT")).collect::<String>();
    bench.give(&format!("{}until 1s", full("0s", 100, "CLIENT")));
    let [first] = intents(bench.effects()).try_into().unwrap();
    bench.apply("1s", ended(&first, MailResult::Sent("250 ok".to_owned())));
    bench.give(&given);
    // One that was told has become worse, and one is new; both came last.
    bench.give(&format!("{}{}", full("2s", 100, "EXPERT"), full("3s", 200, "EXPERT")));
    bench.advance("5m");
    let [mail] = intents(bench.effects()).try_into().unwrap();
    let alerts = mail.told.alerts().unwrap();
    assert_eq!((codes(&alerts.open), alerts.raised), (vec!["100"], 1));
    let fired = codes(&alerts.fired);
    assert_eq!((fired.len(), &fired[..3]), (49, ["200", "0", "1"].as_slice()));
    let more = Numbers {
        fired: 12,
        ..Numbers::default()
    };
    assert_eq!((alerts.more, alerts.ids().collect::<BTreeSet<_>>().len()), (more, 62));
    bench.apply("6m", ended(&mail, MailResult::Refused("550 no".to_owned())));
    let recorded = bench.world.effects.iter().find_map(|effect| match effect {
        Effect::Delivery(delivery) => Some(delivery.alerts.len()),
        _ => None,
    });
    assert_eq!(recorded, Some(62));
}

#[test]
fn whoever_stands_in_is_told_of_all_that_has_ended() {
    let mut bench = Bench::new(ONE_GROUP);
    let given = (0..60).map(|code| full("0s", code, "CLIENT")).collect::<String>();
    // The second mail, which tells of the first alert, too, waits behind the first.
    bench.give(&format!("{given}until 5m"));
    let [first] = intents(bench.effects()).try_into().unwrap();
    let ends = (0..60).map(|code| format!("6m party a SPEAKING billing_code={code}\n"));
    bench.give(&ends.collect::<String>());
    bench.effects();
    bench.apply("7m", ended(&first, MailResult::Refused("550 no".to_owned())));
    let [second, of_first] = intents(bench.effects()).try_into().unwrap();
    assert_eq!(of_first.receiver, "duty");
    bench.apply("8m", ended(&of_first, MailResult::Sent("250 ok".to_owned())));
    bench.apply("9m", ended(&second, MailResult::Refused("550 no".to_owned())));
    bench.advance("20m");
    let [of_second] = intents(bench.effects()).try_into().unwrap();
    let mut told = of_first.told.alerts().unwrap().numbers();
    told += of_second.told.alerts().unwrap().numbers();
    let all = Numbers {
        resolved: 60,
        ..Numbers::default()
    };
    assert_eq!(told, all);
}
