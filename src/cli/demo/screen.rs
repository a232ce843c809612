//! What is shown while the story runs: alerts as they come, and how far the hour is, as a bar where a person watches and as a line now
//! and then elsewhere.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use super::{bridge::Progress, story::LENGTH};
use crate::{
    api,
    cli::{terminal::Terminal, watch},
};

/// How many minutes of the story pass between two lines, where there is no bar.
const EVERY: u64 = 10;

/// Takes its bar away when it is dropped.
pub(super) struct Screen<'a, 't> {
    terminal: &'a mut Terminal<'t>,
    bar: Option<ProgressBar>,
    /// The minute that was told of last.
    told: u64,
}

impl<'a, 't> Screen<'a, 't> {
    pub(super) fn new(terminal: &'a mut Terminal<'t>) -> Self {
        Self {
            terminal,
            bar: io::stderr().is_terminal().then(bar),
            told: 0,
        }
    }

    /// An alert event, as `watch` shows it.
    pub(super) fn alert(&mut self, event: api::AlertEvent) -> io::Result<()> {
        let terminal = &mut *self.terminal;
        let mut tell = || terminal.line(watch::line(&event)).and_then(|()| terminal.flush());
        match &self.bar {
            Some(bar) => bar.suspend(tell),
            None => tell(),
        }
    }

    /// How far the story has come.
    pub(super) fn progress(&mut self, progress: &Progress) {
        let (minute, taken) = (progress.at.as_secs() / 60, progress.taken);
        match &self.bar {
            Some(bar) => {
                bar.set_position(progress.at.as_secs());
                bar.set_message(format!("minute {minute:>2}, {taken:>4} notifications"));
            }
            None if minute >= self.told + EVERY => {
                self.told = minute;
                self.terminal
                    .note(format_args!("-- minute {minute}, {taken} notifications taken in"));
            }
            None => {}
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(LENGTH.as_secs()), ProgressDrawTarget::stderr())
        .with_finish(ProgressFinish::AndClear);
    match ProgressStyle::with_template("{bar:40} {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
