//! The public key.

use super::{View, rule};
use crate::model::KeyAlgorithm;
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::der::{self, Reader};
use crate::x509::{PublicKeyKind, public_key_bits, public_key_kind};

pub(super) static LINTS: &[Lint] = &[
    rule("key-malformed", "RFC 5280 4.1.2.7", "the public key has the structure of its algorithm", malformed)
        .mend("make a new key, and issue it again for that one"),
    rule("key-algorithm", "RFC 5480 2.1.1, RFC 8410, RFC 9881", "the key is of a known algorithm and curve", algorithm)
        .mend("make a key on P-256 or P-384, of RSA with 2048 bits at least, or Ed25519")
        .also_of(&[RuleSet::PythonStrict, RuleSet::Rustls, RuleSet::Chromium, RuleSet::Apple]),
    rule(
        "key-parameters",
        "RFC 4055 1.2, RFC 8410 3",
        "a key's algorithm has the parameters of its definition",
        parameters,
    )
    .mend("issue it again with software that encodes this kind of key rightly"),
    rule("key-compressed", "RFC 5480 2.2", "the point of an EC key is uncompressed", compressed)
        .mend("issue it again with the point uncompressed (openssl: `-conv_form uncompressed`)")
        .also_of(&[RuleSet::Rustls])
        .warns(),
    rule("rsa-modulus", "RFC 8017 3.1", "an RSA modulus is odd", rsa_modulus)
        .mend("make a new key, and issue it again for that one"),
    rule("rsa-size-most", "ring, BoringSSL", "an RSA modulus has 8192 bits at most", rsa_most)
        .mend("make a key of 2048 to 4096 bits: more is slower and no stronger in practice")
        .also_of(&[RuleSet::Chromium, RuleSet::Rustls])
        .warns(),
    rule("rsa-size", "NIST SP 800-131A 3", "an RSA modulus has 2048 bits at least", rsa_size)
        .mend("make a key of 2048 bits at least, and issue it again for that one")
        .also_of(&[RuleSet::Apple, RuleSet::Chromium, RuleSet::PythonStrict, RuleSet::Rustls]),
    rule("rsa-size-octets", "CABF TLS BR 6.1.5", "the bits of an RSA modulus are a multiple of 8", rsa_octets)
        .mend("make a key of 2048, 3072 or 4096 bits")
        .warns(),
    rule("rsa-exponent", "RFC 8017 3.1", "an RSA exponent is odd and at least 3", rsa_exponent)
        .mend("make a new key, and issue it again for that one"),
    rule("rsa-exponent-usual", "CABF TLS BR 6.1.6", "an RSA exponent is 65537", rsa_exponent_usual)
        .mend("make a new key with the exponent 65537")
        .warns(),
    rule("rsa-ca-size", "NIST SP 800-57-1 5.6.1", "an RSA key of a CA has 3072 bits at least", rsa_ca_size)
        .mend("make the next CA key with 3072 bits or more, or on P-256 or P-384")
        .notes(),
];

/// The least bits of an RSA modulus that may sign (NIST SP 800-131A 3).
const RSA_BITS: usize = 2048;
/// What a key that lives for years should have: 128 bits of strength (NIST SP 800-57-1 5.6.1.1).
const RSA_CA_BITS: usize = 3072;
/// What ring and BoringSSL check signatures with at most.
const RSA_MOST_BITS: usize = 8192;
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
    compressed: bool,
    p521: bool,
    rsa: Option<Rsa<'a>>,
}

struct Rsa<'a> {
    bits: usize,
    odd: bool,
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
            PublicKeyKind::Other(ref oid) => match oid.as_str() {
                EC if family == Family::Ec => is_point(bits, 66),
                ED448 => bits.len() == 57,
                "2.16.840.1.101.3.4.3.17" => bits.len() == 1312,
                "2.16.840.1.101.3.4.3.18" => bits.len() == 1952,
                "2.16.840.1.101.3.4.3.19" => bits.len() == 2592,
                _ => !bits.is_empty(),
            },
            _ => !bits.is_empty(),
        };
        let compressed = family == Family::Ec && matches!(bits.first(), Some(2 | 3));
        well_formed.then_some(Key { kind, family, compressed, p521: curve(spki).as_deref() == Some(P521), rsa })
    }

    pub fn is_rsa(&self) -> bool {
        matches!(self.family, Family::Rsa | Family::RsaPss)
    }

    /// Whether the point of an EC key is compressed, which the crypto provider does not take.
    pub fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Whether it is an EC key on the curve P-521.
    pub fn is_p521(&self) -> bool {
        self.p521
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
            RSA_ENCRYPTION => Family::Rsa,
            EC if curve(spki).as_deref() == Some(P521) => Family::Ec,
            "1.2.840.113549.1.1.10" => Family::RsaPss,
            ED25519 | ED448 => Family::Edwards,
            other if is_post_quantum(other) => Family::PostQuantum,
            _ => Family::Unknown,
        },
    }
}

const P521: &str = "1.3.132.0.35";
const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";
const ED25519: &str = "1.3.101.112";
const ED448: &str = "1.3.101.113";

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
    let odd = modulus.last().is_some_and(|b| b & 1 == 1);
    Some(Rsa { bits: modulus.len() * 8 - top, odd, exponent })
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

/// What stands behind the OID of a key's algorithm.
fn parameters_of(spki: &[u8]) -> Option<&[u8]> {
    let mut outer = Reader::new(spki, "a public key");
    let sequence = outer.expect(der::SEQUENCE).ok()?;
    let algorithm = outer.inside(sequence).expect(der::SEQUENCE).ok()?;
    let oid = outer.inside(algorithm).expect(der::OID).ok()?;
    algorithm.content.get(oid.whole.len()..)
}

fn parameters(v: &View<'_>, report: &mut Report) {
    let Some(key) = &v.key else { return };
    let Some(found) = parameters_of(&v.facts.public_key) else { return };
    let fits = match key.family {
        Family::Rsa => found == [5, 0],
        Family::Edwards | Family::PostQuantum => found.is_empty(),
        Family::RsaPss | Family::Ec | Family::Unknown => true,
    };
    if !fits {
        report.say("the algorithm of its key has other parameters than NULL for RSA, none for EdDSA and ML-DSA");
    }
}

fn compressed(v: &View<'_>, report: &mut Report) {
    if v.key.as_ref().is_some_and(|k| k.compressed) {
        report.say("the point of its EC key is compressed, which much software cannot read");
    }
}

fn rsa_modulus(v: &View<'_>, report: &mut Report) {
    each_rsa(v, |k| {
        if !k.odd {
            report.say("the RSA modulus is even, so it is no product of two large primes");
        }
    });
}

fn rsa_most(v: &View<'_>, report: &mut Report) {
    each_rsa(v, |k| {
        if k.bits > RSA_MOST_BITS {
            report.say(format!("the RSA key has {} bits, and much software checks {RSA_MOST_BITS} at most", k.bits));
        }
    });
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
