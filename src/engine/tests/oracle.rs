//! A second engine, as plain as can be, and the property that the real one says the same. It keeps the history of what it accepted and
//! reads everything else out of that, from the beginning, each time: no index, no table of timers, nothing carried along. It follows
//! the manual word by word and shares nothing with the engine but the weighing of expressions.
//!
//! `PROPTEST_CASES=20000 cargo test --lib oracle` runs a long form. A failing case is printed as a rule file with a test in it.
//!
//! Bounds and mails are absent: no bound is met here, and no receiver is told.

mod alerts;
mod case;
mod compare;
mod expected;
mod generate;
mod held;
mod history;
mod key;
mod matches;
mod occurrences;
mod quiet;
mod rule;
mod schedule;
mod sequence;
mod states;
mod yaml;

use std::rc::Rc;

use self::{
    held::State,
    history::{Heard, History, InForce, Name, What},
    key::{Key, Parts},
    occurrences::Place,
    quiet::{Quiet, Silence},
    rule::{Condition, Rule},
    schedule::Schedule,
};
use crate::{
    engine::input::Settings,
    model::{Notification, ResolveReason, Time},
    rules::facts::MeetingFacts,
};

#[derive(Debug)]
struct Oracle {
    history: History,
    settings: Settings,
}

/// Something that is to happen by the passing of time.
struct Due {
    at: Time,
    /// Schedules come first, then what was decided earlier; of what was decided at once, what rules wait for comes before the close of
    /// a meeting.
    age: (usize, Rank),
    what: WhatIsDue,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Schedule(&'static str),
    Alert,
    Rule(usize),
    Meeting,
}

enum WhatIsDue {
    Close(u64),
    Turn(Schedule),
    /// A state, or a quiet, has lasted long enough.
    Fire(Name, bool),
    /// A state has ended for long enough.
    End(Name),
    /// What was expected has not come.
    Miss(Name),
    Expire(Name),
    Update(Name),
}

impl Oracle {
    fn new(start: Time) -> Self {
        let history = History {
            entries: Vec::new(),
            now: start,
        };
        let settings = Settings::default();
        Self { history, settings }
    }

    /// A notification is received.
    fn hear(&mut self, at: Time, notification: &Notification) {
        self.pass(at);
        let heard = self.accept(notification);
        self.history.push(What::Heard(Box::new(heard.clone())));
        for (rule, since) in self.history.rules() {
            self.show(&rule, since, &heard);
        }
        if occurrences::is_left(&self.history, &self.settings, &heard) {
            self.close(heard.occurrence, at);
        }
        self.pass(at);
    }

    /// These rules hold from here on.
    fn load(&mut self, at: Time, rules: &[Rc<Rule>]) {
        self.pass(at);
        for InForce { rule: old, .. } in self.history.in_force() {
            let is_there = |same: fn(&Rule, &Rule) -> bool| rules.iter().any(|new| new.enabled && same(new, &old));
            if is_there(Rule::means_the_same) {
                continue;
            }
            let reason = match is_there(|new, old| new.name == old.name) {
                true => ResolveReason::RuleChanged,
                false => ResolveReason::RuleRemoved,
            };
            alerts::resolve_all(&mut self.history, reason, |name| name.rule == old.name);
        }
        self.history.push(What::Loaded(rules.to_vec()));
        for (rule, since) in self.history.rules() {
            self.weigh_states(&rule, since);
        }
        self.pass(at);
    }

    /// The service goes down, and comes back later.
    fn restart(&mut self, down: Time, back: Time) {
        self.pass(down);
        self.history.now = back;
        self.history.push(What::Started);
        self.pass(back);
    }

    /// Time passes: what is due happens, each at its own time.
    fn pass(&mut self, until: Time) {
        while let Some(due) = self
            .due()
            .into_iter()
            .filter(|due| due.at <= until)
            .min_by_key(|due| (due.at, due.age))
        {
            self.history.now = self.history.now.max(due.at);
            self.history.push(What::Due);
            self.fall_due(due.what);
        }
        self.history.now = until;
    }

