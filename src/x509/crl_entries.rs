//! The entries of a CRL, encoded as they come: from the inventory, or carried over from the CRL before.

use super::RevokedEntry;
use super::der::{self, Reader, write_generalized_time, write_time};
use crate::model::{Serial, Timestamp};
use std::io::{self, Read};

/// Octets kept free in front of the entries: for every header, the algorithm, the dates, and an issuer of common length.
pub(super) const HEADROOM: usize = 512;
/// Most entries are this long: a serial of 16 octets, a date, a reason.
const COMMON_ENTRY: usize = 49;
/// What is read of the CRL before at once.
const PIECE: usize = 96 << 10;
const WHAT: &str = "the CRL before";

/// The entries of a CRL, encoded as they come.
#[derive(Debug)]
pub struct CrlEntries {
    pub(super) buffer: Vec<u8>,
    count: u64,
    newest: Option<Timestamp>,
}

impl Default for CrlEntries {
    fn default() -> Self {
        CrlEntries::with_room_for(0)
    }
}

impl CrlEntries {
    /// None yet, with room for so many.
    pub fn with_room_for(count: u64) -> Self {
        let octets = usize::try_from(count).unwrap_or(0).saturating_mul(COMMON_ENTRY).min(1 << 30);
        let mut buffer = Vec::with_capacity(2 * HEADROOM + octets);
        buffer.resize(HEADROOM, 0);
        CrlEntries { buffer, count: 0, newest: None }
    }

    /// Adds an entry; each serial comes once.
    pub fn push(&mut self, entry: &RevokedEntry) {
        write_entry(&mut self.buffer, entry);
        self.count += 1;
        self.newest = self.newest.max(Some(entry.revoked_at));
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The newest revocation date; thisUpdate must not be before it. What was carried over is older than the CRL it was on.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// The entries of a CRL that [`super::TbsCrl`] encoded, read to its end from `before`, with these changes: a serial
    /// with an entry gets that entry, one without leaves. Both are in the order of the serials' octets, each serial once.
    ///
    /// The caller knows by other means (its digest) that it is such a CRL, and throws the result away if it is not.
    ///
    /// # Errors
    /// Those of `before`, and `InvalidData` when it is not such a CRL.
    pub fn carried_over(
        mut before: impl Read,
        count: u64,
        changes: &[(Serial, Option<RevokedEntry>)],
    ) -> io::Result<Self> {
        let mut all = CrlEntries::with_room_for(count.saturating_add(changes.len() as u64));
        let mut changes = changes.iter().peekable();
        let mut entries = EntryReader::new(&mut before)?;
        while let Some(piece) = entries.next_piece()? {
            // Entries that stay are copied together, up to the next change or the end of the piece.
            let (mut kept, mut at) = (0, 0);
            while at < piece.len() {
                let end = at + entry_length(&piece[at..])?;
                let serial = serial_of(&piece[at..end])?;
                all.count += 1;
                while let Some((changed, entry)) = changes.next_if(|c| c.0.as_bytes() <= serial) {
                    all.buffer.extend_from_slice(piece.get(kept..at).unwrap_or_default());
                    kept = at;
                    if changed.as_bytes() == serial {
                        all.count -= 1;
                        kept = end;
                    }
                    entry.iter().for_each(|e| all.push(e));
                }
                at = end;
            }
            all.buffer.extend_from_slice(&piece[kept..]);
        }
        changes.filter_map(|c| c.1.as_ref()).for_each(|e| all.push(e));
        io::copy(&mut before, &mut io::sink())?;
        Ok(all)
    }
}

impl<'a> FromIterator<&'a RevokedEntry> for CrlEntries {
    fn from_iter<I: IntoIterator<Item = &'a RevokedEntry>>(entries: I) -> Self {
        let mut all = CrlEntries::default();
        entries.into_iter().for_each(|e| all.push(e));
        all
    }
}

/// Writes one entry. Its parts are so short that every length is one octet, set when what it counts is written.
fn write_entry(buffer: &mut Vec<u8>, entry: &RevokedEntry) {
    let start = open(buffer, der::SEQUENCE);
    let serial = entry.serial.as_bytes();
    let padding = serial.first().is_some_and(|b| b & 0x80 != 0);
    buffer.extend_from_slice(&[der::INTEGER, serial.len() as u8 + u8::from(padding)]);
    if padding {
        buffer.push(0);
    }
    buffer.extend_from_slice(serial);
    write_time(buffer, entry.revoked_at);
    let code = entry.reason.code();
    if code != 0 || entry.invalidity_date.is_some() {
        let extensions = open(buffer, der::SEQUENCE);
        if code != 0 {
            // `unspecified` is left out rather than written (RFC 5280 5.3.1).
            buffer.extend_from_slice(&[0x30, 10, 6, 3, 0x55, 0x1d, 0x15, 4, 3, der::ENUMERATED, 1, code]);
        }
        if let Some(at) = entry.invalidity_date {
            let extension = open(buffer, der::SEQUENCE);
            buffer.extend_from_slice(&[6, 3, 0x55, 0x1d, 0x18]);
            let value = open(buffer, der::OCTET_STRING);
            write_generalized_time(buffer, at);
            close(buffer, value);
            close(buffer, extension);
        }
        close(buffer, extensions);
    }
    close(buffer, start);
}

