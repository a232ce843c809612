//! Writes the vendor's text in one canonical form: the vendor's order of keys, ASCII quotes, absent values left out.

use super::{
    super::{Extra, Payload, Personal, malformed::is_hidden},
    keys, scan,
};

/// Writes a payload so that [`parse`](super::parse) gives it back.
///
/// Two things cannot be written, and never come out of a text: what is finer than a millisecond in a time is dropped, and a quote that
/// would read as the end of its value, as in `Li', city = 'x`, becomes its look-alike `ʼ` (U+02BC).
pub fn write(payload: &Payload) -> String {
    Writer::new(false).payload(payload)
}

/// Writes a payload for a log: personal data masked, control and bidirectional characters replaced.
pub fn write_masked(payload: &Payload) -> String {
    Writer::new(true).payload(payload)
}

struct Writer {
    text: String,
    masked: bool,
}

impl Writer {
    fn new(masked: bool) -> Self {
        Self {
            text: String::from("{"),
            masked,
        }
    }

    fn payload(mut self, payload: &Payload) -> String {
        self.pair(keys::BILLING_CODE, payload.billing_code());
        match payload {
            Payload::Conf(conf) => {
                self.number(keys::STATUS, Some(conf.status.0));
                self.extra(&conf.extra);
            }
            Payload::Party(party) => {
                self.pair(keys::PARTY_ID, &party.party_id);
                self.personal(keys::NAME, &party.name);
                self.personal(keys::PHONE, &party.phone);
                self.text(keys::COUNTRY, &party.country);
                self.text(keys::AREA_CODE, &party.area_code);
                self.personal(keys::ACM_PHONE, &party.acm_phone);
                self.number(keys::ROLE, party.role.map(|role| role.0));
                self.number(keys::PARTY_STATUS, Some(party.status.0));
                self.number(keys::DISCONNECT_REASON, party.disconnect_reason.map(|reason| reason.0));
                self.number(keys::CONNECT_TIME, party.connect_time.map(|time| time.as_millis()));
                self.personal(keys::CITY, &party.city);
                self.extra(&party.extra);
            }
        }
        self.text.push('}');
        self.text
    }

    fn extra(&mut self, extra: &Extra) {
        for (key, value) in extra.iter().flatten() {
            if self.masked {
                self.pair(key, &value.masked());
            } else {
                self.pair(key, value.clear());
            }
        }
    }

    fn personal(&mut self, key: &str, value: &Personal) {
        if self.masked {
            self.text(key, &value.masked());
        } else {
            self.text(key, value.clear());
        }
    }

    fn text(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.pair(key, value);
        }
    }

    fn number(&mut self, key: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.pair(key, &value.to_string());
        }
    }

    fn pair(&mut self, key: &str, value: &str) {
        if self.text.len() > 1 {
            self.text.push_str(" , ");
        }
        self.text.push_str(key);
        self.text.push_str(" = '");
        self.text.push_str(&if self.masked {
            closed(&value.replace(is_hidden, "\u{FFFD}"))
        } else {
            closed(value)
        });
    }
}

/// The value with its closing quote, and no quote before that which would be taken for it. From the last quote to the first, since what
/// a quote is taken for depends on the next one.
fn closed(value: &str) -> String {
    let mut text = format!("{value}'");
    for (at, quote) in value.rmatch_indices(scan::is_quote) {
        if scan::would_end(&text[at + quote.len()..]) {
            text.replace_range(at..at + quote.len(), "ʼ");
        }
    }
    text
}
