//! Each record's hash is over the hash before it, so that nothing in between can be changed alone.
//!
//! What this proves: between two hashes that are known from elsewhere (printed, mailed, kept on another machine),
//! the records are the ones that were written, all of them, in that order. What it does not prove: whoever can
//! write the whole log can compute a new chain. Only a head that is kept elsewhere shows that, see
//! [`Verifier::finish`].

use std::fmt;

use aws_lc_rs::digest;

use crate::encoding::hex;

/// The hash before the first record.
pub const GENESIS: [u8; 32] = [0; 32];

/// How many records are looked through for one that is missing at its place, to tell moved from removed.
pub const LOOKAHEAD_RECORDS_MAX: u64 = 10_000;

/// The form of what is hashed; it changes when the form does.
const FORM: &[u8] = b"yagura audit chain 1\0";

/// Computes a record's hash.
///
/// SHA-256 over the form's name, the hash before, the sequence number and the record's length (both eight bytes,
/// big-endian), the record's bytes as they are stored.
pub fn chain(previous: &[u8; 32], sequence: u64, record: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(FORM);
    context.update(previous);
    context.update(&sequence.to_be_bytes());
    // No platform has lengths of more than 64 bits.
    context.update(&u64::try_from(record.len()).unwrap_or(u64::MAX).to_be_bytes());
    context.update(record);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The end of a chain: its last record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 is before the first record, which has 1.
    pub sequence: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl Head {
    /// The head of a log without records.
    pub const EMPTY: Self = Self { sequence: 0, hash: GENESIS };

    /// Returns the head with one more record.
    #[must_use]
    pub fn next(&self, record: &[u8]) -> Self {
        let sequence = self.sequence.saturating_add(1);
        Self { sequence, hash: chain(&self.hash, sequence, record) }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.sequence, hex(&self.hash))
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Head({self})")
    }
}

/// Where a chain breaks, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Records are not there.
    #[error("records {first} to {last} are missing", last = .next.saturating_sub(1))]
    Gap {
        /// The first that is missing.
        first: u64,
        /// The one that follows.
        next: u64,
    },
    /// A record stands at another place.
    #[error("record {sequence} stands after record {after}: records were moved, or written twice")]
    Reordered {
        /// The record.
        sequence: u64,
        /// After which it stands.
        after: u64,
    },
    /// The record, its hash, or the hash before it is not what was written.
    #[error("record {sequence} was altered: its hash does not follow from the one before")]
    Altered {
        /// The record.
        sequence: u64,
    },
    /// The log ends before the head that is known from elsewhere.
    #[error("the log ends with record {last}, but record {known} was there: its end was cut off")]
    Truncated {
        /// The last record.
        last: u64,
        /// The known head's number.
        known: u64,
    },
    /// The chain holds in itself, but it is not the one that was known: it was written anew.
    #[error("record {sequence} does not have the hash that is known from elsewhere: the log was written anew")]
    Rewritten {
        /// The known head's number.
        sequence: u64,
    },
}

/// Walks along a chain and stops at the first break.
#[derive(Debug, Clone)]
pub struct Verifier {
    head: Head,
    known: Option<Head>,
    /// A record that was not at its place, and the one that stood there.
    missing: Option<Missing>,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    expected: u64,
    found: u64,
    last: u64,
    looked_at: u64,
}

impl Verifier {
    /// Begins after `start`: [`Head::EMPTY`], or a head that an earlier verification ended with.
    ///
    /// `known` is a head that was kept elsewhere, and must be part of the chain. It cannot be checked where it lies
    /// before `start`.
    pub fn new(start: Head, known: Option<Head>) -> Self {
        Self { head: start, known, missing: None }
    }

    /// Takes the next record with the number and the hash that are stored with it.
    ///
    /// Where records are missing, the next [`LOOKAHEAD_RECORDS_MAX`] are looked through before that is said, because
    /// they may have been moved only.
    ///
    /// # Errors
    ///
    /// The first [`Break`]; nothing that is pushed after it means anything.
    pub fn push(&mut self, sequence: u64, record: &[u8], hash: &[u8; 32]) -> Result<(), Break> {
        self.is_the_known_one()?;
        let expected = self.head.sequence.saturating_add(1);
        if let Some(missing) = &mut self.missing {
            if (missing.expected..missing.found).contains(&sequence) {
                return Err(Break::Reordered { sequence, after: missing.last });
            }
            (missing.last, missing.looked_at) = (sequence, missing.looked_at + 1);
            return if missing.looked_at > LOOKAHEAD_RECORDS_MAX { Err(missing.gap()) } else { Ok(()) };
        }
        if sequence < expected {
            return Err(Break::Reordered { sequence, after: self.head.sequence });
        }
        if sequence > expected {
            self.missing = Some(Missing { expected, found: sequence, last: sequence, looked_at: 0 });
            return Ok(());
        }
        let next = self.head.next(record);
        if next.hash != *hash {
            return Err(Break::Altered { sequence });
        }
        self.head = next;
        Ok(())
    }

