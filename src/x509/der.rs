//! A small DER writer and reader (X.690 8 and 10): definite lengths, one octet of tag.

use super::X509Error;
use crate::model::{Oid, Timestamp};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const TELETEX_STRING: u8 = 0x14;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Context tag `n`, primitive.
pub(crate) const fn context(n: u8) -> u8 {
    0x80 | n
}

/// Context tag `n`, constructed.
pub(crate) const fn context_constructed(n: u8) -> u8 {
    0xa0 | n
}

/// Tag and length octets for a content of `length`.
pub(crate) fn header(tag: u8, length: usize) -> Vec<u8> {
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let octets = length.to_be_bytes();
        let first = octets.iter().position(|b| *b != 0).unwrap_or(octets.len() - 1);
        out.push(0x80 | (octets.len() - first) as u8);
        out.extend_from_slice(&octets[first..]);
    }
    out
}

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = header(tag, content.len());
    out.extend_from_slice(content);
    out
}

/// A constructed value of parts that are DER already.
pub(crate) fn constructed(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    tlv(tag, &parts.concat())
}

/// A positive INTEGER from its magnitude.
pub(crate) fn unsigned(magnitude: &[u8]) -> Vec<u8> {
    let first = magnitude.iter().position(|b| *b != 0).unwrap_or(magnitude.len());
    let mut content = Vec::with_capacity(magnitude.len() + 1);
    if magnitude.get(first).is_none_or(|b| b & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(&magnitude[first..]);
    tlv(INTEGER, &content)
}

/// The magnitude of an INTEGER's content, without leading zeros: none of zero. Nothing where it is negative or has no octets.
pub(crate) fn magnitude(content: &[u8]) -> Option<&[u8]> {
    let zeros = content.iter().take_while(|b| **b == 0).count();
    content.get(zeros..).filter(|_| content.first().is_some_and(|b| b & 0x80 == 0))
}

pub(crate) fn oid(oid: &Oid) -> Vec<u8> {
    let arcs = oid.arcs();
    let mut content = Vec::new();
    // Oid has two arcs at least, and its first two fit together.
    let first = arcs[0] * 40 + arcs[1];
    for arc in std::iter::once(first).chain(arcs[2..].iter().copied()) {
        let mut groups = vec![(arc & 0x7f) as u8];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        content.extend(groups.iter().rev());
    }
    tlv(OID, &content)
}

/// UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5).
pub(crate) fn time(at: Timestamp) -> Vec<u8> {
    let mut out = Vec::with_capacity(17);
    write_time(&mut out, at);
    out
}

/// GeneralizedTime whatever the year, as invalidityDate wants it (RFC 5280 5.3.2).
#[cfg(test)]
pub(crate) fn generalized_time(at: Timestamp) -> Vec<u8> {
    let mut out = Vec::with_capacity(17);
    write_generalized_time(&mut out, at);
    out
}

/// Appends a time as [`time`] encodes it.
pub(crate) fn write_time(out: &mut Vec<u8>, at: Timestamp) {
    let digits = digits(at);
    if at.is_utc_time() {
        out.extend_from_slice(&[UTC_TIME, 13]);
        out.extend_from_slice(&digits[2..]);
    } else {
        out.extend_from_slice(&[GENERALIZED_TIME, 15]);
        out.extend_from_slice(&digits);
    }
}

/// Appends a GeneralizedTime whatever the year, as invalidityDate wants it (RFC 5280 5.3.2).
pub(crate) fn write_generalized_time(out: &mut Vec<u8>, at: Timestamp) {
    out.extend_from_slice(&[GENERALIZED_TIME, 15]);
    out.extend_from_slice(&digits(at));
}

/// `YYYYMMDDhhmmssZ`
fn digits(at: Timestamp) -> [u8; 15] {
    let (year, month, day, hour, minute, second) = at.to_parts();
    let mut out = [b'Z'; 15];
    for (pair, part) in out.chunks_exact_mut(2).zip([year / 100, year % 100, month, day, hour, minute, second]) {
        pair.copy_from_slice(&[b'0' + (part / 10) as u8, b'0' + (part % 10) as u8]);
    }
    out
}

/// A value that was read: its tag, its content, and both with the length octets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    pub whole: &'a [u8],
}

