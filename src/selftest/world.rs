//! An engine on virtual time, with the inputs that it was given and the effects that they caused.

use std::{sync::Arc, time::Duration};

use super::{Act, Script};
use crate::{
    engine::{
        Engine, Look, Seen, StoreId,
        effect::Effect,
        input::{Input, MailOutcome, MailResult, NewRules, NewSilence, Settings},
        outbox::Intent,
    },
    model::{AlertEvent, AlertId, Notification, Time},
    rules::{RuleSet, diagnostic::Span, file::AlertText},
};

/// The engine, its journal and what it has said.
#[derive(Debug)]
pub(crate) struct World {
    pub engine: Engine,
    pub effects: Vec<Effect>,
    journal: Vec<(Time, Input)>,
    settings: Settings,
    restored_after_every_input: bool,
    /// What expressions could see, if the engine is watched.
    pub seen: Vec<Seen>,
    watched: bool,
    post: Option<Post>,
    /// Where a test acts upon an alert that is not open.
    pub in_vain: Vec<Span>,
}

/// Mail servers that take everything, except for the times for which they are down.
#[derive(Debug, Default)]
struct Post {
    down: Vec<(String, Time, Time)>,
    sent: Vec<(Time, Arc<Intent>)>,
}

impl World {
    /// A world that starts at that time, with these settings and rules.
    pub fn new(start: Time, settings: Settings, rules: &Arc<RuleSet>) -> Self {
        let mut world = Self {
            engine: Engine::new(StoreId::default()),
            effects: Vec::new(),
            journal: Vec::new(),
            settings: settings.clone(),
            restored_after_every_input: false,
            seen: Vec::new(),
            watched: false,
            post: None,
            in_vain: Vec::new(),
        };
        world.apply(start, Input::Start(settings));
        world.load(start, rules);
        world
    }

    /// The same, but from now on each state is written to a snapshot, and the next one made of what is read back.
    pub fn restored_after_every_input(mut self) -> Self {
        self.restored_after_every_input = true;
        self
    }

    /// The same, but from now on it keeps what expressions could see of each notification.
    pub fn watched(mut self) -> Self {
        self.watched = true;
        self.engine.watch(Look::Everything);
        self
    }

    /// The same, but from now on mail is sent, to servers that take everything but for the times for which one is down.
    pub fn with_post(mut self, down: Vec<(String, Time, Time)>) -> Self {
        self.post = Some(Post { down, sent: Vec::new() });
        self
    }

    /// The mails that have left: those to the first recipient of each receiver.
    pub fn mails(&self) -> impl Iterator<Item = &(Time, Arc<Intent>)> {
        let sent = self.post.iter().flat_map(|post| &post.sent);
        sent.filter(|(_, intent)| intent.to.first() == Some(&intent.recipient))
    }

    /// Does what a test says.
    pub fn play(&mut self, script: &Script) {
        for step in &script.steps {
            let at = script.start.plus(step.at);
            match &step.act {
                Act::Notify(notification) => self.apply(at, Input::Notification(Notification::clone(notification))),
                Act::Restart { down } => self.restart(at, *down),
                Act::Reload(rules) => self.load(at, rules),
                Act::Silence {
                    filter,
                    lasts,
                    schedule,
                } => self.apply(
                    at,
                    Input::Silence(NewSilence {
                        filter: filter.clone(),
                        starts_at: at,
                        ends_at: at.plus(*lasts),
                        schedule: schedule.clone(),
                        author: "test".into(),
                        comment: String::new(),
                    }),
                ),
                Act::Acknowledge(alert) => self.act_on(at, alert, |alert| Input::Acknowledge {
                    alert,
                    who: "test".into(),
                    why: String::new(),
                }),
                Act::Resolve(alert) => self.act_on(at, alert, |alert| Input::Resolve { alert }),
            }
        }
        self.advance(script.start.plus(script.until));
    }

    fn act_on(&mut self, at: Time, alert: &AlertText, act: impl Fn(AlertId) -> Input) {
        self.advance(at);
        let open = self.engine.open_alerts().find(|open| alert.is(open));
        match open.map(|open| open.id) {
            Some(id) => self.put(at, act(id)),
            None => self.in_vain.push(alert.rule.span),
        }
    }

    /// Lets time pass up to an input, and applies it.
    pub fn apply(&mut self, at: Time, input: Input) {
        self.advance(at);
        self.put(at, input);
    }

    /// Puts a rule set in force.
    pub fn load(&mut self, at: Time, rules: &Arc<RuleSet>) {
        let rules = NewRules {
            source: Arc::clone(&rules.source),
            compiled: Some(Arc::clone(rules)),
        };
        self.apply(at, Input::Rules(rules));
    }

    /// Lets time pass: every deadline falls due at its own instant, as the driver sees to.
    pub fn advance(&mut self, until: Time) {
        while let Some(due) = self.engine.next_deadline().filter(|due| *due <= until) {
            self.put(due.max(self.engine.now()), Input::Tick);
        }
    }

    /// Ends the process, and starts one so much later that makes its state of the journal.
    pub fn restart(&mut self, at: Time, down: Duration) {
        self.advance(at);
        self.engine = Engine::new(StoreId::default());
        // What the inputs cause again has been let out before.
        let mut said_before = Vec::new();
        for (offset, (time, input)) in (0u64..).zip(&self.journal) {
            self.engine.apply(offset, *time, input.clone(), &mut said_before);
        }
        if self.watched {
            self.engine.watch(Look::Everything);
        }
        self.put(at.plus(down), Input::Start(self.settings.clone()));
    }

    /// What happened to alerts.
    pub fn events(&self) -> impl Iterator<Item = &AlertEvent> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::Alert(event) => Some(event.as_ref()),
            _ => None,
        })
    }

    fn put(&mut self, at: Time, input: Input) {
        let offset = self.journal.len() as u64;
        self.journal.push((at, input.clone()));
        self.engine.apply(offset, at, input, &mut self.effects);
        self.seen.extend(self.engine.seen());
        self.restore();
        self.send();
    }

    /// Sends the mails that are to be sent.
    fn send(&mut self) {
        let Some(post) = &mut self.post else {
            return;
        };
        let now = self.engine.now();
        let mut outcomes = Vec::new();
        self.effects.retain(|effect| {
            let Effect::Mail(attempt) = effect else {
                return true;
            };
            let is_down = |(receiver, from, to): &(String, Time, Time)| {
                attempt.intent.receiver == *receiver && (*from..*to).contains(&now)
            };
            let result = if post.down.iter().any(is_down) {
                MailResult::Deferred("down".to_owned())
            } else {
                post.sent.push((now, Arc::clone(&attempt.intent)));
                MailResult::Sent(String::new())
            };
            outcomes.push(MailOutcome {
                intent: attempt.intent.id,
                attempt: attempt.number,
                result,
            });
            false
        });
        for outcome in outcomes {
            self.put(now, Input::Mail(outcome));
        }
    }

    fn restore(&mut self) {
        if self.restored_after_every_input {
            #[expect(clippy::expect_used, reason = "what this version has written, it can read")]
            let restored = self.engine.restored().expect("a snapshot that was just made");
            self.engine = restored;
        }
    }
}
