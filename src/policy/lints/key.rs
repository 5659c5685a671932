//! The public key.

use super::{View, rule};
use crate::model::KeyAlgorithm;
use crate::policy::lint::{Lint, Report};
use crate::x509::der::{self, Reader};
use crate::x509::{PublicKeyKind, public_key_bits, public_key_kind};

pub(super) static LINTS: &[Lint] = &[
    rule("key-malformed", "RFC 5280 4.1.2.7", "the public key has the structure of its algorithm", malformed),
    rule("key-algorithm", "RFC 5480 2.1.1, RFC 8410, RFC 9881", "the key is of a known algorithm and curve", algorithm),
    rule("rsa-size", "NIST SP 800-131A 3", "an RSA modulus has 2048 bits at least", rsa_size),
    rule("rsa-size-octets", "CABF TLS BR 6.1.5", "the bits of an RSA modulus are a multiple of 8", rsa_octets).warns(),
    rule("rsa-exponent", "RFC 8017 3.1", "an RSA exponent is odd and at least 3", rsa_exponent),
    rule("rsa-exponent-usual", "CABF TLS BR 6.1.6", "an RSA exponent is 65537", rsa_exponent_usual).warns(),
    rule("rsa-ca-size", "NIST SP 800-57-1 5.6.1", "an RSA key of a CA has 3072 bits at least", rsa_ca_size).notes(),
];

/// The least bits of an RSA modulus that may sign (NIST SP 800-131A 3).
const RSA_BITS: usize = 2048;
/// What a key that lives for years should have: 128 bits of strength (NIST SP 800-57-1 5.6.1.1).
const RSA_CA_BITS: usize = 3072;
const USUAL_EXPONENT: &[u8] = &[1, 0, 1];

/// What kinds of keys the rules tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Family {
    Rsa,
    RsaPss,
    Ec,
    Edwards,
    /// ML-DSA and SLH-DSA: they sign and do nothing else.
    PostQuantum,
    Unknown,
}

/// A public key as the rules look at it.
pub(in crate::policy) struct Key<'a> {
    pub kind: PublicKeyKind,
    pub family: Family,
    rsa: Option<Rsa<'a>>,
}

struct Rsa<'a> {
    bits: usize,
    exponent: &'a [u8],
}

impl<'a> Key<'a> {
    pub fn read(spki: &'a [u8]) -> Option<Self> {
        let kind = public_key_kind(spki).ok()?;
        let bits = public_key_bits(spki).ok()?;
        let family = family(&kind, spki);
        let rsa = if matches!(family, Family::Rsa | Family::RsaPss) { Some(rsa(bits)?) } else { None };
        let well_formed = match kind {
            PublicKeyKind::Known(KeyAlgorithm::P256) => is_point(bits, 32),
            PublicKeyKind::Known(KeyAlgorithm::P384) => is_point(bits, 48),
            PublicKeyKind::Known(KeyAlgorithm::Ed25519) => bits.len() == 32,
            _ => !bits.is_empty(),
        };
        well_formed.then_some(Key { kind, family, rsa })
    }

    pub fn is_rsa(&self) -> bool {
        matches!(self.family, Family::Rsa | Family::RsaPss)
    }

    /// Whether it signs and can do nothing else.
    pub fn signs_only(&self) -> bool {
        matches!(self.family, Family::Edwards | Family::PostQuantum)
    }
}

/// Uncompressed, or compressed as RFC 5480 2.2 allows.
fn is_point(bits: &[u8], coordinate: usize) -> bool {
    match bits.first() {
        Some(4) => bits.len() == 2 * coordinate + 1,
        Some(2 | 3) => bits.len() == coordinate + 1,
        _ => false,
    }
}

fn family(kind: &PublicKeyKind, spki: &[u8]) -> Family {
    match kind {
        PublicKeyKind::Known(KeyAlgorithm::P256 | KeyAlgorithm::P384) => Family::Ec,
        PublicKeyKind::Known(KeyAlgorithm::Ed25519) => Family::Edwards,
        PublicKeyKind::Known(_) | PublicKeyKind::Rsa(_) => Family::Rsa,
        PublicKeyKind::Other(oid) => match oid.as_str() {
            "1.2.840.10045.2.1" if curve(spki).as_deref() == Some(P521) => Family::Ec,
            "1.2.840.113549.1.1.10" => Family::RsaPss,
            "1.3.101.113" => Family::Edwards,
            other if is_post_quantum(other) => Family::PostQuantum,
            _ => Family::Unknown,
        },
    }
}

