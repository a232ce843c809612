//! Candidate rules on an engine of their own, fed with what was received. What the rules of the time made of it, and what became of
//! their mails, is left out: only notifications, the passing of time and the starts of the service count.

use std::{ops::Range, sync::Arc, time::Duration};

use super::difference::Firing;
use crate::{
    engine::{
        Engine, StoreId,
        effect::Effect,
        input::{Input, NewRules},
    },
    grpc::to_proto,
    model::{AlertEventKind, Time},
    rules::RuleSet,
};

/// An engine with candidate rules.
pub(super) struct Rehearsal {
    engine: Engine,
    rules: Arc<RuleSet>,
    /// Not before the first input, whose time is theirs.
    is_loaded: bool,
    /// What fires within it counts.
    pub window: Range<Time>,
    effects: Vec<Effect>,
    /// What has fired.
    pub would: Vec<Firing>,
    /// How many counted.
    pub notifications: u64,
    /// The times of the first and the last input that counted.
    pub span: Option<(Time, Time)>,
}

impl Rehearsal {
    /// What fires from one time on and before another counts.
    pub fn new(rules: RuleSet, from: Option<Time>, to: Option<Time>) -> Self {
        Self {
            engine: Engine::new(StoreId::default()),
            rules: Arc::new(rules),
            is_loaded: false,
            window: from.unwrap_or(Time::MIN)..to.unwrap_or(Time::MAX),
            effects: Vec::new(),
            would: Vec::new(),
            notifications: 0,
            span: None,
        }
    }

    /// The same in that state: alerts then get the ids that they would have had there.
    pub fn on(self, engine: Engine) -> Self {
        Self { engine, ..self }
    }

    /// Lets time pass up to an input, and applies it if it is one that counts. False: it is at the end.
    pub fn apply(&mut self, offset: u64, time: Time, input: Input) -> bool {
        if time >= self.window.end {
            return false;
        }
        if !self.is_loaded {
            self.is_loaded = true;
            let rules = NewRules {
                source: Arc::clone(&self.rules.source),
                compiled: Some(Arc::clone(&self.rules)),
            };
            self.put(offset, time, Input::Rules(rules));
        }
        if time >= self.window.start {
            let began = self.span.map_or(time, |(began, _)| began);
            self.span = Some((began, time));
            self.notifications += u64::from(matches!(input, Input::Notification(_)));
        }
        match &input {
            Input::Notification(_) | Input::Tick | Input::Start(_) => self.put(offset, time, input),
            _ => self.put(offset, time, Input::Tick),
        }
        true
    }

    /// Lets time pass to the end, if there is one.
    pub fn finish(&mut self, offset: u64) {
        if self.window.end < Time::MAX {
            self.apply(offset, self.window.end.minus(Duration::from_nanos(1)), Input::Tick);
        }
    }

    fn put(&mut self, offset: u64, time: Time, input: Input) {
        self.engine.apply(offset, time, input, &mut self.effects);
        for effect in self.effects.drain(..) {
            if let Effect::Alert(event) = effect
                && event.kind == AlertEventKind::Fired
                && self.window.contains(&event.at)
            {
                self.would.extend(Firing::of(&to_proto::alert_event(&event)));
            }
        }
    }
}
