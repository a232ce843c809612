//! The vendor's text in all the forms that come, and what is said of one that cannot be read.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{scan::TRAVELLED, *};
use crate::model::{Personal, malformed::is_hidden};

/// 2020-12-04T08:37:49Z, the moment of the vendor's example.
const RECEIVED: Time = Time::from_nanos(1_607_071_069_000_000_000);

const CONF_EXAMPLE: &str = "{billingCode = ’33333’ , status = ‘0’}";
const PARTY_EXAMPLE: &str = "{billingCode = ’33333’ , partyId = ‘1595239406278YY10000’ , name = ‘真实名称’ , \
    phone = ‘13939232332’ ,  country= ‘86’ ,  areaCode= ‘010’,  acmPhone= ‘(86)13939232332’,  role = ‘1’ , \
    partyStatus = ‘0’,  disconnectReason = ‘0’,  connectTime=’1607076269000’, city=’陕西.西安’}";

fn conf(body: &str) -> Result<Conf, Refusal> {
    match parse(Kind::Conf, body, RECEIVED)? {
        Payload::Conf(conf) => Ok(conf),
        Payload::Party(_) => panic!("a party was read from a conf"),
    }
}

fn party(body: &str) -> Result<Party, Refusal> {
    match parse(Kind::Party, body, RECEIVED)? {
        Payload::Party(party) => Ok(party),
        Payload::Conf(_) => panic!("a conf was read from a party"),
    }
}

/// The name in a text of which the pairs around it are good.
fn name(pair: &str) -> Result<String, Refusal> {
    let party = party(&format!(
        "{{billingCode='1', partyId='p', {pair}, phone='139', partyStatus='5'}}"
    ))?;
    assert_eq!(party.phone.clear(), "139", "{pair}");
    Ok(party.name.clear().to_owned())
}

#[test]
fn the_vendors_examples_are_read() {
    assert_eq!(
        conf(CONF_EXAMPLE),
        Ok(Conf {
            billing_code: "33333".into(),
            status: ConferenceStatus(0),
            extra: None
        })
    );
    assert_eq!(
        party(PARTY_EXAMPLE),
        Ok(Party {
            billing_code: "33333".into(),
            party_id: "1595239406278YY10000".into(),
            name: Personal::new("真实名称"),
            phone: Personal::new("13939232332"),
            country: "86".into(),
            area_code: "010".into(),
            acm_phone: Personal::new("(86)13939232332"),
            city: Personal::new("陕西.西安"),
            role: Some(Role::CLIENT),
            status: ParticipantStatus::DISCONNECTED,
            disconnect_reason: Some(DisconnectReason::NO_REASON),
            connect_time: Time::from_millis(1_607_076_269_000),
            extra: None,
        })
    );
}

#[test]
fn liberties_of_form_change_nothing() {
    let example = conf("{billingCode = '33333' , status = '-1'}").unwrap();
    for body in [
        "{billingCode='33333',status='-1'}",
        "{status='-1',billingCode='33333',}",
        "\u{FEFF}{ billingCode\t= '33333'\r\n,\r\n status = '-1' }\r\n",
        "｛billingCode＝＇33333＇，status＝＇－１＇｝",
        "{billingCode=“33333”, status=′-1″}",
        "{billingCode=`33333´, status=\"-1'}",
        "{billingCode=33333, status=-1}",
        "{billingCode = 33333 , status = ' -1 '}",
    ] {
        assert_eq!(conf(body).as_ref(), Ok(&example), "{body}");
    }
}

#[test]
fn a_value_ends_where_only_the_next_pair_can_follow() {
    for (pair, read) in [
        ("name='Li, Wei} = x'", "Li, Wei} = x"),
        ("name='O'Brien'", "O'Brien"),
        ("name='O''", "O'"),
        ("name='''", "'"),
        ("name=''", ""),
        ("name='Wei \"Tom\" Li'", "Wei \"Tom\" Li"),
        ("name='Wei \"Tom\", Li'", "Wei \"Tom\", Li"),
        ("name='{\"Tom\"}'", "{\"Tom\"}"),
        ("name='{\"Tom\",}'", "{\"Tom\",}"),
        ("name=' 李\u{202E}\0\n '", " 李\u{202E}\0\n "),
        ("name='１２'", "１２"),
        ("name=西安2", "西安2"),
    ] {
        assert_eq!(name(pair).as_deref(), Ok(read), "{pair}");
    }
}

#[test]
fn unknown_keys_are_kept() {
    let conf = conf("{foo='x', billingCode='1', Status='5', status='1', 备注='y'}").unwrap();
    let extra = conf.extra.unwrap();
    let extra: Vec<_> = extra.iter().map(|(key, value)| (key.as_str(), value.clear())).collect();
    assert_eq!(extra, [("foo", "x"), ("Status", "5"), ("备注", "y")]);
}

