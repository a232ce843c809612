//! Where verbs write: results to one side, what is only for the person at the other. Tests give buffers.

use std::{
    fmt,
    io::{self, Write},
};

/// The two streams of a verb.
pub struct Terminal<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl fmt::Debug for Terminal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terminal")
    }
}

impl<'a> Terminal<'a> {
    /// Results go to `out`, notes to `err`; both take colours and drop them where they are not wanted.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self { out, err }
    }

    /// Writes a line of the result.
    pub fn line(&mut self, text: impl fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Writes a result as one line of JSON.
    pub fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        self.line(value)
    }

    /// Hands on what was written, so that a reader has it before we go on.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// The stream of results.
    pub fn out(&mut self) -> &mut dyn Write {
        self.out
    }

    /// Says something to the person; that nobody can read it is no failure.
    pub fn note(&mut self, text: impl fmt::Display) {
        let _ = writeln!(self.err, "{text}");
    }
}
