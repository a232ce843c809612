//! What the fields read, of a notification with its meeting and of an alert. Where there is a previous notification at all it is of the
//! kind at hand; where there is none, its codes and times are null and its texts empty.

use super::{
    evaluate::{Reading, Scope},
    tree::{BoolField, NumberField, PartyText, TextField, TextMap},
};
use crate::{
    model::{Party, Time},
    rules::facts::{AlertFacts, AtHand, Facts, Previous, Said},
};

impl Scope for Facts<'_> {
    fn bool(&self, field: BoolField) -> Option<bool> {
        use BoolField as F;
        match field {
            F::MeetingLive => Some(self.meeting.live),
            F::MeetingEnded => Some(self.meeting.ended),
            F::MeetingWasRecorded => Some(self.meeting.was_recorded),
            F::MeetingMutedAll => Some(self.meeting.muted_all),
            F::MeetingHadExpert => Some(self.meeting.had_expert),
            F::AlertAcknowledged | F::AlertSilenced | F::AlertInhibited => None,
        }
    }

    fn number(&self, field: NumberField) -> Reading {
        use NumberField as F;
        match field {
            F::ConfStatus => match self.at_hand {
                AtHand::Conf(conf) => there(conf.status.0),
                AtHand::Party(_) | AtHand::Meeting(_) => None,
            },
            F::PartyStatus => there(self.party()?.status.0),
            F::PartyReason => Some(self.party()?.disconnect_reason.map(|reason| reason.0.into())),
            F::PartyRole => Some(self.party()?.role.map(|role| role.0.into())),
            F::PartyConnectTime => Some(self.party()?.connect_time.map(Time::as_nanos)),
            F::PreviousStatus => self.previous_conf_status().or_else(|| self.previous_party_status()),
            F::PreviousConfStatus => self.previous_conf_status(),
            F::PreviousPartyStatus => self.previous_party_status(),
            F::PreviousReason => self.previous_party(|party, _| party.disconnect_reason.map(|reason| reason.0.into())),
            F::PreviousRole => self.previous_party(|party, said| {
                let role = party.role.filter(|_| said.has(Said::ROLE));
                role.map(|role| role.0.into())
            }),
            F::PreviousConnectTime => self.previous_party(|party, said| {
                let time = party.connect_time.filter(|_| said.has(Said::CONNECT_TIME));
                time.map(Time::as_nanos)
            }),
            F::MeetingRecording => Some(self.meeting.recording.map(|status| status.0.into())),
            F::MeetingPresent => there(self.meeting.present),
            F::MeetingTalking => there(self.meeting.talking),
            F::MeetingDialing => there(self.meeting.dialing),
            F::MeetingExperts => there(self.meeting.experts),
            F::MeetingClients => there(self.meeting.clients),
            F::MeetingPeakPresent => there(self.meeting.peak_present),
            F::MeetingRefused => there(self.meeting.refused),
            F::MeetingStartedAt => Some(self.meeting.started_at.map(Time::as_nanos)),
            F::MeetingEndedAt => Some(self.meeting.ended_at.map(Time::as_nanos)),
            F::OccurredAt => there(self.occurred_at.as_nanos()),
            F::ReceivedAt => there(self.received_at.as_nanos()),
            F::AlertSeverity | F::AlertState | F::AlertOccurrences | F::AlertStartedAt => None,
        }
    }

    fn text(&self, field: TextField) -> Option<&str> {
        match field {
            TextField::ConfBillingCode => match self.at_hand {
                AtHand::Conf(conf) => Some(&conf.billing_code),
                AtHand::Party(_) | AtHand::Meeting(_) => None,
            },
            TextField::MeetingBillingCode => Some(self.at_hand.billing_code()),
            TextField::Party(text) => Some(text.of(self.party()?)),
            TextField::PreviousBillingCode => match (self.at_hand, self.previous) {
                (AtHand::Meeting(_), _) => None,
                (_, Previous::Nothing) => Some(""),
                (AtHand::Conf(conf), _) => Some(&conf.billing_code),
                (AtHand::Party(party), _) => Some(&party.billing_code),
            },
            TextField::Previous(text) => {
                self.party()?;
                match self.previous {
                    Previous::Party { known, said } if text.said_in(said) => Some(text.of(known)),
                    Previous::Party { .. } | Previous::Nothing => Some(""),
                    Previous::Conf(_) => None,
                }
            }
            TextField::Source => Some(self.source),
            TextField::AlertRule => None,
        }
    }

    fn entry(&self, _: TextMap, _: &str) -> Option<&str> {
        None
    }
}

