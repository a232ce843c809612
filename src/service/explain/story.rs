//! What a rule saw and did, as a watched engine tells it: the notifications with the value of each part of the rule's expressions, the
//! clocks that it set, and the events of its alerts. The newest few hundred steps are kept.

use std::{collections::VecDeque, sync::Arc};

use compact_str::CompactString;

use crate::{
    engine::{Clock, Engine, Seen, Taken, effect::Effect},
    model::{AlertEvent, AlertEventKind, AlertId, Party, Time},
    rules::{
        Condition, Rule, RuleSet,
        diagnostic::Location,
        expr::{Expr, Schema, Trace, Tracer},
    },
};

/// How many steps an explanation has at most.
const STEPS: usize = 200;

/// How many are kept until it is known which of them count.
const KEPT: usize = 5_000;

/// How many parts of one expression are shown.
const PARTS: usize = 64;

/// What is asked.
pub(super) struct Question {
    pub rule: CompactString,
    /// The meeting, where there is one.
    pub billing_code: Option<CompactString>,
    /// The alert whose firing ends the story; `None`: it goes on to the present.
    pub alert: Option<AlertId>,
}

/// Why an alert fired, or why a rule did not.
#[derive(Debug)]
pub struct Explanation {
    /// The rule's name.
    pub rule: CompactString,
    /// Its text, as it was then; empty if there was no such rule.
    pub text: String,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// How many steps before these are left out.
    pub left_out: u64,
    /// The meeting had begun before the oldest that is kept: what came first is missing.
    pub has_begun: bool,
}

/// One thing that happened.
#[derive(Debug)]
pub enum Step {
    /// A notification came in.
    Seen {
        /// What could be seen.
        seen: Box<Seen>,
        /// What the rule's expressions said of it.
        weighed: Vec<Weighed>,
    },
    /// A clock was set.
    Set {
        /// When.
        at: Time,
        /// Which.
        clock: Clock,
    },
    /// A clock was stopped before its time, or has fallen due.
    Ended {
        /// When.
        at: Time,
        /// Which.
        clock: Clock,
        /// Whether it had fallen due.
        is_due: bool,
    },
    /// Something happened to an alert of the rule.
    Event(Box<AlertEvent>),
}

/// What one expression said of a notification, or of the state after it.
#[derive(Debug)]
pub struct Weighed {
    /// Where the expression stands.
    pub place: Option<Location>,
    /// What its parts came to.
    pub trace: Trace,
}

/// A story as it is gathered. What expressions say is found out at its end, for the steps that are kept.
pub(super) struct Story<'q> {
    question: &'q Question,
    has_begun: bool,
    /// The sequence that opened the occurrence which is told of.
    occurrence: u64,
    clocks: Vec<Clock>,
    kept: VecDeque<(Arc<RuleSet>, Step)>,
    left_out: u64,
    /// The alert that was asked about.
    fired: Option<Box<AlertEvent>>,
}

impl<'q> Story<'q> {
    pub fn new(question: &'q Question, has_begun: bool) -> Self {
        Self {
            question,
            has_begun,
            occurrence: 0,
            clocks: Vec::new(),
            kept: VecDeque::new(),
            left_out: 0,
            fired: None,
        }
    }

