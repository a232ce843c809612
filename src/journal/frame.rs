//! One frame: a header, some records, a checksum. Values and bytes only; where frames lie is `segment`'s.
//!
//! All numbers are little-endian.
//!
//! ```text
//! magic 4 · format 2 · codec 2 · semantics 4 · key id 4 · store id 16 · epoch 4 · count 4 · payload length 4
//! · first offset 8 · time 8 · hash of the frame before 32 · payload · CRC-32 of all that, 4
//! ```
//!
//! The key id is 0: the payload is in clear. A frame's hash is BLAKE3 over header and payload.

use std::fmt;

use blake3::Hash;
use bytes::{Buf, BufMut, Bytes};

use super::Identity;
use crate::engine::StoreId;
use crate::model::Time;

/// The layout above.
pub(super) const FORMAT: u16 = 1;
/// The first bytes of every frame.
pub(super) const MAGIC: &[u8; 4] = b"bwfr";
/// What the very first frame continues.
pub(super) const GENESIS: Hash = Hash::from_bytes([0; 32]);
const CHECKSUM_LEN: usize = 4;
const CLEAR: u32 = 0;

/// Some records that were appended at once.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The first record's offset.
    pub first_offset: u64,
    /// How many records; at least one.
    pub count: u32,
    /// The time of all of them.
    pub time: Time,
    /// The version of the rules of deciding under which it was written.
    pub semantics: u32,
    /// The life of the store in which it was written.
    pub epoch: u32,
    /// The hash of the frame before; zeros in the very first.
    pub previous: Hash,
    /// This frame's.
    pub hash: Hash,
    /// The records, as they were given.
    pub payload: Bytes,
}

impl Frame {
    /// The offset after its last record.
    pub fn next_offset(&self) -> u64 {
        self.first_offset + u64::from(self.count)
    }
}

/// Without the payload, which holds personal data.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("first_offset", &self.first_offset)
            .field("count", &self.count)
            .field("time", &self.time)
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

/// What a frame must be of to be read here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    /// The store; frames of its earlier epochs are welcome.
    pub(super) identity: Identity,
    /// How its payloads are encoded.
    pub(super) codec: u16,
}

/// What is wrong with a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// Fewer bytes are left than it says, or than a header has.
    #[error("a frame is cut off")]
    Cut,
    /// It does not begin as a frame does.
    #[error("there is no frame")]
    NoFrame,
    /// Zeros.
    #[error("there are only zeros")]
    Blank,
    /// Frames or a whole segment are missing before the next, or come twice.
    #[error("the frames end here, but the next segment begins at offset {0}")]
    Successor(u64),
    /// The bytes are not those that were written.
    #[error("the checksum does not hold")]
    Checksum,
    /// Whole frames come after it, so that it was whole once.
    #[error("a frame is damaged, and good ones follow it")]
    Followed,
    /// There are bytes after the last frame of a segment that was left for the next.
    #[error("something follows the last frame")]
    Trailing,
    /// Another store's, or of an epoch that it cannot be of.
    #[error("the frame is of another store or epoch")]
    Foreign,
    /// Records are missing or come again.
    #[error("the frame begins at offset {0}")]
    Gap(u64),
    /// It does not continue what is before it.
    #[error("the frame does not continue the one before it (the hashes differ)")]
    Chain,
    /// It differs from what the mark or a snapshot says of it.
    #[error("the frame ending at offset {0} is not the one that the mark or a snapshot tells of")]
    Contradicted(u64),
    /// Its format, codec or key id is none of those that this version reads.
    #[error("the frame has {what} {found}, which this version does not read")]
    Unsupported {
        /// Which number.
        what: &'static str,
        /// What it is.
        found: u32,
    },
}

impl Flaw {
    /// Whether a write that was cut short can look so.
    pub(super) fn may_be_torn(&self) -> bool {
        matches!(self, Self::Cut | Self::NoFrame | Self::Blank | Self::Checksum)
    }
}

/// All of a frame but its payload, its hash and its checksum.
pub(super) struct Header {
    pub(super) origin: Origin,
    pub(super) semantics: u32,
    pub(super) first_offset: u64,
    pub(super) count: u32,
    pub(super) time: Time,
    pub(super) previous: Hash,
}

impl Header {
    pub(super) const LEN: usize = 4 + 2 + 2 + 4 + 4 + 16 + 4 + 4 + 4 + 8 + 8 + 32;

    /// Writes the whole frame into the buffer and gives its hash.
    pub(super) fn write(&self, payload: &[u8], length: u32, buffer: &mut Vec<u8>) -> Hash {
        buffer.clear();
        buffer.put_slice(MAGIC);
        buffer.put_u16_le(FORMAT);
        buffer.put_u16_le(self.origin.codec);
        buffer.put_u32_le(self.semantics);
        buffer.put_u32_le(CLEAR);
        buffer.put_slice(&self.origin.identity.store.0);
        buffer.put_u32_le(self.origin.identity.epoch);
        buffer.put_u32_le(self.count);
        buffer.put_u32_le(length);
        buffer.put_u64_le(self.first_offset);
        buffer.put_i64_le(self.time.as_nanos());
        buffer.put_slice(self.previous.as_bytes());
        buffer.put_slice(payload);
        let hash = blake3::hash(buffer);
        buffer.put_u32_le(crc32fast::hash(buffer));
        hash
    }
}

