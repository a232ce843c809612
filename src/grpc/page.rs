//! Pages of lists: sizes and tokens. A token is opaque to clients, and holds only for the request that it was made for.

use super::status::Refused;
use crate::{
    archive::PageKey,
    journal::Position,
    model::{SilenceId, Time},
};

/// The size of a page, where none is asked for.
const SIZE: usize = 50;

/// The largest page.
const MOST: usize = 1000;

/// The size of a page: 0 means the default, more than the most means the most.
pub(super) fn size(asked: i32) -> Result<usize, Refused> {
    match usize::try_from(asked) {
        Ok(0) => Ok(SIZE),
        Ok(asked) => Ok(asked.min(MOST)),
        Err(_) => Err(Refused::invalid("page_size", "OUT_OF_RANGE", "0 to 1,000")),
    }
}

/// The page of a list of alerts that follows one.
#[derive(Debug, PartialEq)]
pub(super) struct AlertToken {
    /// As of which alert event the list is shown.
    pub as_of: u64,
    /// The last alert of the page before.
    pub after: PageKey,
}

impl AlertToken {
    /// As text, for a request with those other fields.
    pub fn write(&self, given: &[&str]) -> String {
        let Self { as_of, after } = self;
        format!(
            "a{:08x}.{as_of:x}.{:x}.{}",
            digest(given),
            after.started_at.as_nanos(),
            after.id
        )
    }

    /// From text; `None` for the first page.
    pub fn read(token: &str, given: &[&str]) -> Result<Option<Self>, Refused> {
        if token.is_empty() {
            return Ok(None);
        }
        let mut parts = token.strip_prefix('a').ok_or_else(foreign)?.splitn(4, '.');
        let mut number = || {
            parts
                .next()
                .and_then(|part| u64::from_str_radix(part, 16).ok())
                .ok_or_else(foreign)
        };
        let (made_for, as_of, started_at) = (number()?, number()?, number()?);
        let id = parts.next().ok_or_else(foreign)?.to_owned();
        if made_for != u64::from(digest(given)) {
            return Err(foreign());
        }
        let started_at = Time::from_nanos(started_at.cast_signed());
        Ok(Some(Self {
            as_of,
            after: PageKey { started_at, id },
        }))
    }
}

/// The page of a list of deliveries that follows one.
#[derive(Debug, PartialEq)]
pub(super) struct DeliveryToken {
    /// Where the last one of the page before stands in the event log.
    pub before: Position,
}

impl DeliveryToken {
    /// As text, for a request with those other fields.
    pub fn write(&self, given: &[&str]) -> String {
        let Position { offset, ordinal } = self.before;
        format!("d{:08x}.{offset:x}.{ordinal:x}", digest(given))
    }

    /// From text; `None` for the first page.
    pub fn read(token: &str, given: &[&str]) -> Result<Option<Self>, Refused> {
        if token.is_empty() {
            return Ok(None);
        }
        let mut parts = token.strip_prefix('d').ok_or_else(foreign)?.splitn(3, '.');
        let mut part = || parts.next().ok_or_else(foreign);
        let (made_for, offset, ordinal) = (part()?, part()?, part()?);
        let made_for = u32::from_str_radix(made_for, 16).map_err(|_| foreign())?;
        let offset = u64::from_str_radix(offset, 16).map_err(|_| foreign())?;
        let ordinal = u32::from_str_radix(ordinal, 16).map_err(|_| foreign())?;
        if made_for != digest(given) {
            return Err(foreign());
        }
        let before = Position { offset, ordinal };
        Ok(Some(Self { before }))
    }
}

/// The page of a list of silences that follows one.
#[derive(Debug, PartialEq)]
pub(super) struct SilenceToken {
    /// When the last one of the page before begins.
    pub starts_at: Time,
    /// Which it is.
    pub id: SilenceId,
}

impl SilenceToken {
    /// As text.
    pub fn write(&self) -> String {
        format!("s{:x}.{}", self.starts_at.as_nanos(), self.id)
    }

    /// From text; `None` for the first page.
    pub fn read(token: &str) -> Result<Option<Self>, Refused> {
        if token.is_empty() {
            return Ok(None);
        }
        let (starts_at, id) = token
            .strip_prefix('s')
            .and_then(|rest| rest.split_once('.'))
            .ok_or_else(foreign)?;
        let starts_at = u64::from_str_radix(starts_at, 16).map_err(|_| foreign())?;
        Ok(Some(Self {
            starts_at: Time::from_nanos(starts_at.cast_signed()),
            id: id.parse().map_err(|_| foreign())?,
        }))
    }
}

/// A token that is the number of the last thing on the page before.
pub(super) fn number(token: &str) -> Result<Option<u64>, Refused> {
    if token.is_empty() {
        return Ok(None);
    }
    let number = token
        .strip_prefix('n')
        .and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.map(Some).ok_or_else(foreign)
}

/// The token of [`number`].
pub(super) fn numbered(number: u64) -> String {
    format!("n{number:x}")
}

fn foreign() -> Refused {
    Refused::invalid(
        "page_token",
        "INVALID_PAGE_TOKEN",
        "not a token that this request was answered with before",
    )
}

fn digest(given: &[&str]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for text in given {
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_request() {
        let after = PageKey {
            started_at: Time::from_nanos(-5),
            id: "a.b".to_owned(),
        };
        let token = AlertToken { as_of: 7, after };
        let text = token.write(&["severity >= WARNING", ""]);
        assert_eq!(
            AlertToken::read(&text, &["severity >= WARNING", ""]).unwrap(),
            Some(token)
        );
        for (text, given) in [
            (text.as_str(), ["", "severity >= WARNING"]),
            ("a1.2", ["", ""]),
            ("x", ["", ""]),
        ] {
            assert_eq!(
                AlertToken::read(text, &given).unwrap_err().reason(),
                "INVALID_PAGE_TOKEN"
            );
        }
        let before = Position { offset: 9, ordinal: 2 };
        let text = DeliveryToken { before }.write(&["a", "b"]);
        assert_eq!(
            DeliveryToken::read(&text, &["a", "b"]).unwrap(),
            Some(DeliveryToken { before })
        );
        for (text, given) in [(text.as_str(), ["ab", ""]), ("d1.2", ["a", "b"]), ("d", ["", ""])] {
            assert!(DeliveryToken::read(text, &given).is_err(), "{text}");
        }
        let (starts_at, id) = (Time::from_nanos(-5), SilenceId(7));
        let text = SilenceToken { starts_at, id }.write();
        assert_eq!(SilenceToken::read(&text).unwrap(), Some(SilenceToken { starts_at, id }));
        for text in ["s", "s1", "s1.2", "x1.00000000000000000000000000000007"] {
            assert!(SilenceToken::read(text).is_err(), "{text}");
        }
        assert_eq!(number(&numbered(77)).unwrap(), Some(77));
        assert!(number("77").is_err());
    }

    #[test]
    fn sizes_are_clamped_but_never_negative() {
        for (asked, size) in [(0, Ok(50)), (7, Ok(7)), (5000, Ok(1000))] {
            assert_eq!(super::size(asked), size);
        }
        assert!(super::size(-1).is_err());
    }
}
