//! Who is told, whatever happens: any sequence of alerts, silences, acknowledgements, reloads and restarts. What each sentence of the
//! promise means by itself stands in `tests/delivery`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
    time::Duration,
};

use proptest::{collection::vec, prelude::*, sample::select};

use super::{Bench, at, compiled, conf_saying, every_other_minute, start};
use crate::{
    engine::{
        effect::{Acted, Effect},
        input::{Input, NewSilence, Settings},
        outbox::{AlertList, Intent, Numbers, Told},
    },
    model::{
        Alert, AlertEvent, AlertEventKind, AlertId, ConferenceStatus, DisconnectReason, Notification,
        ParticipantStatus, Party, Payload, Role, Severity, Time,
    },
    rules::RuleSet,
    selftest::world::World,
};

static RULES: LazyLock<Arc<RuleSet>> = LazyLock::new(|| {
    let rules = "
rules:
- name: full
  when: party.disconnect_reason == PORT_FULL
  severity_if: { critical: party.role == EXPERT }
  resolve: { when: party.status == SPEAKING, after: 40m }
- { name: muted, while: meeting.muted_all }
- { name: burst, when: party.disconnect_reason == PORT_FULL, count: { at_least: 3, within: 1m }, key: [], resolve: { after: 5m } }
receivers:
- { name: some, email: { to: [a@example.com, b@example.com], max_per_hour: 3 } }
- { name: each, email: { to: [c@example.com], send_resolved: false } }
- { name: lead, email: { to: [d@example.com] } }
schedules: { nights: { time_zone: UTC, times: ['08:10-08:20', '08:35-08:37', '09:00-10:30'] } }
route:
  receiver: some
  group_by: [rule]
  group_wait: 5s
  group_interval: 1m
  repeat_interval: [2m, 10m]
  escalate: [{ after: 3m, receiver: lead }]
  routes:
  - { match: rule != 'burst', receiver: each, group_by: each, continue: true, mute: nights, escalate: [] }
  - { match: severity == CRITICAL, receiver: lead, escalate: [], group_by: [] }
  - { match: rule == 'muted', group_by: [severity], mute: nights, repeat_interval: 1m }
  - { match: 'true', group_by: [severity] }
inhibit:
- { source: rule == 'burst', target: rule == 'full', equal: [] }
";
    compiled(rules).0
});