/// Walks DER values one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Reader { rest: bytes, what }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn fail(&self, problem: &str) -> X509Error {
        X509Error::malformed(self.what, problem)
    }

    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    #[inline]
    pub fn any(&mut self) -> Result<Value<'a>, X509Error> {
        // Most values are short, and a CRL has millions of them: nothing else is looked at for those.
        if let [tag, length @ 0..=0x7f, content @ ..] = self.rest
            && tag & 0x1f != 0x1f
            && usize::from(*length) <= content.len()
        {
            let (content, rest) = content.split_at(usize::from(*length));
            let value = Value { tag: *tag, content, whole: &self.rest[..2 + content.len()] };
            self.rest = rest;
            return Ok(value);
        }
        self.any_long()
    }

    fn any_long(&mut self) -> Result<Value<'a>, X509Error> {
        let cut = || X509Error::malformed(self.what, "it ends in the middle of a value");
        let (&tag, &first) = self.rest.first().zip(self.rest.get(1)).ok_or_else(cut)?;
        if tag & 0x1f == 0x1f {
            return Err(self.fail("a tag of several octets"));
        }
        let (start, length) = match first {
            0..=0x7f => (2, usize::from(first)),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let octets = self.rest.get(2..2 + count).ok_or_else(cut)?;
                let length = octets.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
                if length < 0x80 || octets[0] == 0 {
                    return Err(self.fail("a length that is not the shortest"));
                }
                (2 + count, length)
            }
            _ => return Err(self.fail("an indefinite or absurd length")),
        };
        let end = start.checked_add(length).filter(|e| *e <= self.rest.len()).ok_or_else(cut)?;
        let value = Value { tag, content: &self.rest[start..end], whole: &self.rest[..end] };
        self.rest = &self.rest[end..];
        Ok(value)
    }

    #[inline]
    pub fn expect(&mut self, tag: u8) -> Result<Value<'a>, X509Error> {
        let value = self.any()?;
        if value.tag == tag { Ok(value) } else { Err(self.misplaced(value.tag, tag)) }
    }

    #[cold]
    fn misplaced(&self, found: u8, wanted: u8) -> X509Error {
        X509Error::malformed(self.what, format!("tag {found:02x} where {wanted:02x} belongs"))
    }

    #[inline]
    pub fn optional(&mut self, tag: u8) -> Result<Option<Value<'a>>, X509Error> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    pub fn inside(&self, value: Value<'a>) -> Reader<'a> {
        Reader::new(value.content, self.what)
    }

    pub fn end(&self) -> Result<(), X509Error> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(X509Error::TrailingBytes { what: self.what, count: self.rest.len() })
        }
    }

    /// UTCTime or GeneralizedTime with seconds and `Z`, no fraction.
    pub fn time(&mut self) -> Result<Timestamp, X509Error> {
        let value = self.any()?;
        read_time(value).ok_or_else(|| self.fail("a time that is not UTCTime or GeneralizedTime with seconds and Z"))
    }
}

pub(crate) fn read_time(value: Value<'_>) -> Option<Timestamp> {
    let text = value.content.strip_suffix(b"Z")?;
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let two = |i: usize| u32::from((text[i] - b'0') * 10 + text[i + 1] - b'0');
    let (year, at) = match (value.tag, text.len()) {
        (UTC_TIME, 12) => (if two(0) < 50 { 2000 } else { 1900 } + two(0), 2),
        (GENERALIZED_TIME, 14) => (two(0) * 100 + two(2), 4),
        _ => return None,
    };
    Timestamp::from_parts(year, two(at), two(at + 2), two(at + 4), two(at + 6), two(at + 8))
}

/// An OBJECT IDENTIFIER's content.
pub(crate) fn read_oid(content: &[u8]) -> Option<Oid> {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0u64;
    let mut fresh = true;
    for b in content {
        if fresh && *b == 0x80 {
            return None;
        }
        arc = arc.checked_mul(128)?.checked_add(u64::from(b & 0x7f))?;
        fresh = b & 0x80 == 0;
        if fresh {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arcs.push(arc - first * 40);
            } else {
                arcs.push(arc);
            }
            arc = 0;
        }
    }
    if fresh { Oid::from_arcs(&arcs).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for n in [0, 1, 127, 128, 255, 256, 65_535, 65_536, 70_000] {
            let der = tlv(OCTET_STRING, &vec![7; n]);
            let mut r = Reader::new(&der, "test");
            let v = r.expect(OCTET_STRING).unwrap();
            assert_eq!((v.content.len(), v.whole.len()), (n, der.len()));
            r.end().unwrap();
        }
        for bad in [
            &[4u8][..],
            &[4, 1],
            &[4, 0x80],
            &[4, 0x81, 1, 0],
            &[4, 0x82, 0, 200],
            &[4, 0x85, 1, 0, 0, 0, 0],
            &[0x1f, 1, 0],
        ] {
            assert!(Reader::new(bad, "test").any().is_err(), "{bad:02x?}");
        }
    }

    #[test]
    fn integers_are_minimal() {
        assert_eq!(unsigned(&[0, 0, 5]), [2, 1, 5]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[]), [2, 1, 0]);
        for (content, found) in [
            (&[5u8][..], Some(&[5u8][..])),
            (&[0, 0, 5], Some(&[5])),
            (&[0, 0x80], Some(&[0x80])),
            (&[0], Some(&[])),
            (&[0x80], None),
            (&[], None),
        ] {
            assert_eq!(magnitude(content), found, "{content:02x?}");
        }
    }

    #[test]
    fn oids_round_trip() {
        for text in ["1.2.840.113549.1.9.1", "2.5.29.15", "2.999.3", "0.9.2342.19200300.100.1.25"] {
            let o: Oid = text.parse().unwrap();
            let der = oid(&o);
            assert_eq!(read_oid(&der[2..]), Some(o));
        }
        assert_eq!(read_oid(&[0x2a, 0x80]), None);
        assert_eq!(read_oid(&[0x2a, 0x80, 1]), None);
    }

    #[test]
    fn the_year_2050_is_generalized() {
        let at = |t: &str| time(t.parse().unwrap());
        assert_eq!(at("2049-12-31T23:59:59Z"), tlv(UTC_TIME, b"491231235959Z"));
        assert_eq!(at("2050-01-01T00:00:00Z"), tlv(GENERALIZED_TIME, b"20500101000000Z"));
        assert_eq!(at("1950-01-01T00:00:00Z"), tlv(UTC_TIME, b"500101000000Z"));
        for text in ["1970-01-01T00:00:00Z", "2049-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "2024-02-29T01:02:03Z"] {
            let t: Timestamp = text.parse().unwrap();
            assert_eq!(Reader::new(&time(t), "test").time(), Ok(t));
        }
        for bad in [&b"4912312359Z"[..], b"491331235959Z", b"491231235960Z", b"491231235959+0000", b"49123123595XZ"] {
            assert!(Reader::new(&tlv(UTC_TIME, bad), "test").time().is_err());
        }
    }
}
