//! Time and order.

use super::{Bench, at, check};
use crate::engine::{
    effect::Effect,
    input::{Input, Settings},
};

const MUTED: &str = "
rules:
- { name: muted, while: meeting.muted_all, for: 30s }
";

#[test]
fn a_notification_counts_at_the_time_that_it_gives() {
    for (given, fires) in [
        ("10s conf MUTED_ALL", "40s"),
        ("10s conf MUTED_ALL occurred_at=4s", "34s"),
        // Neither from the future, nor older than the lateness bound of ten minutes.
        ("10s conf MUTED_ALL occurred_at=11s", "40s"),
        ("610s conf MUTED_ALL occurred_at=10s", "610s"),
        ("611s conf MUTED_ALL occurred_at=10s", "641s"),
    ] {
        check(MUTED, given, &format!("{fires} fired muted{{1}}\nuntil 700s"));
    }
}

#[test]
fn what_is_older_updates_nothing_that_is_newer_but_is_seen() {
    let rules = "
rules:
- { name: muted, while: meeting.muted_all }
- { name: said-muted, when: conf.status == MUTED_ALL }
- { name: dialing, while: 'party.status == DIALING' }
- { name: said-dialing, when: party.status == DIALING }
";
    let given = "
        10s conf UNMUTED_ALL
        10s party a SPEAKING
        20s conf MUTED_ALL occurred_at=9s
        20s party a DIALING occurred_at=9s
        30s conf MUTED_ALL occurred_at=10s
        30s party a DIALING occurred_at=10s
    ";
    check(
        rules,
        given,
        "
        20s fired said-muted{1}
        20s fired said-dialing{1}
        30s fired muted{1}
        30s fired dialing{1,a}
        ",
    );
    let mut bench = Bench::new(rules);
    bench.give(given);
    assert_eq!(bench.world.engine.counts().late, 2);
}

#[test]
fn what_is_late_in_two_ways_is_counted_once() {
    for given in [
        // Beyond the bound, and older than what is known.
        "20m party a SPEAKING\n21m party a DIALING occurred_at=1m",
        // Beyond the bound, of an occurrence that has closed.
        "20m conf MEETING_START\n21m conf MEETING_END\n22m party a SPEAKING occurred_at=1m",
        // Beyond the bound alone.
        "20m party a SPEAKING occurred_at=1m",
    ] {
        let mut bench = Bench::new(MUTED);
        bench.give(given);
        assert_eq!(bench.world.engine.counts().late, 1, "{given}");
    }
}

#[test]
fn deadlines_fall_due_before_the_input_of_their_instant() {
    check(
        MUTED,
        "
        0s conf MUTED_ALL
        30s conf UNMUTED_ALL
        ",
        "
        30s fired muted{1}
        30s resolved muted{1}
        ",
    );
}

#[test]
fn deadlines_of_one_instant_fall_due_in_the_order_of_their_age() {
    let rules = "
rules:
- { name: slow, while: meeting.muted_all, for: 30s }
- { name: fast, while: meeting.recording == RECORDED, for: 20s }
";
    check(
        rules,
        "
        0s conf MUTED_ALL billing_code=2
        0s conf MUTED_ALL billing_code=1
        10s conf RECORDED
        ",
        "
        30s fired slow{2}
        30s fired slow{1}
        30s fired fast{1}
        ",
    );
}

#[test]
fn a_deadline_that_is_past_falls_due_right_after_its_input() {
    check(
        MUTED,
        "
        60s conf MUTED_ALL occurred_at=0s
        60s conf UNMUTED_ALL
        ",
        "
        60s fired muted{1}
        60s resolved muted{1}
        ",
    );
}

#[test]
fn what_fell_due_while_the_service_was_down_happens_when_it_is_back() {
    let given = "
        0s conf MUTED_ALL
        10s conf MUTED_ALL billing_code=2
        20s restart=15s
    ";
    check(
        MUTED,
        given,
        "
        35s fired muted{1}
        40s fired muted{2}
        ",
    );
    let mut bench = Bench::new(MUTED);
    bench.give(given);
    assert_eq!(bench.world.engine.counts().late_deadlines, 1);
}

#[test]
fn time_never_runs_backwards() {
    let mut bench = Bench::new(MUTED);
    bench.advance("0s").give("60s conf MUTED_ALL");
    let engine = &mut bench.world.engine;
    let mut out = Vec::new();
    engine.apply(1000, at("10s"), Input::Tick, &mut out);
    assert_eq!(engine.now(), at("60s"));
    engine.apply(1001, at("20s"), Input::Start(Settings::default()), &mut out);
    assert_eq!((engine.now(), engine.next_deadline()), (at("60s"), Some(at("90s"))));
    engine.apply(1002, at("90s"), Input::Tick, &mut out);
    assert!(matches!(out.as_slice(), [Effect::Alert(_)]));
}

#[test]
fn at_one_instant_order_is_that_of_acceptance() {
    check(
        "rules:\n- { name: both, while: meeting.muted_all && meeting.recording == RECORDED }",
        "
        5s conf MUTED_ALL
        5s conf RECORDED
        5s conf UNMUTED_ALL
        5s conf MUTED_ALL
        ",
        "
        5s fired both{1}
        5s resolved both{1}
        5s fired both{1}
        ",
    );
}
