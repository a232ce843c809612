//! Notifications that strain the reader, each with the answer that the API promises: one table for the conversion's unit tests and for the
//! tests over a real connection. The module that includes it brings `api`, the generated messages, into scope.
//!
//! Absent is what a single notification cannot show: repeated ids, batches, bytes that are no message.

use super::api::{
    ConferenceNotification, Notification, ParticipantNotification, RawNotification, notification::Payload,
};

/// One notification and its answer.
pub struct Case {
    /// What is strange about it.
    pub what: &'static str,
    /// The notification.
    pub notification: Notification,
    /// The answer.
    pub answer: Answer,
}

/// What the service says.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is taken.
    Accepted,
    /// `INVALID_ARGUMENT` with this reason.
    Refused {
        /// `ErrorInfo.reason`.
        reason: &'static str,
        /// The path in the one field violation.
        field: &'static str,
        /// The vendor's key, in `ErrorInfo.metadata`; empty: none.
        key: &'static str,
        /// The column, in `ErrorInfo.metadata`; 0: none.
        column: usize,
    },
}

/// All of them, for notifications that are received at about this time (seconds since 1970).
pub fn cases(now: i64) -> Vec<Case> {
    let conf_body = |pairs: &str| format!("{{billingCode='33333', {pairs}}}");
    let party_body = |pairs: &str| format!("{{billingCode='33333', partyId='p', partyStatus='5', {pairs}}}");
    let mut many = String::from("{billingCode='1', status='1'");
    for i in 0..33 {
        many.push_str(&format!(", key{i}='x'"));
    }
    many.push('}');

    let mut cases = Vec::new();
    // 1 to 4: form.
    cases.extend([
        ok("the document's conf", conf("{billingCode = ’33333’ , status = ‘0’}")),
        ok(
            "the document's party",
            party(
                "{billingCode = ’33333’ , partyId = ‘1595239406278YY10000’ , name = ‘真实名称’ , phone = ‘13939232332’ ,  \
                 country= ‘86’ ,  areaCode= ‘010’,  acmPhone= ‘(86)13939232332’,  role = ‘1’ , partyStatus = ‘0’,  \
                 disconnectReason = ‘0’,  connectTime=’1607076269000’, city=’陕西.西安’}",
            ),
        ),
        ok("no blanks", conf("{billingCode=’33333’,status=‘1’}")),
        ok("a code that no table lists", conf(&conf_body("status='0'"))),
        ok("full-width form", conf("｛billingCode＝＇33333＇，status＝＇１＇｝")),
        body("an empty body", conf(""), "REQUIRED_FIELD_MISSING", "billingCode", 0),
        body("empty braces", conf("{}"), "REQUIRED_FIELD_MISSING", "billingCode", 0),
        body("blanks only", conf(" \r\n "), "REQUIRED_FIELD_MISSING", "billingCode", 0),
    ]);
    // 5 to 9: keys.
    cases.extend([
        body(
            "an empty billing code",
            conf("{billingCode = '', status = '1'}"),
            "EMPTY_VALUE",
            "billingCode",
            17,
        ),
        body(
            "no status",
            conf("{billingCode='33333'}"),
            "REQUIRED_FIELD_MISSING",
            "status",
            0,
        ),
        body(
            "no participant",
            party("{billingCode='1', partyStatus='5'}"),
            "REQUIRED_FIELD_MISSING",
            "partyId",
            0,
        ),
        body(
            "no party status",
            party("{billingCode='1', partyId='p'}"),
            "REQUIRED_FIELD_MISSING",
            "partyStatus",
            0,
        ),
        body(
            "a key twice",
            conf(&conf_body("status='1', status='1'")),
            "DUPLICATE_KEY",
            "status",
            35,
        ),
        ok("an unknown key", conf(&conf_body("foo='x', status='1'"))),
        body("33 unknown keys", conf(&many), "TOO_MANY_FIELDS", "", 373),
        body(
            "a key in other letter case",
            conf("{BillingCode='1', status='1'}"),
            "REQUIRED_FIELD_MISSING",
            "billingCode",
            0,
        ),
    ]);
    // 10 to 14: where values end.
    cases.extend([
        ok("punctuation in a value", party(&party_body("name='Li, Wei} = x'"))),
        ok("a quote in a value", party(&party_body("name = 'O'Brien'"))),
        body(
            "a quote that may be the end",
            party(&party_body("name='Li', Wei Ming = 'x'")),
            "AMBIGUOUS_QUOTE",
            "",
            61,
        ),
        body("an open quote", conf(&conf_body("status='1")), "UNTERMINATED", "", 30),
        body(
            "no closing brace",
            conf("{billingCode='33333', status='1'"),
            "UNTERMINATED",
            "",
            33,
        ),
        body(
            "text after the brace",
            conf("{billingCode='1', status='1'} x"),
            "TRAILING_TEXT",
            "",
            31,
        ),
        ok("no quotes", conf("{billingCode=33333,status=1}")),
        body(
            "no quotes where they are due",
            conf("{billingCode=33333, status=#1}"),
            "UNQUOTED",
            "",
            28,
        ),
        ok("a trailing comma", conf(&conf_body("status='1',"))),
        body("two commas", conf(&conf_body(", status='1'")), "EMPTY_PAIR", "", 23),
    ]);
    // 15 to 20: text.
    cases.extend([
        body(
            "a name of 100 kB",
            party(&party_body(&format!("name='{}'", "x".repeat(100_000)))),
            "VALUE_TOO_LONG",
            "name",
            59,
        ),
        body(
            "NUL in an identifier",
            conf("{billingCode='1\0', status='1'}"),
            "CONTROL_CHARACTER",
            "billingCode",
            15,
        ),
        body(
            "a bidirectional override in an identifier",
            party("{billingCode='1', partyId='p\u{202E}', partyStatus='5'}"),
            "CONTROL_CHARACTER",
            "partyId",
            28,
        ),
        ok(
            "control characters in a name",
            party(&party_body("name='a\0\n\u{1B}[31m\t'")),
        ),
        ok(
            "invisible characters in a name",
            party(&party_body("name='\u{202E}\u{200B}\u{301}'")),
        ),
        ok(
            "a byte-order mark and CRLF",
            conf("\u{FEFF}{billingCode='1',\r\nstatus='1'\r\n}\r\n"),
        ),
    ]);
    // 21 to 23: codes.
    cases.extend(
        ["-1", " 5 ", "－1", "99", "-2147483648"]
            .map(|code| ok("a code that can be read", conf(&conf_body(&format!("status='{code}'"))))),
    );
    cases.extend(["5.0", "1e2", "+5", "0x5", "x"].map(|code| {
        let notification = conf(&conf_body(&format!("status='{code}'")));
        body(
            "a code that is no integer",
            notification,
            "NOT_AN_INTEGER",
            "status",
            31,
        )
    }));
    cases.extend(["2147483648", "99999999999999999999"].map(|code| {
        let notification = conf(&conf_body(&format!("status='{code}'")));
        body("a code beyond 32 bits", notification, "OUT_OF_INT32", "status", 31)
    }));
    cases.push(ok(
        "unlisted codes",
        party(&party_body("disconnectReason='6', role='7'")),
    ));
    // 24 and 25: connect times.
    for connect_time in [
        "1607076269".to_owned(),
        "9999999999999".to_owned(),
        "-1607076269000".to_owned(),
        format!("{}", (now + 90_000) * 1000),
    ] {
        cases.push(body(
            "an implausible connect time",
            party(&party_body(&format!("connectTime='{connect_time}'"))),
            "IMPLAUSIBLE_TIME",
            "connectTime",
            66,
        ));
    }
    let in_23_hours = format!("connectTime='{}'", (now + 82_800) * 1000);
    cases.push(ok("a connect time 23 hours ahead", party(&party_body(&in_23_hours))));
    // 26: when it happened.
    cases.extend(
        [(now + 3600, 0), (0, 0), (253_402_300_799, 999_999_999)]
            .map(|(seconds, nanos)| ok("a time that counts at its receipt", at(seconds, nanos))),
    );
    cases.extend(
        [(i64::MAX, 0), (i64::MIN, 0), (now, -1), (now, 1_000_000_000)].map(|(seconds, nanos)| {
            field(
                "a timestamp that is none",
                at(seconds, nanos),
                "BAD_TIMESTAMP",
                "notification.occurred_at",
            )
        }),
    );
    // 27: which kind of notification.
    cases.extend([
        field(
            "nothing at all",
            Notification::default(),
            "PAYLOAD_MISSING",
            "notification",
        ),
        field(
            "an unknown type",
            raw("meeting", "{}"),
            "UNKNOWN_TYPE",
            "notification.raw.type",
        ),
        body(
            "a conf sent as a party",
            party("{billingCode = ’33333’ , status = ‘0’}"),
            "REQUIRED_FIELD_MISSING",
            "partyId",
            0,
        ),
    ]);
    // 28: ids.
    cases.extend([
        ok("an id of 128 bytes", with_id(&"x".repeat(128))),
        field(
            "an id of 129 bytes",
            with_id(&"x".repeat(129)),
            "VALUE_TOO_LONG",
            "notification.id",
        ),
        field(
            "an id with NUL",
            with_id("a\0b"),
            "CONTROL_CHARACTER",
            "notification.id",
        ),
        field("a blank id", with_id(" "), "EMPTY_VALUE", "notification.id"),
    ]);
    // 30: inconsistent is not malformed.
    cases.extend([
        ok(
            "a phone that does not match",
            party(&party_body("country='86', phone='139', acmPhone='(86)1393'")),
        ),
        ok("a phone that is cut", party(&party_body("acmPhone='(86'"))),
    ]);
    cases.extend(typed(now));
    cases
}

