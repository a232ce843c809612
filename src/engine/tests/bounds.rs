//! Bounds: what goes when there is too much, and that it is told.

use super::Bench;
use crate::engine::input::Settings;

#[test]
fn of_too_many_alerts_of_a_rule_the_longest_idle_ends() {
    let settings = Settings {
        alerts_per_rule: 2,
        ..Settings::default()
    };
    let rules = "
rules:
- { name: talks, when: party.status == SPEAKING }
- { name: other, when: party.status == SPEAKING }
";
    let mut bench = Bench::with(settings, rules);
    bench.give(
        "
        0s party a SPEAKING billing_code=1
        1s party a SPEAKING billing_code=2
        2s party b SPEAKING billing_code=1
        3s party a SPEAKING billing_code=3
        ",
    );
    bench.expect(
        "
        0s fired talks{1} 1
        0s fired other{1} 1
        1s fired talks{2} 1
        1s fired other{2} 1
        3s resolved talks{2} 1 Evicted
        3s fired talks{3} 1
        3s resolved other{2} 1 Evicted
        3s fired other{3} 1
        ",
    );
    assert_eq!(bench.world.engine.counts().alerts_evicted, 2);
}

#[test]
fn a_state_whose_alert_was_evicted_comes_back_when_it_has_been_false() {
    let settings = Settings {
        alerts_per_rule: 1,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings, "rules:\n- { name: muted, while: meeting.muted_all }");
    bench.give(
        "
        0s conf MUTED_ALL
        1s conf MUTED_ALL billing_code=2
        2s conf RECORDED
        3s conf UNMUTED_ALL
        4s conf MUTED_ALL
        ",
    );
    bench.expect(
        "
        0s fired muted{1} 1
        1s resolved muted{1} 1 Evicted
        1s fired muted{2} 1
        4s resolved muted{2} 1 Evicted
        4s fired muted{1} 1
        ",
    );
}

#[test]
fn of_too_many_participants_the_longest_idle_is_forgotten() {
    let settings = Settings {
        participants_per_meeting: 2,
        ..Settings::default()
    };
    let rules = "
rules:
- { name: held, while: party.status == CALL_HOLDING }
- { name: soon, while: party.status == CALL_HOLDING, for: 1m }
- { name: two, while: meeting.present == 2 }
";
    let mut bench = Bench::with(settings, rules);
    bench.give(
        "
        0s party a CALL_HOLDING
        1s party b CALL_HOLDING
        2s party a CALL_HOLDING name=x
        3s party c CALL_HOLDING
        4s party c MUTED
        until 70s
        ",
    );
    bench.expect(
        "
        0s fired held{1,a} 1
        1s fired held{1,b} 1
        1s fired two{1} 1
        3s resolved held{1,b} 1 Evicted
        3s fired held{1,c} 1
        4s resolved held{1,c} 1 Condition
        1m fired soon{1,a} 1
        ",
    );
    let engine = &bench.world.engine;
    assert_eq!(
        (engine.counts().participants_evicted, engine.participant_count()),
        (1, 2)
    );
}

#[test]
fn of_too_many_meetings_the_longest_silent_closes() {
    let settings = Settings {
        meetings: 2,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings, "rules:\n- { name: muted, while: meeting.muted_all }");
    bench.give(
        "
        0s conf MUTED_ALL billing_code=1
        1s conf MUTED_ALL billing_code=2
        2s conf MUTED_ALL billing_code=1
        3s conf MUTED_ALL billing_code=3
        ",
    );
    bench.expect(
        "
        0s fired muted{1} 1
        1s fired muted{2} 1
        3s resolved muted{2} 1 Evicted
        3s fired muted{3} 1
        ",
    );
    let engine = &bench.world.engine;
    assert_eq!((engine.counts().meetings_evicted, engine.meeting_count()), (1, 2));
}

#[test]
fn what_is_over_leaves_nothing_behind() {
    let mut bench = Bench::new(
        "rules:\n- { name: talks, when: party.status == SPEAKING }\n- { name: held, while: party.status == MUTED, for: 1m }",
    );
    for meeting in 0..50 {
        bench.give(&format!(
            "
            {meeting}s party a SPEAKING billing_code={meeting}
            {meeting}s party b MUTED billing_code={meeting}
            {meeting}s party a DISCONNECTED billing_code={meeting}
            {meeting}s party b DISCONNECTED billing_code={meeting}
            {meeting}s conf MEETING_END billing_code={meeting}
            "
        ));
    }
    bench.advance("1h");
    let engine = &bench.world.engine;
    assert_eq!(
        (
            engine.meeting_count(),
            engine.participant_count(),
            engine.open_alerts().count()
        ),
        (0, 0, 0)
    );
    assert_eq!((engine.deadline_count(), engine.next_deadline()), (0, None));
    let size = engine.snapshot().len();
    assert!(size < 1000, "{size} bytes are left");
}