    /// Finds the place of a notification in the history; it closes the occurrence that it puts an end to.
    fn accept(&mut self, notification: &Notification) -> Heard {
        let Self { history, settings } = self;
        let now = history.now;
        // What is said to lie in the future happened now.
        let happened = notification.occurred_at.map(|at| at.min(now));
        let is_too_old = happened.is_some_and(|at| at < now.minus(settings.lateness));
        let sequence = 1 + history.heard().count() as u64;
        let place = occurrences::place(history, settings, &notification.payload, happened);
        let occurrence = match place {
            Place::Open(occurrence) | Place::Over(occurrence) => occurrence,
            Place::Next { .. } => sequence,
        };
        let mut heard = Heard {
            sequence,
            payload: notification.payload.clone(),
            source: notification.source.to_string(),
            received: now,
            at: happened.filter(|_| !is_too_old).unwrap_or(now),
            order: happened.unwrap_or(now),
            occurrence,
            over: matches!(place, Place::Over(_)),
            repeat: false,
            late: false,
            previous: None,
            meeting: MeetingFacts::default(),
            participants: Vec::new(),
        };
        states::weigh(&history.heard_in(occurrence), &mut heard);
        if let Place::Next { closes: Some(closes) } = place {
            self.close(closes, heard.order);
        }
        heard
    }

    fn close(&mut self, occurrence: u64, over: Time) {
        self.history.push(What::Closed(occurrence, over));
        alerts::resolve_all(&mut self.history, ResolveReason::MeetingClosed, |name| {
            name.key.occurrence == Some(occurrence)
        });
    }

    /// Shows a rule the newest notification.
    fn show(&mut self, rule: &Rule, since: usize, heard: &Heard) {
        if !heard.repeat
            && let Some(when) = rule.resolve_when()
            && matches::holds(when, heard)
        {
            let parts = Parts::of(&rule.fields(), heard);
            alerts::resolve_all(&mut self.history, ResolveReason::Match, |name| {
                name.rule == rule.name && parts.agree_with(&name.key)
            });
        }
        let history = &self.history;
        let matched: Vec<(Key, Time)> = match &rule.condition {
            Condition::Each { when } => {
                let key = matches::key(rule, when, heard);
                key.map(|key| (key, heard.at)).into_iter().collect()
            }
            Condition::Count(count) => count.matches(history, rule, since, heard).into_iter().collect(),
            Condition::Ratio(ratio) => ratio.matches(history, rule, since, heard).into_iter().collect(),
            Condition::Sequence(sequence) => sequence.completes(history, rule, since, heard).into_iter().collect(),
            Condition::Held { .. } => return self.weigh_states(rule, since),
            Condition::Quiet(quiet) => return self.end_quiet(rule, quiet),
            // Found by the passing of time.
            Condition::Expected(_) => return,
        };
        let is_critical = rule
            .critical_if
            .as_ref()
            .is_some_and(|critical_if| matches::holds(critical_if, heard));
        for (key, at) in matched {
            alerts::matched(&mut self.history, rule.name(key), at, is_critical);
        }
    }

    /// States that begin or end at once, or become worse.
    fn weigh_states(&mut self, rule: &Rule, since: usize) {
        let Condition::Held { state, for_, keep } = &rule.condition else {
            return;
        };
        for known in held::known(&self.history, rule, since, state) {
            let name = rule.name(known.key);
            match known.state {
                State::Pending(at, _) if for_.is_zero() => {
                    alerts::matched(&mut self.history, name, at, known.is_critical);
                }
                State::Ending(..) if keep.is_zero() => {
                    alerts::resolve(&mut self.history, name, ResolveReason::Condition);
                }
                State::Firing => alerts::again(&mut self.history, name, known.is_critical),
                _ => {}
            }
        }
    }

    /// A schedule is to turn: what rules have begun is over if it was open, and what lasts begins if it is now.
    fn turn(&mut self, schedule: Schedule) {
        let (_, was_open) = self.history.stands(schedule);
        let in_force = self.history.in_force();
        let users = || {
            in_force
                .iter()
                .filter(|in_force| in_force.rule.during == Some(schedule))
        };
        if was_open {
            alerts::resolve_all(&mut self.history, ResolveReason::OffSchedule, |name| {
                users().any(|user| user.rule.name == name.rule)
            });
        }
        let is_open = schedule.is_open(self.history.now);
        self.history.push(What::Turned { schedule, is_open });
        for (rule, since) in self.history.rules() {
            if rule.during == Some(schedule) {
                self.weigh_states(&rule, since);
            }
        }
    }

    /// Ends the alerts of what is not quiet any more.
    fn end_quiet(&mut self, rule: &Rule, quiet: &Quiet) {
        let in_force = self.history.in_force();
        let loaded = in_force
            .iter()
            .find(|in_force| in_force.rule.name == rule.name)
            .expect("it is in force")
            .loaded;
        for silence in quiet.silences(&self.history, rule, loaded) {
            if !silence.is_quiet {
                alerts::resolve(&mut self.history, rule.name(silence.key), ResolveReason::Match);
            }
        }
    }