/// The same mistakes in typed form.
fn typed(now: i64) -> Vec<Case> {
    let good = ParticipantNotification {
        billing_code: "33333".to_owned(),
        party_id: "p".to_owned(),
        status: Some(0),
        ..Default::default()
    };
    let conf = |billing_code: &str, status| Notification {
        payload: Some(Payload::Conf(ConferenceNotification {
            billing_code: billing_code.to_owned(),
            status,
        })),
        ..Default::default()
    };
    let party = |change: fn(&mut ParticipantNotification, i64)| {
        let mut party = good.clone();
        change(&mut party, now);
        Notification {
            payload: Some(Payload::Party(party)),
            ..Default::default()
        }
    };
    vec![
        ok("typed: an unlisted status", conf("33333", Some(0))),
        ok("typed: disconnected", party(|_, _| {})),
        ok("typed: unlisted codes", party(|party, _| party.role = Some(7))),
        ok(
            "typed: control characters in a name",
            party(|party, _| party.name = "a\0\n".to_owned()),
        ),
        field(
            "typed: no billing code",
            conf("", Some(1)),
            "REQUIRED_FIELD_MISSING",
            "notification.conf.billing_code",
        ),
        field(
            "typed: a blank billing code",
            conf(" ", Some(1)),
            "EMPTY_VALUE",
            "notification.conf.billing_code",
        ),
        field(
            "typed: no status",
            conf("33333", None),
            "REQUIRED_FIELD_MISSING",
            "notification.conf.status",
        ),
        field(
            "typed: no participant",
            party(|party, _| party.party_id.clear()),
            "REQUIRED_FIELD_MISSING",
            "notification.party.party_id",
        ),
        field(
            "typed: no party status",
            party(|party, _| party.status = None),
            "REQUIRED_FIELD_MISSING",
            "notification.party.status",
        ),
        field(
            "typed: a control character in an identifier",
            party(|party, _| party.party_id.push('\u{202E}')),
            "CONTROL_CHARACTER",
            "notification.party.party_id",
        ),
        field(
            "typed: a name that is too long",
            party(|party, _| party.name = "x".repeat(4097)),
            "VALUE_TOO_LONG",
            "notification.party.name",
        ),
        field(
            "typed: a connect time before 2000",
            party(|party, _| party.connect_time = instant(1_607_076)),
            "IMPLAUSIBLE_TIME",
            "notification.party.connect_time",
        ),
        field(
            "typed: a connect time 25 hours ahead",
            party(|party, now| party.connect_time = instant(now + 90_000)),
            "IMPLAUSIBLE_TIME",
            "notification.party.connect_time",
        ),
        field(
            "typed: a connect time that is no timestamp",
            party(|party, _| party.connect_time = instant(i64::MAX)),
            "BAD_TIMESTAMP",
            "notification.party.connect_time",
        ),
    ]
}