#[derive(Debug, Clone)]
enum What {
    Refused(&'static str, bool),
    Speaks(&'static str),
    Mutes(&'static str, bool),
    Silence(&'static str, u64, bool),
    Expire,
    Acknowledge(usize),
    Resolve(usize),
    Reload,
    Restart,
}

fn ops() -> impl Strategy<Value = Vec<(Duration, What)>> {
    let code = || select(vec!["1", "2", "3", "4"]);
    let filter = select(vec![
        "true",
        "rule == 'full'",
        "key.billing_code == '1'",
        "severity < CRITICAL",
    ]);
    let what = prop_oneof![
        6 => (code(), proptest::bool::weighted(0.2)).prop_map(|(code, expert)| What::Refused(code, expert)),
        3 => code().prop_map(What::Speaks),
        4 => (code(), any::<bool>()).prop_map(|(code, on)| What::Mutes(code, on)),
        2 => (filter, 1u64..1200, any::<bool>()).prop_map(|(filter, lasts, recurs)| What::Silence(filter, lasts, recurs)),
        1 => Just(What::Expire),
        2 => (0usize..6).prop_map(What::Acknowledge),
        1 => (0usize..6).prop_map(What::Resolve),
        1 => Just(What::Reload),
        1 => Just(What::Restart),
    ];
    let after = select(vec![0, 0, 1, 2, 4, 5, 20, 61, 130, 700]).prop_map(Duration::from_secs);
    vec((after, what), 1..60)
}

/// What comes of it, with a day for everything to end in.
fn world(ops: &[(Duration, What)], with_restarts: bool) -> World {
    let settings = Settings {
        retry_spread: 0,
        ..Settings::default()
    };
    let mut world = World::new(start(), settings, &RULES).with_post(Vec::new());
    let mut now = start();
    for (after, what) in ops {
        now = now.plus(*after);
        world.advance(now);
        let open = |place: &usize| world.engine.open_alerts().nth(*place).map(|alert| alert.id);
        let input = match what {
            What::Refused(code, expert) => Some(refused(code, *expert)),
            What::Speaks(code) => Some(said(code, ParticipantStatus::SPEAKING, None, None)),
            What::Mutes(code, on) => Some(mutes(code, *on)),
            What::Silence(filter, lasts, recurs) => Some(Input::Silence(NewSilence {
                filter: (*filter).to_owned(),
                starts_at: now,
                ends_at: now.plus(Duration::from_secs(*lasts)),
                schedule: recurs.then(every_other_minute),
                author: "a".into(),
                comment: String::new(),
            })),
            What::Expire => world
                .engine
                .silences()
                .next()
                .map(|(silence, _)| Input::ExpireSilence(silence.id)),
            What::Acknowledge(place) => open(place).map(|alert| Input::Acknowledge {
                alert,
                who: "a".into(),
                why: String::new(),
            }),
            What::Resolve(place) => open(place).map(|alert| Input::Resolve { alert }),
            What::Reload => {
                world.load(now, &RULES);
                None
            }
            What::Restart => {
                if with_restarts {
                    world.restart(now, Duration::ZERO);
                } else {
                    world.apply(now, Input::Tick);
                }
                None
            }
        };
        if let Some(input) = input {
            world.apply(now, input);
        }
    }
    world.advance(now.plus(Duration::from_hours(30)));
    world
}

fn refused(code: &str, is_expert: bool) -> Input {
    let role = if is_expert { Role::EXPERT } else { Role::CLIENT };
    said(
        code,
        ParticipantStatus::DISCONNECTED,
        Some(DisconnectReason::PORT_FULL),
        Some(role),
    )
}

fn said(code: &str, status: ParticipantStatus, reason: Option<DisconnectReason>, role: Option<Role>) -> Input {
    notify(Payload::Party(Party {
        role,
        disconnect_reason: reason,
        ..Party::new(code, "p", status)
    }))
}

fn mutes(code: &str, on: bool) -> Input {
    let status = if on {
        ConferenceStatus::MUTED_ALL
    } else {
        ConferenceStatus::UNMUTED_ALL
    };
    notify(conf_saying(code, status))
}

fn notify(payload: Payload) -> Input {
    Input::Notification(Notification {
        source: "test".into(),
        id: None,
        occurred_at: None,
        payload,
    })
}

/// What one receiver was told of one alert, in order.
#[derive(Debug, Default)]
struct Story {
    fired: Vec<Mail>,
    resolved: Vec<Mail>,
    open: Vec<Mail>,
}

/// When, and by which mail: of two that leave at one instant one comes first, as a digest does before the end of a critical alert.
type Mail = (Time, usize);

fn stories(mails: &[(Time, Arc<Intent>)], receiver: &str) -> BTreeMap<AlertId, Story> {
    let mut stories: BTreeMap<AlertId, Story> = BTreeMap::new();
    let to_receiver = mails.iter().filter(|(_, intent)| intent.receiver == receiver);
    for (place, (at, intent)) in to_receiver.enumerate() {
        let Some(alerts) = intent.told.alerts() else { continue };
        assert_eq!(alerts.more, Default::default(), "so few are all listed");
        let mut story = |alert: &Alert, part: fn(&mut Story) -> &mut Vec<Mail>| {
            part(stories.entry(alert.id).or_default()).push((*at, place));
        };
        alerts
            .fired
            .iter()
            .for_each(|alert| story(alert, |story| &mut story.fired));
        alerts
            .resolved
            .iter()
            .for_each(|alert| story(alert, |story| &mut story.resolved));
        alerts
            .open
            .iter()
            .for_each(|alert| story(alert, |story| &mut story.open));
    }
    stories
}

fn check(world: &World) {
    let events: Vec<&AlertEvent> = world.events().collect();
    let mails: Vec<_> = world.mails().cloned().collect();
    let of_kind = |kind| -> BTreeSet<AlertId> {
        let events = events.iter().filter(|event| event.kind == kind);
        events.map(|event| event.alert.id).collect()
    };
    let held: BTreeSet<AlertId> = [AlertEventKind::Silenced, AlertEventKind::Inhibited]
        .into_iter()
        .flat_map(of_kind)
        .collect();
    let over = of_kind(AlertEventKind::Resolved);
    // Some of them from the beginning, others before their group's first mail.
    let critical: BTreeSet<AlertId> = events
        .iter()
        .filter(|event| event.alert.severity == Severity::Critical)
        .map(|event| event.alert.id)
        .collect();
    for (receiver, tells_ends) in [("some", true), ("each", false), ("lead", true)] {
        let stories = stories(&mails, receiver);
        for (id, story) in &stories {
            assert!(
                story.fired.len() <= 1 && story.resolved.len() <= 1,
                "{receiver} {id}: {story:?}"
            );
            assert!(
                story.fired.len() + story.resolved.len() > 0,
                "{receiver} {id}: {story:?}"
            );
            let first = story.fired.first().or(story.resolved.first());
            assert!(
                story.open.iter().all(|open| Some(open) > first),
                "{receiver} {id}: {story:?}"
            );
            if let Some(end) = story.resolved.first() {
                assert!(
                    story.fired.iter().chain(&story.open).all(|told| told <= end),
                    "{receiver} {id}: {story:?}"
                );
            }
            assert_eq!(
                !story.resolved.is_empty(),
                tells_ends && over.contains(id),
                "{receiver} {id}: {story:?}"
            );
        }
        // What happened is told, if nothing held it back.
        for event in events.iter().filter(|event| event.kind == AlertEventKind::Fired) {
            let is_told = match receiver {
                "some" => event.alert.rule == "full" || event.alert.rule == "burst",
                _ => false,
            };
            if is_told && !critical.contains(&event.alert.id) && !held.contains(&event.alert.id) {
                assert!(stories.contains_key(&event.alert.id), "{receiver}: {}", event.alert);
            }
        }
    }
    for (at, intent) in &mails {
        let numbers = intent.told.alerts().map(AlertList::numbers);
        assert_ne!(numbers, Some(Numbers::default()), "{at}: a mail tells something");
    }
    // Those whose alerts other mails have told by then are in no digest.
    let digests = mails.iter().filter_map(|(_, intent)| match &*intent.told {
        Told::Digest(digest) => Some(digest.held_back),
        _ => None,
    });
    assert!(digests.sum::<u64>() <= world.engine.counts().mails_held_back);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_is_told_once_and_of_the_end(ops in ops()) {
        check(&world(&ops, true));
    }

    #[test]
    fn a_restart_changes_nothing(ops in ops()) {
        let said = |world: &World| -> Vec<String> {
            let events = world.events().map(|event| format!("{event:?}"));
            let mails = world.mails().map(|(at, intent)| format!("{at} {intent:?}"));
            events.chain(mails).collect()
        };
        prop_assert_eq!(said(&world(&ops, true)), said(&world(&ops, false)));
    }
}

#[test]
fn a_mail_lists_fifty_and_counts_the_others() {
    let rules = "
rules: [{ name: full, when: party.disconnect_reason == PORT_FULL, resolve: { after: 1h } }]
receivers: [{ name: ops, email: { to: [a@example.com] } }]
route: { receiver: ops, group_by: [], repeat_interval: never }
";
    let mut bench = Bench::new(rules);
    for code in 0..120 {
        bench.apply("1s", refused(&code.to_string(), false));
    }
    bench.advance("3h");
    let mails: Vec<Arc<Intent>> = bench.effects().into_iter().filter_map(mail).collect();
    let numbers = |intent: &Arc<Intent>| intent.told.alerts().map(AlertList::numbers).unwrap();
    assert_eq!(mails.len(), 1, "the second waits for the first");
    let alerts = mails[0].told.alerts().unwrap();
    assert_eq!(
        (alerts.fired.len(), alerts.more.fired, numbers(&mails[0]).fired),
        (50, 70, 120)
    );
    assert!(alerts.fired.iter().all(|alert| alert.evidence.is_empty()));
}

fn mail(effect: Effect) -> Option<Arc<Intent>> {
    match effect {
        Effect::Mail(attempt) => Some(attempt.intent),
        _ => None,
    }
}

#[test]
fn alerts_that_nothing_happens_to_cost_no_deadline_but_their_groups() {
    let rules = "
rules: [{ name: full, when: party.disconnect_reason == PORT_FULL, resolve: { when: party.status == SPEAKING } }]
receivers: [{ name: ops, email: { to: [a@example.com] } }]
route: { receiver: ops, group_by: [rule] }
";
    let mut bench = Bench::new(rules);
    let before = bench.world.engine.deadline_count();
    for code in 0..300 {
        bench.apply("1s", refused(&code.to_string(), false));
    }
    let of_meetings = bench.world.engine.meeting_count();
    assert_eq!(bench.world.engine.group_count(), 1);
    assert_eq!(bench.world.engine.deadline_count(), before + of_meetings + 1);
}

#[test]
fn a_drill_reaches_every_recipient_and_says_that_it_is_one() {
    let rules = "
receivers: [{ name: ops, email: { to: [a@example.com], cc: [b@example.com] } }]
route: { receiver: ops }
";
    let mut bench = Bench::new(rules);
    let drill = |receiver: &str| Input::Drill {
        receiver: receiver.into(),
        by: "duty".into(),
    };
    bench.apply("1s", drill("ops"));
    let effects = bench.effects();
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Acted(Acted::Drilled(_))))
    );
    let mails: Vec<Arc<Intent>> = effects.into_iter().filter_map(mail).collect();
    let recipients: Vec<&str> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(recipients, ["a@example.com", "b@example.com"]);
    assert!(mails.iter().all(|mail| *mail.told == Told::Drill { by: "duty".into() }));
    bench.apply("2s", drill("nobody"));
    assert!(matches!(
        bench.effects().as_slice(),
        [Effect::Acted(Acted::NoSuchReceiver)]
    ));
}

#[test]
fn what_operators_ask_in_vain_is_said() {
    let settings = Settings {
        silences: 1,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings, "rules: [{ name: muted, while: meeting.muted_all }]");
    let silence = |filter: &str, from: &str, to: &str| {
        Input::Silence(NewSilence {
            filter: filter.to_owned(),
            starts_at: at(from),
            ends_at: at(to),
            schedule: None,
            author: "a".into(),
            comment: String::new(),
        })
    };
    let alert = AlertId(1);
    for (input, expected) in [
        (Input::Resolve { alert }, Acted::NoSuchAlert),
        (
            Input::Acknowledge {
                alert,
                who: "a".into(),
                why: String::new(),
            },
            Acted::NoSuchAlert,
        ),
        (silence("party.status == 1", "0s", "1m"), Acted::BadFilter),
        (silence("true", "2m", "1m"), Acted::SilenceIsOver),
        (Input::ExpireSilence(crate::model::SilenceId(1)), Acted::NoSuchSilence),
    ] {
        bench.apply("10s", input);
        assert!(
            matches!(bench.effects().last(), Some(Effect::Acted(acted)) if *acted == expected),
            "{expected:?}"
        );
    }
    bench.apply("10s", silence("true", "20s", "30s"));
    let Some(Effect::Acted(Acted::Silenced(id))) = bench.effects().pop() else {
        panic!("it is made");
    };
    bench.apply("10s", silence("true", "20s", "30s"));
    assert!(matches!(bench.effects().last(), Some(Effect::Acted(Acted::Silenced(same))) if *same == id));
    bench.apply("10s", silence("true", "20s", "31s"));
    assert!(matches!(
        bench.effects().last(),
        Some(Effect::Acted(Acted::TooManySilences))
    ));
    bench.apply("11s", Input::ExpireSilence(id));
    assert!(matches!(bench.effects().last(), Some(Effect::Acted(Acted::Done))));
    bench
        .give("12s conf MUTED_ALL\nuntil 40s")
        .expect("12s fired muted{1} 1");
    assert_eq!(bench.world.engine.silences().count(), 0);
}
