//! The vendor's codes, from its tables. They are open: a number that a table does not list is kept and named by itself.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! code {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub i32);

        impl $name {
            $($(#[$value_doc])* pub const $value: Self = Self($number);)+

            /// The values that the vendor's table lists, with the short names that rules use.
            pub const LISTED: &'static [(&'static str, Self)] = &[$((stringify!($value), Self::$value),)+];

            /// The short name, or `None` for a number that the vendor's table does not list.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($value)),)+
                    _ => None,
                }
            }

            /// The value of that short name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::LISTED.iter().find(|(listed, _)| *listed == name).map(|(_, value)| *value)
            }
        }

        /// The short name, or the number of an unlisted value.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => self.0.fmt(f),
                }
            }
        }
    };
}

code! {
    /// What changed in a meeting (`status` of the vendor's "conf").
    ConferenceStatus {
        /// "meeting start"
        MEETING_START = 1,
        /// "meeting end"
        MEETING_END = -1,
        /// "Opening meeting recording"
        RECORDING_OPENING = 100,
        /// "Meeting recorded"
        RECORDED = 101,
        /// "Meeting not recorded"
        NOT_RECORDED = 102,
        /// "Recording paused"
        RECORDING_PAUSED = 103,
        /// "Mute all not opened"
        UNMUTED_ALL = 40,
        /// "All muted"
        MUTED_ALL = 41,
    }
}

code! {
    /// What a participant does (`partyStatus` of the vendor's "party").
    ParticipantStatus {
        /// "Disconnected, reasons obtained by disconnectReason"
        DISCONNECTED = 0,
        /// "Disconnecting"
        DISCONNECTING = 1,
        /// "Connecting"
        CONNECTING = 2,
        /// "Meeting Hold"
        MEETING_HOLD = 3,
        /// "Mute"
        MUTED = 4,
        /// "Can hear and speak"
        SPEAKING = 5,
        /// "Listen to music"
        LISTENING_TO_MUSIC = 100,
        /// "In service"
        IN_SERVICE = 101,
        /// "Dialing, including *8 and 0p dialing"
        DIALING = 102,
        /// "Call holding"
        CALL_HOLDING = 103,
    }
}

impl ParticipantStatus {
    /// In the meeting: on hold, muted, speaking, hearing music, with an operator or holding the call.
    pub const fn is_present(self) -> bool {
        matches!(
            self,
            Self::MEETING_HOLD
                | Self::MUTED
                | Self::SPEAKING
                | Self::LISTENING_TO_MUSIC
                | Self::IN_SERVICE
                | Self::CALL_HOLDING
        )
    }

    /// Hears and may speak: muted or speaking.
    pub const fn is_talking(self) -> bool {
        matches!(self, Self::MUTED | Self::SPEAKING)
    }

    /// Being connected or dialled.
    pub const fn is_dialing(self) -> bool {
        matches!(self, Self::CONNECTING | Self::DIALING)
    }
}

code! {
    /// Why a participant was disconnected (`disconnectReason`); the vendor's table has no 6.
    DisconnectReason {
        /// "No reason"
        NO_REASON = 0,
        /// "Hung up by the host"
        HUNG_UP_BY_HOST = 1,
        /// "Remote end hung up"
        REMOTE_HUNG_UP = 2,
        /// "No answer"
        NO_ANSWER = 3,
        /// "Busy"
        BUSY = 4,
        /// "Port full"
        PORT_FULL = 5,
        /// "Meeting in full capacity"
        MEETING_FULL = 7,
        /// "Meeting locked"
        MEETING_LOCKED = 8,
        /// "Meeting doesn't allow dialing"
        DIALING_NOT_ALLOWED = 9,
    }
}

impl DisconnectReason {
    /// The bridge refused the participant: no port, meeting full or locked, dialling not allowed.
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::PORT_FULL | Self::MEETING_FULL | Self::MEETING_LOCKED | Self::DIALING_NOT_ALLOWED
        )
    }
}

code! {
    /// A participant's part in the meeting (`role`).
    Role {
        /// "expert"
        EXPERT = 0,
        /// "consulting client"
        CLIENT = 1,
    }
}
