//! What an expression reads, so that a state is weighed again only when something that it reads has changed.

use super::{
    Expr,
    tree::{Bool, BoolField, Number, NumberField, Part, Text, TextField},
};
use crate::rules::facts::MeetingFacts;

/// What an expression reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reads {
    /// `conf.…`
    pub conf: bool,
    /// `party.…`
    pub party: bool,
    /// `previous.…`
    pub previous: bool,
    /// `source`
    pub source: bool,
    /// `occurred_at` or `received_at`
    pub times: bool,
    /// `meeting.…`
    pub meeting: MeetingFields,
}

/// Fields of `meeting`, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MeetingFields(u16);

impl MeetingFields {
    /// No field.
    pub const NONE: Self = Self(0);

    const LIVE: Self = Self(1);
    const ENDED: Self = Self(1 << 1);
    const WAS_RECORDED: Self = Self(1 << 2);
    const MUTED_ALL: Self = Self(1 << 3);
    const HAD_EXPERT: Self = Self(1 << 4);
    const RECORDING: Self = Self(1 << 5);
    const PRESENT: Self = Self(1 << 6);
    const TALKING: Self = Self(1 << 7);
    const DIALING: Self = Self(1 << 8);
    const EXPERTS: Self = Self(1 << 9);
    const CLIENTS: Self = Self(1 << 10);
    const PEAK_PRESENT: Self = Self(1 << 11);
    const REFUSED: Self = Self(1 << 12);
    const STARTED_AT: Self = Self(1 << 13);
    const ENDED_AT: Self = Self(1 << 14);
    /// Never changes within an occurrence; what reads nothing else is so from its beginning, or never.
    const BILLING_CODE: Self = Self(1 << 15);

    /// The fields in which the two differ.
    pub fn changed(before: &MeetingFacts, after: &MeetingFacts) -> Self {
        let mut changed = Self::NONE;
        for (field, is_changed) in [
            (Self::LIVE, before.live != after.live),
            (Self::ENDED, before.ended != after.ended),
            (Self::WAS_RECORDED, before.was_recorded != after.was_recorded),
            (Self::MUTED_ALL, before.muted_all != after.muted_all),
            (Self::HAD_EXPERT, before.had_expert != after.had_expert),
            (Self::RECORDING, before.recording != after.recording),
            (Self::PRESENT, before.present != after.present),
            (Self::TALKING, before.talking != after.talking),
            (Self::DIALING, before.dialing != after.dialing),
            (Self::EXPERTS, before.experts != after.experts),
            (Self::CLIENTS, before.clients != after.clients),
            (Self::PEAK_PRESENT, before.peak_present != after.peak_present),
            (Self::REFUSED, before.refused != after.refused),
            (Self::STARTED_AT, before.started_at != after.started_at),
            (Self::ENDED_AT, before.ended_at != after.ended_at),
        ] {
            if is_changed {
                changed = changed.with(field);
            }
        }
        changed
    }

    /// These and those.
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether any field is in both.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Expr {
    /// What it reads; what it reads of an alert is not counted.
    pub fn reads(&self) -> Reads {
        let mut reads = Reads::default();
        Part::Bool(&self.condition).walk(&mut |part| match part {
            Part::Bool(Bool::Field(field)) => reads.meeting = reads.meeting.with(bool_field(*field)),
            Part::Number(Number::Field(field)) => reads.number(*field),
            Part::Text(Text::Field(field)) => match field {
                TextField::ConfBillingCode => reads.conf = true,
                TextField::MeetingBillingCode => reads.meeting = reads.meeting.with(MeetingFields::BILLING_CODE),
                TextField::Party(_) => reads.party = true,
                TextField::PreviousBillingCode | TextField::Previous(_) => reads.previous = true,
                TextField::Source => reads.source = true,
                TextField::AlertRule => {}
            },
            _ => {}
        });
        reads
    }
}

fn bool_field(field: BoolField) -> MeetingFields {
    match field {
        BoolField::MeetingLive => MeetingFields::LIVE,
        BoolField::MeetingEnded => MeetingFields::ENDED,
        BoolField::MeetingWasRecorded => MeetingFields::WAS_RECORDED,
        BoolField::MeetingMutedAll => MeetingFields::MUTED_ALL,
        BoolField::MeetingHadExpert => MeetingFields::HAD_EXPERT,
        BoolField::AlertAcknowledged | BoolField::AlertSilenced | BoolField::AlertInhibited => MeetingFields::NONE,
    }
}

impl Reads {
    fn number(&mut self, field: NumberField) {
        use NumberField as F;
        let meeting = match field {
            F::ConfStatus => return self.conf = true,
            F::PartyStatus | F::PartyReason | F::PartyRole | F::PartyConnectTime => return self.party = true,
            F::PreviousStatus
            | F::PreviousConfStatus
            | F::PreviousPartyStatus
            | F::PreviousReason
            | F::PreviousRole
            | F::PreviousConnectTime => return self.previous = true,
            F::OccurredAt | F::ReceivedAt => return self.times = true,
            F::MeetingRecording => MeetingFields::RECORDING,
            F::MeetingPresent => MeetingFields::PRESENT,
            F::MeetingTalking => MeetingFields::TALKING,
            F::MeetingDialing => MeetingFields::DIALING,
            F::MeetingExperts => MeetingFields::EXPERTS,
            F::MeetingClients => MeetingFields::CLIENTS,
            F::MeetingPeakPresent => MeetingFields::PEAK_PRESENT,
            F::MeetingRefused => MeetingFields::REFUSED,
            F::MeetingStartedAt => MeetingFields::STARTED_AT,
            F::MeetingEndedAt => MeetingFields::ENDED_AT,
            F::AlertSeverity | F::AlertState | F::AlertOccurrences | F::AlertStartedAt => MeetingFields::NONE,
        };
        self.meeting = self.meeting.with(meeting);
    }
}
