//! Random rules and histories from a small vocabulary, so that they meet often, with times on a coarse grid, so that they tie.

use std::{rc::Rc, time::Duration};

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{
    case::{Act, Case, Step, rule_file},
    expected::Expected,
    matches::{Count, Ratio},
    quiet::Quiet,
    rule::{Condition, Resolve, Rule, Text},
    schedule::SCHEDULES,
    sequence::Sequence,
};
use crate::{
    engine::tests::conf_saying,
    model::{ConferenceStatus, DisconnectReason, ParticipantStatus, Party, Payload, Personal, Role},
    rules::{RuleSource, SourceFile, compile},
};

const NAMES: [&str; 4] = ["one", "two", "three", "four"];

/// Of notifications, the simplest first.
const EVENTS: [&str; 19] = [
    "true",
    "conf.status == MEETING_START",
    "conf.status == MEETING_END",
    "conf.status == RECORDED",
    "conf.status == NOT_RECORDED",
    "conf.status in [MUTED_ALL, UNMUTED_ALL, 77]",
    "party.status == SPEAKING",
    "party.status == CALL_HOLDING",
    "party.status == DISCONNECTED",
    "party.disconnect_reason == PORT_FULL",
    "party.role == EXPERT",
    "has(party.phone)",
    "party.status == SPEAKING || conf.status == MEETING_END",
    "conf.status == NOT_RECORDED && meeting.live",
    "party.status == DISCONNECTED && previous.status == SPEAKING",
    "previous.status == RECORDED",
    "meeting.present >= 2",
    "meeting.refused == 1 && !meeting.ended",
    "meeting.billing_code == \"1\"",
];

/// Of states, the simplest first.
const STATES: [&str; 18] = [
    "meeting.live",
    "meeting.ended",
    "!meeting.live",
    "meeting.present == 0",
    "meeting.present >= 2",
    "meeting.muted_all",
    "meeting.live && meeting.was_recorded && meeting.recording == NOT_RECORDED",
    "meeting.experts > 0 && meeting.clients == 0",
    "meeting.peak_present >= 2 && meeting.talking < 2",
    "meeting.refused > 0 || meeting.had_expert",
    "meeting.dialing > 0 || meeting.started_at == null",
    "party.status == SPEAKING",
    "party.status == CALL_HOLDING && !meeting.muted_all",
    "party.role == EXPERT",
    "party.disconnect_reason == PORT_FULL && meeting.ended_at == null",
    "has(party.phone) && meeting.present == 1",
    "meeting.billing_code == \"1\" && meeting.present > 0",
    "party.status == SPEAKING && meeting.billing_code != \"2\"",
];

const KEYS: [&[&str]; 10] = [
    &["party.billing_code"],
    &["party.billing_code", "party.party_id"],
    &[],
    &["source"],
    &["party.phone"],
    &["conf.billing_code", "party.phone"],
    &["source", "party.role"],
    &["conf.status"],
    &["conf.billing_code", "source"],
    &["party.disconnect_reason"],
];

/// In seconds; sums and differences of them meet again and again.
const DURATIONS: [u64; 6] = [10, 20, 30, 60, 5, 600];
const GAPS: [u64; 12] = [0, 5, 10, 20, 0, 10, 30, 60, 1, 580, 600, 86_400];
const AGES: [i64; 12] = [0, 5, 10, 20, 30, 60, 90, 590, 600, 601, 700, -10];

fn duration() -> impl Strategy<Value = Duration> {
    select(&DURATIONS).prop_map(Duration::from_secs)
}

fn event() -> impl Strategy<Value = Text> {
    select(&EVENTS).prop_map(Text::of_notification)
}

fn condition() -> impl Strategy<Value = Condition> {
    let each = event().prop_map(|when| Condition::Each { when });
    let at_once = || prop_oneof![2 => Just(Duration::ZERO), 3 => duration()];
    let held = (select(&STATES), at_once(), at_once()).prop_map(|(state, for_, keep)| Condition::Held {
        state: Text::of_state(state),
        for_,
        keep,
    });
    prop_oneof![each, held, count(), expected(), sequence(), ratio(), quiet()]
}

fn count() -> impl Strategy<Value = Condition> {
    let distinct = option::of((
        select(vec!["party.party_id", "party.billing_code", "source"]),
        1usize..3,
    ));
    (event(), 1usize..4, duration(), distinct).prop_map(|(when, at_least, within, distinct)| {
        Condition::Count(Count {
            when,
            at_least,
            within,
            distinct: distinct.filter(|(_, varied)| *varied <= at_least),
        })
    })
}

fn expected() -> impl Strategy<Value = Condition> {
    (event(), event(), duration(), option::of(event())).prop_map(|(after, expect, within, unless)| {
        Condition::Expected(Expected {
            after,
            expect,
            within,
            unless,
        })
    })
}

fn sequence() -> impl Strategy<Value = Condition> {
    (vec(event(), 2..4), duration(), option::of(event()))
        .prop_map(|(steps, within, unless)| Condition::Sequence(Sequence { steps, within, unless }))
}

fn ratio() -> impl Strategy<Value = Condition> {
    let share = select(vec![50usize, 34, 67, 100]);
    (event(), event(), share, duration(), 1usize..4).prop_map(|(when, of, at_least, within, min_samples)| {
        Condition::Ratio(Ratio {
            when,
            of,
            at_least,
            within,
            min_samples,
        })
    })
}

fn quiet() -> impl Strategy<Value = Condition> {
    (event(), duration()).prop_map(|(of, for_)| Condition::Quiet(Quiet { of, for_ }))
}

