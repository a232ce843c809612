//! Rules that see only during a schedule. Every test begins at 08:00:00 UTC.

use super::{Bench, at, check};
use crate::engine::input::Input;

/// Open from the first to the third minute and from the fifth to the seventh.
const SCHEDULE: &str = "schedules: { shift: { time_zone: UTC, times: ['08:01-08:03', '08:05-08:07'] } }\n";

#[test]
fn outside_of_its_schedule_a_rule_sees_nothing() {
    let rules = format!("{SCHEDULE}rules:\n- {{ name: talks, when: party.status == SPEAKING, during: shift }}");
    for (given, expected) in [
        ("59s party a SPEAKING", "until 5m"),
        // It sees from the instant of the opening on, and no more at that of the close.
        (
            "1m party a SPEAKING\n179s party b SPEAKING billing_code=2\n3m party c SPEAKING billing_code=3",
            "1m fired talks{1}\n179s fired talks{2}\n3m resolved talks{1}\n3m resolved talks{2}\nuntil 5m",
        ),
        // What happened before, but is told of now, is seen now.
        ("70s party a SPEAKING occurred_at=30s", "70s fired talks{1}\nuntil 2m"),
        // What it says again was said while nobody looked.
        ("30s party a SPEAKING\n70s party a SPEAKING", "until 5m"),
        (
            "1m party a SPEAKING\n4m party b SPEAKING\n5m party c SPEAKING",
            "1m fired talks{1}\n3m resolved talks{1}\n5m fired talks{1}\n7m resolved talks{1}\nuntil 8m",
        ),
    ] {
        check(&rules, given, expected);
    }
}

#[test]
fn a_state_that_lasts_begins_at_the_opening_and_ends_at_the_close() {
    let rules = format!("{SCHEDULE}rules:\n- {{ name: muted, while: meeting.muted_all, for: 30s, during: shift }}");
    for (given, expected) in [
        (
            "0s conf MUTED_ALL\nuntil 6m",
            "90s fired muted{1}\n3m resolved muted{1}\n330s fired muted{1}",
        ),
        // What ended before the opening does not begin.
        ("0s conf MUTED_ALL\n59s conf UNMUTED_ALL\nuntil 3m", ""),
        // At the close its clock stops, even if it ran out at that instant.
        ("150s conf MUTED_ALL\n200s conf UNMUTED_ALL\nuntil 9m", ""),
        (
            "149s conf MUTED_ALL\n200s conf UNMUTED_ALL\nuntil 9m",
            "179s fired muted{1}\n3m resolved muted{1}",
        ),
        // A clock that runs is no hindrance to another opening.
        ("160s conf MUTED_ALL\nuntil 6m", "330s fired muted{1}"),
        (
            "0s conf MUTED_ALL\n80s restart\nuntil 3m",
            "90s fired muted{1}\n3m resolved muted{1}",
        ),
    ] {
        check(&rules, given, expected);
    }
}

#[test]
fn the_states_of_participants_and_what_fades_end_too() {
    let rules = format!(
        "{SCHEDULE}rules:\n- {{ name: holds, while: party.status == CALL_HOLDING, keep_firing_for: 1m, during: shift }}"
    );
    check(
        &rules,
        "
        0s party a CALL_HOLDING
        1s party b CALL_HOLDING
        170s party a SPEAKING
        250s party b SPEAKING
        until 10m
        ",
        "
        1m fired holds{1,a}
        1m fired holds{1,b}
        3m resolved holds{1,a}
        3m resolved holds{1,b}
        ",
    );
}

#[test]
fn the_alerts_of_several_rules_end_in_the_order_of_their_age_and_say_why() {
    let mut bench = Bench::new(&format!(
        "{SCHEDULE}rules:
- {{ name: talks, when: party.status == SPEAKING, during: shift }}
- {{ name: muted, while: meeting.muted_all, during: shift }}
- {{ name: always, while: meeting.muted_all }}"
    ));
    bench.give("0s conf MUTED_ALL\n2m party a SPEAKING\nuntil 4m");
    bench.expect(
        "
        0s fired always{1} 1
        1m fired muted{1} 1
        2m fired talks{1} 1
        3m resolved muted{1} 1 OffSchedule
        3m resolved talks{1} 1 OffSchedule
        ",
    );
    assert!(bench.world.engine.counts().rules.iter().all(|rule| rule.pending == 0));
}

#[test]
fn turns_while_the_service_was_down_happen_when_it_is_back() {
    let rules = format!("{SCHEDULE}rules:\n- {{ name: muted, while: meeting.muted_all, during: shift }}");
    for (given, expected) in [
        (
            "70s conf MUTED_ALL\n80s restart=140s\nuntil 6m",
            "70s fired muted{1}\n220s resolved muted{1}\n5m fired muted{1}",
        ),
        // What was open has been closed in between.
        (
            "70s conf MUTED_ALL\n80s restart=240s\nuntil 6m",
            "70s fired muted{1}\n320s resolved muted{1}\n320s fired muted{1}",
        ),
        ("0s conf MUTED_ALL\n1s restart=230s\nuntil 5m", "5m fired muted{1}"),
        ("0s conf MUTED_ALL\n1s restart=90s\nuntil 2m", "91s fired muted{1}"),
    ] {
        check(&rules, given, expected);
    }
}

