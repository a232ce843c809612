//! Labels and their values. Every set is bounded: by an enum, by the rules in force, or by texts fixed in the program.

use prometheus_client::encoding::EncodeLabelSet;

/// Which kind of notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of a meeting.
    Conf,
    /// Of a participant.
    Party,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Conf, Self::Party];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Conf => "conf",
            Self::Party => "party",
        }
    }
}

/// What became of a well-formed notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was applied.
    Accepted,
    /// It had been applied before.
    Duplicate,
    /// Its id was known with other content.
    IdReused,
}

impl Outcome {
    /// All.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Duplicate, Self::IdReused];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::IdReused => "id_reused",
        }
    }
}

/// What was dropped because a bound was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evicted {
    /// An idempotency id.
    Id,
    /// A participant of a meeting.
    Participant,
    /// A meeting.
    Meeting,
    /// An alert.
    Alert,
    /// What a rule kept for a key.
    Key,
    /// A half-done sequence.
    Sequence,
    /// A notification in a window that is counted.
    Match,
    /// A mail that waited.
    Mail,
    /// A group of its own for an alert.
    Group,
    /// A silence that has ended.
    Silence,
}

impl Evicted {
    /// All.
    pub const ALL: [Self; 10] = [
        Self::Id,
        Self::Participant,
        Self::Meeting,
        Self::Alert,
        Self::Key,
        Self::Sequence,
        Self::Match,
        Self::Mail,
        Self::Group,
        Self::Silence,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Participant => "participant",
            Self::Meeting => "meeting",
            Self::Alert => "alert",
            Self::Key => "key",
            Self::Sequence => "sequence",
            Self::Match => "match",
            Self::Mail => "mail",
            Self::Group => "group",
            Self::Silence => "silence",
        }
    }
}

/// What was taken though it is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Irregularity {
    /// A notification that says what the last one said.
    Repeat,
    /// A notification that came too late, or after newer ones.
    Late,
    /// A notification from the future.
    Early,
    /// A code that the vendor's tables do not list.
    UnlistedCode,
    /// A key that the vendor's document does not name.
    UnknownKey,
    /// An input that the engine failed on, and that was left out.
    SkippedInput,
}

impl Irregularity {
    /// All.
    pub const ALL: [Self; 6] = [
        Self::Repeat,
        Self::Late,
        Self::Early,
        Self::UnlistedCode,
        Self::UnknownKey,
        Self::SkippedInput,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Repeat => "repeat",
            Self::Late => "late",
            Self::Early => "early",
            Self::UnlistedCode => "unlisted_code",
            Self::UnknownKey => "unknown_key",
            Self::SkippedInput => "skipped_input",
        }
    }
}

/// How an attempt to send a mail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailEnd {
    /// The server took it.
    Sent,
    /// It is tried again.
    Deferred,
    /// The server refused the recipient for good.
    Refused,
    /// It was the last attempt, and not taken.
    Expired,
}

impl MailEnd {
    /// All.
    pub const ALL: [Self; 4] = [Self::Sent, Self::Deferred, Self::Refused, Self::Expired];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct NotificationLabels {
    pub(super) kind: &'static str,
    pub(super) outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ReasonLabels {
    pub(super) reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RuleLabels {
    pub(super) rule: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct SeverityLabels {
    pub(super) severity: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct EventLabels {
    pub(super) event: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct EvictedLabels {
    pub(super) what: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct IrregularityLabels {
    pub(super) kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct MailLabels {
    pub(super) outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct BuildLabels {
    pub(super) version: &'static str,
}
