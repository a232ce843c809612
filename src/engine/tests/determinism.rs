//! The same inputs give the same effects, whatever happens in between: restarts from any snapshot, or from none. And what must not
//! decide does not: when time is looked at, and which other rules there are.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use proptest::{collection::vec, prelude::*, sample::select};

use super::{compiled, conf_saying, every_other_minute, start};
use crate::{
    engine::{
        Engine, StoreId,
        effect::Effect,
        input::{Input, MailOutcome, MailResult, NewRules, NewSilence, Settings},
    },
    model::{
        AlertEvent, AlertEventKind, AlertId, ConferenceStatus, DisconnectReason, Notification, NotificationId,
        ParticipantStatus, Party, Payload, Personal, Role, Time,
    },
    rules::RuleSet,
};

const RULES: [&str; 22] = [
    "name: refused, when: 'party.disconnect_reason in [PORT_FULL, MEETING_FULL]', severity: critical, summary: '{{ meeting.present }}'",
    "name: anything, when: 'true', key: [], resolve: { after: 40s }",
    "name: by-phone, when: party.status == DISCONNECTED, key: [party.phone], resolve: { when: party.status == SPEAKING }",
    "name: by-party, when: previous.status == SPEAKING, key: [party.billing_code, party.party_id], resolve: { when: conf.status == RECORDED, after: 2m }",
    "name: stopped, while: meeting.live && meeting.recording == NOT_RECORDED, for: 20s, severity: info",
    "name: waiting, while: party.status == CALL_HOLDING && !meeting.muted_all, for: 30s, keep_firing_for: 15s",
    "name: leftovers, while: meeting.ended && meeting.present > 0",
    "name: alone, while: meeting.present == 1 && meeting.live, for: 10s, keep_firing_for: 10s",
    "name: leaving, when: party.status == DISCONNECTED, count: { at_least: 2, within: 20s }, resolve: { after: 30s }",
    "name: bursts, when: 'true', key: [party.phone], count: { at_least: 3, within: 1m, distinct: { of: party.billing_code, at_least: 2 } }",
    "name: stays, after: party.status == CALL_HOLDING, expect: party.status == SPEAKING, within: 20s, unless: conf.status == MEETING_END",
    "name: unrecorded, after: meeting.live, expect: conf.status == RECORDED, within: 1m, key: [source], resolve: { after: 30s }",
    "name: flaps, sequence: [party.status == SPEAKING, party.status != SPEAKING, party.status == SPEAKING], within: 30s, unless: conf.status == MUTED_ALL",
    "name: calls, sequence: [party.status == DIALING, party.status == CALL_HOLDING, party.status == DISCONNECTED], within: 2m, key: [party.phone]",
    "name: refusals, when: 'party.disconnect_reason in [PORT_FULL, MEETING_FULL]', ratio: { of: party.status == DISCONNECTED, at_least: 0.5, within: 1m, min_samples: 2 }, key: []",
    "name: silent, quiet: 'true', for: 61s, key: [source]",
    "name: still, quiet: 'party.status != DISCONNECTED', for: 20s, key: [party.billing_code, party.phone]",
    "name: by-shift, when: party.status == SPEAKING, severity_if: { critical: party.role == EXPERT }, during: shift",
    "name: held-by-shift, while: meeting.live, for: 30s, severity_if: { critical: meeting.present > 1 }, during: shift",
    "name: count-by-shift, when: party.status == SPEAKING, count: { at_least: 2, within: 1m }, key: [], during: shift",
    "name: expected-by-shift, after: meeting.live, expect: conf.status == RECORDED, within: 1m, during: shift",
    "name: silent-by-shift, quiet: 'true', for: 50s, key: [source], during: shift",
];