/// How long a frame with such a payload is, in bytes.
pub(super) const fn frame_len(payload: usize) -> usize {
    Header::LEN + payload + CHECKSUM_LEN
}

/// How long the frame that begins with this header is, in bytes. Nothing is verified but that it is a frame of this format.
pub(super) fn stated_len(header: &[u8]) -> Result<usize, Flaw> {
    let Some(mut header) = header.get(..Header::LEN) else {
        return Err(Flaw::Cut);
    };
    if !header.starts_with(MAGIC) {
        return Err(Flaw::NoFrame);
    }
    header.advance(MAGIC.len());
    let format = header.get_u16_le();
    if format != FORMAT {
        return Err(unsupported("format", format));
    }
    header.advance(2 + 4 + 4 + 16 + 4 + 4);
    Ok(frame_len(header.get_u32_le() as usize))
}

/// Reads a whole frame and verifies it by itself; that it continues the one before is [`Chain`]'s.
pub(super) fn parse(bytes: &[u8], origin: &Origin) -> Result<Frame, Flaw> {
    if bytes.len() < stated_len(bytes)? {
        return Err(Flaw::Cut);
    }
    let (body, mut checksum) = bytes.split_at(bytes.len() - CHECKSUM_LEN);
    if crc32fast::hash(body) != checksum.get_u32_le() {
        return Err(Flaw::Checksum);
    }
    let (mut header, payload) = body.split_at(Header::LEN);
    header.advance(MAGIC.len() + 2);
    let codec = header.get_u16_le();
    let semantics = header.get_u32_le();
    let key = header.get_u32_le();
    let mut store = [0; 16];
    header.copy_to_slice(&mut store);
    let epoch = header.get_u32_le();
    if StoreId(store) != origin.identity.store || epoch > origin.identity.epoch {
        return Err(Flaw::Foreign);
    }
    if codec != origin.codec {
        return Err(unsupported("codec", codec));
    }
    if key != CLEAR {
        return Err(unsupported("key id", key));
    }
    let count = header.get_u32_le();
    header.advance(4);
    let first_offset = header.get_u64_le();
    if count == 0 || first_offset.checked_add(u64::from(count)).is_none() {
        return Err(Flaw::NoFrame);
    }
    let time = Time::from_nanos(header.get_i64_le());
    let mut previous = [0; 32];
    header.copy_to_slice(&mut previous);
    Ok(Frame {
        first_offset,
        count,
        time,
        semantics,
        epoch,
        previous: Hash::from_bytes(previous),
        hash: blake3::hash(body),
        payload: Bytes::copy_from_slice(payload),
    })
}

fn unsupported(what: &'static str, found: impl Into<u32>) -> Flaw {
    let found = found.into();
    Flaw::Unsupported { what, found }
}

/// Where a log stands: what the next frame must continue.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// The next frame's first offset.
    pub(super) next: u64,
    /// The last frame's hash; `None` where reading began, so that the first frame is believed.
    pub(super) hash: Option<Hash>,
    /// The last frame's epoch.
    pub(super) epoch: u32,
}

impl Chain {
    /// Before the frame at this offset, of which nothing is known.
    pub(super) fn at(offset: u64) -> Self {
        Self {
            next: offset,
            hash: (offset == 0).then_some(GENESIS),
            epoch: 0,
        }
    }

    /// Goes one frame on, if it is the next one.
    pub(super) fn follow(&mut self, frame: &Frame) -> Result<(), Flaw> {
        if frame.first_offset != self.next {
            return Err(Flaw::Gap(frame.first_offset));
        }
        if self.hash.is_some_and(|hash| hash != frame.previous) {
            return Err(Flaw::Chain);
        }
        if frame.epoch < self.epoch {
            return Err(Flaw::Foreign);
        }
        self.next = frame.next_offset();
        self.hash = Some(frame.hash);
        self.epoch = frame.epoch;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that are in use: if this fails, the layout needs a new format number.
    #[test]
    fn the_layout_stays() {
        let identity = Identity {
            store: StoreId(*b"0123456789abcdef"),
            epoch: 1,
        };
        let origin = Origin { identity, codec: 2 };
        let header = Header {
            origin,
            semantics: 3,
            first_offset: 4,
            count: 5,
            time: Time::from_nanos(-2),
            previous: Hash::from_bytes([b'p'; 32]),
        };
        let mut bytes = Vec::new();
        let hash = header.write(b"payload", 7, &mut bytes);
        insta::assert_snapshot!(bytes.escape_ascii().to_string(), @r"bwfr\x01\x00\x02\x00\x03\x00\x00\x00\x00\x00\x00\x000123456789abcdef\x01\x00\x00\x00\x05\x00\x00\x00\x07\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\xfe\xff\xff\xff\xff\xff\xff\xffpppppppppppppppppppppppppppppppppayload\x90b\x9f\x84");
        assert_eq!(bytes.len(), frame_len(7));
        let frame = parse(&bytes, &origin).unwrap();
        assert_eq!((frame.first_offset, frame.count, frame.hash), (4, 5, hash));
        assert_eq!(frame.payload, "payload");
    }
}