impl<'a> Facts<'a> {
    fn party(&self) -> Option<&'a Party> {
        match self.at_hand {
            AtHand::Party(party) => Some(party),
            AtHand::Conf(_) | AtHand::Meeting(_) => None,
        }
    }

    fn previous_conf_status(&self) -> Reading {
        match (self.at_hand, self.previous) {
            (AtHand::Conf(_), Previous::Conf(status)) => there(status.0),
            (AtHand::Conf(_), Previous::Nothing) => Some(None),
            _ => None,
        }
    }

    fn previous_party_status(&self) -> Reading {
        self.previous_party(|party, _| Some(party.status.0.into()))
    }

    fn previous_party(&self, read: impl FnOnce(&Party, Said) -> Option<i64>) -> Reading {
        match (self.at_hand, self.previous) {
            (AtHand::Party(_), Previous::Party { known, said }) => Some(read(known, said)),
            (AtHand::Party(_), Previous::Nothing) => Some(None),
            _ => None,
        }
    }
}

impl PartyText {
    fn of(self, party: &Party) -> &str {
        match self {
            Self::BillingCode => &party.billing_code,
            Self::PartyId => &party.party_id,
            Self::Name => party.name.clear(),
            Self::Phone => party.phone.clear(),
            Self::Country => &party.country,
            Self::AreaCode => &party.area_code,
            Self::AcmPhone => party.acm_phone.clear(),
            Self::City => party.city.clear(),
        }
    }

    fn said_in(self, said: Said) -> bool {
        match self {
            // Every notification carries these two.
            Self::BillingCode | Self::PartyId => true,
            Self::Name => said.has(Said::NAME),
            Self::Phone => said.has(Said::PHONE),
            Self::Country => said.has(Said::COUNTRY),
            Self::AreaCode => said.has(Said::AREA_CODE),
            Self::AcmPhone => said.has(Said::ACM_PHONE),
            Self::City => said.has(Said::CITY),
        }
    }
}

impl Scope for AlertFacts<'_> {
    fn bool(&self, field: BoolField) -> Option<bool> {
        use BoolField as F;
        match field {
            F::AlertAcknowledged => Some(self.acknowledged),
            F::AlertSilenced => Some(self.silenced),
            F::AlertInhibited => Some(self.inhibited),
            F::MeetingLive | F::MeetingEnded | F::MeetingWasRecorded | F::MeetingMutedAll | F::MeetingHadExpert => None,
        }
    }

    fn number(&self, field: NumberField) -> Reading {
        use NumberField as F;
        match field {
            F::AlertSeverity => there(self.severity as i64),
            F::AlertState => there(self.firing),
            // Above the largest number there is no telling one from another, and no alert gets there.
            F::AlertOccurrences => there(i64::try_from(self.occurrences).unwrap_or(i64::MAX)),
            F::AlertStartedAt => there(self.started_at.as_nanos()),
            _ => None,
        }
    }

    fn text(&self, field: TextField) -> Option<&str> {
        match field {
            TextField::AlertRule => Some(self.rule),
            _ => None,
        }
    }

    /// An absent label is an empty text, as an absent part of a notification is.
    fn entry(&self, map: TextMap, name: &str) -> Option<&str> {
        let value = match map {
            TextMap::Labels => self.labels.get(name),
            TextMap::Key => self.key.iter().find(|(key, _)| key == name).map(|(_, value)| value),
        };
        Some(value.map_or("", |value| value.as_str()))
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is read together with values that may be absent or undecided"
)]
fn there(value: impl Into<i64>) -> Reading {
    Some(Some(value.into()))
}
