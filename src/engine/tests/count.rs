//! So many notifications in a sliding window.

use super::{Bench, check};
use crate::engine::input::Settings;

const THREE: &str = "rules:\n- { name: many, when: party.status == DISCONNECTED, count: { at_least: 3, within: 10s } }";

#[test]
fn it_matches_when_there_are_enough_within_a_window_that_is_open_at_its_beginning() {
    for (times, expected) in [
        ("0s 1s 2s", "2s fired many{1}"),
        ("0s 1s 9999ms", "9999ms fired many{1}"),
        // Ten seconds later the first one lies just outside.
        ("0s 1s 10s", "until 1m"),
        ("0s 1s 10s 10999ms", "10999ms fired many{1}"),
        ("0s 0s 0s", "0s fired many{1}"),
        ("0s 5s 10s 15s 20s", "until 1m"),
    ] {
        check(THREE, &disconnections(times), expected);
    }
}

/// A disconnection of another participant at each of these times.
fn disconnections(times: &str) -> String {
    let lines = times.split(' ').enumerate();
    lines.map(|(i, at)| format!("{at} party p{i} DISCONNECTED\n")).collect()
}

#[test]
fn each_further_one_is_a_match_while_there_are_enough() {
    let mut bench = Bench::new(THREE);
    bench.give(&disconnections("0s 1s 2s 3s 11s 13s"));
    let alert = bench.world.engine.open_alerts().next().unwrap();
    assert_eq!((alert.occurrences, alert.last_seen_at), (3, super::at("11s")));
    let evidence: Vec<u64> = alert.evidence.iter().map(|evidence| evidence.sequence).collect();
    assert_eq!(evidence, [5, 4, 3, 2, 1]);
}

#[test]
fn it_is_weighed_when_one_is_counted_and_never_by_the_passing_of_time() {
    check(
        &THREE.replace(" } }", " }, resolve: { after: 5s } }"),
        &disconnections("0s 1s 2s 8s"),
        "2s fired many{1}\n7s resolved many{1}\n8s fired many{1}\n13s resolved many{1}\nuntil 1m",
    );
}

#[test]
fn what_comes_late_counts_when_it_happened() {
    for (given, expected) in [
        // It completes a window in the past.
        (
            "0s party a DISCONNECTED\n9s party b DISCONNECTED\n30s party c DISCONNECTED occurred_at=5s",
            "30s fired many{1}",
        ),
        // Those of later ones count too.
        (
            "20s party a DISCONNECTED\n29s party b DISCONNECTED\n40s party c DISCONNECTED occurred_at=19001ms",
            "40s fired many{1}",
        ),
        (
            "20s party a DISCONNECTED\n29s party b DISCONNECTED\n40s party c DISCONNECTED occurred_at=19s",
            "until 1m",
        ),
        (
            "10s party a DISCONNECTED\n11s party b DISCONNECTED\n30s party c DISCONNECTED occurred_at=21s",
            "until 1m",
        ),
        // As late as may be, and a little later: then it counts when it is received.
        (
            "10s party a DISCONNECTED\n11s party b DISCONNECTED\n611s party c DISCONNECTED occurred_at=11s",
            "611s fired many{1}\nuntil 612s",
        ),
        (
            "10s party a DISCONNECTED\n11s party b DISCONNECTED\n611001ms party c DISCONNECTED occurred_at=11s",
            "until 700s",
        ),
    ] {
        check(
            &THREE.replace(" } }", " }, resolve: { when: 'false' } }"),
            given,
            expected,
        );
    }
}

#[test]
fn what_has_to_differ_is_counted_apart() {
    let rules = "
rules:
- name: many
  when: party.status == DISCONNECTED
  count: { at_least: 3, within: 10s, distinct: { of: party.phone, at_least: 2 } }
";
    for (phones, expected) in [
        ("1 1 1 1 1 1 1 1 1 1 2", "10s fired many{1}"),
        ("1 2 1", "2s fired many{1}"),
        ("1 1 1 1", "until 1m"),
        // An absent value is counted, but is no value.
        ("1 - - -", "until 1m"),
        ("1 - 2", "2s fired many{1}"),
        // What differs has left the window before there are enough.
        ("2 . . . . . . . . 1 1 1", "until 1m"),
        ("2 . . . . . . . 1 1", "9s fired many{1}"),
    ] {
        let line = |(i, phone): (usize, &str)| match phone {
            "." => String::new(),
            "-" => format!("{i}s party p{i} DISCONNECTED\n"),
            phone => format!("{i}s party p{i} DISCONNECTED phone={phone}\n"),
        };
        let given: String = phones.split(' ').enumerate().map(line).collect();
        check(rules, &given, expected);
    }
}

#[test]
fn each_key_is_counted_by_itself() {
    let rules = "
rules:
- { name: meeting, when: party.status == DISCONNECTED, count: { at_least: 2, within: 1m } }
- { name: bridge, when: party.status == DISCONNECTED, key: [], count: { at_least: 4, within: 1m, distinct: { of: party.billing_code, at_least: 2 } } }
- { name: phone, when: party.status == DISCONNECTED, key: [party.phone], count: { at_least: 2, within: 1m } }
";
    let mut bench = Bench::new(rules);
    bench.give(
        "
        0s party a DISCONNECTED phone=1
        1s party a DISCONNECTED phone=2 billing_code=2
        2s party b DISCONNECTED billing_code=2
        3s party b DISCONNECTED phone=1 billing_code=3
        ",
    );
    bench.expect("2s fired meeting{2} 1\n3s fired bridge{} 1\n3s fired phone{1} 1");
    let keys: Vec<usize> = (0..3).map(|rule| bench.world.engine.keys_of(rule)).collect();
    assert_eq!(keys, [3, 1, 2]);
    assert_eq!(bench.world.engine.counts().rules[2].keyless, 1);
}