#[test]
fn a_schedule_is_kept_or_changed_by_what_it_says() {
    let rules = |schedule: &str, name: &str| {
        format!(
            "schedules: {{ {name}: {{ time_zone: UTC, times: {schedule} }} }}
rules:
- {{ name: muted, while: meeting.muted_all, for: 30s, during: {name} }}"
        )
    };
    // The clock goes on over a reload, and stops at the close before it runs out.
    let mut bench = Bench::new(&rules("'08:01-08:03'", "shift"));
    bench.give("150s conf MUTED_ALL");
    bench.load("160s", &rules("'08:01-08:03'", "other")).advance("5m");
    bench.expect("");

    let mut bench = Bench::new(&rules("'08:01-08:03'", "shift"));
    bench.give("70s conf MUTED_ALL");
    bench.load("80s", &rules("'08:01-08:03'", "other")).advance("110s");
    bench.load("110s", &rules("'08:00-08:04'", "other"));
    bench.load("120s", &rules("'08:05-08:06'", "other")).advance("6m");
    bench.expect(
        "
        1m40s fired muted{1} 1
        1m50s resolved muted{1} 1 RuleChanged
        5m30s fired muted{1} 1
        6m resolved muted{1} 1 OffSchedule
        ",
    );
}

#[test]
fn nobody_waits_for_a_schedule_that_nobody_uses() {
    for rules in [
        "rules:\n- { name: muted, while: meeting.muted_all }",
        "rules:\n- { name: muted, while: meeting.muted_all, during: shift, enabled: false }",
    ] {
        let bench = Bench::new(&format!("{SCHEDULE}{rules}"));
        assert_eq!(bench.world.engine.next_deadline(), None);
    }
    let used = "rules:\n- { name: muted, while: meeting.muted_all, during: shift }";
    let bench = Bench::new(&format!("{SCHEDULE}{used}"));
    assert_eq!(bench.world.engine.next_deadline(), Some(at("1m")));
}

#[test]
fn what_an_operator_has_ended_does_not_come_back_at_the_opening() {
    for (condition, told, comes_back) in [
        (
            "while: meeting.muted_all",
            "0s conf MUTED_ALL",
            "5m30s conf UNMUTED_ALL\n5m40s conf MUTED_ALL",
        ),
        (
            "while: party.status == MUTED",
            "0s party a MUTED",
            "5m30s party a SPEAKING\n5m40s party a MUTED",
        ),
        (
            "quiet: party.status == SPEAKING, for: 10s",
            "1m party a SPEAKING",
            "5m30s party b SPEAKING",
        ),
    ] {
        let rules = format!("{SCHEDULE}rules:\n- {{ name: a, {condition}, during: shift }}");
        let mut bench = Bench::new(&rules);
        bench.give(&format!("{told}\nuntil 90s"));
        let alert = bench.world.engine.open_alerts().next().unwrap().id;
        bench.apply("90s", Input::Resolve { alert });
        bench.give("100s restart\nuntil 5m20s");
        let told = bench.told();
        assert!(told.ends_with("Operator") && told.lines().count() == 2, "{told}");
        bench.give(&format!("{comes_back}\nuntil 6m"));
        assert_eq!(bench.world.engine.open_alerts().count(), 1, "{condition}");
    }
}

#[test]
fn what_has_begun_before_the_close_is_forgotten() {
    for (condition, given, expected) in [
        (
            "when: party.status == SPEAKING, count: { at_least: 3, within: 10m }",
            "70s party a SPEAKING\n80s party b SPEAKING\n4m party c SPEAKING\n310s party d SPEAKING\n320s party e SPEAKING",
            "",
        ),
        (
            "when: party.status == SPEAKING, count: { at_least: 3, within: 10m }",
            "70s party a SPEAKING\n80s party b SPEAKING\n90s party c SPEAKING\n310s party d SPEAKING",
            "90s fired a{1}\n3m resolved a{1}",
        ),
        (
            "when: party.status == DISCONNECTED, ratio: { of: 'party.status in [0, 5]', at_least: 0.5, within: 10m, min_samples: 2 }",
            "70s party a DISCONNECTED\n310s party b DISCONNECTED\n320s party c SPEAKING",
            "320s fired a{1}\n7m resolved a{1}",
        ),
        // What was expected is expected no more, and what should have been expected before the opening is not.
        (
            "after: conf.status == MEETING_START, expect: conf.status == RECORDED, within: 40s",
            "30s conf MEETING_START billing_code=2\n150s conf MEETING_START\n310s conf MEETING_START billing_code=3",
            "350s fired a{3}\n7m resolved a{3}",
        ),
        (
            "sequence: [party.status == DIALING, party.status == SPEAKING], within: 10m, key: [party.billing_code]",
            "150s party a DIALING\n310s party a SPEAKING\n320s party b DIALING\n330s party b SPEAKING",
            "330s fired a{1}\n7m resolved a{1}",
        ),
        // A silence that lasts begins at the opening; what is said while nobody listens is not heard.
        (
            "quiet: party.status == SPEAKING, for: 30s",
            "150s party a SPEAKING\n4m party b SPEAKING",
            "330s fired a{1}\n7m resolved a{1}",
        ),
        (
            "quiet: party.status == SPEAKING, for: 30s",
            "70s party a SPEAKING\n4m party b SPEAKING billing_code=2\n310s party c SPEAKING\n400s restart=2s",
            "100s fired a{1}\n3m resolved a{1}\n340s fired a{1}\n7m resolved a{1}",
        ),
        (
            "quiet: party.status == SPEAKING, for: 30s",
            "150s party a SPEAKING\n160s restart=145s",
            "335s fired a{1}\n7m resolved a{1}",
        ),
    ] {
        let rules = format!("{SCHEDULE}rules:\n- {{ name: a, {condition}, during: shift }}");
        check(&rules, &format!("{given}\nuntil 8m"), expected);
    }
}
