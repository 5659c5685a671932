//! The entries of a CRL told as they stand, for those who look: what a validator must refuse is told too.

use super::der::{self, Reader};
use super::{Crl, X509Error};
use crate::model::Timestamp;

const WHAT: &str = "the CRL";
pub(super) const REASON_CODE: &[u8] = &[0x55, 0x1d, 0x15];
pub(super) const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 0x18];

/// One entry of a CRL as it stands (RFC 5280 5.3); nothing about it is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LooseEntry<'a> {
    /// The octets of the serial number as encoded, sign octet included.
    pub serial: &'a [u8],
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// The CRLReason, whatever it is; 0 where the entry does not say.
    pub reason: u8,
    /// Since when the key is suspect.
    pub invalidity_date: Option<Timestamp>,
    /// Whether it has a critical extension besides these, as the certificateIssuer of an indirect CRL.
    pub has_other_critical: bool,
}

impl<'a> LooseEntry<'a> {
    /// The serial's magnitude without leading zeros, one octet at least; nothing where it is negative.
    pub fn magnitude(&self) -> Option<&'a [u8]> {
        der::magnitude(self.serial).map(|octets| if octets.is_empty() { &[0] } else { octets })
    }
}

impl Crl {
    /// The entries as they stand, one after the other; one that is no DER of an entry ends the walk. Unlike
    /// [`Crl::entries`] it goes on behind what a validator must refuse: unknown critical extensions, reasons that do not
    /// exist, serials that no certificate may have.
    pub fn loose_entries(&self) -> impl Iterator<Item = Result<LooseEntry<'_>, X509Error>> {
        let mut reader = Reader::new(self.entry_octets(), WHAT);
        let mut broken = false;
        std::iter::from_fn(move || {
            if broken || reader.is_empty() {
                return None;
            }
            let entry = read_entry(&mut reader);
            broken = entry.is_err();
            Some(entry)
        })
    }
}

