//! Mails on their way.

use std::time::Duration;

use super::{Bench, at};
use crate::{
    engine::{
        effect::Effect,
        input::{Input, MailOutcome, MailResult, Settings},
        outbox::{Attempt, Because, Delivery, Numbers, Told},
    },
    model::Time,
};

const RULES: &str = "
rules:
- { name: muted, while: meeting.muted_all, severity: critical }
- { name: paused, while: meeting.recording == RECORDING_PAUSED, severity: info }
receivers:
- { name: ops, email: { to: [a@example.com] } }
route: { receiver: ops, group_by: each, group_wait: 0s, group_interval: 0s, repeat_interval: never }
";

/// The attempts that were to be made since it was last asked.
fn attempts(bench: &mut Bench) -> Vec<Attempt> {
    let attempt = |effect: Effect| match effect {
        Effect::Mail(attempt) => Some(attempt),
        _ => None,
    };
    bench.effects().into_iter().filter_map(attempt).collect()
}

/// The one attempt that was to be made since it was last asked.
fn attempt(bench: &mut Bench) -> Attempt {
    let attempts = attempts(bench);
    assert_eq!(attempts.len(), 1, "{attempts:?}");
    attempts.into_iter().next().unwrap()
}

fn numbers(attempt: &Attempt) -> Numbers {
    attempt.intent.told.alerts().unwrap().numbers()
}

fn ended(attempt: &Attempt, result: MailResult) -> Input {
    Input::Mail(MailOutcome {
        intent: attempt.intent.id,
        attempt: attempt.number,
        result,
    })
}

fn sent() -> MailResult {
    MailResult::Sent("250 ok".to_owned())
}

fn deferred() -> MailResult {
    MailResult::Deferred("451 later".to_owned())
}

fn refused() -> MailResult {
    MailResult::Refused("550 unknown".to_owned())
}

fn delivery(bench: &Bench) -> &Delivery {
    let delivery = bench.world.effects.iter().rev().find_map(|effect| match effect {
        Effect::Delivery(delivery) => Some(delivery.as_ref()),
        _ => None,
    });
    delivery.unwrap()
}

/// Lets time pass until the next deadline.
fn next(bench: &mut Bench) -> Time {
    let due = bench.world.engine.next_deadline().unwrap();
    bench.world.advance(due);
    due
}

#[test]
fn each_recipient_is_told_of_the_firing_and_then_of_the_end() {
    let mut bench = Bench::new(&RULES.replace("[a@example.com]", "[a@example.com, b@example.com]"));
    bench.give("0s conf MUTED_ALL");
    let [a, b] = attempts(&mut bench).try_into().unwrap();
    assert_eq!(
        (a.intent.recipient.as_str(), b.intent.recipient.as_str()),
        ("a@example.com", "b@example.com")
    );
    assert_eq!((numbers(&a).fired, a.number, a.intent.date), (1, 1, at("0s")));
    assert_eq!(a.intent.root, a.intent.id);

    // The end waits for the mail of the firing, recipient by recipient.
    bench.apply("1s", ended(&b, sent())).give("2s conf UNMUTED_ALL");
    let end = attempt(&mut bench);
    assert_eq!(
        (end.intent.recipient.as_str(), numbers(&end).resolved),
        ("b@example.com", 1)
    );
    assert_eq!((end.intent.root, end.intent.date), (b.intent.id, at("2s")));
    bench.apply("3s", ended(&a, sent()));
    let end_of_a = attempt(&mut bench);
    assert_eq!(end_of_a.intent.recipient, "a@example.com");
    bench
        .apply("4s", ended(&end, sent()))
        .apply("4s", ended(&end_of_a, sent()));
    assert_eq!(bench.world.engine.outbox(), (0, None));
}