    /// Ends the walk, and returns the head up to which the chain holds.
    ///
    /// # Errors
    ///
    /// [`Break::Gap`] that was still open, [`Break::Truncated`] where the known head was not reached.
    pub fn finish(self) -> Result<Head, Break> {
        if let Some(missing) = self.missing {
            return Err(missing.gap());
        }
        self.is_the_known_one()?;
        match self.known {
            Some(known) if known.sequence > self.head.sequence => {
                Err(Break::Truncated { last: self.head.sequence, known: known.sequence })
            }
            _ => Ok(self.head),
        }
    }

    fn is_the_known_one(&self) -> Result<(), Break> {
        match self.known {
            Some(known) if known.sequence == self.head.sequence && known.hash != self.head.hash => {
                Err(Break::Rewritten { sequence: known.sequence })
            }
            _ => Ok(()),
        }
    }
}

impl Missing {
    fn gap(&self) -> Break {
        Break::Gap { first: self.expected, next: self.found }
    }
}

/// The SHA-256 of a whole file, piece by piece, as it stands beside each rotated file.
pub struct FileDigest(digest::Context);

impl fmt::Debug for FileDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FileDigest")
    }
}

impl Default for FileDigest {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl FileDigest {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the hash in hexadecimal.
    pub fn finish(self) -> String {
        hex(self.0.finish().as_ref())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Stored = (u64, Vec<u8>, [u8; 32]);

    fn log(length: u64) -> Vec<Stored> {
        let mut head = Head::EMPTY;
        (1..=length)
            .map(|number| {
                let record = format!("{{\"eventName\":\"{number}\"}}").into_bytes();
                head = head.next(&record);
                (head.sequence, record, head.hash)
            })
            .collect()
    }

    fn head(log: &[Stored]) -> Head {
        log.last().map_or(Head::EMPTY, |(sequence, _, hash)| Head { sequence: *sequence, hash: *hash })
    }

    fn verify(log: &[Stored], known: Option<Head>) -> Result<Head, Break> {
        let mut verifier = Verifier::new(Head::EMPTY, known);
        for (sequence, record, hash) in log {
            verifier.push(*sequence, record, hash)?;
        }
        verifier.finish()
    }

    /// The log as somebody would write it who knows how the chain is made.
    fn rehash(log: &mut [Stored]) {
        let mut head = Head::EMPTY;
        for (sequence, record, hash) in log {
            head = head.next(record);
            (*sequence, *hash) = (head.sequence, head.hash);
        }
    }

    /// Computed with another program, from the description of [`chain`].
    #[test]
    fn the_hash_of_a_record_never_changes() {
        let hash = chain(&GENESIS, 1, b"{}");
        assert_eq!(hex(&hash), "e17b29c70cc5ae17d2a115d4b6c08b8e9dc35e1985aecd0c647d6471012c7ce9");
    }

    #[test]
    fn a_whole_log_holds_from_any_head_on() {
        let log = log(10);
        assert_eq!(verify(&log, None), Ok(head(&log)));
        assert_eq!(verify(&[], None), Ok(Head::EMPTY));
        for kept in 0..=10 {
            let start = head(&log[..kept]);
            assert_eq!(verify(&log, Some(start)), Ok(head(&log)), "known {kept}");
            let mut verifier = Verifier::new(start, Some(head(&log)));
            for (sequence, record, hash) in &log[kept..] {
                verifier.push(*sequence, record, hash).unwrap();
            }
            assert_eq!(verifier.finish(), Ok(head(&log)));
        }
        // A start that is not the known one is noticed, whether records follow or not.
        let known = Head { sequence: 5, hash: [1; 32] };
        let mut verifier = Verifier::new(head(&log[..5]), Some(known));
        let rewritten = Break::Rewritten { sequence: 5 };
        assert_eq!(verifier.clone().finish(), Err(rewritten));
        assert_eq!(verifier.push(6, &log[5].1, &log[5].2), Err(rewritten));
    }

    #[test]
    fn each_kind_of_damage_is_named() {
        let whole = log(10);
        let known = Some(head(&whole));
        let damaged = |change: fn(&mut Vec<Stored>)| {
            let mut log = whole.clone();
            change(&mut log);
            log
        };
        let altered = |sequence| Err(Break::Altered { sequence });
        for (what, log, expected) in [
            ("a record changed", damaged(|log| log[3].1[0] ^= 1), altered(4)),
            ("a hash changed", damaged(|log| log[3].2[0] ^= 1), altered(4)),
            (
                "records exchanged under their numbers",
                damaged(|log| {
                    let other = log[5].1.clone();
                    log[5].1 = std::mem::replace(&mut log[3].1, other);
                }),
                altered(4),
            ),
            ("one removed", damaged(|log| drop(log.remove(3))), Err(Break::Gap { first: 4, next: 5 })),
            ("three removed", damaged(|log| drop(log.drain(3..6))), Err(Break::Gap { first: 4, next: 7 })),
            ("the first removed", damaged(|log| drop(log.remove(0))), Err(Break::Gap { first: 1, next: 2 })),
            (
                "one removed, the others renumbered",
                damaged(|log| {
                    log.remove(3);
                    for (number, entry) in (1..).zip(log) {
                        entry.0 = number;
                    }
                }),
                altered(4),
            ),
            ("neighbours exchanged", damaged(|log| log.swap(3, 4)), Err(Break::Reordered { sequence: 4, after: 5 })),
            (
                "one moved far back",
                damaged(|log| {
                    let moved = log.remove(3);
                    log.push(moved);
                }),
                Err(Break::Reordered { sequence: 4, after: 10 }),
            ),
            (
                "one written twice",
                damaged(|log| log.insert(3, log[1].clone())),
                Err(Break::Reordered { sequence: 2, after: 3 }),
            ),
            ("the end cut off", damaged(|log| log.truncate(7)), Err(Break::Truncated { last: 7, known: 10 })),
            ("everything cut off", damaged(Vec::clear), Err(Break::Truncated { last: 0, known: 10 })),
            (
                "written anew",
                damaged(|log| {
                    log[3].1 = b"{}".to_vec();
                    rehash(log);
                }),
                Err(Break::Rewritten { sequence: 10 }),
            ),
            (
                "written anew with more behind",
                damaged(|log| {
                    log[3].1 = b"{}".to_vec();
                    log.push((0, b"{}".to_vec(), GENESIS));
                    rehash(log);
                }),
                Err(Break::Rewritten { sequence: 10 }),
            ),
            (
                "shortened and written anew",
                damaged(|log| {
                    log.remove(3);
                    rehash(log);
                }),
                Err(Break::Truncated { last: 9, known: 10 }),
            ),
        ] {
            assert_eq!(verify(&log, known), expected, "{what}");
        }
        // Without a head from elsewhere, the last four cannot be seen; that is why one is kept.
        assert!(verify(&whole[..7], None).is_ok());
    }

    #[test]
    fn looking_for_a_missing_record_has_an_end() {
        let mut log = log(LOOKAHEAD_RECORDS_MAX + 10);
        let moved = log.remove(0);
        log.push(moved);
        assert_eq!(verify(&log, None), Err(Break::Gap { first: 1, next: 2 }));
    }

    #[test]
    fn breaks_read_as_sentences() {
        let gap = Break::Gap { first: 4, next: 7 };
        assert_eq!(gap.to_string(), "records 4 to 6 are missing");
    }

    #[test]
    fn a_files_digest_does_not_depend_on_the_pieces() {
        let mut pieces = FileDigest::default();
        for piece in [&b"{\"Rec"[..], b"", b"ords\":[]}"] {
            pieces.update(piece);
        }
        assert_eq!(pieces.finish(), hex(&crate::encoding::sha256(b"{\"Records\":[]}")));
    }

    proptest! {
        #[test]
        fn no_flipped_bit_passes(at in any::<usize>(), bit in 0_u32..8, part in 0_u8..3) {
            let mut log = log(6);
            let length = log.len();
            let entry = &mut log[at % length];
            match part {
                0 => entry.0 ^= 1 << bit,
                1 => {
                    let length = entry.1.len();
                    entry.1[at % length] ^= 1 << bit;
                }
                _ => entry.2[at % 32] ^= 1 << bit,
            }
            prop_assert!(verify(&log, None).is_err());
        }
    }
}
