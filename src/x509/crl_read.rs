//! CRLs of any length: the headers are read, the entries are walked where they lie.

use super::der::{self, Reader};
use super::name::read_name;
use super::{ExtensionFacts, NameDer, NameFacts, X509Error, crl_loose};
use crate::model::{Reason, Serial, Timestamp};

const WHAT: &str = "the CRL";
/// A CRL number has at most 20 octets as encoded (RFC 5280 5.2.3).
const MAX_NUMBER: usize = 20;

/// One revoked certificate of a CRL (RFC 5280 5.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedEntry {
    /// The certificate's serial number.
    pub serial: Serial,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why; `Unspecified` where the entry does not say.
    pub reason: Reason,
    /// Since when the key is suspect.
    pub invalidity_date: Option<Timestamp>,
}

/// A CRL: its bytes and what its headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
    tbs: std::ops::Range<usize>,
    entries: std::ops::Range<usize>,
    signature: std::ops::Range<usize>,
    /// The AlgorithmIdentifier inside, in DER.
    pub inner_algorithm: Vec<u8>,
    /// The AlgorithmIdentifier beside the signature, in DER.
    pub outer_algorithm: Vec<u8>,
    /// The issuer.
    pub issuer: NameFacts,
    /// thisUpdate
    pub this_update: Timestamp,
    /// nextUpdate
    pub next_update: Option<Timestamp>,
    /// cRLNumber, big-endian without leading zeros.
    pub number: Option<Vec<u8>>,
    /// keyIdentifier of the authorityKeyIdentifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// All crlExtensions.
    pub extensions: Vec<ExtensionFacts>,
}

impl Crl {
    /// Reads a CRL in DER; nothing may follow it. Entries are not looked at yet.
    ///
    /// # Errors
    /// [`X509Error`] when it is not a CRL.
    pub fn read(bytes: Vec<u8>) -> Result<Self, X509Error> {
        Self::read_versions(bytes, false)
    }

    /// As [`Crl::read`], and takes CRLs of version 1 too, which name no version and have no extensions: they tell what was
    /// revoked, and are no CRLs that a validator takes (RFC 5280 5.1.2.1).
    ///
    /// # Errors
    /// [`X509Error`] when it is not a CRL.
    pub fn read_old(bytes: Vec<u8>) -> Result<Self, X509Error> {
        Self::read_versions(bytes, true)
    }

    fn read_versions(bytes: Vec<u8>, old: bool) -> Result<Self, X509Error> {
        let mut outer = Reader::new(&bytes, WHAT);
        let list = outer.expect(der::SEQUENCE)?;
        outer.end()?;
        let mut parts = outer.inside(list);
        let tbs = parts.expect(der::SEQUENCE)?;
        let outer_algorithm = parts.expect(der::SEQUENCE)?.whole.to_vec();
        let bits = parts.expect(der::BIT_STRING)?;
        parts.end()?;
        let signature = match bits.content.split_first() {
            Some((0, octets)) => octets,
            _ => return Err(parts.fail("a signature with unused bits")),
        };
        let mut fields = parts.inside(tbs);
        let unversioned = old && fields.peek() == Some(der::SEQUENCE);
        if !unversioned && fields.expect(der::INTEGER)?.content != [1] {
            return Err(fields.fail("a version other than 2"));
        }
        let inner_algorithm = fields.expect(der::SEQUENCE)?.whole.to_vec();
        let issuer = fields.expect(der::SEQUENCE)?.whole;
        let issuer = NameFacts::new(NameDer::as_read(issuer), read_name(issuer)?);
        let this_update = fields.time()?;
        let next_update = if matches!(fields.peek(), Some(der::UTC_TIME | der::GENERALIZED_TIME)) {
            Some(fields.time()?)
        } else {
            None
        };
        let entries = fields.optional(der::SEQUENCE)?.map_or(&[][..], |v| v.content);
        let extensions = match fields.optional(der::context_constructed(0))? {
            Some(explicit) => read_extensions(&mut fields.inside(explicit))?,
            None => Vec::new(),
        };
        fields.end()?;
        let base = bytes.as_ptr() as usize;
        let range = |part: &[u8]| {
            let start = if part.is_empty() { 0 } else { part.as_ptr() as usize - base };
            start..start + part.len()
        };
        let (tbs, entries, signature) = (range(tbs.whole), range(entries), range(signature));
        let value = |arcs: &[u64]| extensions.iter().find(|e| e.oid.arcs() == arcs).map(|e| e.value.as_slice());
        let number = value(super::oid::CRL_NUMBER).map(read_number).transpose()?;
        let authority_key_id = value(super::oid::AUTHORITY_KEY_ID).and_then(read_key_id);
        Ok(Crl {
            tbs,
            entries,
            signature,
            inner_algorithm,
            outer_algorithm,
            issuer,
            this_update,
            next_update,
            number,
            authority_key_id,
            extensions,
            der: bytes,
        })
    }