#[test]
fn a_deferred_mail_is_tried_again_on_the_schedule_for_a_day() {
    let mut bench = Bench::new(RULES);
    bench.give("0s conf MUTED_ALL");
    let mut tried = attempt(&mut bench);
    let schedule = [5, 15, 30, 60, 120, 300]
        .into_iter()
        .chain(std::iter::repeat(900))
        .map(Duration::from_secs);
    let mut last = at("0s");
    for (number, after) in (2..).zip(schedule) {
        bench.world.apply(last, ended(&tried, deferred()));
        let record = delivery(&bench).clone();
        assert_eq!((record.attempt, record.at), (number - 1, last));
        let Some(retry_at) = record.retry_at else {
            break;
        };
        let waited = retry_at - last;
        assert!(
            waited >= after * 4 / 5 && waited <= after * 6 / 5,
            "{number}: {waited:?}"
        );
        // In between its receiver is told to have waited for too long.
        while next(&mut bench) < retry_at {}
        let again = attempt(&mut bench);
        assert_eq!((again.number, &again.intent), (number, &tried.intent), "the same mail");
        (tried, last) = (again, retry_at);
    }
    assert!(last > at("23h") && last < at("24h"), "{last}");
    assert_eq!(bench.world.engine.outbox(), (0, None));
}

#[test]
fn after_a_refusal_nobody_is_told_of_the_end() {
    let mut bench = Bench::new(RULES);
    bench.give("0s conf MUTED_ALL");
    let fired = attempt(&mut bench);
    bench.give("1s conf UNMUTED_ALL");
    bench.apply("2s", ended(&fired, refused()));
    let records = bench.world.effects.iter().filter_map(|effect| match effect {
        Effect::Delivery(delivery) => Some(delivery.as_ref()),
        _ => None,
    });
    // The mail of the end leaves the box with a record, too.
    let records: Vec<_> = records
        .map(|record| (record.attempt, record.retry_at, &record.result))
        .collect();
    let of_no_use = MailResult::Refused("given up: the mail of the firing did not reach this recipient".to_owned());
    assert_eq!(records, [(1, None, &refused()), (0, None, &of_no_use)]);
    assert_eq!((attempts(&mut bench).len(), bench.world.engine.outbox().0), (0, 0));
}

#[test]
fn a_refusal_before_the_end_tells_nobody_of_it_either() {
    let mut bench = Bench::new(RULES);
    bench.give("0s conf MUTED_ALL");
    let fired = attempt(&mut bench);
    bench.apply("1s", ended(&fired, refused())).give("2s conf UNMUTED_ALL");
    assert_eq!((attempts(&mut bench).len(), bench.world.engine.outbox().0), (0, 0));
}

#[test]
fn whoever_does_not_want_to_know_is_not_told_of_the_end() {
    let mut bench = Bench::new(&RULES.replace("] }", "], send_resolved: false }"));
    bench.give("0s conf MUTED_ALL");
    let fired = attempt(&mut bench);
    bench.apply("1s", ended(&fired, sent())).give("2s conf UNMUTED_ALL");
    assert_eq!(attempts(&mut bench).len(), 0);
}

#[test]
fn a_restart_makes_a_new_attempt_at_what_was_being_sent() {
    let mut bench = Bench::new(RULES);
    bench.give("0s conf MUTED_ALL");
    let first = attempt(&mut bench);
    bench.give("1s conf RECORDING_PAUSED");
    let waiting = attempt(&mut bench);
    bench.apply("2s", ended(&waiting, deferred()));
    bench.give("3s restart");
    let second = attempt(&mut bench);
    assert_eq!((second.number, &second.intent), (2, &first.intent));
    // What comes of the attempt of the process before is none of this one's.
    bench.apply("4s", ended(&first, refused()));
    assert_eq!(bench.world.engine.outbox().0, 2);
    bench.apply("5s", ended(&second, sent()));
    assert_eq!(bench.world.engine.outbox().0, 1);
}

#[test]
fn of_too_many_mails_the_oldest_of_the_least_severe_is_given_up() {
    let settings = Settings {
        outbox: 2,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings, RULES);
    bench.give("0s conf MUTED_ALL\n1s conf RECORDING_PAUSED");
    let [critical, info] = attempts(&mut bench).try_into().unwrap();
    bench.give("2s conf RECORDING_PAUSED billing_code=2");
    let record = delivery(&bench).clone();
    assert_eq!((record.intent, record.retry_at), (info.intent.id, None));
    assert!(matches!(record.result, MailResult::Refused(_)));
    assert_eq!(
        attempt(&mut bench).intent.told.alerts().unwrap().fired[0].to_string(),
        "paused{billing_code=\"2\"}"
    );
    // What comes of a mail that was given up changes nothing.
    bench.apply("3s", ended(&info, sent()));
    assert_eq!(bench.world.engine.outbox(), (2, Some(critical.intent.date)));
    assert_eq!(bench.world.engine.counts().mails_given_up, 1);
    // Nobody was told of it, so nobody is told of its end.
    bench.give("4s conf RECORDED");
    assert_eq!(attempts(&mut bench).len(), 0);
}

