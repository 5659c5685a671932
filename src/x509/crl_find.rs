//! Looking one serial number up in a CRL of any length: its entries are walked once where they lie.

use super::crl_loose::{INVALIDITY_DATE, LooseEntry, REASON_CODE, read_entry};
use super::der::{self, Reader};
use super::{Crl, X509Error};

/// removeFromCRL, which lifts a hold (RFC 5280 5.3.1).
const REMOVED: u8 = 8;

impl LooseEntry<'_> {
    /// Whether it takes the certificate off the list instead of putting it there.
    pub fn is_removal(&self) -> bool {
        self.reason == REMOVED
    }
}

impl Crl {
    /// The entry of a serial number, given by the content octets of its INTEGER, however many zeros stand before it. Every
    /// entry is looked at, as one that cannot be used makes the whole list useless (RFC 5280 5.3). Of several the first that
    /// revokes counts.
    ///
    /// # Errors
    /// [`X509Error`] for an entry that is malformed or has a critical extension that is not processed.
    pub fn find(&self, serial: &[u8]) -> Result<Option<LooseEntry<'_>>, X509Error> {
        let wanted = shortest(serial);
        let mut list = Reader::new(self.entry_octets(), "the CRL");
        let mut found: Option<LooseEntry<'_>> = None;
        while !list.is_empty() {
            let mut same = list.clone();
            let one = list.expect(der::SEQUENCE)?;
            let mut parts = list.inside(one);
            let here = parts.expect(der::INTEGER)?.content;
            // Most are equal in nothing: the last octet tells.
            if here.last() == wanted.last() && shortest(here) == wanted && found.is_none_or(|f| f.is_removal()) {
                let entry = read_entry(&mut same)?;
                if entry.has_other_critical {
                    return Err(parts.fail("an unknown critical entry extension"));
                }
                found = Some(entry);
                continue;
            }
            if !matches!(parts.any()?.tag, der::UTC_TIME | der::GENERALIZED_TIME) {
                return Err(parts.fail("an entry without a date"));
            }
            if let Some(extensions) = parts.optional(der::SEQUENCE)? {
                check_critical(&mut parts.inside(extensions))?;
            }
            parts.end()?;
        }
        Ok(found)
    }
}

/// Reasons and dates of other entries change nothing; the certificateIssuer of an indirect CRL is not processed.
fn check_critical(extensions: &mut Reader<'_>) -> Result<(), X509Error> {
    while !extensions.is_empty() {
        let one = extensions.expect(der::SEQUENCE)?;
        let mut fields = extensions.inside(one);
        let oid = fields.expect(der::OID)?.content;
        let critical = fields.optional(der::BOOLEAN)?.is_some_and(|v| v.content != [0]);
        if critical && oid != REASON_CODE && oid != INVALIDITY_DATE {
            return Err(fields.fail("an unknown critical entry extension"));
        }
    }
    Ok(())
}

/// An INTEGER's content as DER has it: without zeros that only repeat the sign.
fn shortest(content: &[u8]) -> &[u8] {
    let mut content = content;
    while let [0, rest @ ..] = content
        && rest.first().is_some_and(|next| next & 0x80 == 0)
    {
        content = rest;
    }
    content
}

#[cfg(test)]
mod tests {
    use super::super::crl_loose::tests::{crl, entry, extension};
    use super::*;

    #[test]
    fn serials_are_found_however_they_are_written() {
        let list = crl(&[entry(&[5], &[]), entry(&[0, 0, 6], &[]), entry(&[0x80], &[]), entry(&[0, 0x80], &[])]);
        let found = |serial: &[u8]| list.find(serial).unwrap().map(|e| e.serial.to_vec());
        assert_eq!(found(&[5]), Some(vec![5]));
        assert_eq!(found(&[0, 5]), Some(vec![5]));
        assert_eq!(found(&[6]), Some(vec![0, 0, 6]));
        assert_eq!(found(&[0x80]), Some(vec![0x80]), "a negative one is another one");
        assert_eq!(found(&[0, 0, 0x80]), Some(vec![0, 0x80]));
        assert_eq!(found(&[0]), None);
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[5, 0]), None);
    }

    #[test]
    fn reasons_and_removals() {
        let reason = |code| extension(REASON_CODE, false, &[der::ENUMERATED, 1, code]);
        let list = crl(&[
            entry(&[1], &[&reason(7)]),
            entry(&[2], &[&reason(8)]),
            entry(&[3], &[&reason(8)]),
            entry(&[3], &[&reason(1)]),
            entry(&[4], &[&reason(1)]),
            entry(&[4], &[&reason(8)]),
        ]);
        let removal = |serial: u8| list.find(&[serial]).unwrap().map(|e| e.is_removal());
        assert_eq!(removal(1), Some(false), "a reason that does not exist is one");
        assert_eq!(removal(2), Some(true));
        assert_eq!(removal(3), Some(false));
        assert_eq!(removal(4), Some(false));
    }

    #[test]
    fn one_entry_spoils_the_list() {
        let issuer = extension(&[0x55, 0x1d, 0x1d], true, &[0x30, 0]);
        for list in [
            crl(&[entry(&[1], &[&issuer])]),
            crl(&[entry(&[2], &[&issuer]), entry(&[1], &[])]),
            crl(&[entry(&[1], &[]), entry(&[2], &[&issuer])]),
            crl(&[entry(&[1], &[]), vec![der::SEQUENCE, 3, der::INTEGER, 1, 2]]),
            crl(&[entry(&[1], &[]), vec![der::SEQUENCE, 9]]),
        ] {
            assert!(list.find(&[1]).is_err());
        }
    }
}