/// Starts a value of less than 128 octets; returns where its content begins.
fn open(buffer: &mut Vec<u8>, tag: u8) -> usize {
    buffer.extend_from_slice(&[tag, 0]);
    buffer.len()
}

fn close(buffer: &mut [u8], content: usize) {
    buffer[content - 1] = (buffer.len() - content) as u8;
}

/// The entries of a CRL that comes piece by piece.
struct EntryReader<R> {
    before: R,
    octets: Vec<u8>,
    /// What of `octets` was read and not handed out: from `start` to `end`.
    start: usize,
    end: usize,
    /// Octets of entries from `start` on, in memory or still to come.
    left: usize,
}

impl<R: Read> EntryReader<R> {
    /// Reads up to the first entry.
    fn new(before: R) -> io::Result<Self> {
        let mut this = EntryReader { before, octets: vec![0; PIECE], start: 0, end: 0, left: 0 };
        this.fill()?;
        let octets = &this.octets[..this.end];
        let (outer, _) = header(octets, der::SEQUENCE)?;
        let (inner, _) = header(&octets[outer..], der::SEQUENCE)?;
        let rest = &octets[outer + inner..];
        let mut fields = Reader::new(rest, WHAT);
        let mut taken = 0;
        for _ in ["version", "algorithm", "issuer", "thisUpdate", "nextUpdate"] {
            taken += fields.any().map_err(io::Error::other)?.whole.len();
        }
        this.start = outer + inner + taken;
        // Without entries the extensions follow.
        if *rest.get(taken).ok_or_else(broken)? == der::SEQUENCE {
            let (length, content) = header(&rest[taken..], der::SEQUENCE)?;
            this.start += length;
            this.left = content;
        }
        Ok(this)
    }

    /// Reads more behind what is in memory, as much as there is room for.
    fn fill(&mut self) -> io::Result<()> {
        self.octets.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        while self.end < self.octets.len() {
            match self.before.read(&mut self.octets[self.end..])? {
                0 => break,
                count => self.end += count,
            }
        }
        Ok(())
    }

    /// The next entries, none of them cut; nothing after the last.
    fn next_piece(&mut self) -> io::Result<Option<&[u8]>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.fill()?;
        let ahead = &self.octets[..self.end.min(self.left)];
        let mut length = 0;
        while let Ok(one) = entry_length(&ahead[length..]) {
            length += one;
        }
        if length == 0 {
            return Err(broken());
        }
        self.left -= length;
        self.start = length;
        Ok(Some(&self.octets[..length]))
    }
}

/// The octets of the entry that bytes begin with.
fn entry_length(bytes: &[u8]) -> io::Result<usize> {
    match bytes {
        [der::SEQUENCE, length @ 0..=0x7f, rest @ ..] if rest.len() >= usize::from(*length) => {
            Ok(2 + usize::from(*length))
        }
        _ => Err(broken()),
    }
}

/// The magnitude of an entry's serial.
fn serial_of(entry: &[u8]) -> io::Result<&[u8]> {
    match entry {
        [_, _, der::INTEGER, length, rest @ ..] => match rest.get(..usize::from(*length)) {
            Some([0, serial @ ..]) | Some(serial) => Ok(serial),
            None => Err(broken()),
        },
        _ => Err(broken()),
    }
}