#[test]
fn a_repeat_is_not_counted_but_seen() {
    let mut bench = Bench::new(THREE);
    bench.give(
        "
        0s party a DISCONNECTED
        1s party a DISCONNECTED
        2s party b DISCONNECTED
        3s party c DISCONNECTED
        9s party c DISCONNECTED
        ",
    );
    bench.expect("3s fired many{1} 1");
    let alert = bench.world.engine.open_alerts().next().unwrap();
    assert_eq!((alert.occurrences, alert.last_seen_at), (1, super::at("9s")));
}

#[test]
fn it_ends_with_its_occurrence_and_what_is_told_later_is_counted_by_itself() {
    let rules = |at_least| {
        format!(
            "rules:\n- {{ name: many, when: party.status == DISCONNECTED, count: {{ at_least: {at_least}, within: 10m }} }}"
        )
    };
    let given = "
        0s party a DISCONNECTED
        1s conf MEETING_END
        25s party b DISCONNECTED occurred_at=0s
        30s party c DISCONNECTED
    ";
    check(&rules(2), given, "until 1m");
    check(
        &rules(1),
        given,
        "0s fired many{1}\n21s resolved many{1}\n25s fired many{1}\n25s resolved many{1}\n30s fired many{1}\nuntil 1m",
    );
}

#[test]
fn it_goes_on_over_a_restart_and_a_reload_that_leaves_its_meaning() {
    check(
        THREE,
        "0s party a DISCONNECTED\n1s party b DISCONNECTED\n2s restart=5s\n9s party c DISCONNECTED",
        "9s fired many{1}",
    );
    for (rules, expected) in [
        (
            "rules:\n- { name: new, when: 'false', key: [] }\n- { name: many, severity: critical, when: 'party.status==DISCONNECTED', count: { within: 10s, at_least: 3 } }",
            "3s fired many{1} 1",
        ),
        (&*THREE.replace("within: 10s", "within: 11s"), ""),
        (&*THREE.replace("at_least: 3", "at_least: 2"), ""),
    ] {
        let mut bench = Bench::new(THREE);
        bench.give("0s party a DISCONNECTED\n1s party b DISCONNECTED");
        bench.load("2s", rules).give("3s party c DISCONNECTED");
        bench.expect(expected);
    }
}

#[test]
fn a_window_is_bounded_and_still_exact_for_what_comes_in_time() {
    let rules = "
rules:
- name: many
  when: party.status == DISCONNECTED
  key: []
  count: { at_least: 3, within: 1h, distinct: { of: party.phone, at_least: 3 } }
";
    let mut bench = Bench::new(rules);
    bench.give("0s party x DISCONNECTED phone=1\n0s party y DISCONNECTED phone=2");
    for storm in 0..3 {
        let lines = (0..1000).map(|i| format!("1s party p{storm}-{i} DISCONNECTED phone=2\n"));
        bench.give(&lines.collect::<String>());
    }
    bench.expect("");
    bench.give("59m party z DISCONNECTED phone=3");
    bench.expect("59m fired many{} 1");
    let forgotten = bench.world.engine.counts().matches_forgotten;
    assert!((2000..3000).contains(&forgotten), "{forgotten}");
}

#[test]
fn of_too_many_keys_the_longest_idle_is_forgotten_and_its_alert_ends() {
    let settings = Settings {
        keys_per_rule: 2,
        ..Settings::default()
    };
    let rules = "
rules:
- { name: two, when: party.status == DISCONNECTED, count: { at_least: 2, within: 1m } }
- { name: two-of-all, when: party.status == DISCONNECTED, key: [], count: { at_least: 2, within: 1m } }
";
    let mut bench = Bench::with(settings, rules);
    bench.give(
        "
        0s party a DISCONNECTED billing_code=1
        1s party b DISCONNECTED billing_code=1
        2s party a DISCONNECTED billing_code=2
        3s party a DISCONNECTED billing_code=3
        4s party c DISCONNECTED billing_code=1
        ",
    );
    bench.expect("1s fired two{1} 1\n1s fired two-of-all{} 1\n3s resolved two{1} 1 Evicted");
    let counts = bench.world.engine.counts();
    assert_eq!(
        (counts.keys_evicted, counts.rules[0].evicted, counts.rules[1].evicted),
        (2, 2, 0)
    );
}

#[test]
fn keys_that_nothing_can_come_of_are_forgotten() {
    let mut bench = Bench::new(&THREE.replace("DISCONNECTED", "DISCONNECTED, key: [party.phone]"));
    bench.give("0s party a DISCONNECTED phone=1\n60s party a DISCONNECTED phone=2\nuntil 610s");
    let keys = |bench: &Bench| bench.world.engine.keys_of(0);
    assert_eq!(keys(&bench), 1);
    bench.advance("1221s");
    assert_eq!((keys(&bench), bench.world.engine.counts().keys_evicted), (0, 0));
}
