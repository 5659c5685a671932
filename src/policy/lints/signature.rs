//! The signature algorithm, and whether it suits the key that signs.

use super::key::{Family, Key, is_post_quantum};
use super::{View, rule};
use crate::keys::{KeyError, check_public_key, verify_signature};
use crate::model::KeyAlgorithm;
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::der::{self, Reader};
use crate::x509::{PssProblem, PublicKeyKind, SignatureAlgorithm, read_pss};

pub(super) static LINTS: &[Lint] = &[
    rule("signature-weak", "RFC 6194, RFC 6151", "nothing is signed with MD5, SHA-1 or DSA", weak)
        .mend("issue it again with SHA-256 or better")
        .also_of(&[
            RuleSet::Apple,
            RuleSet::Chromium,
            RuleSet::Java,
            RuleSet::PythonStrict,
            RuleSet::Rustls,
            RuleSet::Nss,
        ]),
    rule("signature-parameters", "RFC 4055 5, RFC 5758 3.2", "an algorithm has the parameters of its definition", form)
        .mend("issue it again with software that encodes this algorithm rightly"),
    rule("signature-unknown", "RFC 5280 4.1.1.2", "the signature algorithm is a known one", unknown)
        .mend("issue it again with ECDSA, RSA or Ed25519 where others shall verify it")
        .warns(),
    rule("signature-key", "RFC 5280 4.1.1.2", "the signature algorithm is one of the issuer's key", key_fits)
        .mend("issue it again with the issuer's own key, or give the right issuer"),
    rule("signature-pss", "RFC 4055 3.1", "RSASSA-PSS names one hash twice, and its length as that of the salt", pss)
        .mend("issue it again with one hash and its length of salt (openssl: `-sigopt rsa_pss_saltlen:digest`)"),
    rule("signature-hash", "RFC 5480 4, RFC 5758 3.2", "the hash is as strong as the issuer's curve", hash_fits)
        .mend("issue it again with the hash that goes with the curve")
        .warns(),
];

/// A signature algorithm as the rules look at it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// As this crate writes it.
    Known(SignatureAlgorithm),
    /// One of these by OID, with parameters that its definition does not have.
    Misencoded(String),
    /// Sound, but not made here.
    Other(Family),
    Weak(String),
    Unknown(String),
}

impl Algorithm {
    pub fn read(identifier: &[u8]) -> Self {
        if let Some(known) = SignatureAlgorithm::from_der(identifier) {
            return Algorithm::Known(known);
        }
        let oid = SignatureAlgorithm::oid_of(identifier);
        match oid.as_str() {
            "1.2.840.10045.4.3.2"
            | "1.2.840.10045.4.3.3"
            | "1.2.840.113549.1.1.11"
            | "1.2.840.113549.1.1.12"
            | "1.2.840.113549.1.1.13"
            | "1.3.101.112" => Algorithm::Misencoded(oid),
            "1.2.840.10045.4.3.4" => Algorithm::Other(Family::Ec),
            "1.2.840.113549.1.1.10" => Algorithm::Other(Family::RsaPss),
            "1.3.101.113" => Algorithm::Other(Family::Edwards),
            // MD2, MD5 and SHA-1 with RSA, under both roots; SHA-1 with ECDSA; DSA.
            "1.2.840.113549.1.1.2"
            | "1.2.840.113549.1.1.4"
            | "1.2.840.113549.1.1.5"
            | "1.3.14.3.2.29"
            | "1.2.840.10045.4.1"
            | "1.2.840.10040.4.3" => Algorithm::Weak(oid),
            dsa if is_dsa(dsa) => Algorithm::Weak(oid),
            other if is_post_quantum(other) => Algorithm::Other(Family::PostQuantum),
            _ => Algorithm::Unknown(oid),
        }
    }

    pub fn family(&self) -> Option<Family> {
        use SignatureAlgorithm as S;
        match self {
            Algorithm::Known(S::EcdsaSha256 | S::EcdsaSha384) => Some(Family::Ec),
            Algorithm::Known(S::RsaSha256 | S::RsaSha384 | S::RsaSha512) => Some(Family::Rsa),
            Algorithm::Known(S::Ed25519) => Some(Family::Edwards),
            Algorithm::Other(family) => Some(*family),
            _ => None,
        }
    }

    /// What is wrong with it for a key, if it can be told.
    pub fn misfit(&self, key: &Key<'_>) -> Option<String> {
        let family = self.family()?;
        let fits = family == key.family || family == Family::RsaPss && key.family == Family::Rsa;
        (!fits && key.family != Family::Unknown)
            .then(|| format!("the signature algorithm is not one of the issuer's `{}` key", key.kind))
    }

