//! Why a verb could not do its work, with what to do about it and the exit code.

use std::{fmt, io, net::SocketAddr, path::PathBuf};

use tonic::Code;
use tonic_types::StatusExt as _;

use super::{exit::Exit, filter::BadFilter, show};
use crate::{
    config::ConfigError,
    journal::JournalError,
    rule_files::LoadError,
    server::ServeError,
    service::{RecoveryError, StartError},
    telemetry::TelemetryError,
};

/// Why a verb could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Rule files cannot be read.
    #[error("{}", chain(.0))]
    Rules(#[from] LoadError),
    /// A filter on the command line does not compile.
    #[error(transparent)]
    Filter(#[from] BadFilter),
    /// Flags that do not go together.
    #[error("{0}")]
    Usage(&'static str),
    /// The beginning of an id that several have.
    #[error("{beginning} is the beginning of {count} ids; write more of the one that is meant:{}", candidates.concat())]
    Ambiguous {
        /// What was given.
        beginning: String,
        /// How many ids begin so.
        count: usize,
        /// The first of them, a line each.
        candidates: Vec<String>,
    },
    /// No server answers there.
    #[error("cannot reach a server at {server} ({}); is `bellwether serve` running there? Name another with --server", root(.source))]
    Unreachable {
        /// Where it was looked for.
        server: String,
        /// Why.
        source: tonic::transport::Error,
    },
    /// The server refused, or the connection broke.
    #[error("{}", Told(.0))]
    Rpc(Box<tonic::Status>),
    /// What answers there does not speak our language.
    #[error("{}; is that the gRPC port of a bellwether (`listen`, not `admin`)?", Told(.0))]
    Foreign(Box<tonic::Status>),
    /// One call of several was refused, or the connection broke; what came before it is done.
    #[error("{id}: {}", Told(.cause))]
    One {
        /// What the call was about.
        id: String,
        /// Why.
        cause: Box<tonic::Status>,
    },
    /// The server went on refusing for too long.
    #[error("gave up after {tries} tries: {}", Told(.last))]
    GaveUp {
        /// How often it was tried.
        tries: u32,
        /// What it said last.
        last: Box<tonic::Status>,
    },
    /// The stream broke while some of what was sent was not acknowledged.
    #[error(
        "{} (whether the last {unknown} were applied is unknown; with --id-prefix they can be sent again safely)",
        Told(.cause)
    )]
    Unknown {
        /// How many.
        unknown: usize,
        /// What broke it.
        cause: Box<tonic::Status>,
    },
    /// The server broke the contract.
    #[error("the server answered against its contract: {0}; are both of the same version?")]
    Contract(&'static str),
    /// An input cannot be opened or read.
    #[error("cannot read {name}: {source}")]
    Input {
        /// Which.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A line of an input is not what it should be.
    #[error("{name}:{number}: {reason}")]
    Line {
        /// The input.
        name: String,
        /// The line, from 1.
        number: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A data folder cannot be read.
    #[error("{}", chain(.0))]
    Journal(#[from] JournalError),
    /// What is in a data folder cannot be replayed.
    #[error("{}", chain(.0))]
    Recovery(#[from] RecoveryError),
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard output cannot be written to.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}; is another server running there?")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Logging could not be set up.
    #[error(transparent)]
    Log(#[from] TelemetryError),
    /// The server ended otherwise than it was asked to.
    #[error("{}", chain(.0))]
    Serve(#[from] ServeError),
    /// The asynchronous runtime could not be started.
    #[error("cannot start: {0}")]
    Runtime(#[source] io::Error),
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        // A bellwether gives a reason with whatever it refuses.
        let has_reason = status.get_details_error_info().is_some();
        match status.code() {
            Code::Unimplemented | Code::Unknown if !has_reason => Self::Foreign(Box::new(status)),
            _ => Self::Rpc(Box::new(status)),
        }
    }
}

impl Failure {
    /// What is said of it; nothing when the reader of our output has gone, as `head` does.
    pub fn told(&self) -> Option<String> {
        (!self.is_broken_pipe()).then(|| self.to_string())
    }

    /// How the process ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Log(_) => Exit::Config,
            Self::Rules(LoadError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Exit::NoInput,
            Self::Rules(LoadError::Io { .. } | LoadError::Changing { .. }) => Exit::Io,
            Self::Rules(_) => Exit::Data,
            Self::Bind { .. } => Exit::Unreachable,
            Self::Serve(error) => exit_of_server(error),
            Self::Usage(_) | Self::Ambiguous { .. } => Exit::Usage,
            Self::Unreachable { .. } | Self::Foreign(_) | Self::GaveUp { .. } => Exit::Unreachable,
            Self::Rpc(status) | Self::One { cause: status, .. } | Self::Unknown { cause: status, .. } => {
                exit_of(status.code())
            }
            Self::Line { .. } | Self::Filter(_) => Exit::Data,
            Self::Journal(cause) | Self::Recovery(RecoveryError::Journal(cause)) => exit_of_journal(cause),
            Self::Recovery(_) => Exit::Data,
            Self::Contract(_) | Self::Runtime(_) => Exit::Software,
            Self::Input { source, .. } if source.kind() == io::ErrorKind::NotFound => Exit::NoInput,
            Self::Output(_) if self.is_broken_pipe() => Exit::Done,
            Self::Input { .. } | Self::File { .. } | Self::Output(_) => Exit::Io,
        }
    }

    fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn exit_of(code: Code) -> Exit {
    match code {
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled | Code::Aborted => {
            Exit::Unreachable
        }
        Code::NotFound => Exit::No,
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition | Code::AlreadyExists | Code::DataLoss => {
            Exit::Data
        }
        Code::PermissionDenied | Code::Unauthenticated => Exit::Forbidden,
        _ => Exit::Software,
    }
}

fn exit_of_server(error: &ServeError) -> Exit {
    match error {
        ServeError::Rules | ServeError::Start(StartError::Mail(_)) => Exit::Config,
        ServeError::Start(StartError::Journal(cause) | StartError::Recovery(RecoveryError::Journal(cause))) => {
            exit_of_journal(cause)
        }
        ServeError::Start(StartError::Recovery(_)) => Exit::Data,
        ServeError::Start(StartError::Stopped) => Exit::Software,
        ServeError::Start(_) | ServeError::Transport(_) | ServeError::Failed(_) => Exit::Io,
    }
}

fn exit_of_journal(error: &JournalError) -> Exit {
    match error.exit_code() {
        66 => Exit::NoInput,
        74 => Exit::Io,
        75 => Exit::Locked,
        77 => Exit::Forbidden,
        _ => Exit::Data,
    }
}

/// An error with its causes, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}

/// A status for people.
pub(super) fn told(status: &tonic::Status) -> String {
    Told(status).to_string()
}

/// A status for people: what the server said, which fields it meant, and its reason.
struct Told<'a>(&'a tonic::Status);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.0;
        match status.message() {
            "" => write!(f, "{}", status.code().description())?,
            message => f.write_str(&show::clean(message))?,
        }
        let details = status.get_error_details();
        let violations = details.bad_request().into_iter().flat_map(|bad| &bad.field_violations);
        for violation in violations.filter(|violation| !status.message().contains(&violation.description)) {
            write!(
                f,
                "; {}: {}",
                show::clean(&violation.field),
                show::clean(&violation.description)
            )?;
        }
        if let Some(info) = details.error_info() {
            if let Some(column) = info.metadata.get("column") {
                write!(f, ", at column {}", show::clean(column))?;
            }
            write!(f, " [{}]", show::clean(&info.reason))?;
            if let Some(receivers) = info.metadata.get("receivers") {
                write!(f, "; there are: {}", show::clean(receivers))?;
            }
            if let Some(cursor) = info.metadata.get("earliest_cursor") {
                write!(
                    f,
                    "; go on from the earliest event kept with --after {}",
                    show::clean(cursor)
                )?;
            }
            if matches!(info.reason.as_str(), "CURSOR_AHEAD_OF_LOG" | "CURSOR_FOREIGN") {
                f.write_str("; remove the cursor file, if there is one, and begin with --snapshot")?;
            }
        }
        Ok(())
    }
}

/// The innermost cause, which says most: "Connection refused" rather than "transport error".
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
