//! What the words of rule files mean, exactly, each sentence by a table of what is received and what must happen. [`check`] is the door
//! to most of them; a [`Bench`] is for what a rule file's own tests cannot say: settings, reloads, mails, answers.
//!
//! Both read one shorthand, a line each:
//!
//! ```text
//! 5s conf RECORDED                                   of the meeting 1
//! 5s party a SPEAKING role=EXPERT billing_code=2     of the participant a
//! 5s restart                                         5s restart=90s
//! 9s fired some-rule{1,a}                            what must happen; in full: some-rule{phone="1"}
//! until 20s
//! ```

mod alerts;
mod bounds;
mod count;
mod delivery;
mod determinism;
mod each;
mod expected;
mod held;
mod idle;
mod ids;
mod letters;
mod meetings;
mod oracle;
mod outbox;
mod quiet;
mod ratio;
mod reload;
mod repeats;
mod schedules;
mod sequence;
mod severity;
mod silences;
mod time;

use std::{fmt::Write, sync::Arc, time::Duration};

use super::{
    effect::Effect,
    input::{Input, Settings},
};
use crate::{
    model::{AlertEvent, AlertState, Conf, ConferenceStatus, Payload, Time, WeeklyTimes},
    rules::{RuleSet, RuleSource, SourceFile, diagnostic::Diagnostic, file::duration},
    selftest::{self, Script, world::World},
};

/// Runs notifications past rules, and panics unless exactly that happens; with the state read back from snapshots too.
fn check(rules: &str, given: &str, expected: &str) {
    let text = format!("{rules}\n{}", test_case(given, expected));
    let (rules, script) = compiled(&text);
    if let Err(failure) = selftest::run(&rules, &script.unwrap()) {
        panic!("{}", failure.render(&rules.source, false));
    }
}

/// The rules of a file and its test, if it has one.
fn compiled(text: &str) -> (Arc<RuleSet>, Option<Script>) {
    let source = Arc::new(RuleSource {
        files: vec![SourceFile {
            name: "rules.yaml".to_owned(),
            text: text.to_owned(),
        }],
    });
    let rendered =
        |findings: &[Diagnostic]| -> String { findings.iter().map(|finding| finding.render(&source, false)).collect() };
    let (compiled, scripts) =
        selftest::prepare(&source, None).unwrap_or_else(|findings| panic!("{}", rendered(&findings)));
    (Arc::new(compiled.set), scripts.into_iter().next())
}

/// A test of a rule file, from the shorthand.
fn test_case(given: &str, expected: &str) -> String {
    let mut text = "tests:\n- name: t\n".to_owned();
    for (section, lines) in [("given", given), ("expect", expected)] {
        writeln!(text, "  {section}:").unwrap();
        let mut empty = true;
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if line.starts_with("until ") {
                continue;
            }
            let (at, what) = line.split_once(' ').unwrap();
            let what = if section == "given" { step(what) } else { alert(what) };
            writeln!(text, "  - {at}: {what}").unwrap();
            empty = false;
        }
        if empty {
            text.truncate(text.len() - format!("  {section}:\n").len());
        }
    }
    let until = [given, expected].into_iter().flat_map(str::lines);
    for until in until.filter_map(|line| line.trim().strip_prefix("until ")) {
        writeln!(text, "  until: {until}").unwrap();
    }
    text
}

/// `party a SPEAKING role=EXPERT`
fn step(what: &str) -> String {
    let mut words = what.split(' ');
    let kind = words.next().unwrap();
    if kind.starts_with("restart") {
        return match kind.split_once('=') {
            Some((_, down)) => format!("{{ restart: {down} }}"),
            None => "restart".to_owned(),
        };
    }
    let mut fields = vec![("billing_code", "1")];
    if kind == "party" {
        fields.push(("party_id", words.next().unwrap()));
    }
    fields.push(("status", words.next().unwrap()));
    for field in words {
        let (name, value) = field.split_once('=').unwrap();
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value));
    }
    let is_bare = |name: &str| matches!(name, "status" | "role" | "disconnect_reason" | "occurred_at");
    let field = |(name, value): &(&str, &str)| match is_bare(name) {
        true => format!("{name}: {value}"),
        false => format!("{name}: '{value}'"),
    };
    format!(
        "{{ {kind}: {{ {} }} }}",
        fields.iter().map(field).collect::<Vec<_>>().join(", ")
    )
}