const P521: &str = "1.3.132.0.35";

/// ML-DSA-44, 65, 87 (RFC 9881) and SLH-DSA in pure mode (RFC 9909).
pub(super) fn is_post_quantum(oid: &str) -> bool {
    let last = oid.strip_prefix("2.16.840.1.101.3.4.3.").and_then(|l| l.parse::<u8>().ok());
    last.is_some_and(|l| (17..=31).contains(&l))
}

/// The namedCurve of an EC key; `None` for explicit parameters, which RFC 5480 2.1.1 forbids.
fn curve(spki: &[u8]) -> Option<String> {
    let mut outer = Reader::new(spki, "a public key");
    let sequence = outer.expect(der::SEQUENCE).ok()?;
    let algorithm = outer.inside(sequence).expect(der::SEQUENCE).ok()?;
    let mut fields = outer.inside(algorithm);
    fields.expect(der::OID).ok()?;
    der::read_oid(fields.expect(der::OID).ok()?.content).map(|o| o.to_string())
}

fn rsa(bits: &[u8]) -> Option<Rsa<'_>> {
    let mut outer = Reader::new(bits, "an RSA key");
    let sequence = outer.expect(der::SEQUENCE).ok()?;
    outer.end().ok()?;
    let mut fields = outer.inside(sequence);
    let modulus = magnitude(fields.expect(der::INTEGER).ok()?.content)?;
    let exponent = magnitude(fields.expect(der::INTEGER).ok()?.content)?;
    fields.end().ok()?;
    let top = modulus.first()?.leading_zeros() as usize;
    Some(Rsa { bits: modulus.len() * 8 - top, exponent })
}

/// The octets of a positive INTEGER without its sign octet.
fn magnitude(content: &[u8]) -> Option<&[u8]> {
    match content {
        [] | [0x80..=0xff, ..] => None,
        [0, rest @ ..] => Some(rest),
        all => Some(all),
    }
}

fn malformed(v: &View<'_>, report: &mut Report) {
    if v.key.is_none() {
        report.say("the public key is malformed");
    }
}

fn algorithm(v: &View<'_>, report: &mut Report) {
    if let Some(key) = v.key.as_ref().filter(|k| k.family == Family::Unknown) {
        let curve = curve(&v.facts.public_key).map(|c| format!(" on the curve `{c}`")).unwrap_or_default();
        report.say(format!("the key's algorithm `{}`{curve} is weak or unknown", key.kind));
    }
}

fn each_rsa(v: &View<'_>, check: impl FnOnce(&Rsa<'_>)) {
    if let Some(rsa) = v.key.as_ref().and_then(|k| k.rsa.as_ref()) {
        check(rsa);
    }
}

fn rsa_size(v: &View<'_>, report: &mut Report) {
    each_rsa(v, |k| {
        if k.bits < RSA_BITS {
            report.say(format!("the RSA key has {} bits, and {RSA_BITS} is the least", k.bits));
        }
    });
}

fn rsa_octets(v: &View<'_>, report: &mut Report) {
    each_rsa(v, |k| {
        if !k.bits.is_multiple_of(8) {
            report.say(format!("the RSA key has {} bits, which is not a multiple of 8", k.bits));
        }
    });
}

fn rsa_exponent(v: &View<'_>, report: &mut Report) {
    each_rsa(v, |k| {
        if k.exponent.last().is_none_or(|b| b & 1 == 0) || k.exponent == [1] {
            report.say("the RSA exponent is even or less than 3");
        }
    });
}

fn rsa_exponent_usual(v: &View<'_>, report: &mut Report) {
    each_rsa(v, |k| {
        if k.exponent != USUAL_EXPONENT {
            report.say("the RSA exponent is not 65537");
        }
    });
}

fn rsa_ca_size(v: &View<'_>, report: &mut Report) {
    each_rsa(v, |k| {
        if v.ca && (RSA_BITS..RSA_CA_BITS).contains(&k.bits) {
            report.say(format!("the CA's RSA key has {} bits; {RSA_CA_BITS} suit a key that lives for years", k.bits));
        }
    });
}