    /// Everything that time alone will bring.
    fn due(&self) -> Vec<Due> {
        let Self { history, settings } = self;
        let mut all = Vec::new();
        for occurrence in history.open_occurrences() {
            for (at, place) in occurrences::closes(history, settings, occurrence) {
                all.push(Due {
                    at,
                    age: (history.cause(place), Rank::Meeting),
                    what: WhatIsDue::Close(occurrence),
                });
            }
        }
        let rules = history.in_force();
        for (InForce { rule, loaded, sees }, rank) in rules.iter().zip(1..) {
            if let Some(during) = rule.during {
                let (looked_at, _) = history.stands(during);
                all.push(Due {
                    at: during.turns_after(looked_at),
                    age: (0, Rank::Schedule(during.name)),
                    what: WhatIsDue::Turn(during),
                });
            }
            let Some(sees) = sees else { continue };
            for (at, place, what) in of_rule(history, rule, *loaded, *sees) {
                let age = (history.cause(place), Rank::Rule(rank));
                all.push(Due { at, age, what });
            }
        }
        for open in alerts::all_open(history) {
            let rule = rules
                .iter()
                .map(|in_force| &in_force.rule)
                .find(|rule| rule.name == open.name.rule);
            let rule = rule.expect("the alerts of other rules have ended");
            // First, since of what ends at the same instant nothing else is told.
            if let Some(after) = rule.resolve_after() {
                let (last, place) = open.last;
                all.push(Due {
                    at: last.plus(after),
                    age: (history.cause(place), Rank::Alert),
                    what: WhatIsDue::Expire(open.name.clone()),
                });
            }
            if let Some((at, place)) = open.update() {
                all.push(Due {
                    at,
                    age: (history.cause(place), Rank::Alert),
                    what: WhatIsDue::Update(open.name),
                });
            }
        }
        all
    }

    fn fall_due(&mut self, what: WhatIsDue) {
        let now = self.history.now;
        let history = &mut self.history;
        match what {
            WhatIsDue::Close(occurrence) => self.close(occurrence, now),
            WhatIsDue::Turn(schedule) => self.turn(schedule),
            WhatIsDue::Fire(name, is_critical) => alerts::matched(history, name, now, is_critical),
            WhatIsDue::End(name) => alerts::resolve(history, name, ResolveReason::Condition),
            WhatIsDue::Miss(name) => {
                history.push(What::Missed(name.clone()));
                alerts::matched(history, name, now, false);
            }
            WhatIsDue::Expire(name) => alerts::resolve(history, name, ResolveReason::Timeout),
            WhatIsDue::Update(name) => alerts::again(history, name, false),
        }
    }
}

/// What a rule waits for, with the place in the history that decided it.
fn of_rule(history: &History, rule: &Rule, loaded: usize, sees: usize) -> Vec<(Time, usize, WhatIsDue)> {
    match &rule.condition {
        Condition::Held { state, for_, keep } => {
            let known = held::known(history, rule, sees, state).into_iter();
            let due = known.filter_map(|known| {
                let name = rule.name(known.key);
                match known.state {
                    State::Pending(at, place) => {
                        Some((at.plus(*for_), place, WhatIsDue::Fire(name, known.is_critical)))
                    }
                    State::Ending(at, place) => Some((at.plus(*keep), place, WhatIsDue::End(name))),
                    State::False | State::Firing => None,
                }
            });
            due.collect()
        }
        Condition::Expected(expected) => {
            let open = expected.open(history, rule, sees).into_iter();
            let due = open.map(|(key, at, place)| (at.plus(expected.within), place, WhatIsDue::Miss(rule.name(key))));
            due.collect()
        }
        Condition::Quiet(quiet) => {
            let listening = quiet
                .silences(history, rule, loaded)
                .into_iter()
                .filter(|silence| !silence.is_quiet);
            let due = listening.map(|Silence { key, since, place, .. }| {
                let at = since.plus(quiet.for_);
                (at, place, WhatIsDue::Fire(rule.name(key), false))
            });
            due.collect()
        }
        Condition::Each { .. } | Condition::Count(_) | Condition::Ratio(_) | Condition::Sequence(_) => Vec::new(),
    }
}
