//! Schedules, and the rules that name them: what can be wrong with them, and what they change of a rule's meaning.

use super::*;

#[test]
fn mistakes_in_schedules() {
    told!(
        "schedules",
        findings(&[(
            "rules.yaml",
            r#"
schedules:
  office: { time_zone: Asia/Shangai, weekdays: mon-frі, times: ['09:00-25:00', '9:00-18:00', "18:00-18:00", 24:00-06:00, noon] }
  Late_Shift: { time_zone: shanghai, weekdays: [monday-friday, x], times: [] }
  holidays:
    time_zone: Nowhere
    dates: [2026-13-01, 2026-10-07..2026-10-01, 2026-01-01..2199-01-01, '2026-10-01T00:00']
    except: 1.5
  empty: {}
  days: mon-fri
rules:
- { name: a, when: party.status == MUTED, during: offce }
- { name: b, when: party.status == SPEAKING, during: [office] }
"#
        )])
    );
}

#[test]
fn schedules_that_are_never_open_and_names_that_stand_twice() {
    let night = "schedules:\n  night: { time_zone: UTC }\n";
    let never = "schedules:\n  never: { time_zone: UTC, dates: 2026-10-01, except: [2026-09-30..2026-10-02] }\n";
    told!(
        "schedules_never",
        findings(&[("a.yaml", never), ("b.yaml", "rules: [{ name: A }]")])
            + &findings(&[("a.yaml", night), ("b.yaml", night)])
    );
}

#[test]
fn schedules_that_nobody_names_and_severities_that_never_change() {
    told!(
        "schedules_unused",
        findings(&[(
            "rules.yaml",
            "
schedules: { night: { time_zone: Europe/Berlin, times: '22:00-06:00' } }
rules:
- name: a
  when: party.status == MUTED
  severity_if: { critical: party.status == SPEAKING && party.status == MUTED }
receivers: [{ name: ops, email: { to: [a@example.com] } }]
route: { routes: [{ match: severity == WARNING, receiver: ops }] }
"
        )])
    );
}

#[test]
fn mistakes_in_severity_if() {
    told!(
        "severity_if",
        findings(&[(
            "rules.yaml",
            "
rules:
- { name: a, when: party.status == MUTED, severity_if: { urgent: party.role == EXPERT, critical: party.rol == EXPERT } }
- { name: b, while: meeting.muted_all, severity_if: { critical: party.role == EXPERT, info: conf.status == RECORDED } }
- { name: c, when: party.status == MUTED, severity_if: critical }
"
        )])
    );
}

#[test]
fn what_is_written_is_what_is_meant() {
    let schedule = |text: &str| {
        let text = format!("schedules: {{ s: {text} }}\nrules: [{{ name: a, when: meeting.live, during: s }}]");
        good(&text).set.schedules.remove(0)
    };
    let weekdays = |text: &str| {
        let days = schedule(&format!("{{ time_zone: UTC, {text} }}")).days.weekdays;
        days.map(|day| if day { 'x' } else { '-' }).iter().collect::<String>()
    };
    for (text, expected) in [
        ("weekdays: mon-fri", "xxxxx--"),
        ("weekdays: [mon, wed-thu]", "x-xx---"),
        ("weekdays: sat-mon", "x----xx"),
        ("weekdays: sun", "------x"),
        ("times: '00:00-24:00'", "xxxxxxx"),
        ("dates: 2026-10-01", "-------"),
        ("weekdays: sun, dates: 2026-10-01", "------x"),
    ] {
        assert_eq!(weekdays(text), expected, "{text}");
    }
    let week = schedule("{ time_zone: UTC, except: [2026-10-01..2026-10-07, 2026-12-25] }");
    assert_eq!(week.days.except.len(), 8);
    assert_eq!(week.windows, [crate::rules::schedule::Window::WHOLE_DAY]);
}

#[test]
fn a_schedule_is_a_part_of_the_meaning_but_its_name_is_not() {
    let meaning = |schedule: &str, rule: &str| {
        let text = format!("schedules: {{ {schedule} }}\nrules: [{{ name: a, when: meeting.live{rule} }}]");
        good(&text).set.rules[0].meaning
    };
    let office = meaning("s: { time_zone: UTC, times: '09:00-18:00' }", ", during: s");
    let renamed = meaning(
        "t: { time_zone: utc, weekdays: [tue-sun, mon], times: ['09:00-18:00'] }",
        ", during: t",
    );
    assert_eq!(office, renamed);
    for (schedule, rule) in [
        ("s: { time_zone: UTC, times: '09:00-18:00' }", ""),
        ("s: { time_zone: '+01:00', times: '09:00-18:00' }", ", during: s"),
        ("s: { time_zone: UTC, times: '09:00-18:01' }", ", during: s"),
        (
            "s: { time_zone: UTC, times: '09:00-18:00', weekdays: mon-fri }",
            ", during: s",
        ),
        (
            "s: { time_zone: UTC, times: '09:00-18:00', except: 2026-10-01 }",
            ", during: s",
        ),
    ] {
        assert_ne!(office, meaning(schedule, rule), "{schedule} {rule}");
    }
    let by_severity = meaning("", ", severity_if: { critical: party.role == EXPERT }");
    assert_eq!(by_severity, meaning("", ""));
}
