//! When mails leave, route by route: the first ones about an alert that goes on and that nobody takes on.

use std::{fmt::Write as _, io};

use crate::{
    cli::terminal::Terminal,
    rules::{GroupBy, Route, RuleSet, diagnostic::Location, file::duration::written},
};

/// How many mails are shown of each route.
const MAILS: usize = 3;

/// Writes what each route that tells anybody does.
pub(super) fn tell(set: &RuleSet, terminal: &mut Terminal<'_>) -> io::Result<()> {
    for route in &set.routes {
        let Some(receiver) = route.receiver else { continue };
        terminal.line(format_args!(
            "{}: {} to {}",
            Location::of(&set.source, route.place),
            route.filter.as_ref().map_or("the rest", |filter| filter.text()),
            set.receivers[receiver].name
        ))?;
        terminal.line(format_args!(
            "  one mail for {}{}",
            company(route),
            schedules(set, route)
        ))?;
        let mut mails = String::new();
        for due in route.first_mails(MAILS) {
            if !mails.is_empty() {
                mails.push_str(", ");
            }
            // Writing to a text cannot fail.
            let _ = write!(
                mails,
                "{} after {}",
                set.receivers[due.receiver].name,
                written(due.after)
            );
        }
        terminal.line(format_args!(
            "  first mails, while it goes on and nobody takes it on: {mails}"
        ))?;
        terminal.line(format_args!(
            "  a change {} after it, {} after the last mail at the earliest",
            written(route.group_wait),
            written(route.group_interval)
        ))?;
    }
    terminal.line("")
}

fn company(route: &Route) -> String {
    match &route.group_by {
        GroupBy::Each => "each alert".to_owned(),
        GroupBy::Names(names) if names.is_empty() => "all alerts".to_owned(),
        GroupBy::Names(names) => format!("each {}", names.join(" and ")),
    }
}

fn schedules(set: &RuleSet, route: &Route) -> String {
    let name = |schedule: &usize| set.schedules[*schedule].name.as_str();
    let mut text = String::new();
    if let Some(during) = &route.during {
        let _ = write!(text, ", during {}", name(during));
    }
    for mute in &route.mute {
        let _ = write!(text, ", not during {}", name(mute));
    }
    text
}
