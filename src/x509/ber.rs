//! BER made definite: NSS and some smart cards write PKCS#12 and PKCS#7 with indefinite lengths and strings in pieces
//! (X.690 8.1.3.6, 8.7.3), which DER forbids and everybody reads.

use super::der;

/// Nesting of a keystore or bundle in pieces: a dozen levels in the wild.
const MAX_DEPTH: usize = 32;
/// Every level is copied once: more is not worth that.
const MAX_OCTETS: usize = 32 << 20;
const INDEFINITE: u8 = 0x80;
const CONSTRUCTED: u8 = 0x20;

/// The first value of some BER, with definite lengths and OCTET STRINGs in one piece; what follows it is left out. Nothing
/// when it is no BER, nested too deeply, or too large.
pub fn definite(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > MAX_OCTETS {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len());
    value(bytes, 0, &mut out)?;
    Some(out)
}

/// Appends the first value; returns what follows it.
fn value<'a>(bytes: &'a [u8], depth: usize, out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if tag & 0x1f == 0x1f || depth > MAX_DEPTH {
        return None;
    }
    let is_constructed = tag & CONSTRUCTED != 0;
    if first == INDEFINITE {
        if !is_constructed {
            return None;
        }
        let mut inner = Vec::new();
        let mut rest = rest;
        loop {
            if let [0, 0, behind @ ..] = rest {
                close(tag, &inner, out)?;
                return Some(behind);
            }
            rest = value(rest, depth + 1, &mut inner)?;
        }
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let (octets, rest) = rest.split_at_checked(count)?;
            (octets.iter().fold(0usize, |n, b| n << 8 | usize::from(*b)), rest)
        }
        _ => return None,
    };
    let (mut content, behind) = rest.split_at_checked(length)?;
    if is_constructed {
        let mut inner = Vec::with_capacity(content.len());
        while !content.is_empty() {
            content = value(content, depth + 1, &mut inner)?;
        }
        close(tag, &inner, out)?;
    } else {
        out.extend_from_slice(&der::header(tag, content.len()));
        out.extend_from_slice(content);
    }
    Some(behind)
}

/// Appends a constructed value whose parts are definite. Pieces of a string become one.
fn close(tag: u8, inner: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if tag == der::OCTET_STRING | CONSTRUCTED {
        let whole = pieces(inner)?;
        out.extend_from_slice(&der::header(der::OCTET_STRING, whole.len()));
        out.extend_from_slice(&whole);
    } else {
        out.extend_from_slice(&der::header(tag, inner.len()));
        out.extend_from_slice(inner);
    }
    Some(())
}

/// The pieces of a string that is constructed of OCTET STRINGs, in one.
pub(crate) fn pieces(inner: &[u8]) -> Option<Vec<u8>> {
    let (mut reader, mut whole) = (der::Reader::new(inner, "a string"), Vec::with_capacity(inner.len()));
    while !reader.is_empty() {
        whole.extend_from_slice(reader.expect(der::OCTET_STRING).ok()?.content);
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_become_definite_and_strings_whole() {
        let ber = [0x30, 0x80, 0x24, 0x80, 4, 1, b'a', 4, 2, b'b', b'c', 0, 0, 2, 1, 3, 0, 0, 9];
        assert_eq!(definite(&ber), Some(vec![0x30, 8, 4, 3, b'a', b'b', b'c', 2, 1, 3]));
        let nested = [0x24, 0x80, 0x24, 3, 4, 1, b'a', 4, 1, b'b', 0, 0];
        assert_eq!(definite(&nested), Some(vec![4, 2, b'a', b'b']));
        let der = der::tlv(der::SEQUENCE, &der::tlv(der::OCTET_STRING, &[7; 300]));
        assert_eq!(definite(&der), Some(der));
        // A length that is longer than it need be.
        assert_eq!(definite(&[0x30, 0x81, 3, 2, 1, 5]), Some(vec![0x30, 3, 2, 1, 5]));
    }

    #[test]
    fn damage_is_nothing() {
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x80, 2, 1],
            &[4, 0x80, 0, 0],
            &[0x30, 0x85, 0, 0, 0, 0, 1],
            &[0x24, 3, 2, 1, 1],
            &[0x1f, 0, 0],
        ] {
            assert_eq!(definite(bad), None, "{bad:02x?}");
        }
        let deep = [[0x30, 0x80].repeat(10_000), vec![0; 20_000]].concat();
        assert_eq!(definite(&deep), None);
    }
}
