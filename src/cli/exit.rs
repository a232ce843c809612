//! How a verb ends, as a number (sysexits.h from 64 on).

use std::process::ExitCode;

/// What a shell is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// It ran, and the answer is no: something was rejected, is not there, does not serve.
    No = 1,
    /// The command line was not understood.
    Usage = 2,
    /// The input is not what it should be (`EX_DATAERR`).
    Data = 65,
    /// An input file cannot be opened (`EX_NOINPUT`).
    NoInput = 66,
    /// The server cannot be reached, or refuses work for now (`EX_UNAVAILABLE`).
    Unreachable = 69,
    /// A defect, here or at the server (`EX_SOFTWARE`).
    Software = 70,
    /// Reading or writing failed (`EX_IOERR`).
    Io = 74,
    /// Another process holds what is needed (`EX_TEMPFAIL`).
    Locked = 75,
    /// The server does not allow it (`EX_NOPERM`).
    Forbidden = 77,
    /// The configuration cannot be used (`EX_CONFIG`).
    Config = 78,
}

/// The end of `--help`.
pub(super) const HELP: &str = "Exit codes: 0 done, 1 the answer is no, 2 usage, 65 data, 66 no input, 69 server unreachable, 70 defect, 74 I/O, \
     75 locked by another, 77 not allowed, 78 configuration";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
