//! Routes, laid out one after the other with what they inherit; and which alerts hold others back.

use std::{collections::BTreeSet, time::Duration};

use compact_str::CompactString;

use super::{Compiler, receivers, schedules};
use crate::rules::{
    Escalation, GroupBy, Inhibition, Repeat, Route, Rule,
    diagnostic::{Findings, Spanned},
    expr::{Schema, suggest::nearest},
    file::{Document, EscalationText, GroupByText, InhibitionText, ReceiverText, RouteText, RuleText},
};

/// How many routes there can be.
const MAX_ROUTES: usize = 1000;

/// The least time after which something is told again.
const LEAST_REPEAT: Duration = Duration::from_secs(1);

/// What a route has that nothing is written of.
struct Inherited {
    receiver: Option<usize>,
    group_by: GroupBy,
    group_wait: Duration,
    group_interval: Duration,
    repeat: Repeat,
    escalate: Vec<Escalation>,
    mute: Vec<usize>,
    during: Option<usize>,
}

/// Compiles the routes: each before those below it.
pub(super) fn routes(document: &Document, compiler: &mut Compiler<'_>) -> Vec<Route> {
    let mut routes = Vec::new();
    if let Some(route) = &document.route {
        let defaults = Inherited {
            receiver: None,
            group_by: GroupBy::Names(vec!["rule".into(), "billing_code".into()]),
            group_wait: Duration::from_secs(5),
            group_interval: Duration::from_mins(5),
            repeat: Repeat::new(vec![Duration::from_hours(4)]),
            escalate: Vec::new(),
            mute: Vec::new(),
            during: None,
        };
        add(route, &defaults, true, &document.receivers, &mut routes, compiler);
    }
    routes
}

/// Adds a route and those below it.
fn add(
    text: &RouteText,
    above: &Inherited,
    is_topmost: bool,
    receivers: &[ReceiverText],
    routes: &mut Vec<Route>,
    compiler: &mut Compiler<'_>,
) {
    if routes.len() == MAX_ROUTES {
        compiler
            .findings
            .error(text.head, format!("with this, there are more than {MAX_ROUTES} routes"));
    }
    if routes.len() >= MAX_ROUTES {
        return;
    }
    let own = inherited(text, above, receivers, compiler);
    if own.receiver.is_none() && text.receiver.is_none() && !is_topmost {
        compiler
            .findings
            .error(text.head, "a route without a receiver")
            .advise("name one here, or in the route above");
    }
    let filter = text
        .filter
        .as_ref()
        .and_then(|filter| compiler.expression(filter, Schema::Alert));
    let place = routes.len();
    routes.push(Route {
        place: text.head,
        filter,
        receiver: own.receiver,
        group_by: own.group_by.clone(),
        group_wait: own.group_wait,
        group_interval: own.group_interval,
        repeat: own.repeat.clone(),
        escalate: own.escalate.clone(),
        mute: own.mute.clone(),
        during: own.during,
        continues: text.continues,
        end: place + 1,
    });
    let mut barrier = None;
    for below in &text.routes {
        if let Some(barrier) = barrier {
            let source = compiler.findings.source();
            let warning = compiler
                .findings
                .warning(below.head, "no alert comes as far as this route");
            warning
                .other(source, barrier, "this one takes all")
                .advise("give that one a `match`, or `continue: true`");
        } else if below.filter.is_none() && !below.continues {
            barrier = Some(below.head);
        }
        add(below, &own, false, receivers, routes, compiler);
    }
    routes[place].end = routes.len();
}

/// What a route has: what is written of it, and the rest from above.
fn inherited(
    text: &RouteText,
    above: &Inherited,
    receivers: &[ReceiverText],
    compiler: &mut Compiler<'_>,
) -> Inherited {
    let receiver = text.receiver.as_ref();
    let duration = |own: &Option<Spanned<Duration>>, above| own.as_ref().map_or(above, |own| own.value);
    Inherited {
        receiver: receiver.map_or(above.receiver, |name| receivers::named(name, receivers, compiler)),
        group_by: match &text.group_by {
            None => above.group_by.clone(),
            Some(GroupByText::Each) => GroupBy::Each,
            Some(GroupByText::Names(names)) => GroupBy::Names(distinct(names, &mut compiler.findings)),
        },
        group_wait: duration(&text.group_wait, above.group_wait),
        group_interval: duration(&text.group_interval, above.group_interval),
        repeat: match &text.repeat_interval {
            None => above.repeat.clone(),
            Some(times) => repeat(times, &mut compiler.findings),
        },
        escalate: match &text.escalate {
            None => above.escalate.clone(),
            Some(steps) => escalations(steps, receivers, compiler),
        },
        mute: match &text.mute {
            None => above.mute.clone(),
            Some(names) => names
                .iter()
                .filter_map(|name| schedules::named(name, compiler))
                .collect(),
        },
        during: match &text.during {
            None => above.during,
            Some(name) => schedules::named(name, compiler),
        },
    }
}

