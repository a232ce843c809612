//! What fired then against what would fire now. An alert's id is a hash of the store, the rule, the key and the input that fired it, so
//! that one and the same firing has one id in both.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use crate::{api, cli::show, model::Time};

/// How far a firing may have moved and still count as the same.
const MOVED: Duration = Duration::from_hours(1);

/// An alert that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Firing {
    pub id: String,
    pub rule: String,
    /// The rule and its key, as alerts are written everywhere.
    pub alert: String,
    pub at: Time,
}

impl Firing {
    /// `None` for another event than a firing.
    pub fn of(event: &api::AlertEvent) -> Option<Self> {
        let alert = event.alert.as_ref()?;
        let at = event.occurred_at.as_ref()?;
        (event.r#type() == api::alert_event::Type::Fired).then_some(())?;
        Some(Self {
            id: alert.id.clone(),
            rule: alert.rule.clone(),
            alert: show::alert_name(alert),
            at: Time::from_parts(at.seconds, at.nanos)?,
        })
    }
}

/// How two histories differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// By rule.
    pub rules: BTreeMap<String, Counts>,
    /// What is not in both, in order.
    pub changes: Vec<Change>,
}

/// How often a rule fired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub did: usize,
    pub would: usize,
    pub both: usize,
}

/// A firing that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// It would not fire any more.
    OnlyThen(Firing),
    /// It had not fired.
    OnlyNow(Firing),
    /// It would fire at another time.
    Moved { then: Firing, now: Firing },
}

impl Change {
    fn at(&self) -> Time {
        match self {
            Self::OnlyThen(firing) | Self::OnlyNow(firing) | Self::Moved { then: firing, .. } => firing.at,
        }
    }
}

/// `-` it did, `+` it would, `~` it would at another time.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnlyThen(then) => write!(f, "- {} {}", then.at, then.alert),
            Self::OnlyNow(now) => write!(f, "+ {} {}", now.at, now.alert),
            Self::Moved { then, now } => write!(f, "~ {} {} (now {})", then.at, then.alert, now.at),
        }
    }
}

impl Difference {
    pub fn between(did: &[Firing], would: &[Firing]) -> Self {
        let ids = |firings: &[Firing]| firings.iter().map(|firing| firing.id.clone()).collect::<BTreeSet<_>>();
        let (then, now) = (ids(did), ids(would));
        let mut rules: BTreeMap<String, Counts> = BTreeMap::new();
        for firing in did {
            let counts = rules.entry(firing.rule.clone()).or_default();
            counts.did += 1;
            counts.both += usize::from(now.contains(&firing.id));
        }
        for firing in would {
            rules.entry(firing.rule.clone()).or_default().would += 1;
        }
        let only_then = did.iter().filter(|firing| !now.contains(&firing.id));
        let mut only_now: BTreeMap<&str, Vec<&Firing>> = BTreeMap::new();
        for firing in would.iter().filter(|firing| !then.contains(&firing.id)).rev() {
            only_now.entry(&firing.alert).or_default().push(firing);
        }
        let mut changes: Vec<Change> = only_then
            .map(|then| match moved(then, &mut only_now) {
                Some(now) => Change::Moved {
                    then: then.clone(),
                    now: now.clone(),
                },
                None => Change::OnlyThen(then.clone()),
            })
            .collect();
        let left = only_now.into_values().flatten();
        changes.extend(left.map(|firing| Change::OnlyNow(firing.clone())));
        changes.sort_by_key(Change::at);
        Self { rules, changes }
    }
}

/// The firing of the same alert that is near enough to be the same at another time.
fn moved<'f>(then: &Firing, only_now: &mut BTreeMap<&str, Vec<&'f Firing>>) -> Option<&'f Firing> {
    let candidates = only_now.get_mut(then.alert.as_str())?;
    let apart = |firing: &Firing| (firing.at - then.at).max(then.at - firing.at);
    let place = candidates.iter().rposition(|firing| apart(firing) <= MOVED)?;
    Some(candidates.remove(place))
}
