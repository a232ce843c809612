//! What the `cel` crate says. Codes are numbers to it. The kind of notification that is not at hand is not declared, so that to read it is
//! an error there.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use bellwether::{
    model::{Party, Time},
    rules::facts::Said,
};
use cel::{Context, Env, Program, Value};

use super::scenes::{Alert, Hand, Scene};

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

pub fn compile(text: &str) -> Result<Program, String> {
    Program::compile(text).map_err(|error| format!("{text}: {error}"))
}

/// What an expression sees.
pub struct Oracle {
    context: Context<'static, 'static>,
    or_false: bool,
}

impl Oracle {
    pub fn of_scene(scene: &Scene) -> Self {
        let mut context = Context::with_env(Arc::clone(&ENV));
        let mut declare = |name: &str, value: Value| context.add_variable_from_value(name, value);
        match &scene.at_hand {
            Hand::Nothing => {}
            Hand::Conf(conf, before) => {
                let billing_code = conf.billing_code.as_str();
                declare(
                    "conf",
                    map([("billing_code", billing_code.into()), ("status", conf.status.0.into())]),
                );
                let known = if before.is_some() { billing_code } else { "" };
                let status: Value = before.map(|status| status.0).into();
                declare(
                    "previous",
                    map([
                        ("billing_code", known.into()),
                        ("status", status.clone()),
                        ("conf_status", status),
                    ]),
                );
            }
            Hand::Party(party, before) => {
                declare("party", map(said(Some(party), Said(u8::MAX))));
                let (known, carried) = match before {
                    Some(before) => (Some(&before.0), before.1),
                    None => (None, Said(0)),
                };
                let mut previous = said(known, carried);
                previous.push(("party_status", known.map(|party| party.status.0).into()));
                declare("previous", map(previous));
            }
        }
        let facts = &scene.meeting;
        let meeting = [
            ("billing_code", scene.facts().at_hand.billing_code().into()),
            ("live", facts.live.into()),
            ("ended", facts.ended.into()),
            ("was_recorded", facts.was_recorded.into()),
            ("muted_all", facts.muted_all.into()),
            ("had_expert", facts.had_expert.into()),
            ("recording", facts.recording.map(|status| status.0).into()),
            ("present", count(facts.present)),
            ("talking", count(facts.talking)),
            ("dialing", count(facts.dialing)),
            ("experts", count(facts.experts)),
            ("clients", count(facts.clients)),
            ("peak_present", count(facts.peak_present)),
            ("refused", count(facts.refused)),
            ("started_at", facts.started_at.map_or(Value::Null, time)),
            ("ended_at", facts.ended_at.map_or(Value::Null, time)),
        ];
        declare("meeting", map(meeting));
        declare("source", scene.source.as_str().into());
        declare("occurred_at", time(scene.occurred_at));
        declare("received_at", time(scene.received_at));
        Self {
            context,
            or_false: false,
        }
    }

    pub fn of_alert(alert: &Alert) -> Self {
        let mut context = Context::with_env(Arc::clone(&ENV));
        let mut declare = |name: &str, value: Value| context.add_variable_from_value(name, value);
        let label = |name: &str| alert.labels.get(name).map_or("", |value| value.as_str()).into();
        declare("labels", map([("team", label("team")), ("other", label("other"))]));
        let key = |name: &str| {
            let part = alert.key.iter().find(|(key, _)| key == name);
            part.map_or("", |(_, value)| value.as_str()).into()
        };
        declare(
            "key",
            map([("billing_code", key("billing_code")), ("party_id", key("party_id"))]),
        );
        declare("rule", alert.rule.as_str().into());
        declare("severity", (alert.severity as i64).into());
        declare("state", i64::from(alert.firing).into());
        declare("occurrences", i64::try_from(alert.occurrences).unwrap().into());
        declare("started_at", time(alert.started_at));
        for (name, flag) in ["acknowledged", "silenced", "inhibited"].into_iter().zip(alert.flags) {
            declare(name, flag.into());
        }
        Self {
            context,
            or_false: true,
        }
    }

    /// True or false, or the error.
    pub fn decide(&self, program: &Program) -> Result<bool, String> {
        match program.execute(&self.context) {
            Ok(Value::Bool(value)) => Ok(value),
            Ok(other) => panic!("a condition gave {other:?}"),
            Err(_) if self.or_false => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn map<'f>(fields: impl IntoIterator<Item = (&'f str, Value)>) -> Value {
    let fields: HashMap<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    fields.into()
}

/// A participant as far as one notification said it, or as one that never was.
fn said(party: Option<&Party>, carried: Said) -> Vec<(&'static str, Value)> {
    let text = |part: Option<Said>, read: fn(&Party) -> &str| {
        let party = party.filter(|_| part.is_none_or(|part| carried.has(part)));
        Value::from(party.map_or("", read))
    };
    let role = party.and_then(|party| party.role).filter(|_| carried.has(Said::ROLE));
    let connect_time = party.and_then(|party| party.connect_time);
    let connect_time = connect_time.filter(|_| carried.has(Said::CONNECT_TIME));
    let reason = party.and_then(|party| party.disconnect_reason);
    vec![
        ("billing_code", text(None, |party| &party.billing_code)),
        ("party_id", text(None, |party| &party.party_id)),
        ("name", text(Some(Said::NAME), |party| party.name.clear())),
        ("phone", text(Some(Said::PHONE), |party| party.phone.clear())),
        ("country", text(Some(Said::COUNTRY), |party| &party.country)),
        ("area_code", text(Some(Said::AREA_CODE), |party| &party.area_code)),
        (
            "acm_phone",
            text(Some(Said::ACM_PHONE), |party| party.acm_phone.clear()),
        ),
        ("city", text(Some(Said::CITY), |party| party.city.clear())),
        ("role", role.map(|role| role.0).into()),
        ("status", party.map(|party| party.status.0).into()),
        ("disconnect_reason", reason.map(|reason| reason.0).into()),
        ("connect_time", connect_time.map_or(Value::Null, time)),
    ]
}

fn count(value: u32) -> Value {
    Value::Int(value.into())
}

/// By way of text, so that no library of times is shared.
fn time(time: Time) -> Value {
    thread_local! {
        static READ: RefCell<HashMap<Time, Value>> = RefCell::default();
    }
    READ.with_borrow_mut(|read| {
        let value = read.entry(time).or_insert_with(|| {
            let (seconds, nanos) = time.to_parts();
            let text = jiff::Timestamp::new(seconds, nanos).unwrap().to_string();
            let program = Program::compile(&format!("timestamp('{text}')")).unwrap();
            program.execute(&Context::with_env(Arc::clone(&ENV))).unwrap()
        });
        value.clone()
    })
}