#[test]
fn a_critical_mail_gives_way_to_none_that_is_less() {
    let settings = Settings {
        outbox: 1,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings, RULES);
    bench.give("0s conf MUTED_ALL");
    let critical = attempt(&mut bench);
    bench.give("1s conf RECORDING_PAUSED");
    let record = delivery(&bench).clone();
    assert_ne!(record.intent, critical.intent.id);
    assert_eq!((record.attempt, record.retry_at), (0, None));
    assert_eq!(attempts(&mut bench).len(), 0);
    bench.apply("2s", ended(&critical, sent()));
    assert_eq!(bench.world.engine.outbox(), (0, None));
    assert_eq!(bench.world.engine.counts().mails_given_up, 1);
    // A digest tells how many were given up; what it stands for is counted on where it is given up itself.
    bench.give("3s conf MUTED_ALL billing_code=2\nuntil 25m");
    let muted = attempt(&mut bench);
    assert_eq!(bench.world.engine.counts().mails_given_up, 3);
    bench.apply("26m", ended(&muted, sent()));
    bench.advance("60m");
    let digests: Vec<u64> = attempts(&mut bench)
        .iter()
        .filter_map(|attempt| match &*attempt.intent.told {
            Told::Digest(digest) => Some(digest.given_up),
            _ => None,
        })
        .collect();
    assert_eq!(digests, [1]);
}

