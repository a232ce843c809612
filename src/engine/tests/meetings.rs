//! Occurrences of meetings.

use super::{Bench, at, check};

const LIVE: &str = "
rules:
- { name: live, while: meeting.live }
";

/// The sequences that opened the open occurrences.
fn open(bench: &Bench) -> Vec<u64> {
    let engine = &bench.world.engine;
    engine.meetings_from(0).map(|meeting| meeting.opened_sequence).collect()
}

#[test]
fn a_meeting_is_live_from_its_start_or_its_first_participant_until_its_end() {
    for (given, from) in [
        ("0s conf MUTED_ALL\n5s conf MEETING_START", "5s"),
        ("0s conf MUTED_ALL\n5s party a DIALING", "5s"),
        ("0s conf MUTED_ALL\n5s party a CONNECTING", "5s"),
        ("0s party a DISCONNECTED\n5s party a LISTENING_TO_MUSIC", "5s"),
        (
            "0s party a DISCONNECTING\n5s party b SPEAKING\n6s conf MEETING_START",
            "5s",
        ),
    ] {
        let given = format!("{given}\n100s conf MEETING_END\n110s party c SPEAKING\n111s party c DISCONNECTED");
        let expected = format!("{from} fired live{{1}}\n100s resolved live{{1}}\nuntil 200s");
        check(LIVE, &given, &expected);
    }
}

#[test]
fn a_start_joins_an_occurrence_that_has_had_none() {
    let mut bench = Bench::new(LIVE);
    bench.give("0s party a SPEAKING\n5s conf MEETING_START");
    assert_eq!(open(&bench), [1]);
    let (meeting, _) = bench.world.engine.meeting("1").unwrap();
    assert_eq!(
        (meeting.opened_at, meeting.facts.started_at),
        (at("0s"), Some(at("5s")))
    );
}

#[test]
fn another_start_is_a_repeat_while_the_meeting_is_in_use() {
    let in_use = "0s conf MEETING_START\n0s party a SPEAKING\n1h conf MEETING_START";
    let heard_of = "0s conf MEETING_START\n599s conf MUTED_ALL\n1198s conf MEETING_START";
    let unused = "0s conf MEETING_START\n600s conf MEETING_START";
    for (given, opened) in [(in_use, 1), (heard_of, 1), (unused, 2)] {
        let mut bench = Bench::new(LIVE);
        bench.give(given);
        assert_eq!(open(&bench), [opened], "{given}");
    }
    check(
        LIVE,
        unused,
        "
        0s fired live{1}
        600s resolved live{1}
        600s fired live{1}
        ",
    );
}

#[test]
fn a_start_after_an_end_opens_the_next_occurrence() {
    let mut bench = Bench::new(LIVE);
    bench.give(
        "
        0s conf MEETING_START
        5s party a SPEAKING
        10s conf MEETING_END
        11s conf MEETING_START
        ",
    );
    assert_eq!(open(&bench), [4]);
    bench.expect(
        "
        0s fired live{1} 1
        10s resolved live{1} 1 Condition
        11s fired live{1} 1
        ",
    );
    let (meeting, _) = bench.world.engine.meeting("1").unwrap();
    assert_eq!(
        meeting.facts.present, 0,
        "whoever was in the last one is not in the next"
    );
}

#[test]
fn it_closes_when_the_grace_has_passed_and_nobody_is_present() {
    for (given, closes) in [
        ("0s conf MEETING_END", "20s"),
        ("5s conf MEETING_END occurred_at=0s", "20s"),
        ("60s conf MEETING_END occurred_at=0s", "60s"),
        (
            "0s conf MEETING_END\n10s conf MEETING_END\n19s conf NOT_RECORDED",
            "20s",
        ),
        (
            "0s party a SPEAKING\n1s conf MEETING_END\n9s party a DISCONNECTED",
            "21s",
        ),
        (
            "0s party a SPEAKING\n1s conf MEETING_END\n60s party a DISCONNECTED",
            "60s",
        ),
        (
            "0s party a SPEAKING\n1s conf MEETING_END\n60s party a DISCONNECTING",
            "60s",
        ),
        ("0s party a DIALING\n1s conf MEETING_END", "21s"),
    ] {
        // An alert that nothing ends but the close.
        let rules = "rules:\n- { name: known, when: 'true', resolve: { when: 'false' } }";
        let mut bench = Bench::new(rules);
        bench.give(given).advance("10m");
        let last = bench.told().lines().last().map(str::to_owned);
        let closed = last
            .filter(|last| last.ends_with("MeetingClosed"))
            .unwrap_or_else(|| panic!("{given}: {}", bench.told()));
        let closes = crate::rules::file::duration::written(crate::rules::file::duration::parse(closes).unwrap());
        assert!(closed.starts_with(&format!("{closes} resolved")), "{given}: {closed}");
        assert_eq!(open(&bench), [0; 0], "{given}");
    }
}