/// A rule without a name.
fn rule() -> impl Strategy<Value = Rule> {
    let key = option::of(select(&KEYS)).prop_map(|key| key.map(<[_]>::to_vec));
    let resolve = option::of((option::of(event()), option::of(duration())));
    let during = option::weighted(0.15, select(&SCHEDULES));
    let critical_if = option::weighted(0.2, (select(&EVENTS), select(&STATES)));
    let made =
        (condition(), key, resolve, during, critical_if).prop_map(|(condition, key, resolve, during, critical_if)| {
            Rule {
                during,
                critical_if: critical_if.and_then(|(event, state)| match &condition {
                    Condition::Held { .. } => Some(Text::of_state(state)),
                    // What these see is fixed by their firing.
                    Condition::Expected(_) | Condition::Quiet(_) => None,
                    _ => Some(Text::of_notification(event)),
                }),
                name: NAMES[0],
                resolve: resolve
                    .filter(|_| !matches!(condition, Condition::Held { .. } | Condition::Quiet(_)))
                    .filter(|(when, after)| when.is_some() || after.is_some())
                    .map(|(when, after)| Resolve { when, after }),
                condition,
                key,
                enabled: true,
                dressed: false,
            }
        });
    made.prop_filter("the rule compiles", |rule| {
        let files = vec![SourceFile {
            name: "rules.yaml".to_owned(),
            text: rule_file(&[Rc::new(rule.clone())]),
        }];
        compile::compile(&std::sync::Arc::new(RuleSource { files })).is_ok()
    })
}

fn named(rules: Vec<Rule>) -> Vec<Rc<Rule>> {
    let named = rules
        .into_iter()
        .zip(NAMES)
        .map(|(rule, name)| Rc::new(Rule { name, ..rule }));
    named.collect()
}

/// What a reload does to a rule.
#[derive(Debug, Clone)]
enum Change {
    None,
    Dressed,
    Off,
    Gone,
    Other(Box<Rule>),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::None),
        3 => Just(Change::Dressed),
        1 => Just(Change::Off),
        1 => Just(Change::Gone),
        2 => rule().prop_map(|rule| Change::Other(Box::new(rule))),
    ]
}

fn changed(rules: &[Rc<Rule>], changes: Vec<Change>, reversed: bool) -> Vec<Rc<Rule>> {
    let changed = rules.iter().zip(changes).filter_map(|(rule, change)| {
        let rule = Rule::clone(rule);
        Some(Rc::new(match change {
            Change::None => rule,
            Change::Dressed => Rule { dressed: true, ..rule },
            Change::Off => Rule { enabled: false, ..rule },
            Change::Gone => return None,
            Change::Other(other) => Rule {
                name: rule.name,
                ..*other
            },
        }))
    });
    let mut changed: Vec<_> = changed.collect();
    if reversed {
        changed.reverse();
    }
    changed
}

fn payload() -> impl Strategy<Value = Payload> {
    let code = || select(vec!["1", "1", "2", "3"]);
    let conf = (code(), select(vec![1, -1, 101, 102, 40, 41, 77, 1, -1, 103]))
        .prop_map(|(code, status)| conf_saying(code, ConferenceStatus(status)));
    let party = (
        code(),
        select(vec!["a", "b", "c"]),
        select(vec![5, 0, 103, 5, 0, 102, 4]),
        select(vec![None, None, Some(5), Some(2)]),
        select(vec!["", "7", "8"]),
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

/// What happens at one time: a notification; an end just before or just after what it causes; a restart; a reload.
fn acts() -> impl Strategy<Value = Vec<Act>> {
    let age = || prop_oneof![3 => Just(None), 2 => select(&AGES).prop_map(Some)];
    let source = || select(vec!["x", "x", "y"]);
    let say = (payload(), source(), age()).prop_map(|(payload, source, age)| vec![Act::Say { payload, source, age }]);
    let code = select(vec!["1", "2", "3"]);
    let end = (code, any::<bool>(), age()).prop_map(|(code, end_first, age)| {
        let mut statuses = [102, -1];
        if end_first {
            statuses.reverse();
        }
        let say = statuses.map(|status| Act::Say {
            payload: conf_saying(code, ConferenceStatus(status)),
            source: "x",
            age,
        });
        say.to_vec()
    });
    let restart = select(vec![0u64, 10, 30, 60, 700]).prop_map(|down| {
        vec![Act::Restart {
            down: Duration::from_secs(down),
        }]
    });
    prop_oneof![
        40 => say,
        3 => end,
        2 => restart,
        2 => (1usize..3).prop_map(|set| vec![Act::Load(set)]),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gap = select(&GAPS).prop_map(Duration::from_secs);
    vec((gap, acts()), 1..60).prop_map(|steps| {
        let flat = steps.into_iter().flat_map(|(after, acts)| {
            let after = std::iter::once(after).chain(std::iter::repeat(Duration::ZERO));
            after.zip(acts).map(|(after, act)| Step { after, act })
        });
        flat.collect()
    })
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    let rules = vec(rule(), 1..4);
    let reload = || (vec(change(), 4), any::<bool>());
    (rules, reload(), reload(), steps(), any::<bool>()).prop_map(|(rules, first, second, steps, snapshots)| {
        let rules = named(rules);
        let first = changed(&rules, first.0, first.1);
        let second = changed(&rules, second.0, second.1);
        Case {
            sets: vec![rules, first, second],
            steps,
            snapshots,
        }
    })
}
