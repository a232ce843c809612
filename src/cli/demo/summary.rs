//! What is said before the hour begins and after it has ended, for somebody who sees all this for the first time.

use std::{io, net::SocketAddr, time::Duration};

use super::{Played, folder::Folder, mailbox::Mailbox, story::LENGTH, tally::Tally};
use crate::cli::{show, terminal::Terminal};

/// What will be seen.
pub(super) fn begin(terminal: &mut Terminal<'_>, address: SocketAddr, folder: &Folder) -> io::Result<()> {
    terminal.line(format_args!(
        "A conferencing bridge reports an hour of its meetings, in seconds, to a service that runs on {address}\n\
         with the rules in {}. Each line is an alert as a subscriber receives it.\n",
        folder.rules().display()
    ))?;
    terminal.flush()
}

/// What was seen, and what there is to read next.
pub(super) fn end(terminal: &mut Terminal<'_>, played: &Played, mails: &Mailbox, folder: &Folder) -> io::Result<()> {
    let Played {
        progress,
        meetings,
        took,
        tally,
    } = played;
    let (minutes, taken) = (progress.at.as_secs() / 60, progress.taken);
    let over = if progress.at < LENGTH { "broke off" } else { "is over" };
    let seconds = took.as_secs_f64();
    let rate = taken as f64 / seconds;
    terminal.line(format_args!(
        "\nThe hour {over} at minute {minutes}, after {seconds:.1} s. The service\n\n\
         took in  {taken} notifications of {meetings} meetings, {rate:.0} a second: as fast as the bridge sent them"
    ))?;
    if let Some((half, most)) = spread(&progress.waits) {
        terminal.line(format_args!(
            "         each on disk before it was acknowledged: half of them within {half:.1?}, all within {most:.1?}"
        ))?;
    }
    alerts(terminal, tally)?;
    terminal.line(format_args!(
        "wrote    {} mails into {}",
        mails.count,
        folder.mail().display()
    ))?;
    if let Some(mail) = &mails.example {
        let name = mail.path.file_name().unwrap_or_default().to_string_lossy();
        terminal.line(format_args!("         {name}"))?;
        terminal.line(format_args!("         Subject: {}", show::clean(&mail.subject)))?;
    }
    next(terminal, folder)
}

fn alerts(terminal: &mut Terminal<'_>, tally: &Tally) -> io::Result<()> {
    let rules = tally.by_rule();
    terminal.line(format_args!(
        "fired    {} alerts by {} rules; {} have resolved",
        tally.fired(),
        rules.len(),
        tally.resolved
    ))?;
    for (rule, fired) in rules {
        let severity = show::styled(show::severity_style(fired.severity), show::severity(fired.severity), 8);
        terminal.line(format_args!(
            "         {severity} {:>3}  {}",
            fired.times,
            show::clean(rule)
        ))?;
    }
    Ok(())
}

fn next(terminal: &mut Terminal<'_>, folder: &Folder) -> io::Result<()> {
    terminal.line("\nNext")?;
    if folder.is_kept() {
        terminal.line(format_args!(
            "  bellwether serve --data {} --rules {}",
            folder.data().display(),
            folder.rules().display()
        ))?;
        terminal.line("  bellwether alerts, bellwether meetings   what became of the hour, from another terminal")?;
    } else {
        terminal.line("  bellwether demo --keep   keeps the data and the rules too, to look around in")?;
        terminal.line("  bellwether serve         runs the service; README.md and docs/ say how")?;
    }
    terminal.line("  bellwether help          every verb")
}

/// The median and the maximum.
fn spread(waits: &[Duration]) -> Option<(Duration, Duration)> {
    let mut sorted = waits.to_vec();
    sorted.sort_unstable();
    Some((*sorted.get(sorted.len() / 2)?, *sorted.last()?))
}