#[test]
fn what_happened_before_the_last_end_belongs_to_the_last_occurrence() {
    let rules = "
rules:
- { name: refused, when: party.disconnect_reason == PORT_FULL }
- { name: talking, while: meeting.talking > 0 }
";
    let given = "
        0s conf MEETING_START
        60s conf MEETING_END
        70s conf MEETING_START
        80s party a DISCONNECTED disconnect_reason=PORT_FULL occurred_at=60s
        90s party b SPEAKING occurred_at=59s
        100s party c DISCONNECTED disconnect_reason=PORT_FULL occurred_at=61s
    ";
    let mut bench = Bench::new(rules);
    bench.give(given);
    // The alert of what is over ends as it begins; what happened between the two belongs to the open one.
    bench.expect(
        "
        1m20s fired refused{1} 1
        1m20s resolved refused{1} 1 MeetingClosed
        1m40s fired refused{1} 1
        ",
    );
    assert_eq!(open(&bench), [3]);
    // What does not say when it happened happened now.
    bench.give("110s party d DISCONNECTED disconnect_reason=PORT_FULL");
    assert_eq!(
        bench
            .world
            .engine
            .open_alerts()
            .map(|alert| alert.occurrences)
            .collect::<Vec<_>>(),
        [2]
    );
}

#[test]
fn a_late_start_of_the_meeting_that_has_just_ended_opens_none() {
    let mut bench = Bench::new(LIVE);
    bench.give("10s conf MEETING_END\n12s conf MEETING_START occurred_at=1s");
    assert_eq!(open(&bench), [1]);
    bench.expect("");
}

#[test]
fn what_may_be_late_is_remembered_as_long_as_the_lateness_bound() {
    let rules = "rules:\n- { name: muted, when: conf.status == MUTED_ALL }";
    let mut bench = Bench::new(rules);
    bench.give("0s conf MEETING_START\n60s conf MEETING_END\n679s conf MUTED_ALL occurred_at=60s");
    bench.expect("11m19s fired muted{1} 1\n11m19s resolved muted{1} 1 MeetingClosed");
    assert_eq!(bench.world.engine.meeting_count(), 0);
    bench.give("681s conf MUTED_ALL occurred_at=60s");
    assert_eq!(bench.world.engine.meeting_count(), 1);
}

#[test]
fn it_closes_after_a_day_of_silence() {
    check(
        LIVE,
        "
        0s party a SPEAKING
        10h party a SPEAKING
        ",
        "
        0s fired live{1}
        34h resolved live{1}
        until 60h
        ",
    );
}

#[test]
fn a_meeting_is_counted_by_what_its_participants_do_now() {
    let mut bench = Bench::new(LIVE);
    bench.give(
        "
        0s party a SPEAKING role=EXPERT
        1s party b CALL_HOLDING role=CLIENT
        2s party c DIALING role=CLIENT
        3s party d MUTED
        4s party d SPEAKING role=CLIENT
        5s party e DISCONNECTED disconnect_reason=MEETING_FULL
        6s party a DISCONNECTED
        ",
    );
    let facts = bench.world.engine.meeting("1").unwrap().0.facts;
    assert_eq!(
        (
            facts.present,
            facts.talking,
            facts.dialing,
            facts.experts,
            facts.clients
        ),
        (2, 1, 1, 0, 2)
    );
    assert_eq!((facts.peak_present, facts.refused, facts.had_expert), (3, 1, true));
}

#[test]
fn a_refusal_is_counted_once_however_much_is_told_of_it() {
    for (given, refused) in [
        ("1s party a DISCONNECTED disconnect_reason=PORT_FULL phone=7", 1),
        (
            "1s party a DISCONNECTED disconnect_reason=PORT_FULL phone=7 occurred_at=0s",
            1,
        ),
        ("1s party a DISCONNECTED disconnect_reason=MEETING_FULL", 2),
        ("1s party b DISCONNECTED disconnect_reason=PORT_FULL", 2),
        (
            "1s party a DIALING\n2s party a DISCONNECTED disconnect_reason=PORT_FULL",
            2,
        ),
    ] {
        let mut bench = Bench::new(LIVE);
        bench
            .give("1s party a DISCONNECTED disconnect_reason=PORT_FULL")
            .give(given);
        let facts = bench.world.engine.meeting("1").unwrap().0.facts;
        assert_eq!(facts.refused, refused, "{given}");
    }
}

#[test]
fn what_comes_late_still_was_so_at_some_time() {
    let mut bench = Bench::new(LIVE);
    bench.give(
        "
        20s conf NOT_RECORDED
        20s party a DISCONNECTED
        20s party b DISCONNECTED
        30s conf RECORDED occurred_at=10s
        30s party a SPEAKING role=EXPERT occurred_at=10s
        30s party b DISCONNECTED disconnect_reason=PORT_FULL occurred_at=10s
        ",
    );
    let facts = bench.world.engine.meeting("1").unwrap().0.facts;
    assert_eq!((facts.present, facts.experts), (0, 0));
    assert!(facts.was_recorded && facts.had_expert && facts.live);
    assert_eq!(facts.refused, 1);
}

#[test]
fn what_happens_with_the_start_that_closes_one_without_an_end_belongs_to_the_next() {
    let mut bench = Bench::new("rules:\n- { name: talks, while: meeting.talking > 0 }");
    bench.give(
        "
        0s conf MEETING_START
        700s conf MEETING_START occurred_at=699s
        700s party a SPEAKING occurred_at=699s
        701s party b SPEAKING occurred_at=698s
        ",
    );
    let (meeting, _) = bench.world.engine.meeting("1").unwrap();
    assert_eq!((meeting.opened_sequence, meeting.facts.talking), (2, 1));
}
