//! The only place where a refusal becomes a gRPC error: its code, its message and its google.rpc details.
//!
//! Messages are written here and hold nothing that a caller sent. Details follow <https://google.aip.dev/193>: always an `ErrorInfo`,
//! whose reason is what programs should look at.

use std::{borrow::Cow, time::Duration};

use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::{BadRequest, ErrorInfo, RetryInfo, pb};

use crate::{
    api,
    model::{malformed::Reason, vendor_text},
    service::Unavailable,
};

/// The largest alert that stands in an error, in bytes: many clients take no more than 8 KiB of trailers.
const LARGEST_ALERT: usize = 4 << 10;

/// When to come back where a refusal passes: when there is room again, or after a drain.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The type of the detail that holds an alert.
pub const ALERT_TYPE_URL: &str = "type.googleapis.com/bellwether.v1.Alert";

/// The domain of every `ErrorInfo.reason`.
pub const DOMAIN: &str = "bellwether";

/// A call, or one item of it, that is not carried out.
///
/// It becomes a [`tonic::Status`] where it ends a call and a [`tonic_types::Status`] where it stands in an answer; both say the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    code: Code,
    reason: &'static str,
    message: Cow<'static, str>,
    /// The field that is to blame, as a path from the request.
    field: Option<Cow<'static, str>>,
    metadata: Vec<(&'static str, String)>,
    retry_after: Option<Duration>,
    /// What there is instead of what was asked for.
    alert: Option<Box<api::Alert>>,
}