#[test]
fn unlisted_codes_pass_and_empty_options_are_absent() {
    let party = party(
        "{billingCode='1',partyId='p',partyStatus='99',disconnectReason='6',role='7',connectTime='',name='',city=''}",
    )
    .unwrap();
    assert_eq!(party.status, ParticipantStatus(99));
    assert_eq!(party.disconnect_reason, Some(DisconnectReason(6)));
    assert_eq!(party.role, Some(Role(7)));
    assert_eq!(party.connect_time, None);
    assert!(party.name.is_empty());
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let long = format!(
        "{{billingCode='1', city='{}', partyId='p', partyStatus='5'}}",
        "x".repeat(1_000_000)
    );
    let mut many = String::from("{billingCode='1', status='1'");
    for i in 0..33 {
        write!(many, ", k{i}=''").unwrap();
    }
    many.push('}');
    let big = format!("{{status='1', a='{0}', b='{0}', c='{0}'}}", "x".repeat(3000));
    let party = |pair: &str| format!("{{billingCode='1', partyId='p', partyStatus='5', {pair}}}");

    let mut wrong = Vec::new();
    for (kind, body, told) in [
        ("conf", "".to_owned(), "REQUIRED_FIELD_MISSING billingCode"),
        ("conf", "{}".to_owned(), "REQUIRED_FIELD_MISSING billingCode"),
        ("conf", " \r\n\u{3000}".to_owned(), "REQUIRED_FIELD_MISSING billingCode"),
        (
            "conf",
            "{billingCode='', status='1'}".to_owned(),
            "EMPTY_VALUE billingCode 15",
        ),
        (
            "conf",
            "{billingCode='　', status='1'}".to_owned(),
            "EMPTY_VALUE billingCode 15",
        ),
        ("conf", "{billingCode='1'}".to_owned(), "REQUIRED_FIELD_MISSING status"),
        (
            "conf",
            "{billingCode='1', status=''}".to_owned(),
            "EMPTY_VALUE status 27",
        ),
        (
            "party",
            "{billingCode='1', partyStatus='1'}".to_owned(),
            "REQUIRED_FIELD_MISSING partyId",
        ),
        (
            "party",
            "{billingCode='1', partyId='1'}".to_owned(),
            "REQUIRED_FIELD_MISSING partyStatus",
        ),
        (
            "party",
            CONF_EXAMPLE.to_owned(),
            "REQUIRED_FIELD_MISSING partyId LooksLikeConf",
        ),
        (
            "conf",
            PARTY_EXAMPLE.to_owned(),
            "REQUIRED_FIELD_MISSING status LooksLikeParty",
        ),
        (
            "conf",
            "{BillingCode='1', status='1'}".to_owned(),
            "REQUIRED_FIELD_MISSING billingCode LetterCase",
        ),
        (
            "conf",
            "{billingCode='李', status='1', status='1'}".to_owned(),
            "DUPLICATE_KEY status 31",
        ),
        (
            "conf",
            "{a='1', billingCode='1', status='1', a='1'}".to_owned(),
            "DUPLICATE_KEY 38",
        ),
        ("conf", many, "TOO_MANY_FIELDS 277"),
        ("conf", big, "TOO_MANY_FIELDS 6026"),
        ("party", long, "VALUE_TOO_LONG city 25"),
        ("party", party("name='Li', Wei Ming = 'x'"), "AMBIGUOUS_QUOTE 57"),
        ("party", party("name='Li', = 'x'"), "AMBIGUOUS_QUOTE 57"),
        ("party", party("name='Li', phone '139'"), "MISSING_EQUALS 60"),
        ("conf", "{billingCode='1', status='1".to_owned(), "UNTERMINATED 26"),
        ("conf", "{billingCode='1', status='1'".to_owned(), "UNTERMINATED 29"),
        ("conf", "{billingCode='1', status='1',".to_owned(), "UNTERMINATED 30"),
        ("conf", "{billingCode='1', status='1'} .".to_owned(), "TRAILING_TEXT 31"),
        (
            "conf",
            "{billingCode='1', status='1'}{status='2'}".to_owned(),
            "TRAILING_TEXT 30",
        ),
        (
            "party",
            party("name='a'}\n{billingCode='2', status='1'"),
            "TRAILING_TEXT 59",
        ),
        ("conf", "{billingCode=3-3, status='1'}".to_owned(), "UNQUOTED 14"),
        ("conf", "{billingCode=, status='1'}".to_owned(), "UNQUOTED 14"),
        ("conf", "{billingCode='1', foo=, status='1'}".to_owned(), "UNQUOTED 23"),
        ("conf", "{billingCode=33'33', status='1'}".to_owned(), "UNQUOTED 14"),
        ("conf", "{billingCode='1',, status='1'}".to_owned(), "EMPTY_PAIR 18"),
        ("conf", "{,}".to_owned(), "EMPTY_PAIR 2"),
        ("conf", "billingCode='1', status='1'".to_owned(), "MISSING_BRACE 1"),
        ("conf", "{billingCode '1'}".to_owned(), "MISSING_EQUALS 2"),
        ("conf", "{\"billingCode\"='1'}".to_owned(), "MISSING_EQUALS 2"),
        ("conf", "{='1'}".to_owned(), "BAD_KEY 2"),
        ("conf", "{a b='1'}".to_owned(), "BAD_KEY 2"),
        (
            "conf",
            "{billingCode='1\0', status='1'}".to_owned(),
            "CONTROL_CHARACTER billingCode 15",
        ),
        (
            "conf",
            "{billingCode='1\u{202E}', status='1'}".to_owned(),
            "CONTROL_CHARACTER billingCode 15",
        ),
        (
            "conf",
            "{billingCode='1', status='5.0'}".to_owned(),
            "NOT_AN_INTEGER status 27",
        ),
        (
            "conf",
            "{billingCode='1', status='1e2'}".to_owned(),
            "NOT_AN_INTEGER status 27",
        ),
        (
            "conf",
            "{billingCode='1', status='+5'}".to_owned(),
            "NOT_AN_INTEGER status 27",
        ),
        (
            "conf",
            "{billingCode='1', status='0x5'}".to_owned(),
            "NOT_AN_INTEGER status 27",
        ),
        (
            "conf",
            "{billingCode='1', status='-'}".to_owned(),
            "NOT_AN_INTEGER status 27",
        ),
        (
            "conf",
            "{billingCode='1', status='2147483648'}".to_owned(),
            "OUT_OF_INT32 status 27",
        ),
        (
            "conf",
            "{billingCode='1', status='99999999999999999999'}".to_owned(),
            "OUT_OF_INT32 status 27",
        ),
        ("party", party("role='x'"), "NOT_AN_INTEGER role 55"),
        ("party", party("connectTime='soon'"), "NOT_AN_INTEGER connectTime 62"),
        (
            "party",
            party("connectTime='1607076269'"),
            "IMPLAUSIBLE_TIME connectTime 62 LooksLikeSeconds",
        ),
        ("party", party("connectTime='0'"), "IMPLAUSIBLE_TIME connectTime 62"),
        (
            "party",
            party("connectTime='-1607076269000'"),
            "IMPLAUSIBLE_TIME connectTime 62",
        ),
        (
            "party",
            party("connectTime='9999999999999'"),
            "IMPLAUSIBLE_TIME connectTime 62",
        ),
        (
            "party",
            party("connectTime='99999999999999999999'"),
            "IMPLAUSIBLE_TIME connectTime 62",
        ),
        (
            "party",
            party("connectTime='1607157469001'"),
            "IMPLAUSIBLE_TIME connectTime 62",
        ),
    ] {
        let refusal = parse(Kind::from_name(kind).unwrap(), &body, RECEIVED).expect_err(&body);
        let mut found = refusal.reason.name().to_owned();
        if let Some(key) = refusal.key {
            write!(found, " {key}").unwrap();
        }
        if let Some(column) = refusal.column {
            write!(found, " {column}").unwrap();
        }
        if let Some(hint) = refusal.hint {
            write!(found, " {hint:?}").unwrap();
        }
        if found != told {
            wrong.push((found, told, body.chars().take(100).collect::<String>()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_connect_time_up_to_a_day_ahead_passes() {
    let body = "{billingCode='1', partyId='p', partyStatus='5', connectTime='1607157469000'}";
    assert_eq!(party(body).unwrap().connect_time, Time::from_millis(1_607_157_469_000));
}

#[test]
fn a_refusal_says_what_where_and_what_was_meant() {
    let told = |kind, body| parse(kind, body, RECEIVED).unwrap_err().to_string();
    assert_eq!(
        told(Kind::Conf, "{BillingCode='1', status='1'}"),
        "billingCode: required, but missing; did you mean billingCode? Letter case counts"
    );
    assert_eq!(
        told(
            Kind::Party,
            "{billingCode='1', partyId='p', partyStatus='5', connectTime='1607076269'}"
        ),
        "connectTime: must lie between the year 2000 and 24 hours after the receipt, at column 62; \
         milliseconds expected, looks like seconds"
    );
}

#[test]
fn the_canonical_form_is_the_vendors() {
    let payload = parse(Kind::Conf, CONF_EXAMPLE, RECEIVED).unwrap();
    assert_eq!(write(&payload), "{billingCode = '33333' , status = '0'}");
}

#[test]
fn a_log_shows_no_personal_data_and_no_control_character() {
    let body = format!(
        "{}, country='8\u{1B}6', seat='row 5'}}",
        PARTY_EXAMPLE.trim_end_matches('}').replace(",  country= ‘86’ ", "")
    );
    let payload = parse(Kind::Party, &body, RECEIVED).unwrap();
    assert_eq!(
        write_masked(&payload),
        "{billingCode = '33333' , partyId = '1595239406278YY10000' , name = '真**' , phone = '139****2332' , \
         country = '8\u{FFFD}6' , areaCode = '010' , acmPhone = '861****2332' , role = '1' , partyStatus = '0' , \
         disconnectReason = '0' , connectTime = '1607076269000' , city = '陕**' , seat = 'r**'}"
    );
}

#[test]
fn a_quote_that_would_end_its_value_is_replaced() {
    let mut party = party(PARTY_EXAMPLE).unwrap();
    party.name = Personal::new("O'Brien', city = 'x");
    let text = write(&Payload::Party(party.clone()));
    party.name = Personal::new("O'Brienʼ, city = 'x");
    assert_eq!(parse(Kind::Party, &text, RECEIVED), Ok(Payload::Party(party)));
}

/// Text with far more of what matters to the reader than chance would give.
fn tricky() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "'", "‘", "’", "＇", "\"", ",", "，", "=", "＝", "{", "}", "｝", " ", "\r\n", "billingCode", "status", "partyId",
            "partyStatus", "name", "foo", "1", "-1", "'a', ", "', name='", "='1', ", "'}",
        ]).prop_map(str::to_owned),
        1 => ".{0,3}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn identifier() -> impl Strategy<Value = String> {
    tricky().prop_map(|text| {
        let text: String = text.chars().filter(|c| !is_hidden(*c)).collect();
        format!("x{text}")
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Conf), Just(Kind::Party)]
}

proptest! {
    #[test]
    fn any_text_is_answered_in_linear_time(kind in kind(), body in tricky()) {
        let before = TRAVELLED.get();
        let _ = parse(kind, &body, RECEIVED);
        let travelled = TRAVELLED.get() - before;
        prop_assert!(travelled <= 3 * body.len(), "{} for {:?}", travelled, body);
    }

    #[test]
    fn what_was_read_and_written_reads_the_same(
        kind in kind(),
        values in prop::collection::vec(tricky(), 4),
    ) {
        let [name, city, foo, id] = &values[..] else { unreachable!() };
        let body = format!(
            "{{name='{name}', billingCode='1{id}', partyId='p', partyStatus='5', status='1', foo='{foo}', city='{city}'}}"
        );
        if let Ok(payload) = parse(kind, &body, RECEIVED) {
            prop_assert_eq!(parse(kind, &write(&payload), RECEIVED), Ok(payload));
        }
    }

    #[test]
    fn what_is_written_reads_the_same_but_for_replaced_quotes(
        billing_code in identifier(),
        party_id in identifier(),
        name in tricky(),
        status: i32,
        role: Option<i32>,
        millis in prop::option::of(946_684_800_000_i64..1_607_000_000_000),
    ) {
        let mut payload = Payload::Party(Party {
            billing_code: billing_code.as_str().into(),
            party_id: party_id.as_str().into(),
            name: Personal::new(name.as_str()),
            phone: Personal::default(),
            country: Default::default(),
            area_code: Default::default(),
            acm_phone: Personal::default(),
            city: Personal::default(),
            role: role.map(Role),
            status: ParticipantStatus(status),
            disconnect_reason: None,
            connect_time: millis.and_then(Time::from_millis),
            extra: None,
        });
        let text = write(&payload);
        if text.contains('ʼ') {
            // Replaced once, it is never replaced again.
            payload = parse(Kind::Party, &text, RECEIVED).expect("what was written is read");
            prop_assert_eq!(write(&payload), text);
        } else {
            prop_assert_eq!(parse(Kind::Party, &text, RECEIVED), Ok(payload));
        }
    }
}

#[test]
fn the_worst_texts_cost_no_more_than_others() {
    for piece in [
        "'", "',", "' ", "', ", "'}", "',x", "', x=", "={", "{", "｝’ ", "',}", "' , } ",
    ] {
        let body = format!("{{billingCode='{}", piece.repeat(1 << 14));
        let before = TRAVELLED.get();
        let _ = parse(Kind::Party, &body, RECEIVED);
        let travelled = TRAVELLED.get() - before;
        assert!(travelled <= 3 * body.len(), "{travelled} for {piece:?}");
    }
}
