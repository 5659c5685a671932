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

/// Why an AlgorithmIdentifier is not RSASSA-PSS with the parameters that everybody uses (RFC 4055 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PssProblem {
    /// It is no RSASSA-PSS, or its parameters cannot be read.
    Unreadable,
    /// It has no parameters.
    NoParameters,
    /// It hashes with SHA-1, the default.
    Sha1,
    /// It masks with SHA-1, the default.
    MaskOfSha1,
    /// It hashes with something that is not in use.
    OtherHash,
    /// It masks with another hash, or another function.
    OtherMask,
    /// Its salt is not as long as its hash.
    Salt,
    /// It writes out what has one value, its default, or something besides.
    Trailer,
}

/// The hash of an AlgorithmIdentifier of RSASSA-PSS whose parameters are those that everybody uses: stated, one hash for
/// both, a salt as long as it.
pub(crate) fn read_pss(identifier: &[u8]) -> Result<PssHash, PssProblem> {
    let unreadable = |_| PssProblem::Unreadable;
    let mut parts = parameters(identifier).ok_or(PssProblem::Unreadable)?.ok_or(PssProblem::NoParameters)?;
    let explicit = parts.optional(der::context_constructed(0)).map_err(unreadable)?.ok_or(PssProblem::Sha1)?;
    let hash = hash(only(&parts, explicit)?, &parts)?;
    let explicit = parts.optional(der::context_constructed(1)).map_err(unreadable)?.ok_or(PssProblem::MaskOfSha1)?;
    let mut mask = parts.inside(only(&parts, explicit)?);
    let function = mask.expect(der::OID).map_err(unreadable)?.content;
    let of_mask = mask.any().map_err(unreadable)?;
    mask.end().map_err(unreadable)?;
    let hash = hash.ok_or(PssProblem::OtherHash)?;
    if function != MGF1 || self::hash(of_mask, &parts)? != Some(hash) {
        return Err(PssProblem::OtherMask);
    }
    let explicit = parts.optional(der::context_constructed(2)).map_err(unreadable)?.ok_or(PssProblem::Salt)?;
    let salt = only(&parts, explicit)?;
    if salt.tag != der::INTEGER || salt.content != [hash.of().1] {
        return Err(PssProblem::Salt);
    }
    parts.end().map_err(|_| PssProblem::Trailer)?;
    Ok(hash)
}

/// As [`read_pss`]; nothing for all other algorithms and parameters.
pub(crate) fn pss_hash(identifier: &[u8]) -> Option<PssHash> {
    read_pss(identifier).ok()
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
fn only<'a>(reader: &Reader<'a>, explicit: Value<'a>) -> Result<Value<'a>, PssProblem> {
    let mut inside = reader.inside(explicit);
    let value = inside.any().map_err(|_| PssProblem::Unreadable)?;
    inside.end().map_err(|_| PssProblem::Unreadable)?;
    Ok(value)
}

/// The hash of an AlgorithmIdentifier, if it is one of those in use; its parameters are NULL or absent, and both are to be
/// taken (RFC 4055 2.1).
fn hash<'a>(identifier: Value<'a>, reader: &Reader<'a>) -> Result<Option<PssHash>, PssProblem> {
    let unreadable = |_| PssProblem::Unreadable;
    let mut fields = reader.inside(identifier);
    let oid = fields.expect(der::OID).map_err(unreadable)?.content;
    let Some(known) = PssHash::ALL.into_iter().find(|h| h.of().0 == oid) else { return Ok(None) };
    let null = fields.optional(0x05).map_err(unreadable)?;
    fields.end().map_err(unreadable)?;
    let good = identifier.tag == der::SEQUENCE && null.is_none_or(|v| v.content.is_empty());
    good.then_some(Some(known)).ok_or(PssProblem::Unreadable)
}