fn ok(what: &'static str, notification: Notification) -> Case {
    Case {
        what,
        notification,
        answer: Answer::Accepted,
    }
}

fn body(
    what: &'static str,
    notification: Notification,
    reason: &'static str,
    key: &'static str,
    column: usize,
) -> Case {
    let answer = Answer::Refused {
        reason,
        field: "notification.raw.body",
        key,
        column,
    };
    Case {
        what,
        notification,
        answer,
    }
}

fn field(what: &'static str, notification: Notification, reason: &'static str, field: &'static str) -> Case {
    let answer = Answer::Refused {
        reason,
        field,
        key: "",
        column: 0,
    };
    Case {
        what,
        notification,
        answer,
    }
}

fn raw(kind: &str, body: &str) -> Notification {
    Notification {
        payload: Some(Payload::Raw(RawNotification {
            r#type: kind.to_owned(),
            body: body.to_owned(),
        })),
        ..Default::default()
    }
}

fn conf(body: &str) -> Notification {
    raw("conf", body)
}

fn party(body: &str) -> Notification {
    raw("party", body)
}

fn with_id(id: &str) -> Notification {
    Notification {
        id: id.to_owned(),
        ..conf("{billingCode='33333', status='1'}")
    }
}

fn at(seconds: i64, nanos: i32) -> Notification {
    Notification {
        occurred_at: Some(prost_types::Timestamp { seconds, nanos }),
        ..conf("{billingCode='33333', status='1'}")
    }
}

fn instant(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}