    /// The DER bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The DER bytes, and where the to-be-signed part is in them.
    pub(super) fn into_parts(self) -> (Vec<u8>, std::ops::Range<usize>) {
        (self.der, self.tbs)
    }

    /// The octets of all entries.
    pub(super) fn entry_octets(&self) -> &[u8] {
        &self.der[self.entries.clone()]
    }

    /// The to-be-signed bytes.
    pub fn tbs(&self) -> &[u8] {
        &self.der[self.tbs.clone()]
    }

    /// The octets of the signature.
    pub fn signature(&self) -> &[u8] {
        &self.der[self.signature.clone()]
    }

    /// Of a delta CRL the number of the complete one that it builds on, big-endian without leading zeros (RFC 5280 5.2.4);
    /// nothing for a complete one.
    ///
    /// # Errors
    /// [`X509Error`] when it is not the number of a CRL.
    pub fn base(&self) -> Option<Result<Vec<u8>, X509Error>> {
        let indicator = self.extensions.iter().find(|e| e.oid.arcs() == super::oid::DELTA_CRL_INDICATOR)?;
        Some(read_number(&indicator.value))
    }

    /// The CRL number, where it fits 64 bits.
    pub fn number_u64(&self) -> Option<u64> {
        let octets = self.number.as_ref()?;
        (octets.len() <= 8).then(|| octets.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    /// The entries, one after the other; a broken one ends the walk.
    pub fn entries(&self) -> impl Iterator<Item = Result<RevokedEntry, X509Error>> + '_ {
        let mut reader = Reader::new(&self.der[self.entries.clone()], WHAT);
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

fn read_extensions(explicit: &mut Reader<'_>) -> Result<Vec<ExtensionFacts>, X509Error> {
    let sequence = explicit.expect(der::SEQUENCE)?;
    explicit.end()?;
    read_list(&mut explicit.inside(sequence))
}

fn read_number(value: &[u8]) -> Result<Vec<u8>, X509Error> {
    let mut reader = Reader::new(value, WHAT);
    let integer = reader.expect(der::INTEGER)?.content;
    reader.end()?;
    match der::magnitude(integer) {
        Some(octets) if integer.len() <= MAX_NUMBER => Ok(octets.to_vec()),
        _ => Err(reader.fail("a CRL number that is negative or too long")),
    }
}

fn read_key_id(value: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(value, WHAT);
    let sequence = reader.expect(der::SEQUENCE).ok()?;
    let id = reader.inside(sequence).optional(der::context(0)).ok()??;
    Some(id.content.to_vec())
}

/// An entry that a validator can use: what only tells something to people is refused.
fn read_entry(list: &mut Reader<'_>) -> Result<RevokedEntry, X509Error> {
    let fail = |problem: &str| X509Error::malformed(WHAT, problem);
    let entry = crl_loose::read_entry(list)?;
    if entry.serial.first().is_some_and(|b| b & 0x80 != 0) {
        return Err(fail("a negative serial number"));
    }
    if entry.has_other_critical {
        return Err(fail("an unknown critical entry extension"));
    }
    Ok(RevokedEntry {
        serial: Serial::from_unsigned(entry.serial).map_err(|e| fail(&e.to_string()))?,
        revoked_at: entry.revoked_at,
        reason: Reason::from_code(entry.reason).ok_or_else(|| fail("an unknown reason"))?,
        invalidity_date: entry.invalidity_date,
    })
}

/// Extensions one after the other, of a CRL, an entry or a request.
pub(super) fn read_list(list: &mut Reader<'_>) -> Result<Vec<ExtensionFacts>, X509Error> {
    let mut all = Vec::new();
    while !list.is_empty() {
        let one = list.expect(der::SEQUENCE)?;
        let mut parts = list.inside(one);
        let oid = der::read_oid(parts.expect(der::OID)?.content).ok_or_else(|| parts.fail("a broken OID"))?;
        let critical = parts.optional(der::BOOLEAN)?.is_some_and(|v| v.content != [0]);
        let value = parts.expect(der::OCTET_STRING)?.content.to_vec();
        parts.end()?;
        all.push(ExtensionFacts { oid, critical, value, malformed: false });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::{CrlFields, SignatureAlgorithm, TbsCrl};
    use super::*;

    fn fields() -> CrlFields {
        CrlFields {
            signature_algorithm: SignatureAlgorithm::Ed25519,
            issuer: NameDer::of(&"CN=ca".parse().unwrap()),
            this_update: "2049-12-01".parse().unwrap(),
            next_update: "2050-01-01".parse().unwrap(),
            authority_key_id: vec![1; 20],
            number: 300,
        }
    }

    fn entry(n: u16, reason: Reason, invalidity: Option<&str>) -> RevokedEntry {
        RevokedEntry {
            serial: Serial::from_unsigned(&[&[0x80][..], &n.to_be_bytes()].concat()).unwrap(),
            revoked_at: "2049-11-30T01:02:03Z".parse().unwrap(),
            reason,
            invalidity_date: invalidity.map(|t| t.parse().unwrap()),
        }
    }

    #[test]
    fn reads_what_it_writes() {
        for count in [0u16, 1, 3, 2000] {
            let entries: Vec<_> = (0..count)
                .map(|n| match n % 3 {
                    0 => entry(n, Reason::Unspecified, None),
                    1 => entry(n, Reason::KeyCompromise, Some("2020-01-01")),
                    _ => entry(n, Reason::AaCompromise, None),
                })
                .collect();
            let tbs = TbsCrl::encode(&fields(), entries.iter().collect());
            let signed = tbs.as_bytes().to_vec();
            let crl = Crl::read(tbs.assemble(&[9; 64])).unwrap();
            assert_eq!((crl.tbs(), crl.signature()), (&signed[..], &[9u8; 64][..]));
            assert_eq!((crl.number_u64(), crl.next_update), (Some(300), Some(fields().next_update)));
            assert_eq!(crl.authority_key_id.as_deref(), Some(&[1u8; 20][..]));
            assert_eq!(crl.entries().collect::<Result<Vec<_>, _>>().unwrap(), entries);
        }
    }

    #[test]
    fn version_1_is_taken_where_it_is_asked_for() {
        let name = NameDer::of(&"CN=ca".parse().unwrap());
        let algorithm = SignatureAlgorithm::Ed25519.der();
        let at = der::time("2020-01-01".parse().unwrap());
        let one = der::constructed(der::SEQUENCE, &[&der::unsigned(&[7]), &at]);
        let list = der::constructed(der::SEQUENCE, &[&one]);
        let tbs = der::constructed(der::SEQUENCE, &[algorithm, name.as_bytes(), &at, &at, &list]);
        let crl = der::constructed(der::SEQUENCE, &[&tbs, algorithm, &der::tlv(der::BIT_STRING, &[0, 1])]);
        assert!(Crl::read(crl.clone()).is_err());
        let read = Crl::read_old(crl).unwrap();
        let serials: Vec<_> = read.entries().map(|e| e.unwrap().serial.to_string()).collect();
        assert_eq!((serials, read.number), (vec!["07".to_string()], None));
    }

    #[test]
    fn damage_is_an_error() {
        let whole = TbsCrl::encode(&fields(), [entry(1, Reason::Superseded, None)].iter().collect()).assemble(&[9; 64]);
        for cut in 0..whole.len() {
            assert!(Crl::read(whole[..cut].to_vec()).is_err());
        }
        let mut long = whole.clone();
        long.push(0);
        assert!(matches!(Crl::read(long), Err(X509Error::TrailingBytes { .. })));
        for i in 0..whole.len() {
            let mut bad = whole.clone();
            bad[i] ^= 0x55;
            // Whatever it says, it says it without a panic.
            if let Ok(crl) = Crl::read(bad) {
                let _ = crl.entries().count();
            }
        }
    }
}
