//! What a notification means, as 128 bits: equal for equal content, whichever form it came in.
//!
//! The digest is kept in the journal for as long as its id is remembered, so what is hashed here must not change with the model's types:
//! it is spelled out, and a test pins it.

use crate::model::{Extra, Payload, Time};

/// The digest of what was sent under an id.
pub(super) fn content(occurred_at: Option<Time>, payload: &Payload) -> u128 {
    let mut digest = Digest(blake3::Hasher::new());
    digest.number(occurred_at.map(Time::as_nanos));
    match payload {
        Payload::Conf(conf) => {
            digest.text("conf");
            digest.text(&conf.billing_code);
            digest.number(Some(conf.status.0.into()));
            digest.extra(&conf.extra);
        }
        Payload::Party(party) => {
            digest.text("party");
            for text in [
                party.billing_code.as_str(),
                &party.party_id,
                party.name.clear(),
                party.phone.clear(),
                &party.country,
                &party.area_code,
                party.acm_phone.clear(),
                party.city.clear(),
            ] {
                digest.text(text);
            }
            for number in [
                party.role.map(|role| role.0.into()),
                Some(party.status.0.into()),
                party.disconnect_reason.map(|reason| reason.0.into()),
                party.connect_time.map(Time::as_nanos),
            ] {
                digest.number(number);
            }
            digest.extra(&party.extra);
        }
    }
    digest.finish()
}

/// Every part is hashed with its length or its presence, so that no two sequences of parts run into the same bytes.
struct Digest(blake3::Hasher);

impl Digest {
    fn text(&mut self, text: &str) {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    fn number(&mut self, number: Option<i64>) {
        match number {
            Some(number) => self.0.update(&[1]).update(&number.to_le_bytes()),
            None => self.0.update(&[0]),
        };
    }

    /// Their order has no meaning.
    fn extra(&mut self, extra: &Extra) {
        let mut pairs: Vec<_> = extra.iter().flatten().collect();
        pairs.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (key, value) in pairs {
            self.text(key);
            self.text(value.clear());
        }
    }

    fn finish(self) -> u128 {
        let mut bytes = [0; 16];
        self.0.finalize_xof().fill(&mut bytes);
        u128::from_le_bytes(bytes)
    }
}
