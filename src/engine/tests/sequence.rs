//! Steps in order.

use super::{Bench, check};

const FLAPS: &str = "
rules:
- name: flaps
  sequence:
  - party.status == SPEAKING
  - party.status == DISCONNECTED && party.disconnect_reason != HUNG_UP_BY_HOST
  - party.status == SPEAKING
  - party.status == DISCONNECTED
  within: 10s
  unless: conf.status == MEETING_END
";

/// Three steps of the meeting: 100; 101 or 103; 102.
const ABC: &str = "
rules:
- name: abc
  sequence: [conf.status == RECORDING_OPENING, 'conf.status in [RECORDED, RECORDING_PAUSED]', conf.status == NOT_RECORDED]
  within: 10s
  resolve: { when: 'false' }
";

#[test]
fn other_notifications_may_lie_between_its_steps() {
    for (given, expected) in [
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED\n2s party a SPEAKING\n3s party a DISCONNECTED",
            "3s fired flaps{1,a}",
        ),
        (
            "0s party a SPEAKING\n0s party b SPEAKING\n1s party a MUTED\n1s party a DISCONNECTED\n2s conf RECORDED\n2s party a DIALING\n3s party a SPEAKING\n4s party a MUTED\n5s party a DISCONNECTED disconnect_reason=HUNG_UP_BY_HOST",
            "5s fired flaps{1,a}",
        ),
        // Each step must be fulfilled, in this order.
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED disconnect_reason=HUNG_UP_BY_HOST\n2s party a SPEAKING\n3s party a DISCONNECTED",
            "until 1m",
        ),
        (
            "0s party a DISCONNECTED\n1s party a SPEAKING\n2s party a DISCONNECTED",
            "until 1m",
        ),
        // Of one participant, in one meeting.
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED\n2s party b SPEAKING\n3s party b DISCONNECTED",
            "until 1m",
        ),
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED\n2s party a SPEAKING billing_code=2\n3s party a DISCONNECTED billing_code=2",
            "until 1m",
        ),
        // A repeat is no step.
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED\n2s party a DISCONNECTED\n3s party a SPEAKING\n4s party a SPEAKING",
            "until 1m",
        ),
        // The last one happens less than so long after the first.
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED\n2s party a SPEAKING\n9999ms party a DISCONNECTED",
            "9999ms fired flaps{1,a}",
        ),
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED\n2s party a SPEAKING\n10s party a DISCONNECTED",
            "until 1m",
        ),
        // Another match began in time.
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED\n2s party a SPEAKING\n8s party a DISCONNECTED\n9s party a SPEAKING\n11s party a DISCONNECTED",
            "8s fired flaps{1,a}",
        ),
        // Called off, for all participants of the meeting at once.
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED\n2s party a SPEAKING\n3s conf MEETING_END\n3s party a DISCONNECTED",
            "until 1m",
        ),
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED\n2s party a SPEAKING\n3s conf MEETING_END billing_code=2\n3s party a DISCONNECTED",
            "3s fired flaps{1,a}",
        ),
        (
            "0s party a SPEAKING\n1s party a DISCONNECTED\n2s party a SPEAKING\n3s restart=5s\n9s party a DISCONNECTED",
            "9s fired flaps{1,a}",
        ),
    ] {
        check(FLAPS, given, expected);
    }
}

#[test]
fn the_order_is_that_of_what_happened_and_at_one_instant_that_of_acceptance() {
    for (steps, expected) in [
        ("100@0 101@1 102@2", "2s fired abc{1}"),
        ("100@0 101@0 102@0", "0s fired abc{1}"),
        ("101@0 100@0 102@0", "until 1m"),
        // One that was overtaken takes its place.
        ("100@0 102@2 101@1", "2s fired abc{1}"),
        ("101@1 102@2 100@0", "2s fired abc{1}"),
        ("102@2 101@1 100@0", "2s fired abc{1}"),
        ("100@1 101@0 102@2", "until 1m"),
        ("100@0 102@1 101@1", "until 1m"),
        // What was taken before gives way to what happened earlier, and nothing is lost by it.
        ("100@0 101@3 103@1 102@2", "3s fired abc{1}"),
        ("100@0 101@3 102@2 103@1", "3s fired abc{1}"),
    ] {
        // Received together, at the end.
        let latest = steps
            .split('@')
            .filter_map(|at| at.split(' ').next()?.parse::<u32>().ok());
        let latest = latest.filter(|at| *at < 100).max().unwrap();
        let line = |step: &str| {
            let (status, at) = step.split_once('@').unwrap();
            format!("{latest}s conf {status} occurred_at={at}s\n")
        };
        let given: String = steps.split(' ').map(line).collect();
        check(ABC, &given, expected);
    }
}