    /// Takes in what an input has caused; false: the story is over.
    pub fn goes_on(&mut self, engine: &mut Engine, effects: impl Iterator<Item = Effect>) -> bool {
        let seen = engine.seen();
        let events: Vec<_> = effects.filter_map(|effect| self.event(effect)).collect();
        let now = engine.now();
        let is_due = self.clocks.first().is_some_and(|clock| clock.due_at <= now);
        if seen.is_empty() && events.is_empty() && !is_due {
            return true;
        }
        let clocks = self.clocks_of(engine);
        let before = std::mem::replace(&mut self.clocks, clocks);
        // Both are in order.
        let is_among = |clock: &Clock, clocks: &[Clock]| clocks.binary_search(clock).is_ok();
        let ended = before.iter().filter(|clock| !is_among(clock, &self.clocks)).cloned();
        let (due, stopped): (Vec<Clock>, Vec<Clock>) = ended.partition(|clock| clock.due_at <= now);
        let set: Vec<Clock> = self
            .clocks
            .iter()
            .filter(|clock| !is_among(clock, &before))
            .cloned()
            .collect();

        // What falls due does so before the notification, and its alert fires then.
        let (early, late): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| event.at < now);
        let due = due.into_iter().map(|clock| Step::Ended {
            at: clock.due_at,
            clock,
            is_due: true,
        });
        let stopped = stopped.into_iter().map(|clock| Step::Ended {
            at: now,
            clock,
            is_due: false,
        });
        let seen = seen.into_iter().map(|seen| Step::Seen {
            seen: Box::new(seen),
            weighed: Vec::new(),
        });
        let set = set.into_iter().map(|clock| Step::Set { at: now, clock });
        let steps = due
            .chain(early.into_iter().map(Step::Event))
            .chain(seen)
            .chain(stopped)
            .chain(set)
            .chain(late.into_iter().map(Step::Event));
        let steps: Vec<Step> = steps.collect();
        steps.into_iter().all(|step| self.keep(engine, step))
    }

    /// The whole of it; `None` if what was asked about has not happened.
    pub fn end(mut self) -> Option<Explanation> {
        let is_told = match self.question.alert {
            Some(_) => self.fired.is_some(),
            None => self.kept.iter().any(|(_, step)| matches!(step, Step::Seen { .. })),
        };
        if !is_told {
            return None;
        }
        let name = &self.question.rule;
        let key = self.fired.as_ref().map(|event| event.alert.key.as_slice());
        if let Some(key) = key {
            // What other keys have seen is no part of the story.
            self.kept.retain(|(rules, step)| is_about(step, rules.named(name), key));
        }
        let surplus = self.kept.len().saturating_sub(STEPS);
        self.kept.drain(..surplus);
        let text = self.kept.back().and_then(|(rules, _)| rules.named(name));
        let text = text.map(|rule| rule.place.text.clone()).unwrap_or_default();
        let party_id = key.and_then(|key| key.iter().find(|(name, _)| name == "party_id"));
        let mut eyes = Eyes::new(name, party_id.map(|(_, id)| id.clone()));
        let steps = self
            .kept
            .into_iter()
            .map(|(rules, step)| eyes.weigh(&rules, step))
            .collect();
        Some(Explanation {
            rule: name.clone(),
            text,
            steps,
            left_out: self.left_out + surplus as u64,
            has_begun: self.has_begun,
        })
    }

    /// False: that was the end.
    fn keep(&mut self, engine: &Engine, step: Step) -> bool {
        if let Step::Seen { seen, .. } = &step
            && self.question.billing_code.is_some()
            && seen.occurrence > self.occurrence
        {
            // The next occurrence of the meeting: those before have their own stories.
            if self.occurrence > 0 {
                self.has_begun = false;
            }
            self.occurrence = seen.occurrence;
            self.kept.clear();
            self.left_out = 0;
        }
        let is_the_end = match &step {
            Step::Event(event)
                if event.kind == AlertEventKind::Fired && Some(event.alert.id) == self.question.alert =>
            {
                self.fired = Some(event.clone());
                true
            }
            _ => false,
        };
        if self.kept.len() == KEPT {
            self.kept.pop_front();
            self.left_out += 1;
        }
        self.kept.push_back((Arc::clone(engine.rules()), step));
        !is_the_end
    }

    /// The event, if it is of an alert of the rule, and of the meeting.
    fn event(&self, effect: Effect) -> Option<Box<AlertEvent>> {
        match effect {
            Effect::Alert(event) if event.alert.rule == self.question.rule && self.is_of_meeting(&event.alert.key) => {
                Some(event)
            }
            _ => None,
        }
    }

    fn clocks_of(&self, engine: &Engine) -> Vec<Clock> {
        let Question { rule, billing_code, .. } = self.question;
        let mut clocks = engine.clocks(rule, billing_code.as_deref(), &self.clocks);
        clocks.retain(|clock| self.is_of_meeting(&clock.key));
        clocks
    }

    /// Whether a key is of the meeting that is asked about, or of no meeting.
    fn is_of_meeting(&self, key: &[(CompactString, CompactString)]) -> bool {
        let code = key
            .iter()
            .find(|(name, _)| name == "billing_code")
            .map(|(_, code)| code);
        match (&self.question.billing_code, code) {
            (Some(asked), Some(code)) => asked == code,
            _ => true,
        }
    }
}