fn repeat(times: &[Spanned<Duration>], findings: &mut Findings<'_>) -> Repeat {
    for time in times.iter().filter(|time| time.value < LEAST_REPEAT) {
        findings
            .error(time.span, "repeated more often than once a second")
            .advise("write `never` if it is not to be repeated");
    }
    Repeat::new(times.iter().map(|time| time.value).collect())
}

fn escalations(steps: &[EscalationText], receivers: &[ReceiverText], compiler: &mut Compiler<'_>) -> Vec<Escalation> {
    for pair in steps.windows(2) {
        let [before, step] = pair else { continue };
        if step.after.value <= before.after.value {
            let (first, source) = (before.after.span, compiler.findings.source());
            let error = compiler
                .findings
                .error(step.after.span, "not later than the escalation before it");
            error
                .other(source, first, "this one")
                .advise("escalations stand in the order of their times, each after the first mail");
        }
    }
    let escalation = |step: &EscalationText| {
        Some(Escalation {
            after: step.after.value,
            receiver: receivers::named(&step.receiver, receivers, compiler)?,
        })
    };
    steps.iter().filter_map(escalation).collect()
}

/// Compiles which alerts hold others back.
pub(super) fn inhibitions(written: &[InhibitionText], compiler: &mut Compiler<'_>) -> Vec<Inhibition> {
    let inhibition = |text: &InhibitionText| {
        let source = compiler.expression(&text.source, Schema::Alert);
        let target = compiler.expression(&text.target, Schema::Alert);
        let equal = distinct(&text.equal, &mut compiler.findings);
        let (source, target) = (source?, target?);
        Some(Inhibition { source, target, equal })
    };
    written.iter().filter_map(inhibition).collect()
}

/// Names, none twice.
fn distinct(names: &[Spanned<String>], findings: &mut Findings<'_>) -> Vec<CompactString> {
    for (i, name) in names.iter().enumerate() {
        if let Some(first) = names[..i].iter().find(|earlier| earlier.value == name.value) {
            let (first, source) = (first.span, findings.source());
            let error = findings.error(name.span, format!("`{}` stands twice", name.value));
            error.other(source, first, "first here").advise("remove one of the two");
        }
    }
    names.iter().map(|name| name.value.as_str().into()).collect()
}

/// All routes as they are written, in no order.
pub(super) fn written(document: &Document) -> Vec<&RouteText> {
    let mut routes: Vec<&RouteText> = document.route.iter().collect();
    let mut place = 0;
    while let Some(route) = routes.get(place) {
        routes.extend(&route.routes);
        place += 1;
    }
    routes
}

/// Warns of names in `group_by` and `equal` that no alert has a value of.
pub(super) fn check_names(document: &Document, rules: &[(&RuleText, Rule)], findings: &mut Findings<'_>) {
    let mut known: BTreeSet<&str> = BTreeSet::from(["rule", "severity"]);
    for (_, rule) in rules {
        known.extend(rule.key.fields.iter().map(|field| field.name()));
        known.extend(rule.labels.keys().map(CompactString::as_str));
    }
    let mut names: Vec<&Spanned<String>> = Vec::new();
    for route in written(document) {
        if let Some(GroupByText::Names(grouped)) = &route.group_by {
            names.extend(grouped);
        }
    }
    names.extend(document.inhibitions.iter().flat_map(|inhibition| &inhibition.equal));
    for name in names.into_iter().filter(|name| !known.contains(name.value.as_str())) {
        let message = format!("no rule has a key or a label named `{}`", name.value);
        let warning = findings.warning(name.span, message);
        warning.advise(match nearest(&name.value, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "its value is empty for every alert".to_owned(),
        });
    }
}