/// The octets of tag and length, and the length.
fn header(bytes: &[u8], tag: u8) -> io::Result<(usize, usize)> {
    match bytes {
        [t, length @ 0..=0x7f, ..] if *t == tag => Ok((2, usize::from(*length))),
        [t, count @ 0x81..=0x84, rest @ ..] if *t == tag => {
            let octets = rest.get(..usize::from(count & 0x7f)).ok_or_else(broken)?;
            Ok((2 + octets.len(), octets.iter().fold(0, |n, b| n << 8 | usize::from(*b))))
        }
        _ => Err(broken()),
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is not a CRL as they are written here")
}

#[cfg(test)]
mod tests {
    use super::super::{CrlFields, NameDer, SignatureAlgorithm, TbsCrl};
    use super::*;
    use crate::model::Reason;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Listed = BTreeMap<Vec<u8>, RevokedEntry>;

    fn entry(serial: &[u8], code: u8, day: i64, invalidity: bool) -> Option<RevokedEntry> {
        let at = |n| Timestamp::clamped(n * 86_400);
        Some(RevokedEntry {
            serial: Serial::from_unsigned(serial).ok()?,
            revoked_at: at(day),
            reason: Reason::from_code(code).unwrap_or(Reason::Unspecified),
            invalidity_date: invalidity.then(|| at(day - 400)),
        })
    }

    fn fields(name: &str) -> CrlFields {
        CrlFields {
            signature_algorithm: SignatureAlgorithm::EcdsaSha256,
            issuer: NameDer::of(&format!("CN={name}").parse().unwrap()),
            this_update: "2049-12-31".parse().unwrap(),
            next_update: "2050-01-01".parse().unwrap(),
            authority_key_id: vec![1; 20],
            number: 300,
        }
    }

    fn der(entries: CrlEntries) -> Vec<u8> {
        TbsCrl::encode(&fields(&"n".repeat(60)), entries).assemble(&[9; 70])
    }

    fn carried(before: &[u8], count: u64, changes: &[(Serial, Option<RevokedEntry>)]) -> io::Result<CrlEntries> {
        CrlEntries::carried_over(before, count, changes)
    }

    prop_compose! {
        fn an_entry()(
            serial in prop_oneof![prop::collection::vec(any::<u8>(), 1..3), prop::collection::vec(any::<u8>(), 16..=19)],
            code in 0u8..11, day in -7_000i64..40_000, invalidity in any::<bool>(),
        ) -> Option<RevokedEntry> {
            entry(&serial, code, day, invalidity)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn carrying_over_is_writing_anew(
            before in prop::collection::vec(an_entry(), 0..80),
            changed in prop::collection::vec((an_entry(), any::<bool>()), 0..20),
            leaving in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let key = |e: &RevokedEntry| e.serial.as_bytes().to_vec();
            let old: Listed = before.into_iter().flatten().map(|e| (key(&e), e)).collect();
            let mut changes: BTreeMap<Vec<u8>, (Serial, Option<RevokedEntry>)> = BTreeMap::new();
            for (e, listed) in changed.into_iter().filter_map(|(e, l)| Some((e?, l))) {
                changes.insert(key(&e), (e.serial, listed.then_some(e)));
            }
            let all: Vec<&RevokedEntry> = old.values().collect();
            for index in leaving.iter().filter(|_| !all.is_empty()) {
                let e = index.get(&all);
                changes.insert(key(e), (e.serial, None));
            }
            let mut new = old.clone();
            for (k, (_, entry)) in &changes {
                match entry {
                    Some(e) => new.insert(k.clone(), e.clone()),
                    None => new.remove(k),
                };
            }
            let changes: Vec<_> = changes.into_values().collect();
            let fast = carried(&der(old.values().collect()), old.len() as u64, &changes).unwrap();
            let full: CrlEntries = new.values().collect();
            prop_assert_eq!(fast.count(), new.len() as u64);
            prop_assert_eq!(fast.buffer, full.buffer);
        }
    }

    #[test]
    fn pieces_may_end_anywhere() {
        let one = |n: u32| {
            entry(&[&[0x41; 12][..], &n.to_be_bytes()].concat(), (n % 7) as u8, 9_000, n.is_multiple_of(3)).unwrap()
        };
        let all: Vec<_> = (0..12_000).map(one).collect();
        let before = der(all.iter().collect());
        assert!(before.len() > 4 * PIECE);
        let changes: Vec<_> = (0..12_001).step_by(7).map(|n| (one(n).serial, (n % 2 == 0).then(|| one(n)))).collect();
        let gone = |n: usize| n.is_multiple_of(7) && n % 2 == 1;
        let full: CrlEntries = all.iter().enumerate().filter(|(n, _)| !gone(*n)).map(|(_, e)| e).collect();
        assert_eq!(carried(&before, 0, &changes).unwrap().buffer, full.buffer);
    }

    #[test]
    fn what_is_no_such_crl_is_refused() {
        let all: Vec<_> = (1..4u8).map(|n| entry(&[n], 1, 9_000, false).unwrap()).collect();
        let before = der(all.iter().collect());
        let mut last = Vec::new();
        write_entry(&mut last, &all[2]);
        let end = before.windows(last.len()).position(|w| w == last).unwrap() + last.len();
        for cut in 0..end {
            assert!(carried(&before[..cut], 3, &[]).is_err(), "{cut}");
        }
        for i in 0..before.len() {
            let mut bad = before.clone();
            bad[i] ^= 0x55;
            // Whatever it says, it says it without a panic.
            drop(carried(&bad, 3, &[]));
        }
    }
}
