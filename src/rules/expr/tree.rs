//! The compiled form: one enum for each kind of result, so that evaluating needs no dynamic value, no check of types and no memory.
//! Whole numbers, codes, times (nanoseconds since 1970) and durations (nanoseconds) are all one 64-bit [`Number`]; telling them apart
//! was the checker's work.

use compact_str::CompactString;
use jiff::tz::TimeZone;
use regex::Regex;

use super::share::Shared;

/// True, false or undecided.
#[derive(Debug, Clone)]
pub(super) enum Bool {
    Const(bool),
    Field(BoolField),
    Not(Box<Bool>),
    All(Vec<Bool>),
    Any(Vec<Bool>),
    /// Exactly one is true, all being decided.
    One(Vec<Bool>),
    Choice(Box<(Bool, Bool, Bool)>),
    /// Both true or both false.
    Same(Box<(Bool, Bool)>),
    /// Equal to one of these. `==` with a constant is a list of one.
    NumberIn(Number, Box<[i64]>),
    TextIn(Text, Box<[CompactString]>),
    Numbers(Comparison, Box<(Number, Number)>),
    Texts(Comparison, Box<(Text, Text)>),
    /// Not null.
    There(Number),
    /// Whether the first text has the second in the given place.
    Find(Find, Box<(Text, Text)>),
    Matches(Text, Regex),
    /// What other expressions have in common with this one.
    Shared(Box<Shared>),
}

/// A number, null or undecided.
#[derive(Debug, Clone)]
pub(super) enum Number {
    Const(i64),
    Field(NumberField),
    /// In code points.
    Size(Box<Text>),
    Arithmetic(Arithmetic, Box<(Number, Number)>),
    /// A part of the calendar date and time of an instant in a time zone.
    Calendar(CalendarPart, Box<(Number, TimeZone)>),
    Choice(Box<(Bool, Number, Number)>),
}

/// A text or undecided.
#[derive(Debug, Clone)]
pub(super) enum Text {
    Const(CompactString),
    Field(TextField),
    /// The value of that name in one of an alert's maps.
    Entry(TextMap, CompactString),
    Choice(Box<(Bool, Text, Text)>),
}

/// The other three comparisons are these with the sides changed or negated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Find {
    Anywhere,
    AtStart,
    AtEnd,
}

/// As CEL counts them: months and the days of week, year and `getDayOfMonth` from 0, `getDate` from 1, the week from Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CalendarPart {
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BoolField {
    MeetingLive,
    MeetingEnded,
    MeetingWasRecorded,
    MeetingMutedAll,
    MeetingHadExpert,
    AlertAcknowledged,
    AlertSilenced,
    AlertInhibited,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberField {
    ConfStatus,
    PartyStatus,
    PartyReason,
    PartyRole,
    PartyConnectTime,
    /// Of whichever kind is at hand.
    PreviousStatus,
    PreviousConfStatus,
    PreviousPartyStatus,
    PreviousReason,
    PreviousRole,
    PreviousConnectTime,
    MeetingRecording,
    MeetingPresent,
    MeetingTalking,
    MeetingDialing,
    MeetingExperts,
    MeetingClients,
    MeetingPeakPresent,
    MeetingRefused,
    MeetingStartedAt,
    MeetingEndedAt,
    OccurredAt,
    ReceivedAt,
    AlertSeverity,
    AlertState,
    AlertOccurrences,
    AlertStartedAt,
}

impl NumberField {
    /// Whether it can be null.
    pub fn is_optional(self) -> bool {
        matches!(
            self,
            Self::PartyReason
                | Self::PartyRole
                | Self::PartyConnectTime
                | Self::PreviousStatus
                | Self::PreviousConfStatus
                | Self::PreviousPartyStatus
                | Self::PreviousReason
                | Self::PreviousRole
                | Self::PreviousConnectTime
                | Self::MeetingRecording
                | Self::MeetingStartedAt
                | Self::MeetingEndedAt
        )
    }

    /// Whether it counts something, and so is never negative.
    pub fn is_count(self) -> bool {
        matches!(
            self,
            Self::MeetingPresent
                | Self::MeetingTalking
                | Self::MeetingDialing
                | Self::MeetingExperts
                | Self::MeetingClients
                | Self::MeetingPeakPresent
                | Self::MeetingRefused
                | Self::AlertOccurrences
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum TextField {
    ConfBillingCode,
    /// Of the meeting that is at hand in whatever way.
    MeetingBillingCode,
    Party(PartyText),
    /// Of whichever kind is at hand.
    PreviousBillingCode,
    Previous(PartyText),
    Source,
    AlertRule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum PartyText {
    BillingCode,
    PartyId,
    Name,
    Phone,
    Country,
    AreaCode,
    AcmPhone,
    City,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextMap {
    Labels,
    Key,
}

/// Any part of a compiled expression.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'t> {
    Bool(&'t Bool),
    Number(&'t Number),
    Text(&'t Text),
}

impl<'t> Part<'t> {
    /// Shows every part below this one, and itself first.
    pub fn walk(self, visit: &mut dyn FnMut(Part<'t>)) {
        visit(self);
        match self {
            Self::Bool(bool) => match bool {
                Bool::Const(_) | Bool::Field(_) => {}
                Bool::Not(of) => Part::Bool(of).walk(visit),
                Bool::Shared(of) => Part::Bool(&of.part).walk(visit),
                Bool::All(parts) | Bool::Any(parts) | Bool::One(parts) => {
                    parts.iter().for_each(|part| Part::Bool(part).walk(visit))
                }
                Bool::Choice(of) => [Part::Bool(&of.0), Part::Bool(&of.1), Part::Bool(&of.2)]
                    .into_iter()
                    .for_each(|part| part.walk(visit)),
                Bool::Same(of) => [&of.0, &of.1].into_iter().for_each(|part| Part::Bool(part).walk(visit)),
                Bool::NumberIn(of, _) | Bool::There(of) => Part::Number(of).walk(visit),
                Bool::TextIn(of, _) | Bool::Matches(of, _) => Part::Text(of).walk(visit),
                Bool::Numbers(_, of) => [&of.0, &of.1]
                    .into_iter()
                    .for_each(|part| Part::Number(part).walk(visit)),
                Bool::Texts(_, of) | Bool::Find(_, of) => {
                    [&of.0, &of.1].into_iter().for_each(|part| Part::Text(part).walk(visit));
                }
            },
            Self::Number(number) => match number {
                Number::Const(_) | Number::Field(_) => {}
                Number::Size(of) => Part::Text(of).walk(visit),
                Number::Arithmetic(_, of) => {
                    [&of.0, &of.1]
                        .into_iter()
                        .for_each(|part| Part::Number(part).walk(visit));
                }
                Number::Calendar(_, of) => Part::Number(&of.0).walk(visit),
                Number::Choice(of) => [Part::Bool(&of.0), Part::Number(&of.1), Part::Number(&of.2)]
                    .into_iter()
                    .for_each(|part| part.walk(visit)),
            },
            Self::Text(text) => match text {
                Text::Const(_) | Text::Field(_) | Text::Entry(..) => {}
                Text::Choice(of) => [Part::Bool(&of.0), Part::Text(&of.1), Part::Text(&of.2)]
                    .into_iter()
                    .for_each(|part| part.walk(visit)),
            },
        }
    }
}
