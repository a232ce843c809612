//! How far a long replay has come: a bar where a person watches, a line now and then elsewhere.

use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::terminal::Terminal;

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
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            #[expect(clippy::expect_used, reason = "the template is written here")]
            let style = ProgressStyle::with_template("{bar:32} {percent}% {elapsed_precise} left {eta_precise}")
                .expect("a good template");
            bar.with_style(style)
        });
        Self {
            terminal,
            bar,
            all: None,
            told: Instant::now(),
        }
    }

    /// There is so much to do; `None`: nobody knows.
    pub fn of(&mut self, all: Option<u64>) {
        self.all = all;
        if let (Some(bar), Some(all)) = (&self.bar, all) {
            bar.set_length(all);
        }
    }

    /// So much is done.
    pub fn reached(&mut self, done: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if self.told.elapsed() >= EVERY => {
                self.told = Instant::now();
                match self.all.filter(|all| *all > 0) {
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
