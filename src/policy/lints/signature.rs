//! The signature algorithm, and whether it suits the key that signs.

use super::key::{Family, Key, is_post_quantum};
use super::{View, rule};
use crate::model::KeyAlgorithm;
use crate::policy::lint::{Lint, Report};
use crate::x509::{PublicKeyKind, SignatureAlgorithm};

pub(super) static LINTS: &[Lint] = &[
    rule("signature-weak", "RFC 6194, RFC 6151", "nothing is signed with MD5, SHA-1 or DSA", weak),
    rule("signature-parameters", "RFC 4055 5, RFC 5758 3.2", "an algorithm has the parameters of its definition", form),
    rule("signature-unknown", "RFC 5280 4.1.1.2", "the signature algorithm is a known one", unknown).warns(),
    rule("signature-key", "RFC 5280 4.1.1.2", "the signature algorithm is one of the issuer's key", key_fits),
    rule("signature-hash", "RFC 5480 4, RFC 5758 3.2", "the hash is as strong as the issuer's curve", hash_fits)
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
            dsa if dsa.starts_with("2.16.840.1.101.3.4.3.") && !is_post_quantum(dsa) => Algorithm::Weak(oid),
            other if is_post_quantum(other) => Algorithm::Other(Family::PostQuantum),
            _ => Algorithm::Unknown(oid),
        }
    }

    fn family(&self) -> Option<Family> {
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
            _ => return None,
        };
        match self {
            Algorithm::Known(used @ (S::EcdsaSha256 | S::EcdsaSha384)) if *used != wanted => {
                Some(format!("the issuer's `{}` key signs with {} instead of {}", key.kind, used.name(), wanted.name()))
            }
            _ => None,
        }
    }
}

fn with_signing_key(v: &View<'_>, check: impl FnOnce(&Algorithm, &Key<'_>) -> Option<String>) -> Option<String> {
    let algorithm = Algorithm::read(&v.facts.signature_algorithm);
    let own = v.key.as_ref().filter(|_| v.issuer.is_none() && v.self_signed);
    check(&algorithm, v.issuer_key.as_ref().or(own)?)
}

fn weak(v: &View<'_>, report: &mut Report) {
    if let Algorithm::Weak(oid) = Algorithm::read(&v.facts.signature_algorithm) {
        report.say(format!("the signature algorithm `{oid}` is broken or withdrawn"));
    }
}

fn form(v: &View<'_>, report: &mut Report) {
    if let Algorithm::Misencoded(oid) = Algorithm::read(&v.facts.signature_algorithm) {
        report.say(format!("the signature algorithm `{oid}` has parameters other than its definition's"));
    }
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