    /// What is wrong with its hash for a key.
    pub fn hash_misfit(&self, key: &Key<'_>) -> Option<String> {
        use SignatureAlgorithm as S;
        let wanted = match key.kind {
            PublicKeyKind::Known(KeyAlgorithm::P256) => S::EcdsaSha256,
            PublicKeyKind::Known(KeyAlgorithm::P384) => S::EcdsaSha384,
            PublicKeyKind::Other(_) if key.is_p521() => {
                let used = if let Algorithm::Known(used @ (S::EcdsaSha256 | S::EcdsaSha384)) = self {
                    used
                } else {
                    return None;
                };
                return Some(format!("the issuer's P-521 key signs with {} instead of ecdsa-with-SHA512", used.name()));
            }
            _ => return None,
        };
        let used = match self {
            Algorithm::Known(used @ (S::EcdsaSha256 | S::EcdsaSha384)) if *used != wanted => used.name(),
            Algorithm::Other(Family::Ec) => "ecdsa-with-SHA512",
            _ => return None,
        };
        Some(format!("the issuer's `{}` key signs with {used} instead of {}", key.kind, wanted.name()))
    }
}

/// DSA with hashes of SHA-2 and SHA-3, withdrawn by FIPS 186-5.
fn is_dsa(oid: &str) -> bool {
    let last = oid.strip_prefix("2.16.840.1.101.3.4.3.").and_then(|l| l.parse::<u8>().ok());
    last.is_some_and(|l| (1..=8).contains(&l))
}

/// What stands behind the OID of an AlgorithmIdentifier.
fn parameters(identifier: &[u8]) -> Option<&[u8]> {
    let mut outer = Reader::new(identifier, "an algorithm");
    let sequence = outer.expect(der::SEQUENCE).ok()?;
    let oid = outer.inside(sequence).expect(der::OID).ok()?;
    sequence.content.get(oid.whole.len()..)
}

fn with_signing_key(v: &View<'_>, check: impl FnOnce(&Algorithm, &Key<'_>) -> Option<String>) -> Option<String> {
    let algorithm = Algorithm::read(&v.facts.signature_algorithm);
    let own = v.key.as_ref().filter(|_| v.issuer.is_none() && v.self_signed);
    check(&algorithm, v.issuer_key.as_ref().or(own)?)
}

fn weak(v: &View<'_>, report: &mut Report) {
    if let Algorithm::Weak(_) = Algorithm::read(&v.facts.signature_algorithm) {
        let name = SignatureAlgorithm::name_of(&v.facts.signature_algorithm);
        report.say(format!("it is signed with `{name}`, which is broken or withdrawn"));
    }
}

fn form(v: &View<'_>, report: &mut Report) {
    let identifier = &v.facts.signature_algorithm;
    let wrong = match Algorithm::read(identifier) {
        Algorithm::Misencoded(_) => true,
        // ECDSA with SHA-512, Ed448, ML-DSA and SLH-DSA have none.
        Algorithm::Other(family) => family != Family::RsaPss && parameters(identifier) != Some(&[]),
        _ => false,
    };
    if wrong {
        let name = SignatureAlgorithm::name_of(identifier);
        report.say(format!("the signature algorithm `{name}` has parameters other than its definition's"));
    }
}

/// Whether a signature is surely none of a key's. What this build cannot check (another algorithm, a key of a size that
/// the crypto provider does not take) is not said to be wrong.
pub(super) fn is_forged(spki: &[u8], algorithm: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let checkable = check_public_key(spki).is_ok() && Key::read(spki).is_some_and(|k| !k.is_compressed());
    checkable && matches!(verify_signature(spki, algorithm, message, signature), Err(KeyError::BadSignature))
}

fn pss(v: &View<'_>, report: &mut Report) {
    if Algorithm::read(&v.facts.signature_algorithm) != Algorithm::Other(Family::RsaPss) {
        return;
    }
    let Err(problem) = read_pss(&v.facts.signature_algorithm) else { return };
    let words = match problem {
        PssProblem::Unreadable => {
            report.say("the parameters of its RSASSA-PSS signature cannot be read");
            return;
        }
        PssProblem::NoParameters => "has no parameters",
        PssProblem::Sha1 => "hashes with SHA-1",
        PssProblem::MaskOfSha1 => "masks with SHA-1",
        PssProblem::OtherHash => "uses a hash other than SHA-256, SHA-384 or SHA-512",
        PssProblem::OtherMask => "masks with another hash than it signs with",
        PssProblem::Salt => "has a salt of another length than its hash",
        PssProblem::Trailer => "writes out a trailerField",
    };
    report.say(format!("its RSASSA-PSS signature {words}"));
}

fn unknown(v: &View<'_>, report: &mut Report) {
    if let Algorithm::Unknown(oid) = Algorithm::read(&v.facts.signature_algorithm) {
        report.say(format!("the signature algorithm `{oid}` is not known here"));
    }
}

fn key_fits(v: &View<'_>, report: &mut Report) {
    if let Some(message) = with_signing_key(v, Algorithm::misfit) {
        report.say(message);
    }
}

fn hash_fits(v: &View<'_>, report: &mut Report) {
    if let Some(message) = with_signing_key(v, Algorithm::hash_misfit) {
        report.say(message);
    }
}
