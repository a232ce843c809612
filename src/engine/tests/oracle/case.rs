//! A case: rules, and what happens. It prints as a rule file with a test in it, to be pasted.

use std::{
    fmt::{self, Write},
    rc::Rc,
    time::Duration,
};

use super::{
    rule::Rule,
    schedule::{SCHEDULES, Schedule},
};
use crate::{
    engine::tests::start,
    model::{Notification, Payload, Time},
    rules::file::duration::written,
};

#[derive(Clone)]
pub(super) struct Case {
    /// The rule sets; the first is in force at the start.
    pub sets: Vec<Vec<Rc<Rule>>>,
    pub steps: Vec<Step>,
    /// Whether the engine is read back from a snapshot after every input.
    pub snapshots: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    /// How long after the one before.
    pub after: Duration,
    pub act: Act,
}

#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly every one is a notification")]
pub(super) enum Act {
    /// `age`: how long ago the caller says that it happened, negative for the future.
    Say {
        payload: Payload,
        source: &'static str,
        age: Option<i64>,
    },
    Restart {
        down: Duration,
    },
    Load(usize),
}

impl Case {
    /// The steps, each with its time.
    pub fn timed(&self) -> Vec<(Time, &Act)> {
        let mut now = start();
        let mut timed = Vec::new();
        for step in &self.steps {
            now = now.plus(step.after);
            timed.push((now, &step.act));
            if let Act::Restart { down } = step.act {
                now = now.plus(down);
            }
        }
        timed
    }

    /// How long to look: all that can be due is due by then.
    pub fn until(&self) -> Time {
        let timed = self.timed();
        let last = timed.last().map_or(start(), |(at, _)| *at);
        last.plus(Duration::from_hours(50))
    }
}

/// A notification that is received then. Nothing in a test happened before its start.
pub(super) fn notification(at: Time, payload: &Payload, source: &'static str, age: Option<i64>) -> Notification {
    let ago = |age: i64| Time::from_nanos(at.as_nanos() - age * 1_000_000_000).max(start());
    Notification {
        source: source.into(),
        id: None,
        occurred_at: age.map(ago),
        payload: payload.clone(),
    }
}

pub(super) fn rule_file(rules: &[Rc<Rule>]) -> String {
    let mut text = "rules:\n".to_owned();
    for rule in rules {
        writeln!(text, "{rule}").unwrap();
    }
    if rules.is_empty() {
        text = "rules: []\n".to_owned();
    }
    let used = SCHEDULES
        .iter()
        .filter(|schedule| rules.iter().any(|rule| rule.during == Some(**schedule)));
    for (nth, Schedule { name, times }) in used.enumerate() {
        let time = |minutes: i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let times: Vec<String> = times
            .iter()
            .map(|(from, to)| format!("'{}-{}'", time(*from), time(*to)))
            .collect();
        if nth == 0 {
            text.push_str("schedules:\n");
        }
        writeln!(text, "  {name}: {{ time_zone: UTC, times: [{}] }}", times.join(", ")).unwrap();
    }
    text
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |at: Time| written(at - start());
        write!(
            f,
            "\n{}tests:\n- name: as the oracle says\n  given:\n",
            rule_file(&self.sets[0])
        )?;
        for (at, act) in self.timed() {
            match act {
                Act::Say { payload, source, age } => {
                    let notification = notification(at, payload, source, *age);
                    writeln!(f, "  - {}: {}", after(at), step(&notification))?;
                }
                Act::Restart { down } => writeln!(f, "  - {}: {{ restart: {} }}", after(at), written(*down))?,
                Act::Load(set) => {
                    writeln!(f, "  # {}: these rules hold from here on", after(at))?;
                    for line in rule_file(&self.sets[*set]).lines() {
                        writeln!(f, "  #   {line}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// `{ conf: { billing_code: '1', status: RECORDED } }`
fn step(notification: &Notification) -> String {
    let mut fields = vec![format!("billing_code: '{}'", notification.payload.billing_code())];
    let kind = match &notification.payload {
        Payload::Conf(conf) => {
            fields.push(format!("status: {}", conf.status));
            "conf"
        }
        Payload::Party(party) => {
            fields.push(format!("party_id: {}", party.party_id));
            fields.push(format!("status: {}", party.status));
            fields.extend(party.role.map(|role| format!("role: {role}")));
            fields.extend(
                party
                    .disconnect_reason
                    .map(|reason| format!("disconnect_reason: {reason}")),
            );
            if !party.phone.is_empty() {
                fields.push(format!("phone: '{}'", party.phone.clear()));
            }
            "party"
        }
    };
    if let Some(at) = notification.occurred_at {
        fields.push(format!("occurred_at: {}", written(at - start())));
    }
    fields.push(format!("source: {}", notification.source));
    format!("{{ {kind}: {{ {} }} }}", fields.join(", "))
}
