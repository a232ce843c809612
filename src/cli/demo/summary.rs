//! What is said before the hour begins and after it has ended, for somebody who sees all this for the first time.

use std::{io, net::SocketAddr};

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

/// What was seen, and what there is to look at next.
pub(super) fn end(terminal: &mut Terminal<'_>, played: &Played, mails: &Mailbox, folder: &Folder) -> io::Result<()> {
    let minutes = played.progress.at.as_secs() / 60;
    let seconds = played.took.as_secs_f64();
    match played.progress.at {
        LENGTH => terminal.line(format_args!("\nThe hour is over, after {seconds:.1} s.\n"))?,
        _ => terminal.line(format_args!(
            "\nBroken off at minute {minutes}, after {seconds:.1} s.\n"
        ))?,
    }
    notifications(terminal, played)?;
    alerts(terminal, &played.tally)?;
    mail(terminal, mails, folder)?;
    next(terminal, folder)
}

fn notifications(terminal: &mut Terminal<'_>, played: &Played) -> io::Result<()> {
    let Played {
        progress,
        meetings,
        took,
        ..
    } = played;
    terminal.line(format_args!(
        "notifications  {} of {meetings} meetings, {:.0} a second: as fast as the demo tells them",
        progress.taken,
        progress.taken as f64 / took.as_secs_f64()
    ))?;
    let mut waits = progress.waits.clone();
    waits.sort_unstable();
    if let (Some(median), Some(longest)) = (waits.get(waits.len() / 2), waits.last()) {
        terminal.line(format_args!(
            "               all on disk before they were acknowledged, half of them within {median:.1?}, each within {longest:.1?}"
        ))?;
    }
    Ok(())
}

fn alerts(terminal: &mut Terminal<'_>, tally: &Tally) -> io::Result<()> {
    terminal.line(format_args!(
        "alerts         {} fired, {} of them have resolved",
        tally.fired(),
        tally.resolved
    ))?;
    for (rule, fired) in tally.by_rule() {
        let severity = show::styled(show::severity_style(fired.severity), show::severity(fired.severity), 8);
        terminal.line(format_args!(
            "               {severity} {:>2}  {}",
            fired.times,
            show::clean(rule)
        ))?;
    }
    Ok(())
}

fn mail(terminal: &mut Terminal<'_>, mails: &Mailbox, folder: &Folder) -> io::Result<()> {
    let Some(mail) = &mails.example else {
        return terminal.line("mails          none");
    };
    let name = mail.path.file_name().unwrap_or_default().to_string_lossy();
    terminal.line(format_args!(
        "mails          {} in {}",
        mails.count,
        folder.mail().display()
    ))?;
    terminal.line(format_args!("               one of them: {name}"))?;
    terminal.line(format_args!("               Subject: {}", show::clean(&mail.subject)))
}

fn next(terminal: &mut Terminal<'_>, folder: &Folder) -> io::Result<()> {
    terminal.line("\nnext")?;
    if folder.is_kept() {
        let (data, rules) = (folder.data(), folder.rules());
        terminal.line(format_args!(
            "  bellwether serve --data {} --rules {}",
            data.display(),
            rules.display()
        ))?;
        terminal.line(
            "                          goes on from here; ask it with `bellwether alerts` or `bellwether meetings`",
        )?;
        terminal.line(format_args!("  bellwether test {}", rules.display()))?;
        terminal.line("                          runs the tests that stand beside the rules")?;
    } else {
        terminal.line("  bellwether demo --keep  the same, but its data and its rules are kept to look around in")?;
        terminal.line("  bellwether serve        the service itself, on 127.0.0.1:7400; README.md says more")?;
    }
    terminal.line("  bellwether help         every verb")
}