#[test]
fn an_end_ends_what_had_begun_by_then() {
    let rules = ABC.replace("within: 10s", "within: 10s\n  unless: conf.status == MUTED_ALL");
    for (given, expected) in [
        (
            "0s conf RECORDING_OPENING\n1s conf RECORDED\n2s conf MUTED_ALL\n3s conf NOT_RECORDED",
            "until 1m",
        ),
        (
            "1s conf RECORDING_OPENING\n2s conf RECORDED\n3s conf MUTED_ALL occurred_at=999ms\n4s conf NOT_RECORDED",
            "4s fired abc{1}",
        ),
        (
            "1s conf RECORDING_OPENING\n2s conf RECORDED\n3s conf MUTED_ALL occurred_at=1s\n4s conf NOT_RECORDED",
            "until 1m",
        ),
        // Of what is told only afterwards nothing had begun, and it makes no difference what else had been told.
        (
            "3s conf MUTED_ALL\n4s conf RECORDING_OPENING occurred_at=1s\n4s conf RECORDED occurred_at=2s\n5s conf NOT_RECORDED",
            "5s fired abc{1}",
        ),
        (
            "2s conf RECORDED\n3s conf MUTED_ALL\n4s conf RECORDING_OPENING occurred_at=1s\n5s conf NOT_RECORDED",
            "5s fired abc{1}",
        ),
    ] {
        check(&rules, given, expected);
    }
}

#[test]
fn each_first_step_begins_a_match_of_its_own() {
    let mut bench = Bench::new(
        "
rules:
- name: calls
  sequence: [party.status == DIALING, party.status == SPEAKING]
  within: 10s
  key: [party.billing_code]
",
    );
    let pending = |bench: &Bench| bench.world.engine.counts().rules[0].pending;
    bench.give("0s party a DIALING\n1s party b DIALING\n2s party c DIALING");
    assert_eq!(pending(&bench), 3);
    // One notification completes all of them, and is one match.
    bench.give("3s party a SPEAKING");
    let alert = bench.world.engine.open_alerts().next().unwrap();
    let evidence: Vec<u64> = alert.evidence.iter().map(|evidence| evidence.sequence).collect();
    assert_eq!((alert.occurrences, evidence, pending(&bench)), (1, vec![4, 3], 0));
}

#[test]
fn it_ends_with_its_occurrence() {
    check(
        ABC,
        "0s conf RECORDING_OPENING\n1s conf RECORDED\n2s conf MEETING_END\n25s conf NOT_RECORDED occurred_at=2s\n30s conf NOT_RECORDED",
        "until 1m",
    );
    let mut bench = Bench::new(ABC);
    bench.give("0s conf RECORDING_OPENING\n2s conf MEETING_END\nuntil 30s");
    assert_eq!(
        (
            bench.world.engine.keys_of(0),
            bench.world.engine.counts().rules[0].pending
        ),
        (0, 0)
    );
}

#[test]
fn a_reload_keeps_what_means_the_same() {
    for (rules, expected) in [
        (format!("{ABC}  severity: info\n"), "2s fired abc{1} 1"),
        (ABC.replace("within: 10s", "within: 11s"), ""),
    ] {
        let mut bench = Bench::new(ABC);
        bench.give("0s conf RECORDING_OPENING\n1s conf RECORDED");
        bench.load("2s", &rules).give("2s conf NOT_RECORDED");
        bench.expect(expected);
    }
}

#[test]
fn of_too_many_half_done_the_oldest_is_forgotten() {
    let rules = "
rules:
- name: calls
  sequence: [party.status == DIALING, party.status == SPEAKING && party.name == 'x']
  within: 100s
  key: []
";
    let mut bench = Bench::new(rules);
    let lines = |range: std::ops::Range<u32>| range.map(|i| format!("{i}s party p{i} DIALING\n")).collect::<String>();
    bench.give(&lines(0..70));
    let counts = bench.world.engine.counts();
    assert_eq!((counts.sequences_evicted, counts.rules[0].pending), (6, 64));
    bench.give("70s party a SPEAKING name=x");
    let alert = bench.world.engine.open_alerts().next().unwrap();
    let evidence: Vec<u64> = alert.evidence.iter().map(|evidence| evidence.sequence).collect();
    assert_eq!(evidence, [71, 70]);
}