/// Everything that decides who is told when.
const DELIVERY: &str = "
receivers:
- { name: ops, email: { to: [a@example.com, b@example.com], max_per_hour: 3 }, fallback: lead }
- { name: lead, email: { to: [c@example.com], send_resolved: false }, fallback: boss }
- { name: boss, email: { to: [d@example.com] } }
route:
  receiver: ops
  group_by: BY
  group_wait: WAIT
  group_interval: 20s
  repeat_interval: [30s, 1m]
  escalate: [{ after: 40s, receiver: lead }, { after: 2m, receiver: boss }]
  routes:
  - { match: severity == CRITICAL, receiver: lead, continue: true, mute: shift }
  - { match: rule.startsWith('b'), receiver: boss, group_by: [rule], during: shift }
inhibit:
- { source: rule == 'leaving', target: rule.startsWith('by'), equal: [] }
- { source: rule == 'by-party', target: rule == 'leaving', equal: [billing_code] }
- { source: rule == 'stopped', target: rule == 'waiting', equal: [billing_code] }
";

/// Some choices of the rules.
static SETS: LazyLock<Vec<Arc<RuleSet>>> =
    LazyLock::new(|| (0..16).map(|i| chosen(EVERY - i * (EVERY / 17))).collect());

static ALL: LazyLock<Arc<RuleSet>> = LazyLock::new(|| chosen(EVERY));

/// What happens to an alert by its own rule.
const ALONE: [AlertEventKind; 3] = [AlertEventKind::Fired, AlertEventKind::Updated, AlertEventKind::Resolved];

/// A bit for each rule.
const EVERY: u32 = (1 << RULES.len()) - 1;

/// The rules whose bits are set, with somebody to be told.
fn chosen(mask: u32) -> Arc<RuleSet> {
    let chosen = (0..).zip(RULES).filter(|(bit, _)| mask & (1 << bit) != 0);
    let rules: String = chosen.map(|(_, rule)| format!("- {{ {rule} }}\n")).collect();
    // Who is told of the rules changes with them, so that a reload changes that too.
    let delivery = DELIVERY.replace("WAIT", if mask.is_multiple_of(3) { "0s" } else { "5s" });
    let delivery = delivery.replace("BY", ["[rule]", "each", "[billing_code, team]"][mask as usize / 3 % 3]);
    let schedule = "schedules: { shift: { time_zone: UTC, times: ['08:01-08:03', '08:04-08:12', '08:30-09:30'] } }\n";
    compiled(&format!("rules:\n{rules}{delivery}{schedule}")).0
}

/// Bounds so narrow that they are met.
fn settings() -> Settings {
    Settings {
        grace: Duration::from_secs(10),
        restart_gap: Duration::from_mins(1),
        lateness: Duration::from_mins(1),
        id_horizon: Duration::from_mins(2),
        meeting_idle: Duration::from_mins(10),
        ids_per_source: 3,
        participants_per_meeting: 3,
        meetings: 2,
        alerts_per_rule: 2,
        keys_per_rule: 2,
        keys: 100,
        outbox: 6,
        groups: 4,
        silences: 3,
        retry_spread: 20,
    }
}

/// Something that happens, so long after what happened before.
#[derive(Debug, Clone)]
struct Op {
    after: Duration,
    what: What,
}

#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "nearly every one is a notification")]
enum What {
    Say {
        payload: Box<Payload>,
        age: Option<i64>,
        id: Option<u8>,
    },
    Start,
    Load(usize),
    /// An operator does something, to the open alert of that number where it is about one.
    Act(usize, Act),
    /// An attempt that is under way ends.
    Mail {
        which: usize,
        result: MailResult,
    },
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Silence {
        filter: &'static str,
        starts: u64,
        lasts: u64,
        recurs: bool,
    },
    Expire,
    Acknowledge,
    Resolve,
    Drill,
}

fn act() -> impl Strategy<Value = Act> {
    let filters = vec![
        "true",
        "severity == CRITICAL",
        "key.billing_code == '1'",
        "rule == 'stopped'",
    ];
    let silence = (select(filters), 0u64..60, 1u64..300, any::<bool>());
    prop_oneof![
        4 => silence.prop_map(|(filter, starts, lasts, recurs)| Act::Silence { filter, starts, lasts, recurs }),
        1 => Just(Act::Expire),
        3 => Just(Act::Acknowledge),
        2 => Just(Act::Resolve),
        1 => Just(Act::Drill),
    ]
}

