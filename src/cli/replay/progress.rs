//! How far a long replay has come: a bar where a person watches, a line now and then elsewhere.

use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use indicatif::ProgressBar;

use crate::cli::{bar::bar, terminal::Terminal};

/// How often progress is told where there is no bar.
const EVERY: Duration = Duration::from_secs(5);

pub(super) struct Progress<'a, 't> {
    terminal: &'a mut Terminal<'t>,
    bar: Option<ProgressBar>,
    all: Option<u64>,
    told: Instant,
}

impl<'a, 't> Progress<'a, 't> {
    pub fn new(terminal: &'a mut Terminal<'t>) -> Self {
        Self {
            terminal,
            bar: None,
            all: None,
            told: Instant::now(),
        }
    }

    /// It begins, and there is so much to do; `None`: nobody knows.
    pub fn of(&mut self, all: Option<u64>) {
        self.all = all.filter(|all| *all > 0);
        self.bar = io::stderr().is_terminal().then(|| bar(self.all));
    }

    /// So much is done.
    pub fn reached(&mut self, done: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if self.told.elapsed() >= EVERY => {
                self.told = Instant::now();
                match self.all {
                    Some(all) => self
                        .terminal
                        .note(format_args!("{} % so far", done.saturating_mul(100) / all)),
                    None => self.terminal.note(format_args!("{done} so far")),
                }
            }
            None => {}
        }
    }
}

impl Drop for Progress<'_, '_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