impl Refused {
    fn new(code: Code, reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            field: None,
            metadata: Vec::new(),
            retry_after: None,
            alert: None,
        }
    }

    /// A field of a notification that cannot be read.
    pub fn malformed(field: &'static str, reason: Reason) -> Self {
        Self::invalid(field, reason.name(), reason.to_string())
    }

    /// A vendor's text that cannot be read; metadata tells its key and column.
    pub fn unreadable(field: &'static str, refusal: vendor_text::Refusal) -> Self {
        let mut refused = Self::invalid(field, refusal.reason.name(), refusal.to_string());
        refused.metadata.extend(refusal.key.map(|key| ("key", key.to_owned())));
        refused
            .metadata
            .extend(refusal.column.map(|column| ("column", column.to_string())));
        refused
    }

    /// Any other field that is wrong or missing. The description must not echo its value where that may be personal.
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        reason: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(Code::InvalidArgument, reason, description)
        }
    }

    /// A batch of more items than one may have.
    pub fn too_many_items(field: &'static str, limit: usize) -> Self {
        Self::invalid(field, "TOO_MANY_ITEMS", format!("at most {limit} items are allowed"))
    }

    /// Bytes that are no message of the expected type.
    pub fn malformed_message() -> Self {
        Self::new(
            Code::InvalidArgument,
            "MALFORMED_MESSAGE",
            "the message is not valid protobuf of the expected type",
        )
    }

    /// A string that is not UTF-8.
    pub fn invalid_utf8() -> Self {
        Self::new(
            Code::InvalidArgument,
            "INVALID_UTF8",
            "a string in the message is not valid UTF-8",
        )
    }

    /// A message beyond the size that is taken. It will never be taken, so there is nothing to retry.
    pub fn message_too_large() -> Self {
        Self::new(
            Code::ResourceExhausted,
            "MESSAGE_TOO_LARGE",
            "the message is larger than this service takes",
        )
    }

    /// A known id with other content. `first_sequence` is the sequence of what came under it first, `oldest_id_age` how far back ids of that
    /// source are remembered.
    pub fn id_reused(first_sequence: u64, oldest_id_age: Duration) -> Self {
        Self::new(
            Code::AlreadyExists,
            "ID_REUSED",
            "another notification was accepted under the same id",
        )
        .with_metadata("sequence", first_sequence.to_string())
        .with_metadata("oldest_id_age", format!("{}s", oldest_id_age.as_secs()))
    }

    /// The queue before the engine is full.
    pub fn queue_full() -> Self {
        Self::new(
            Code::ResourceExhausted,
            "QUEUE_FULL",
            "too many notifications are waiting; try again",
        )
        .retryable()
    }

    /// Storage takes no writes, for want of space.
    pub fn storage_refuses() -> Self {
        Self::new(
            Code::Unavailable,
            "STORAGE_REFUSES_WRITES",
            "storage refuses writes; nothing was accepted",
        )
        .retryable()
    }

    /// As many subscriptions are open as may be.
    pub fn too_many_subscribers() -> Self {
        Self::new(
            Code::ResourceExhausted,
            "TOO_MANY_SUBSCRIBERS",
            "as many subscriptions are open as this service allows",
        )
        .retryable()
    }

    /// The rule files cannot be read.
    pub fn rules_unreadable(why: String) -> Self {
        Self::new(Code::FailedPrecondition, "RULES_UNREADABLE", why)
    }

    /// The service is about to stop.
    pub fn draining() -> Self {
        Self::new(Code::Unavailable, "DRAINING", "the service is shutting down").retryable()
    }

    /// The archive does not hold yet what was said before the call.
    pub fn archive_behind() -> Self {
        Self::new(
            Code::Unavailable,
            "ARCHIVE_BEHIND",
            "the archive has not taken in what was said before this call; its log says whether it lacks room",
        )
        .retryable()
    }

    /// A subscriber took nothing for too long.
    pub fn reader_stalled() -> Self {
        Self::new(
            Code::Unavailable,
            "READER_STALLED",
            "nothing was taken from the stream for too long; subscribe again after the last cursor",
        )
    }

    /// A filter that does not compile; `column` counts characters from 1.
    pub fn bad_filter(message: String, column: usize) -> Self {
        Self::invalid("filter", "BAD_FILTER", message).with_metadata("column", column.to_string())
    }

    /// A cursor, or an instant, before what is still kept.
    pub fn cursor_expired(earliest_cursor: String) -> Self {
        Self::new(
            Code::OutOfRange,
            "CURSOR_EXPIRED",
            "what was asked for is older than what is kept; start at earliest_cursor",
        )
        .with_metadata("earliest_cursor", earliest_cursor)
    }

    /// A cursor that is damaged or of another store.
    pub fn cursor_foreign(field: &'static str) -> Self {
        Self::invalid(field, "CURSOR_FOREIGN", "not a cursor of this service's store")
    }

    /// A cursor of this store that its history does not reach: history has been lost.
    pub fn cursor_ahead() -> Self {
        Self::new(
            Code::DataLoss,
            "CURSOR_AHEAD_OF_LOG",
            "the cursor is ahead of this store's history: history has been lost",
        )
    }

    /// There is no such thing; `what` names its type.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(Code::NotFound, "NOT_FOUND", format!("there is no such {what}"))
    }

    /// The alert has ended, so that nobody can take it on or end it.
    pub fn alert_resolved() -> Self {
        Self::new(
            Code::FailedPrecondition,
            "ALERT_RESOLVED",
            "the alert has ended already",
        )
    }

    /// There are as many silences as there may be. There is no telling when there is room.
    pub fn too_many_silences() -> Self {
        Self::new(
            Code::ResourceExhausted,
            "TOO_MANY_SILENCES",
            "there are as many silences as this service allows; expire one first",
        )
    }

    /// Another explanation is under way.
    pub fn explaining() -> Self {
        Self::new(
            Code::ResourceExhausted,
            "EXPLAINING",
            "another explanation is under way; try again",
        )
        .retryable()
    }

    /// What an explanation needs is older than the journal. An alert is a detail of its own, with as much of its newest evidence as
    /// there is room for.
    pub fn history_trimmed(mut alert: Option<api::Alert>) -> Self {
        if let Some(alert) = &mut alert {
            while alert.encoded_len() > LARGEST_ALERT && alert.evidence.pop().is_some() {}
        }
        Self {
            alert: alert.filter(|alert| alert.encoded_len() <= LARGEST_ALERT).map(Box::new),
            ..Self::new(
                Code::FailedPrecondition,
                "HISTORY_TRIMMED",
                "what led to it is older than what the journal keeps; an alert itself has its evidence",
            )
        }
    }

    /// The caller's deadline passed first.
    pub fn deadline_passed() -> Self {
        Self::new(
            Code::DeadlineExceeded,
            "DEADLINE_EXCEEDED",
            "the caller's deadline passed; what was begun may still be carried out; a notification with an id is safe to send again",
        )
    }

    /// An explanation would take longer than it may.
    pub fn too_much_history() -> Self {
        Self::new(
            Code::DeadlineExceeded,
            "TOO_MUCH_HISTORY",
            "there is more of the journal to read than there is time for",
        )
    }

    /// A failure of the service itself; what it was is in its log.
    pub fn internal() -> Self {
        Self::new(
            Code::Internal,
            "INTERNAL",
            "the service failed to carry out the call; its log says more",
        )
    }

    /// An error that tonic made without saying why in a way that programs can read: code and message stay.
    pub(super) fn bare(status: &Status) -> Self {
        Self::new(status.code(), code_name(status.code()), status.message().to_owned())
    }

    /// Adds to `ErrorInfo.metadata`, such as `last_cursor` on a stream that the server ends.
    #[must_use]
    pub fn with_metadata(mut self, name: &'static str, value: String) -> Self {
        self.metadata.push((name, value));
        self
    }

    /// It passes: the call may be made again.
    fn retryable(mut self) -> Self {
        self.retry_after = Some(RETRY_AFTER);
        self
    }

    /// As it stands in `ErrorInfo.reason`; counters go by it.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    fn details(&self) -> Vec<prost_types::Any> {
        let info = pb::ErrorInfo {
            reason: self.reason.to_owned(),
            domain: DOMAIN.to_owned(),
            metadata: self
                .metadata
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        };
        let mut details = vec![any(ErrorInfo::TYPE_URL, &info)];
        if let Some(field) = &self.field {
            let violation = pb::bad_request::FieldViolation {
                field: field.clone().into_owned(),
                description: self.message.clone().into_owned(),
                reason: self.reason.to_owned(),
                localized_message: None,
            };
            let bad_request = pb::BadRequest {
                field_violations: vec![violation],
            };
            details.push(any(BadRequest::TYPE_URL, &bad_request));
        }
        if let Some(delay) = self.retry_after {
            let retry_info = pb::RetryInfo {
                retry_delay: prost_types::Duration::try_from(delay).ok(),
            };
            details.push(any(RetryInfo::TYPE_URL, &retry_info));
        }
        if let Some(alert) = &self.alert {
            details.push(prost_types::Any {
                type_url: ALERT_TYPE_URL.to_owned(),
                value: alert.encode_to_vec(),
            });
        }
        details
    }
}

impl From<Unavailable> for Refused {
    fn from(cause: Unavailable) -> Self {
        match cause {
            Unavailable::QueueFull => Self::queue_full(),
            Unavailable::NoSpace => Self::storage_refuses(),
            Unavailable::TooLarge => Self::message_too_large(),
            Unavailable::Stopping => Self::draining(),
            Unavailable::Skipped => Self::internal(),
        }
    }
}

impl From<Refused> for tonic_types::Status {
    fn from(refused: Refused) -> Self {
        let message = match &refused.field {
            Some(field) => format!("{field}: {}", refused.message),
            None => refused.message.clone().into_owned(),
        };
        Self {
            code: refused.code.into(),
            message,
            details: refused.details(),
        }
    }
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        let code = refused.code;
        let status = tonic_types::Status::from(refused);
        let details = status.encode_to_vec().into();
        Self::with_details(code, status.message, details)
    }
}

fn any(type_url: &str, detail: &impl prost::Message) -> prost_types::Any {
    prost_types::Any {
        type_url: type_url.to_owned(),
        value: detail.encode_to_vec(),
    }
}

const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests;