pub(super) fn read_entry<'a>(list: &mut Reader<'a>) -> Result<LooseEntry<'a>, X509Error> {
    let one = list.expect(der::SEQUENCE)?;
    let mut parts = list.inside(one);
    let serial = parts.expect(der::INTEGER)?.content;
    let revoked_at = parts.time()?;
    let mut entry = LooseEntry { serial, revoked_at, reason: 0, invalidity_date: None, has_other_critical: false };
    if serial.is_empty() {
        return Err(parts.fail("a serial number without octets"));
    }
    if let Some(sequence) = parts.optional(der::SEQUENCE)? {
        let mut extensions = parts.inside(sequence);
        while !extensions.is_empty() {
            let one = extensions.expect(der::SEQUENCE)?;
            let mut fields = extensions.inside(one);
            let oid = fields.expect(der::OID)?.content;
            let critical = fields.optional(der::BOOLEAN)?.is_some_and(|v| v.content != [0]);
            let value = fields.expect(der::OCTET_STRING)?.content;
            fields.end()?;
            match oid {
                REASON_CODE => {
                    let [der::ENUMERATED, 1, code] = value else { return Err(parts.fail("a broken reason")) };
                    entry.reason = *code;
                }
                INVALIDITY_DATE => entry.invalidity_date = Some(Reader::new(value, WHAT).time()?),
                _ => entry.has_other_critical |= critical,
            }
        }
    }
    parts.end()?;
    Ok(entry)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{CrlFields, NameDer, SignatureAlgorithm};
    use super::*;
    use crate::model::Reason;
    use crate::x509::der::{constructed, tlv};

    /// A CRL of version 1 with these entries.
    pub fn crl(entries: &[Vec<u8>]) -> Crl {
        let (name, algorithm) = (NameDer::of(&"CN=ca".parse().unwrap()), SignatureAlgorithm::Ed25519.der());
        let at = der::time("2020-01-01".parse().unwrap());
        let list = tlv(der::SEQUENCE, &entries.concat());
        let tbs = constructed(der::SEQUENCE, &[algorithm, name.as_bytes(), &at, &list]);
        Crl::read_old(constructed(der::SEQUENCE, &[&tbs, algorithm, &tlv(der::BIT_STRING, &[0, 1])])).unwrap()
    }

    pub fn entry(serial: &[u8], extensions: &[&[u8]]) -> Vec<u8> {
        let at = der::time("2020-01-01".parse().unwrap());
        let extensions = if extensions.is_empty() { Vec::new() } else { constructed(der::SEQUENCE, extensions) };
        constructed(der::SEQUENCE, &[&tlv(der::INTEGER, serial), &at, &extensions])
    }

    pub fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
        let critical = if critical { tlv(der::BOOLEAN, &[0xff]) } else { Vec::new() };
        constructed(der::SEQUENCE, &[&tlv(der::OID, oid), &critical, &tlv(der::OCTET_STRING, value)])
    }

    #[test]
    fn what_validators_refuse_is_told() {
        let removed = extension(REASON_CODE, false, &[der::ENUMERATED, 1, 8]);
        let issuer = extension(&[0x55, 0x1d, 0x1d], true, &[0x30, 0]);
        let crl = crl(&[entry(&[0xff], &[&issuer]), entry(&[0, 0x80], &[&removed]), entry(&[0], &[])]);
        assert_eq!(crl.entries().filter(|e| e.is_ok()).count(), 0, "the strict walk ends at once");
        let all: Vec<_> = crl.loose_entries().map(|e| e.unwrap()).collect();
        let told: Vec<_> = all.iter().map(|e| (e.magnitude(), e.reason, e.has_other_critical)).collect();
        assert_eq!(told, [(None, 0, true), (Some(&[0x80][..]), 8, false), (Some(&[0][..]), 0, false)]);
    }

    #[test]
    fn both_walks_tell_the_same() {
        let fields = CrlFields {
            signature_algorithm: SignatureAlgorithm::Ed25519,
            issuer: NameDer::of(&"CN=ca".parse().unwrap()),
            this_update: "2049-12-01".parse().unwrap(),
            next_update: "2050-01-01".parse().unwrap(),
            authority_key_id: vec![1; 20],
            number: 300,
        };
        let entries: Vec<_> = (1..100u8)
            .map(|n| super::super::RevokedEntry {
                serial: crate::model::Serial::from_unsigned(&[n, 0x80]).unwrap(),
                revoked_at: "2049-11-30T01:02:03Z".parse().unwrap(),
                reason: if n % 2 == 0 { Reason::KeyCompromise } else { Reason::Unspecified },
                invalidity_date: (n % 3 == 0).then(|| "2020-01-01".parse().unwrap()),
            })
            .collect();
        let crl =
            Crl::read(super::super::TbsCrl::encode(&fields, entries.iter().collect()).assemble(&[9; 64])).unwrap();
        let loose: Vec<_> = crl.loose_entries().map(|e| e.unwrap()).collect();
        assert_eq!(loose.len(), entries.len());
        for (told, strict) in loose.iter().zip(&entries) {
            assert_eq!(told.magnitude(), Some(strict.serial.as_bytes()));
            assert_eq!((told.revoked_at, told.reason), (strict.revoked_at, strict.reason.code()));
            assert_eq!((told.invalidity_date, told.has_other_critical), (strict.invalidity_date, false));
        }
    }

    #[test]
    fn damage_ends_the_walk() {
        for bad in [entry(&[], &[]), entry(&[1], &[&extension(REASON_CODE, false, &[1])]), vec![0x30, 1, 0]] {
            let crl = crl(&[entry(&[1], &[]), bad, entry(&[2], &[])]);
            let all: Vec<_> = crl.loose_entries().map(|e| e.is_ok()).collect();
            assert_eq!(all, [true, false]);
        }
    }
}