#[test]
fn the_first_route_that_matches_takes_the_alert_and_what_none_takes_is_not_mailed() {
    let rules = "
rules:
- { name: muted, while: meeting.muted_all, severity: critical }
- { name: paused, while: meeting.recording == RECORDING_PAUSED, severity: info, labels: { team: a } }
- { name: talks, when: party.status == SPEAKING }
receivers:
- { name: first, email: { to: [a@example.com], personal_data: clear, reply_to: c@example.com } }
- { name: second, email: { to: [b@example.com] } }
route:
  group_wait: 0s
  group_by: each
  routes:
  - { match: severity == CRITICAL, receiver: second }
  - { match: \"severity >= WARNING && false || labels.team == 'a'\", receiver: first }
";
    let mut bench = Bench::new(rules);
    bench.give("0s conf MUTED_ALL\n1s conf RECORDING_PAUSED\n2s party a SPEAKING");
    let [muted, paused] = attempts(&mut bench).try_into().unwrap();
    assert_eq!((muted.intent.receiver.as_str(), muted.intent.clear), ("second", false));
    assert_eq!((paused.intent.receiver.as_str(), paused.intent.clear), ("first", true));
    assert_eq!(paused.intent.reply_to.as_deref(), Some("c@example.com"));
}

#[test]
fn a_mail_that_was_given_up_holds_no_other_back() {
    let settings = Settings {
        outbox: 2,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings, &RULES.replace("] }", "], max_per_hour: 60 }"));
    bench.give("0s conf MUTED_ALL\n1s conf RECORDING_PAUSED");
    let [muted, _given_up] = attempts(&mut bench).try_into().unwrap();
    bench.give("2s conf RECORDING_PAUSED billing_code=2");
    let second = attempt(&mut bench);
    bench
        .apply("3s", ended(&muted, sent()))
        .apply("3s", ended(&second, sent()));
    bench.give("4s conf RECORDING_PAUSED billing_code=3");
    assert_eq!(numbers(&attempt(&mut bench)).fired, 1);
    assert_eq!(bench.world.engine.counts().mails_held_back, 0);
}

#[test]
fn a_mail_that_ends_the_process_every_time_is_tried_no_longer_than_any_other() {
    let mut bench = Bench::new(RULES);
    bench.give("0s conf MUTED_ALL");
    let (mut now, mut made) = (at("0s"), Vec::new());
    while bench.world.engine.outbox().0 > 0 {
        let attempts = attempts(&mut bench);
        if attempts.is_empty() {
            now = next(&mut bench);
            continue;
        }
        made.extend(attempts.iter().map(|attempt| (attempt.number, now)));
        assert!(made.len() < 200, "it is tried again and again");
        bench.world.restart(now, Duration::ZERO);
    }
    let at_once: Vec<u32> = made
        .iter()
        .filter(|(_, at)| *at == made[0].1)
        .map(|made| made.0)
        .collect();
    assert_eq!(at_once, [1, 2, 3]);
    let (_, last) = made[made.len() - 1];
    assert!(last > at("23h") && last < at("24h"), "{last}");
    let record = delivery(&bench);
    assert_eq!((record.at, record.retry_at), (last, None));
    assert!(matches!(record.result, MailResult::Deferred(_)));
}

const DIGESTS: &str = "
rules:
- { name: paused, while: meeting.recording == RECORDING_PAUSED, severity: info }
receivers:
- { name: ops, email: { to: [a@example.com, b@example.com], max_per_hour: 1 }, fallback: duty }
- { name: duty, email: { to: [c@example.com] }, fallback: boss }
- { name: boss, email: { to: [d@example.com] } }
route: { receiver: ops, group_by: each, group_wait: 0s, repeat_interval: never }
";

/// The mails of a digest that leaves at ten minutes and two seconds.
fn digest(bench: &mut Bench) -> [Attempt; 2] {
    bench.give("0s conf RECORDING_PAUSED");
    for first in attempts(bench) {
        bench.apply("1s", ended(&first, sent()));
    }
    bench.give("2s conf RECORDING_PAUSED billing_code=2\nuntil 10m2s");
    attempts(bench).try_into().unwrap()
}

#[test]
fn a_digest_that_nobody_gets_goes_to_whoever_stands_in_once() {
    for b_gets_it in [false, true] {
        let mut bench = Bench::new(DIGESTS);
        let [a, b] = digest(&mut bench);
        bench.apply("11m", ended(&a, refused()));
        assert_eq!(attempts(&mut bench).len(), 0, "somebody may still get it");
        if b_gets_it {
            bench.apply("12m", ended(&b, sent()));
            assert_eq!(attempts(&mut bench).len(), 0);
            continue;
        }
        bench.apply("12m", ended(&b, refused()));
        let instead = attempt(&mut bench);
        let Told::Digest(digest) = &*instead.intent.told else {
            panic!("the digest goes on");
        };
        let receiver = "ops".into();
        assert_eq!(digest.because, Because::Unreached { receiver });
        assert_eq!((instead.intent.receiver.as_str(), digest.held_back), ("duty", 1));
        bench.apply("13m", ended(&instead, refused()));
        assert_eq!((attempts(&mut bench).len(), bench.world.engine.outbox().0), (0, 0));
        assert_eq!(bench.world.engine.counts().fallbacks, 1);
    }
}

#[test]
fn a_digest_that_is_stuck_goes_to_whoever_stands_in_as_soon_as_any_other_mail() {
    for b_gets_it in [false, true] {
        let mut bench = Bench::new(DIGESTS);
        let [a, b] = digest(&mut bench);
        bench.apply("10m3s", ended(&a, deferred()));
        if b_gets_it {
            bench.apply("20m1s", ended(&b, sent()));
        }
        let told_instead = |bench: &mut Bench| -> Vec<String> {
            let instead = attempts(bench)
                .into_iter()
                .filter(|attempt| attempt.intent.receiver != "ops");
            instead.map(|attempt| attempt.intent.receiver.to_string()).collect()
        };
        bench.advance("20m1s");
        assert!(told_instead(&mut bench).is_empty(), "it may still arrive");
        bench.advance("20m2s");
        let expected: &[&str] = if b_gets_it { &[] } else { &["duty"] };
        assert_eq!(told_instead(&mut bench), expected);
        // What becomes of it later tells nobody anew, nor does what becomes of the mail to whoever stood in.
        bench.apply("21m", ended(&b, refused())).advance("60m");
        assert!(told_instead(&mut bench).is_empty());
        assert_eq!(bench.world.engine.counts().fallbacks, u64::from(!b_gets_it));
    }
}
