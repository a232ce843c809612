//! The share of some notifications among others.

use super::{Bench, check};

const UNANSWERED: &str = "
rules:
- name: unanswered
  when: party.disconnect_reason == NO_ANSWER
  ratio: { of: party.status == DISCONNECTED, at_least: 0.3, within: 10s, min_samples: 4 }
";

/// Disconnections at these times: `1s!` is one without an answer.
fn disconnections(times: &str) -> String {
    let line = |(i, at): (usize, &str)| {
        let reason = match at.ends_with('!') {
            true => "NO_ANSWER",
            false => "REMOTE_HUNG_UP",
        };
        let (received, occurred) = match at.trim_end_matches('!').split_once('@') {
            Some((received, at)) => (received, format!(" occurred_at={at}")),
            None => (at.trim_end_matches('!'), String::new()),
        };
        format!("{received} party p{i} DISCONNECTED disconnect_reason={reason}{occurred}\n")
    };
    times.split(' ').enumerate().map(line).collect()
}

#[test]
fn it_is_weighed_when_one_comes_that_the_share_is_of() {
    for (times, expected) in [
        // Too few to tell.
        ("0s! 1s! 2s!", "until 1m"),
        ("0s! 1s! 2s! 3s!", "3s fired unanswered{1}"),
        // Even if that one is none of those: two of four.
        ("0s! 1s! 2s 3s", "3s fired unanswered{1}"),
        ("0s! 1s 2s 3s", "until 1m"),
        // Exactly as many: three of ten; and one too few.
        ("0s 0s 0s 0s 0s 0s 0s 0s! 0s! 0s!", "0s fired unanswered{1}"),
        ("0s 0s 0s 0s 0s 0s 0s 0s 0s! 0s! 1s", "until 1m"),
        // The window is open at its beginning.
        ("0s! 1s! 2s 9999ms", "9999ms fired unanswered{1}"),
        ("0s! 1s! 2s 10s", "until 1m"),
        // What leaves the window changes the share only when the next one comes.
        ("0s 0s 0s 1s! 5s 6s 7s 20s", "until 1m"),
        ("0s 0s 0s 0s 0s 1s! 2s! 10s", "until 10s"),
        ("0s 0s 0s 0s 0s 1s! 2s! 10s 10s", "10s fired unanswered{1}"),
        // What comes late counts when it happened.
        ("0s! 1s 2s 30s@3s!", "30s fired unanswered{1}"),
        ("10s 11s! 12s 30s@1s!", "until 1m"),
        ("10s 11s! 12s 30s@2001ms!", "30s fired unanswered{1}"),
        ("10s 11s! 12s 30s@9s 30s@2001ms", "until 1m"),
    ] {
        check(UNANSWERED, &disconnections(times), expected);
    }
}

#[test]
fn each_key_has_a_share_of_its_own() {
    let mut bench = Bench::new(
        "
rules:
- name: country
  when: party.disconnect_reason == NO_ANSWER
  ratio: { of: party.status == DISCONNECTED, at_least: 1, within: 1m, min_samples: 2 }
  key: [party.country]
",
    );
    bench.give(
        "
        0s party a DISCONNECTED disconnect_reason=NO_ANSWER country=49
        1s party b DISCONNECTED disconnect_reason=NO_ANSWER country=86
        2s party c DISCONNECTED country=49
        3s party d DISCONNECTED disconnect_reason=NO_ANSWER country=86 billing_code=2
        4s party e DISCONNECTED disconnect_reason=NO_ANSWER
        ",
    );
    bench.expect("3s fired country{86} 1");
    assert_eq!(bench.world.engine.counts().rules[0].keyless, 1);
    let alert = bench.world.engine.open_alerts().next().unwrap();
    let evidence: Vec<u64> = alert.evidence.iter().map(|evidence| evidence.sequence).collect();
    assert_eq!(evidence, [4, 2]);
}

#[test]
fn it_goes_on_over_a_restart_and_a_reload_that_leaves_its_meaning() {
    check(
        UNANSWERED,
        &format!(
            "{}4s restart=1s\n{}",
            disconnections("0s! 1s! 2s"),
            "6s party x DISCONNECTED"
        ),
        "6s fired unanswered{1}",
    );
    for (rules, expected) in [
        (format!("{UNANSWERED}  severity: info\n"), "3s fired unanswered{1} 1"),
        (UNANSWERED.replace("0.3", "0.300001"), ""),
        (UNANSWERED.replace("min_samples: 4", "min_samples: 3"), ""),
    ] {
        let mut bench = Bench::new(UNANSWERED);
        bench.give(&disconnections("0s! 1s! 2s"));
        bench.load("2s", &rules).give("3s party x DISCONNECTED");
        bench.expect(expected);
    }
}

#[test]
fn a_window_is_bounded_and_its_share_that_of_the_newest() {
    let mut bench = Bench::new(
        &UNANSWERED
            .replace("within: 10s", "within: 1h")
            .replace("min_samples: 4", "min_samples: 4096"),
    );
    let mut participants = 0..;
    let mut give = |reason: &str, count: usize| {
        for _ in 0..count / 512 {
            let lines = participants.by_ref().take(512);
            let lines = lines.map(|i| format!("1s party p{i} DISCONNECTED disconnect_reason={reason}\n"));
            bench.give(&lines.collect::<String>());
        }
        (bench.told(), bench.world.engine.counts().matches_forgotten)
    };
    assert_eq!(give("NO_ANSWER", 1024), (String::new(), 0));
    assert_eq!(give("BUSY", 3584), (String::new(), 512));
    let (told, forgotten) = give("NO_ANSWER", 1536);
    assert_eq!(
        (told.lines().next(), forgotten),
        (Some("1s fired unanswered{1} 1"), 2048)
    );
}
