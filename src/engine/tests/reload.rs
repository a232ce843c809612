//! New rule sets over state that is there.

use super::Bench;
use crate::model::Severity;

const RULES: &str = "
rules:
- { name: talks, when: party.status == SPEAKING }
- { name: muted, while: meeting.muted_all, for: 30s }
- { name: paused, while: meeting.recording == RECORDING_PAUSED }
";

/// One alert of each kind open, and one state pending.
fn bench() -> Bench {
    let mut bench = Bench::new(RULES);
    bench.give("0s party a SPEAKING\n1s conf RECORDING_PAUSED\n10s conf MUTED_ALL");
    bench.expect("0s fired talks{1} 1\n1s fired paused{1} 1");
    bench.effects();
    bench
}

#[test]
fn what_means_the_same_keeps_all_its_state_wherever_it_stands() {
    let mut bench = bench();
    bench.load(
        "20s",
        "
define: { quiet: meeting.muted_all }
rules:
- { name: new, when: conf.status == 77 }
- { name: paused, while: '((meeting.recording) == RECORDING_PAUSED)' }
- { name: muted, while: quiet, for: 30s, summary: other }
- { name: talks, when: party.status == SPEAKING, description: other }
",
    );
    bench.give("21s party b SPEAKING\n50s conf RECORDED\n51s conf UNMUTED_ALL\nuntil 11m");
    bench.expect(
        "
        21s updated talks{1} 2
        40s fired muted{1} 1
        50s resolved paused{1} 1 Condition
        51s resolved muted{1} 1 Condition
        10m21s resolved talks{1} 2 Timeout
        ",
    );
}

#[test]
fn what_was_changed_ends_its_alerts_and_begins_anew() {
    let mut bench = bench();
    bench.load(
        "20s",
        "
rules:
- { name: talks, when: party.status == SPEAKING, resolve: { after: 1m } }
- { name: muted, while: meeting.muted_all, for: 40s }
- { name: paused, while: meeting.recording == RECORDING_PAUSED, keep_firing_for: 1m }
",
    );
    bench.give("21s party b SPEAKING\nuntil 70s");
    // The state that `muted` and `paused` watch lasts; for a changed rule it begins at the change.
    bench.expect(
        "
        20s resolved talks{1} 1 RuleChanged
        20s resolved paused{1} 1 RuleChanged
        20s fired paused{1} 1
        21s fired talks{1} 1
        1m fired muted{1} 1
        ",
    );
}

#[test]
fn what_was_removed_or_switched_off_ends_its_alerts() {
    for rules in ["rules: []", &RULES.replace(" }", ", enabled: false }")] {
        let mut bench = bench();
        bench.load("20s", rules);
        bench.give("21s party b SPEAKING\nuntil 70s");
        bench.expect("20s resolved talks{1} 1 RuleRemoved\n20s resolved paused{1} 1 RuleRemoved");
        assert_eq!(
            bench
                .world
                .engine
                .counts()
                .rules
                .iter()
                .map(|rule| rule.pending)
                .sum::<u64>(),
            0
        );
    }
}

#[test]
fn severity_and_labels_take_effect_on_open_alerts_at_once() {
    let mut bench = bench();
    let id = |bench: &Bench| {
        bench
            .world
            .engine
            .open_alerts()
            .map(|alert| alert.id)
            .collect::<Vec<_>>()
    };
    let before = id(&bench);
    bench.load(
        "20s",
        &RULES.replace("name: paused", "name: paused, severity: critical, labels: { team: a }"),
    );
    bench.expect("20s updated paused{1} 1");
    assert_eq!(id(&bench), before);
    let paused = bench.world.engine.open_alerts().nth(1).unwrap();
    assert_eq!(
        (paused.severity, paused.labels["team"].as_str()),
        (Severity::Critical, "a")
    );
}

#[test]
fn the_same_rules_again_change_nothing() {
    let mut bench = bench();
    bench.load("20s", RULES).load("25s", RULES).advance("40s");
    bench.expect("40s fired muted{1} 1");
}

#[test]
fn a_new_rule_watches_states_that_are_there_from_now_on() {
    let mut bench = bench();
    let rule = "- { name: speaks, while: party.status == SPEAKING && meeting.muted_all, for: 5s }\n- { name: now, while: meeting.present == 1 }\n";
    bench.load("20s", &format!("{RULES}{rule}")).advance("30s");
    bench.expect("20s fired now{1} 1\n25s fired speaks{1,a} 1");
}

#[test]
fn a_reload_tells_what_became_of_each_rule_and_what_it_had() {
    let mut bench = bench();
    bench.give("11s party a CALL_HOLDING");
    let (new, _) = super::compiled(
        "
rules:
- { name: muted, while: meeting.muted_all, for: 31s }
- { name: paused, while: meeting.recording == RECORDING_PAUSED, severity: info }
- { name: other, when: party.status == SPEAKING }
",
    );
    let foretold = bench.world.engine.compare(&new);
    bench.world.load(super::at("20s"), &new);
    let reloaded = bench.world.engine.reloaded();
    let told: Vec<String> = reloaded
        .rules
        .iter()
        .map(|rule| format!("{} {} {} {}", rule.fate.name(), rule.name, rule.alerts, rule.timers))
        .collect();
    assert_eq!(
        told,
        [
            "reset muted 0 1",
            "kept paused 1 0",
            "added other 0 0",
            "removed talks 1 0"
        ]
    );
    assert_eq!((reloaded.at, &reloaded.rules), (super::at("20s"), &foretold.rules));
}

#[test]
fn an_open_alert_keeps_its_texts_and_what_fires_later_has_the_new_ones() {
    let rules =
        |summary: &str| format!("rules:\n- {{ name: talks, when: party.status == SPEAKING, summary: {summary} }}");
    let mut bench = Bench::new(&rules("old"));
    bench.give("0s party a SPEAKING");
    bench.load("10s", &rules("new"));
    bench.give("11s party a SPEAKING billing_code=2\n12s party b SPEAKING\nuntil 30s");
    let summaries: Vec<&str> = bench
        .world
        .engine
        .open_alerts()
        .map(|alert| alert.summary.masked.as_str())
        .collect();
    assert_eq!(summaries, ["old", "new"]);
    bench.expect("0s fired talks{1} 1\n11s fired talks{2} 1\n12s updated talks{1} 2");
}
