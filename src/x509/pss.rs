//! RSASSA-PSS signatures, which are checked here and not made (RFC 4055 3).

use super::algorithm::split_spki;
use super::der::{self, Reader, Value};

/// The content octets of id-RSASSA-PSS and id-mgf1.
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];

/// A hash of RSASSA-PSS, of the message and of the mask alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PssHash {
    Sha256,
    Sha384,
    Sha512,
}

impl PssHash {
    const ALL: [PssHash; 3] = [PssHash::Sha256, PssHash::Sha384, PssHash::Sha512];

    /// The content octets of its OID, and the length of its output.
    fn of(self) -> (&'static [u8], u8) {
        match self {
            PssHash::Sha256 => (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], 32),
            PssHash::Sha384 => (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2], 48),
            PssHash::Sha512 => (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3], 64),
        }
    }
}

/// The hash of an AlgorithmIdentifier of RSASSA-PSS whose parameters are those that everybody uses: stated, one hash for
/// both, a salt as long as it. Nothing for all other algorithms and parameters.
pub(crate) fn pss_hash(identifier: &[u8]) -> Option<PssHash> {
    let mut parameters = parameters(identifier)??;
    let hash = {
        let explicit = parameters.expect(der::context_constructed(0)).ok()?;
        hash(only(&parameters, explicit)?, &parameters)?
    };
    let explicit = parameters.expect(der::context_constructed(1)).ok()?;
    let mask = only(&parameters, explicit)?;
    let mut fields = parameters.inside(mask);
    if fields.expect(der::OID).ok()?.content != MGF1 {
        return None;
    }
    let of_mask = fields.any().ok()?;
    fields.end().ok()?;
    let explicit = parameters.expect(der::context_constructed(2)).ok()?;
    let salt = only(&parameters, explicit)?;
    // The trailer has one value, its default.
    parameters.end().ok()?;
    let fits = self::hash(of_mask, &parameters)? == hash && salt.tag == der::INTEGER && salt.content == [hash.of().1];
    fits.then_some(hash)
}

/// Whether a key that is for RSASSA-PSS only makes signatures of this algorithm.
pub(crate) fn pss_key_takes(spki: &[u8], identifier: &[u8]) -> bool {
    let Ok((algorithm, _)) = split_spki(spki) else { return false };
    match parameters(algorithm) {
        Some(None) => true,
        Some(Some(_)) => pss_hash(algorithm).is_some_and(|own| pss_hash(identifier) == Some(own)),
        None => false,
    }
}

/// The parameters of RSASSA-PSS, if it has some; nothing for other algorithms.
fn parameters(identifier: &[u8]) -> Option<Option<Reader<'_>>> {
    let mut outer = Reader::new(identifier, "an algorithm");
    let whole = outer.expect(der::SEQUENCE).ok()?;
    outer.end().ok()?;
    let mut fields = outer.inside(whole);
    if fields.expect(der::OID).ok()?.content != RSASSA_PSS {
        return None;
    }
    let found = fields.optional(der::SEQUENCE).ok()?;
    fields.end().ok()?;
    Some(found.map(|value| fields.inside(value)))
}

/// What is inside an explicit tag, alone.
fn only<'a>(reader: &Reader<'a>, explicit: Value<'a>) -> Option<Value<'a>> {
    let mut inside = reader.inside(explicit);
    let value = inside.any().ok()?;
    inside.end().ok()?;
    Some(value)
}

/// The hash of an AlgorithmIdentifier; its parameters are NULL or absent, and both are to be taken (RFC 4055 2.1).
fn hash<'a>(identifier: Value<'a>, reader: &Reader<'a>) -> Option<PssHash> {
    let mut fields = reader.inside(identifier);
    let oid = fields.expect(der::OID).ok()?.content;
    let null = fields.optional(0x05).ok()?;
    fields.end().ok()?;
    let known = PssHash::ALL.into_iter().find(|h| h.of().0 == oid)?;
    (identifier.tag == der::SEQUENCE && null.is_none_or(|v| v.content.is_empty())).then_some(known)
}