/// `fired some-rule{1,a}`
fn alert(what: &str) -> String {
    let (head, key) = what.trim_end_matches('}').split_once('{').unwrap();
    if key.contains('=') || key.is_empty() {
        return what.to_owned();
    }
    let names = ["billing_code", "party_id"];
    let key = names
        .iter()
        .zip(key.split(','))
        .map(|(name, value)| format!("{name}={value:?}"));
    format!("{head}{{{}}}", key.collect::<Vec<_>>().join(","))
}

/// A notification of a meeting.
fn conf_saying(billing_code: &str, status: ConferenceStatus) -> Payload {
    Payload::Conf(Conf {
        billing_code: billing_code.into(),
        status,
        extra: None,
    })
}

/// Times of the week for a silence, near the start of every test.
fn every_other_minute() -> WeeklyTimes {
    WeeklyTimes {
        time_zone: "UTC".to_owned(),
        weekdays: Vec::new(),
        times: (0..30)
            .step_by(2)
            .map(|minute| format!("08:{minute:02}-08:{:02}", minute + 1))
            .collect(),
    }
}

/// The instant that long after the start of every test.
fn at(after: &str) -> Time {
    start().plus(duration::parse(after).unwrap())
}

fn start() -> Time {
    "2026-01-05T08:00:00Z"
        .parse::<jiff::Timestamp>()
        .map(|start| Time::from_nanos(i64::try_from(start.as_nanosecond()).unwrap()))
        .unwrap()
}

/// An engine on virtual time.
struct Bench {
    world: World,
}

impl Bench {
    fn new(rules: &str) -> Self {
        Self::with(Settings::default(), rules)
    }

    fn with(settings: Settings, rules: &str) -> Self {
        let (rules, _) = compiled(rules);
        Self {
            world: World::new(start(), settings, &rules),
        }
    }

    /// Gives it lines of the shorthand.
    fn give(&mut self, given: &str) -> &mut Self {
        let (_, script) = compiled(&test_case(given, ""));
        self.world.play(&script.unwrap());
        self
    }

    fn load(&mut self, after: &str, rules: &str) -> &mut Self {
        let (rules, _) = compiled(rules);
        self.world.load(at(after), &rules);
        self
    }

    fn apply(&mut self, after: &str, input: Input) -> &mut Self {
        self.world.apply(at(after), input);
        self
    }

    fn advance(&mut self, until: &str) -> &mut Self {
        self.world.advance(at(until));
        self
    }

    /// Everything that happened to alerts: `5s fired some-rule{1} 1`, the number being how often it matched; at the end also why.
    fn told(&self) -> String {
        self.world.events().map(told).collect::<Vec<_>>().join("\n")
    }

    /// Panics unless exactly that happened to alerts.
    fn expect(&self, expected: &str) {
        let expected: Vec<&str> = expected
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(self.told(), expected.join("\n"));
    }

    /// The effects since the last time that it was asked.
    fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.world.effects)
    }
}

fn told(event: &AlertEvent) -> String {
    let AlertEvent { kind, at, alert, .. } = event;
    let key: Vec<&str> = alert.key.iter().map(|(_, value)| value.as_str()).collect();
    let after: Duration = *at - start();
    let mut text = format!(
        "{} {kind} {}{{{}}} {}",
        duration::written(after),
        alert.rule,
        key.join(","),
        alert.occurrences
    );
    if let AlertState::Resolved { reason, .. } = alert.state {
        write!(text, " {reason:?}").unwrap();
    }
    text
}
