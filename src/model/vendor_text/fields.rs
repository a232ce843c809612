//! The pairs of a text by their keys, and their values as what the vendor's table says they are.

use compact_str::CompactString;

use super::{
    super::{
        Extra, Personal, Time,
        malformed::{self, MAX_VALUE_BYTES, Reason},
    },
    Kind, keys,
    refusal::{Hint, Refusal},
    scan::{Fault, Pair, Pairs},
};

/// How many unknown keys are kept.
const MAX_UNKNOWN: usize = 32;

/// How many bytes the unknown keys may have in all, values included.
const MAX_UNKNOWN_BYTES: usize = 8192;

/// A text, taken apart.
pub(super) struct Fields<'a> {
    kind: Kind,
    body: &'a str,
    known: [Option<Pair<'a>>; keys::PARTY.len()],
    unknown: Vec<Pair<'a>>,
    unknown_bytes: usize,
}

impl<'a> Fields<'a> {
    pub fn read(kind: Kind, body: &'a str) -> Result<Self, Refusal> {
        let mut fields = Self {
            kind,
            body,
            known: [None; keys::PARTY.len()],
            unknown: Vec::new(),
            unknown_bytes: 0,
        };
        let mut pairs = Pairs::open(body).map_err(|fault| fields.misread(fault))?;
        while let Some(pair) = pairs.next().map_err(|fault| fields.misread(fault))? {
            fields.add(pair)?;
        }
        Ok(fields)
    }

    fn add(&mut self, pair: Pair<'a>) -> Result<(), Refusal> {
        let (known, is_twice) = match self.kind.keys().iter().position(|key| *key == pair.key) {
            Some(index) => (Some(self.kind.keys()[index]), self.known[index].replace(pair).is_some()),
            None => (None, self.unknown.iter().any(|other| other.key == pair.key)),
        };
        if is_twice {
            return Err(self.refusal(Reason::DuplicateKey, known, Some(pair.key_at)));
        }
        malformed::free_text(pair.value).map_err(|reason| self.refusal(reason, known, Some(pair.value_at)))?;
        if known.is_none() {
            self.unknown_bytes += pair.key.len() + pair.value.len();
            if self.unknown.len() == MAX_UNKNOWN || self.unknown_bytes > MAX_UNKNOWN_BYTES {
                return Err(self.refusal(Reason::TooManyFields, None, Some(pair.key_at)));
            }
            self.unknown.push(pair);
        }
        Ok(())
    }

    pub fn identifier(&self, key: &'static str) -> Result<CompactString, Refusal> {
        let pair = self.required(key)?;
        malformed::identifier(pair.value, MAX_VALUE_BYTES).map_err(|reason| self.bad_value(reason, key, pair))?;
        Ok(pair.value.into())
    }

    pub fn text(&self, key: &'static str) -> CompactString {
        self.get(key)
            .map_or_else(CompactString::default, |pair| pair.value.into())
    }

    pub fn personal(&self, key: &'static str) -> Personal {
        Personal::new(self.text(key))
    }

    pub fn required_code(&self, key: &'static str) -> Result<i32, Refusal> {
        let pair = self.required(key)?;
        if pair.value.trim().is_empty() {
            return Err(self.bad_value(Reason::EmptyValue, key, pair));
        }
        self.code_of(key, pair)
    }

    /// An optional code. An empty one is an absent one, as it is with texts.
    pub fn code(&self, key: &'static str) -> Result<Option<i32>, Refusal> {
        self.filled(key).map(|pair| self.code_of(key, pair)).transpose()
    }

    /// An optional time in milliseconds since 1970. An empty one is an absent one.
    pub fn connect_time(&self, key: &'static str, received: Time) -> Result<Option<Time>, Refusal> {
        let Some(pair) = self.filled(key) else {
            return Ok(None);
        };
        let millis = integer(pair.value).map_err(|reason| self.bad_value(reason, key, pair))?;
        let plausible = |time: Option<Time>| time.filter(|time| malformed::connect_time(*time, received).is_ok());
        match plausible(Time::from_millis(millis)) {
            Some(time) => Ok(Some(time)),
            None => Err(Refusal {
                hint: plausible(Time::from_parts(millis, 0)).map(|_| Hint::LooksLikeSeconds),
                ..self.bad_value(Reason::ImplausibleTime, key, pair)
            }),
        }
    }

    pub fn extra(&self) -> Extra {
        if self.unknown.is_empty() {
            return None;
        }
        let kept = |pair: &Pair<'_>| (pair.key.into(), Personal::new(pair.value));
        Some(self.unknown.iter().map(kept).collect())
    }

    fn get(&self, key: &'static str) -> Option<Pair<'a>> {
        let index = self.kind.keys().iter().position(|known| *known == key)?;
        self.known[index]
    }

    fn filled(&self, key: &'static str) -> Option<Pair<'a>> {
        self.get(key).filter(|pair| !pair.value.trim().is_empty())
    }

    fn required(&self, key: &'static str) -> Result<Pair<'a>, Refusal> {
        self.get(key).ok_or_else(|| Refusal {
            hint: self.hint(key),
            ..self.refusal(Reason::RequiredFieldMissing, Some(key), None)
        })
    }

    /// What may explain that a key is missing.
    fn hint(&self, missing: &str) -> Option<Hint> {
        let has = |key: &str| self.unknown.iter().any(|pair| pair.key == key);
        if self.unknown.iter().any(|pair| pair.key.eq_ignore_ascii_case(missing)) {
            return Some(Hint::LetterCase);
        }
        match self.kind {
            Kind::Party if has(keys::STATUS) => Some(Hint::LooksLikeConf),
            Kind::Conf if has(keys::PARTY_ID) || has(keys::PARTY_STATUS) => Some(Hint::LooksLikeParty),
            Kind::Party | Kind::Conf => None,
        }
    }

    fn code_of(&self, key: &'static str, pair: Pair<'a>) -> Result<i32, Refusal> {
        integer(pair.value)
            .and_then(|number| i32::try_from(number).map_err(|_| Reason::OutOfInt32))
            .map_err(|reason| self.bad_value(reason, key, pair))
    }

    fn bad_value(&self, reason: Reason, key: &'static str, pair: Pair<'a>) -> Refusal {
        self.refusal(reason, Some(key), Some(pair.value_at))
    }

    fn misread(&self, fault: Fault) -> Refusal {
        self.refusal(fault.reason, None, Some(fault.at))
    }

    fn refusal(&self, reason: Reason, key: Option<&'static str>, at: Option<usize>) -> Refusal {
        Refusal {
            reason,
            key,
            column: at.map(|at| self.body[..at].chars().count() + 1),
            hint: None,
        }
    }
}

/// Reads a decimal integer, blanks around it and full-width digits and minus allowed; one beyond 64 bits becomes the nearest that is not.
fn integer(text: &str) -> Result<i64, Reason> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix(['-', '－']) {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    if digits.is_empty() {
        return Err(Reason::NotAnInteger);
    }
    digits.chars().try_fold(0_i64, |number, c| {
        let digit = match c {
            '0'..='9' => i64::from(u32::from(c) - u32::from('0')),
            '０'..='９' => i64::from(u32::from(c) - u32::from('０')),
            _ => return Err(Reason::NotAnInteger),
        };
        Ok(number.saturating_mul(10).saturating_add(sign * digit))
    })
}
