//! Cursors: a place in a store's event log, as text that clients keep and never read.
//!
//! Version 1: `1` and 48 hexadecimal digits: the first 8 bytes of the store id, the epoch, the offset, the ordinal.

use crate::{
    grpc::status::Refused,
    journal::{Identity, Position},
};

const VERSION: char = '1';

/// Makes and reads the cursors of one store.
#[derive(Debug, Clone, Copy)]
pub struct Cursors {
    store: u64,
    epoch: u32,
}

impl Cursors {
    /// The cursors of that store, in that life of it.
    pub fn new(identity: Identity) -> Self {
        let mut store = [0; 8];
        store.copy_from_slice(&identity.store.0[..8]);
        Self {
            store: u64::from_be_bytes(store),
            epoch: identity.epoch,
        }
    }

    /// The cursor after which a subscription goes on behind that position.
    pub fn write(self, position: Position) -> String {
        let Position { offset, ordinal } = position;
        format!(
            "{VERSION}{:016x}{:08x}{offset:016x}{ordinal:08x}",
            self.store, self.epoch
        )
    }

    /// The position that a cursor stands for, given the head of this store's history.
    pub fn read(self, cursor: &str, head: Position) -> Result<Position, Refused> {
        let foreign = || Refused::cursor_foreign("after_cursor");
        let digits = cursor
            .strip_prefix(VERSION)
            .filter(|digits| digits.len() == 48)
            .ok_or_else(foreign)?;
        let is_plain = digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let number = |range: std::ops::Range<usize>| {
            digits
                .get(range)
                .filter(|_| is_plain)
                .and_then(|digits| u64::from_str_radix(digits, 16).ok())
                .ok_or_else(foreign)
        };
        let (store, epoch) = (number(0..16)?, number(16..24)?);
        let position = Position {
            offset: number(24..40)?,
            ordinal: u32::try_from(number(40..48)?).map_err(|_| foreign())?,
        };
        if store != self.store {
            return Err(foreign());
        }
        // What was cut off from a life of the store that came before is as lost as what lies ahead.
        if position > head || epoch != u64::from(self.epoch) {
            return Err(Refused::cursor_ahead());
        }
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::StoreId;

    fn cursors(store: u8, epoch: u32) -> Cursors {
        Cursors::new(Identity {
            store: StoreId([store; 16]),
            epoch,
        })
    }

    fn at(offset: u64, ordinal: u32) -> Position {
        Position { offset, ordinal }
    }

    #[test]
    fn reads_what_it_wrote() {
        let position = at(u64::MAX - 1, 7);
        let cursor = cursors(3, 2).write(position);
        assert!(cursor.len() <= 128);
        assert_eq!(cursors(3, 2).read(&cursor, at(u64::MAX, 0)).unwrap(), position);
    }

    #[test]
    fn tells_strangers_from_witnesses() {
        let cursor = cursors(3, 2).write(at(10, 0));
        let head = at(10, u32::MAX);
        for (cursors, cursor, head, reason) in [
            (cursors(4, 2), cursor.as_str(), head, "CURSOR_FOREIGN"),
            (
                cursors(3, 2),
                "1é0000000000000000000000000000000000000000000000",
                head,
                "CURSOR_FOREIGN",
            ),
            (cursors(3, 2), "", head, "CURSOR_FOREIGN"),
            (cursors(3, 2), "1+", head, "CURSOR_FOREIGN"),
            (cursors(3, 2), cursor.as_str(), at(9, 0), "CURSOR_AHEAD_OF_LOG"),
            (cursors(3, 3), cursor.as_str(), head, "CURSOR_AHEAD_OF_LOG"),
        ] {
            assert_eq!(cursors.read(cursor, head).unwrap_err().reason(), reason);
        }
    }
}
