//! What became of what was sent: every rejection with its place, how far it got, and the sum.

use std::{
    io,
    time::{Duration, Instant},
};

use indicatif::ProgressBar;
use serde_json::json;
use tonic::Code;
use tonic_types::{RpcStatusExt as _, pb};

use super::{
    How,
    source::{Chunk, Place},
};
use crate::cli::{bar::bar, client::Output, show, terminal::Terminal};

/// How often progress is told where there is no bar.
const EVERY: Duration = Duration::from_secs(5);

pub(super) struct Report<'a, 't> {
    output: Output,
    terminal: &'a mut Terminal<'t>,
    bar: Option<ProgressBar>,
    began: Instant,
    told: Instant,
    accepted: u64,
    /// `None`: a stream is not told of them.
    duplicates: Option<u64>,
    rejected: u64,
}

impl<'a, 't> Report<'a, 't> {
    /// With a bar over the bytes of the input, where a person watches.
    pub(super) fn new(
        how: How,
        output: Output,
        bytes: Option<u64>,
        watched: bool,
        terminal: &'a mut Terminal<'t>,
    ) -> Self {
        let now = Instant::now();
        Self {
            output,
            terminal,
            bar: watched.then(|| bar(bytes)),
            began: now,
            told: now,
            accepted: 0,
            duplicates: (how != How::Stream).then_some(0),
            rejected: 0,
        }
    }

    /// So much was read; what of it cannot be sent is told at once.
    pub(super) fn read(&mut self, chunk: &Chunk) -> io::Result<()> {
        for (place, bad) in &chunk.bad {
            self.reject(place, None, "UNREADABLE_LINE", &bad.to_string())?;
        }
        match &self.bar {
            Some(bar) => {
                bar.inc(chunk.bytes);
                bar.set_message(self.sum());
            }
            None if self.told.elapsed() >= EVERY => {
                self.told = Instant::now();
                let sum = self.sum();
                self.terminal.note(format_args!("{sum} so far"));
            }
            None => {}
        }
        Ok(())
    }

    /// So many are durable; on a stream those that had been sent before are among them.
    pub(super) fn accepted(&mut self, number: u64) {
        self.accepted += number;
    }

    /// One had been sent before.
    pub(super) fn duplicate(&mut self) {
        *self.duplicates.get_or_insert_default() += 1;
    }

    /// The server refused one.
    pub(super) fn refused(&mut self, place: &Place, error: &pb::Status) -> io::Result<()> {
        let details = error.get_error_details();
        let reason = details
            .error_info()
            .map_or_else(|| format!("{:?}", Code::from(error.code)), |info| info.reason.clone());
        let violations: Vec<String> = details
            .bad_request()
            .iter()
            .flat_map(|bad| &bad.field_violations)
            .map(|violation| format!("{}: {}", violation.field, violation.description))
            .collect();
        let column = details
            .error_info()
            .and_then(|info| info.metadata.get("column")?.parse().ok());
        let message = if violations.is_empty() {
            error.message.clone()
        } else {
            violations.join("; ")
        };
        self.reject(place, column, &reason, &message)
    }

    fn reject(&mut self, place: &Place, column: Option<usize>, reason: &str, message: &str) -> io::Result<()> {
        self.rejected += 1;
        // The server counts from the beginning of the vendor's text, the line begins earlier.
        let column = column.map_or(place.column, |column| place.column + column.saturating_sub(1));
        let file = place.file.as_deref();
        let terminal = &mut *self.terminal;
        let output = self.output;
        let mut write = || match output {
            Output::Json => terminal.json(&json!({ "rejected": {
                "file": file, "line": place.line, "column": column, "reason": reason, "message": message
            } })),
            Output::Table => {
                let (reason, message) = (show::clean(reason), show::clean(message));
                match file {
                    Some(file) => terminal.line(format_args!(
                        "{}:{}:{column}: {message} [{reason}]",
                        show::clean(file),
                        place.line
                    )),
                    None => terminal.line(format_args!("{message} [{reason}]")),
                }
            }
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Something for the person alone.
    pub(super) fn note(&mut self, text: &str) {
        let terminal = &mut *self.terminal;
        match &self.bar {
            Some(bar) => bar.suspend(|| terminal.note(text)),
            None => terminal.note(text),
        }
    }

    /// Prints the sum; true when nothing was rejected.
    pub(super) fn summary(self) -> io::Result<bool> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        match self.output {
            Output::Json => {
                let (durable, rejected) = (self.accepted, self.rejected);
                self.terminal.json(&match self.duplicates {
                    Some(duplicates) => {
                        json!({ "summary": { "accepted": durable, "duplicates": duplicates, "rejected": rejected } })
                    }
                    None => json!({ "summary": { "durable": durable, "rejected": rejected } }),
                })?;
            }
            Output::Table => {
                let seconds = self.began.elapsed().as_secs_f64();
                self.terminal.line(format_args!("{} in {seconds:.1} s", self.sum()))?;
            }
        }
        Ok(self.rejected == 0)
    }

    fn sum(&self) -> String {
        let mut sum = match self.duplicates {
            Some(0) => format!("{} accepted", self.accepted),
            Some(duplicates) => format!("{} accepted, {duplicates} sent before", self.accepted),
            None => format!("{} durable", self.accepted),
        };
        if self.rejected > 0 {
            sum += &format!(", {} rejected", self.rejected);
        }
        sum
    }
}