/// Whether a step has to do with the alert of that key.
fn is_about(step: &Step, rule: Option<&Rule>, key: &[(CompactString, CompactString)]) -> bool {
    match step {
        Step::Seen { seen, .. } => rule.is_none_or(|rule| seen.agrees(rule, key)),
        Step::Set { clock, .. } | Step::Ended { clock, .. } => clock.key == key,
        Step::Event(event) => event.alert.key == key,
    }
}

/// How a rule looked at what came in.
struct Eyes<'n> {
    rule: &'n str,
    /// The participant whose state it is; `None`: of whomever the notification is about.
    party_id: Option<CompactString>,
    /// What was last known of that one.
    known: Option<Party>,
    /// The rule's expressions, and the set that they are of.
    tracers: Option<(Arc<RuleSet>, Vec<Traced>)>,
}

struct Traced {
    place: Option<Location>,
    schema: Schema,
    tracer: Tracer,
}

impl<'n> Eyes<'n> {
    fn new(rule: &'n str, party_id: Option<CompactString>) -> Self {
        Self {
            rule,
            party_id,
            known: None,
            tracers: None,
        }
    }

    fn weigh(&mut self, rules: &Arc<RuleSet>, step: Step) -> Step {
        let Step::Seen { seen, .. } = step else {
            return step;
        };
        let Some(rule) = rules.named(self.rule) else {
            let weighed = Vec::new();
            return Step::Seen { seen, weighed };
        };
        self.note(&seen);
        if self
            .tracers
            .as_ref()
            .is_none_or(|(known, _)| !Arc::ptr_eq(known, rules))
        {
            self.tracers = Some((Arc::clone(rules), traced(rule, rules)));
        }
        let heeds_repeats = matches!(rule.condition, Condition::Quiet(_));
        let tracers = self.tracers.iter().flat_map(|(_, traced)| traced);
        let weighed = match seen.taken {
            Taken::Repeat if !heeds_repeats => Vec::new(),
            _ => tracers.filter_map(|traced| self.look(traced, rule, &seen)).collect(),
        };
        Step::Seen { seen, weighed }
    }

    fn note(&mut self, seen: &Seen) {
        if let Some(party) = &seen.participant
            && self.party_id.as_ref().is_none_or(|id| *id == party.party_id)
        {
            self.known = Some(party.clone());
        }
    }

    fn look(&self, traced: &Traced, rule: &Rule, seen: &Seen) -> Option<Weighed> {
        let facts = match traced.schema {
            Schema::Notification => seen.facts(),
            Schema::State if rule.key.names_participant() => seen.state_of(Some(self.known.as_ref()?)),
            Schema::State => seen.state_of(None),
            Schema::Alert => return None,
        };
        let mut trace = traced.tracer.trace(&facts);
        trace.parts.retain(|part| part.reached);
        trace.parts.truncate(PARTS);
        Some(Weighed {
            place: traced.place.clone(),
            trace,
        })
    }
}

fn traced(rule: &Rule, rules: &RuleSet) -> Vec<Traced> {
    let traced = |expr: &Expr| Traced {
        place: expr.written().map(|text| Location::of(&rules.source, text.span)),
        schema: expr.schema(),
        tracer: expr.tracer(),
    };
    rule.expressions().map(traced).collect()
}
