//! Notifications and alerts for expressions to look at, of few values, so that they meet.

use bellwether::{
    model::{
        Conf, ConferenceStatus, DisconnectReason, Labels, ParticipantStatus, Party, Personal, Role, Severity, Time,
    },
    rules::facts::{AlertFacts, AtHand, Facts, MeetingFacts, Previous, Said},
};
use compact_str::CompactString;
use proptest::{option, prelude::*, sample::select};

/// A notification with what lies around it.
#[derive(Debug, Clone)]
pub struct Scene {
    pub at_hand: Hand,
    pub meeting: MeetingFacts,
    pub source: String,
    pub occurred_at: Time,
    pub received_at: Time,
}

#[derive(Debug, Clone)]
pub enum Hand {
    Nothing,
    /// With the status before.
    Conf(Conf, Option<ConferenceStatus>),
    /// With what was known before.
    Party(Box<Party>, Option<Box<(Party, Said)>>),
}

impl Scene {
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            at_hand: match &self.at_hand {
                Hand::Nothing => AtHand::Meeting("33333"),
                Hand::Conf(conf, _) => AtHand::Conf(conf),
                Hand::Party(party, _) => AtHand::Party(party),
            },
            previous: match &self.at_hand {
                Hand::Conf(_, Some(status)) => Previous::Conf(*status),
                Hand::Party(_, Some(before)) => Previous::Party {
                    known: &before.0,
                    said: before.1,
                },
                _ => Previous::Nothing,
            },
            meeting: &self.meeting,
            source: &self.source,
            occurred_at: self.occurred_at,
            received_at: self.received_at,
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    select(vec![
        "",
        "33333",
        "86",
        "a",
        "a\\d",
        "真实名称",
        "真实",
        "aB\n'",
        "bridge-a",
    ])
    .prop_map(str::to_owned)
}

fn code(listed: &'static [i32]) -> impl Strategy<Value = i32> {
    select(listed)
}

fn time() -> impl Strategy<Value = Time> {
    select(vec![
        (1_767_600_000, 0),
        (1_767_601_815, 250_000_000),
        (1_774_746_000, 0),
        (1_774_745_999, 999_999_999),
        (1_709_251_199, 5),
        (-1, 500_000_000),
        (0, 0),
        (4_102_444_799, 1_000_000),
    ])
    .prop_map(|(seconds, nanos)| Time::from_parts(seconds, nanos).unwrap())
}

fn conference_status() -> impl Strategy<Value = ConferenceStatus> {
    code(&[1, -1, 100, 101, 102, 40, 6]).prop_map(ConferenceStatus)
}

fn party() -> impl Strategy<Value = Party> {
    let texts = proptest::array::uniform8(text());
    let codes = (
        code(&[0, 4, 5, 101, 6]).prop_map(ParticipantStatus),
        option::of(code(&[0, 4, 5, 6]).prop_map(DisconnectReason)),
        option::of(code(&[0, 1, 6]).prop_map(Role)),
    );
    (texts, codes, option::of(time())).prop_map(|(texts, (status, disconnect_reason, role), connect_time)| {
        let [billing_code, party_id, name, phone, country, area_code, acm_phone, city] = texts;
        Party {
            billing_code: billing_code.into(),
            party_id: party_id.into(),
            name: Personal::new(name),
            phone: Personal::new(phone),
            country: country.into(),
            area_code: area_code.into(),
            acm_phone: Personal::new(acm_phone),
            city: Personal::new(city),
            role,
            status,
            disconnect_reason,
            connect_time,
            extra: None,
        }
    })
}

fn meeting() -> impl Strategy<Value = MeetingFacts> {
    let counts = proptest::array::uniform7(select(vec![0_u32, 1, 2, 7, u32::MAX]));
    let flags = proptest::array::uniform5(any::<bool>());
    let rest = (option::of(conference_status()), option::of(time()), option::of(time()));
    (flags, counts, rest).prop_map(|(flags, counts, (recording, started_at, ended_at))| {
        let [live, ended, was_recorded, muted_all, had_expert] = flags;
        let [present, talking, dialing, experts, clients, peak_present, refused] = counts;
        MeetingFacts {
            live,
            ended,
            was_recorded,
            muted_all,
            had_expert,
            recording,
            present,
            talking,
            dialing,
            experts,
            clients,
            peak_present,
            refused,
            started_at,
            ended_at,
        }
    })
}

pub fn scene() -> impl Strategy<Value = Scene> {
    let conf =
        (text(), conference_status(), option::of(conference_status())).prop_map(|(billing_code, status, before)| {
            let conf = Conf {
                billing_code: billing_code.into(),
                status,
                extra: None,
            };
            Hand::Conf(conf, before)
        });
    let before = option::of((party(), any::<u8>().prop_map(Said)).prop_map(Box::new));
    let party = (party().prop_map(Box::new), before).prop_map(|(party, mut before)| {
        if let Some(before) = &mut before {
            // Of the same participant.
            before.0.billing_code.clone_from(&party.billing_code);
            before.0.party_id.clone_from(&party.party_id);
        }
        Hand::Party(party, before)
    });
    let at_hand = prop_oneof![6 => party, 3 => conf, 1 => Just(Hand::Nothing)];
    (at_hand, meeting(), text(), time(), time()).prop_map(|(at_hand, meeting, source, occurred_at, received_at)| {
        Scene {
            at_hand,
            meeting,
            source,
            occurred_at,
            received_at,
        }
    })
}

#[derive(Debug, Clone)]
pub struct Alert {
    pub rule: String,
    pub severity: Severity,
    pub firing: bool,
    pub labels: Labels,
    pub key: Vec<(CompactString, CompactString)>,
    pub occurrences: u64,
    pub started_at: Time,
    pub flags: [bool; 3],
}

impl Alert {
    pub fn facts(&self) -> AlertFacts<'_> {
        let [acknowledged, silenced, inhibited] = self.flags;
        AlertFacts {
            rule: &self.rule,
            severity: self.severity,
            firing: self.firing,
            labels: &self.labels,
            key: &self.key,
            occurrences: self.occurrences,
            started_at: self.started_at,
            acknowledged,
            silenced,
            inhibited,
        }
    }
}

pub fn alert() -> impl Strategy<Value = Alert> {
    let severity = select(vec![Severity::Info, Severity::Warning, Severity::Critical]);
    let texts = (text(), option::of(text()), option::of(text()));
    let numbers = (severity, any::<bool>(), 0..4_u64, time(), any::<[bool; 3]>());
    (texts, numbers).prop_map(
        |((rule, team, billing_code), (severity, firing, occurrences, started_at, flags))| Alert {
            rule,
            severity,
            firing,
            labels: team.map(|team| ("team".into(), team.into())).into_iter().collect(),
            key: billing_code
                .map(|code| ("billing_code".into(), code.into()))
                .into_iter()
                .collect(),
            occurrences,
            started_at,
            flags,
        },
    )
}