fn payload() -> impl Strategy<Value = Payload> {
    let code = || select(vec!["1", "2", "3"]);
    let conf = (code(), select(vec![1, -1, 100, 101, 102, 103, 40, 41, 77]))
        .prop_map(|(code, status)| conf_saying(code, ConferenceStatus(status)));
    let party = (
        code(),
        select(vec!["a", "b", "c", "d"]),
        select(vec![0, 1, 2, 4, 5, 5, 100, 102, 103, 103]),
        select(vec![None, Some(2), Some(5), Some(7)]),
        select(vec!["", "139"]),
        select(vec![None, Some(0), Some(1)]),
    );
    let party = party.prop_map(|(code, id, status, reason, phone, role)| {
        Payload::Party(Party {
            phone: Personal::new(phone),
            role: role.map(Role),
            disconnect_reason: reason.map(DisconnectReason),
            ..Party::new(code, id, ParticipantStatus(status))
        })
    });
    prop_oneof![conf, party]
}

fn what() -> impl Strategy<Value = What> {
    let age = prop_oneof![4 => Just(None), 2 => (-5i64..90).prop_map(Some)];
    let say = (
        payload().prop_map(Box::new),
        age,
        proptest::option::weighted(0.2, 0u8..6),
    );
    let result = select(vec![
        MailResult::Sent("250".to_owned()),
        MailResult::Deferred("451".to_owned()),
        MailResult::Refused("550".to_owned()),
    ]);
    prop_oneof![
        20 => say.prop_map(|(payload, age, id)| What::Say { payload, age, id }),
        1 => Just(What::Start),
        1 => (0..SETS.len()).prop_map(What::Load),
        3 => (0usize..6, act()).prop_map(|(which, act)| What::Act(which, act)),
        6 => (0usize..10, result).prop_map(|(which, result)| What::Mail { which, result }),
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let after = select(vec![0, 0, 0, 1, 3, 10, 20, 61, 700]).prop_map(Duration::from_secs);
    vec((after, what()).prop_map(|(after, what)| Op { after, what }), 1..80)
}

/// The inputs that these operations come to, and what they cause; with a tick for every deadline, or with none.
fn journal(ops: &[Op], rules: &Arc<RuleSet>, ticking: bool) -> (Vec<(Time, Input)>, Vec<Effect>) {
    let mut engine = Engine::new(StoreId::default());
    let (mut journal, mut effects) = (Vec::new(), Vec::new());
    let mut now = start();
    let mut put = |engine: &mut Engine, effects: &mut Vec<Effect>, at: Time, input: Input| {
        engine.apply(journal.len() as u64, at, input.clone(), effects);
        journal.push((at, input));
    };
    put(&mut engine, &mut effects, now, Input::Start(settings()));
    put(&mut engine, &mut effects, now, load(rules));
    for Op { after, what } in ops {
        now = now.plus(*after);
        while let Some(due) = engine.next_deadline().filter(|due| ticking && *due <= now) {
            put(&mut engine, &mut effects, due, Input::Tick);
        }
        if let Some(input) = input(what, now, &effects, &engine) {
            put(&mut engine, &mut effects, now, input);
        }
    }
    (journal, effects)
}

fn input(what: &What, now: Time, effects: &[Effect], engine: &Engine) -> Option<Input> {
    match what {
        What::Say { payload, age, id } => Some(Input::Notification(Notification {
            source: "test".into(),
            id: id.map(|id| NotificationId {
                id: id.to_string().into(),
                content: u128::from(id % 2),
            }),
            occurred_at: age.map(|age| Time::from_nanos(now.as_nanos() - age * 1_000_000_000)),
            payload: Payload::clone(payload),
        })),
        What::Start => Some(Input::Start(settings())),
        What::Load(set) => Some(load(&SETS[*set])),
        What::Act(which, act) => {
            let alert = engine.open_alerts().nth(*which).map(|alert| alert.id);
            Some(match act {
                Act::Silence {
                    filter,
                    starts,
                    lasts,
                    recurs,
                } => Input::Silence(NewSilence {
                    filter: (*filter).to_owned(),
                    starts_at: now.plus(Duration::from_secs(*starts)),
                    ends_at: now.plus(Duration::from_secs(starts + lasts)),
                    schedule: recurs.then(every_other_minute),
                    author: "a".into(),
                    comment: String::new(),
                }),
                Act::Expire => Input::ExpireSilence(engine.silences().next().map(|(silence, _)| silence.id)?),
                Act::Acknowledge => Input::Acknowledge {
                    alert: alert?,
                    who: "a".into(),
                    why: String::new(),
                },
                Act::Resolve => Input::Resolve { alert: alert? },
                Act::Drill => Input::Drill {
                    receiver: "ops".into(),
                    by: "a".into(),
                },
            })
        }
        What::Mail { which, result } => {
            let attempts = effects.iter().rev().filter_map(|effect| match effect {
                Effect::Mail(attempt) => Some(attempt),
                _ => None,
            });
            let attempt = attempts.into_iter().nth(*which)?;
            Some(Input::Mail(MailOutcome {
                intent: attempt.intent.id,
                attempt: attempt.number,
                result: result.clone(),
            }))
        }
    }
}

fn load(rules: &Arc<RuleSet>) -> Input {
    Input::Rules(NewRules {
        source: Arc::clone(&rules.source),
        compiled: Some(Arc::clone(rules)),
    })
}

fn alerts(effects: &[Effect]) -> impl Iterator<Item = &AlertEvent> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Alert(event) => Some(event.as_ref()),
        _ => None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_inputs_have_the_same_effects_from_any_snapshot(
        ops in ops(),
        set in 0..SETS.len(),
        snapshots in vec(any::<bool>(), 1..40),
    ) {
        let (journal, effects) = journal(&ops, &SETS[set], true);
        let mut engine = Engine::new(StoreId::default());
        let mut again = Vec::new();
        for ((offset, (time, input)), snapshot) in (0..).zip(&journal).zip(snapshots.iter().cycle()) {
            engine.apply(offset, *time, input.clone(), &mut again);
            if *snapshot {
                engine = engine.restored().unwrap();
            }
        }
        prop_assert_eq!(format!("{effects:?}"), format!("{again:?}"));
    }

    #[test]
    fn when_time_is_looked_at_decides_nothing(ops in ops(), set in 0..SETS.len()) {
        // What is late at a start happens then, by how it is meant, and a mail's end is told of what was begun.
        let ops: Vec<Op> = ops
            .into_iter()
            .filter(|op| !matches!(op.what, What::Start | What::Mail { .. } | What::Act(..)))
            .collect();
        let unnumbered = |ticking| -> Vec<AlertEvent> {
            let (_, effects) = journal(&ops, &SETS[set], ticking);
            alerts(&effects)
                .cloned()
                .map(|mut event| {
                    // Its id tells the input that fired it, which a tick is.
                    event.alert.id = AlertId(0);
                    event.alert.inhibited_by = event.alert.inhibited_by.map(|_| AlertId(0));
                    event
                })
                .collect()
        };
        prop_assert_eq!(unnumbered(true), unnumbered(false));
    }

    #[test]
    fn no_rule_changes_what_another_one_does(ops in ops(), rule in 0..RULES.len()) {
        let ops: Vec<Op> = ops
            .into_iter()
            .filter(|op| !matches!(op.what, What::Load(_) | What::Mail { .. } | What::Act(..)))
            .collect();
        let by_itself = chosen(1 << rule);
        let of_the_rule = |rules: &Arc<RuleSet>| -> Vec<AlertEvent> {
            let (_, effects) = journal(&ops, rules, false);
            alerts(&effects)
                .filter(|event| event.alert.rule == by_itself.rules[0].name)
                // Others may hold its mail back, and share it.
                .filter(|event| ALONE.contains(&event.kind))
                .cloned()
                .map(|mut event| {
                    event.sequence = 0;
                    event.alert.inhibited_by = None;
                    event
                })
                .collect()
        };
        prop_assert_eq!(of_the_rule(&by_itself), of_the_rule(&ALL));
    }
}
