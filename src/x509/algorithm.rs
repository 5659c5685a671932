use super::X509Error;
use super::der::{self, Reader};
use crate::model::KeyAlgorithm;

/// An AlgorithmIdentifier of a signature, as this crate can make or check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ecdsa-with-SHA256 (RFC 5758 3.2)
    EcdsaSha256,
    /// ecdsa-with-SHA384 (RFC 5758 3.2)
    EcdsaSha384,
    /// sha256WithRSAEncryption (RFC 4055 5)
    RsaSha256,
    /// sha384WithRSAEncryption (RFC 4055 5)
    RsaSha384,
    /// sha512WithRSAEncryption (RFC 4055 5)
    RsaSha512,
    /// Ed25519 (RFC 8410 3)
    Ed25519,
}

const TABLE: [(SignatureAlgorithm, &str, &[u8]); 6] = [
    (SignatureAlgorithm::EcdsaSha256, "ecdsa-with-SHA256", &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]),
    (SignatureAlgorithm::EcdsaSha384, "ecdsa-with-SHA384", &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3]),
    (
        SignatureAlgorithm::RsaSha256,
        "sha256WithRSAEncryption",
        &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0],
    ),
    (
        SignatureAlgorithm::RsaSha384,
        "sha384WithRSAEncryption",
        &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12, 5, 0],
    ),
    (
        SignatureAlgorithm::RsaSha512,
        "sha512WithRSAEncryption",
        &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13, 5, 0],
    ),
    (SignatureAlgorithm::Ed25519, "Ed25519", &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70]),
];

/// Algorithms that exist and are neither made nor checked here, for messages.
const ELSEWHERE: [(&str, &str); 12] = [
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("2.16.840.1.101.3.4.3.2", "dsa-with-SHA256"),
    ("1.3.101.113", "Ed448"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

impl SignatureAlgorithm {
    /// What a key of this algorithm signs with: the hash follows the key.
    pub fn of_key(key: KeyAlgorithm) -> Self {
        match key {
            KeyAlgorithm::P256 => SignatureAlgorithm::EcdsaSha256,
            KeyAlgorithm::P384 => SignatureAlgorithm::EcdsaSha384,
            KeyAlgorithm::Ed25519 => SignatureAlgorithm::Ed25519,
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => SignatureAlgorithm::RsaSha256,
        }
    }

    /// The algorithm of an AlgorithmIdentifier in DER, parameters included.
    pub fn from_der(identifier: &[u8]) -> Option<Self> {
        TABLE.iter().find(|t| t.2 == identifier).map(|t| t.0)
    }

    /// Its AlgorithmIdentifier in DER.
    pub fn der(self) -> &'static [u8] {
        TABLE.iter().find(|t| t.0 == self).map_or(&[], |t| t.2)
    }

    /// The standard's name.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|t| t.0 == self).map_or("", |t| t.1)
    }

    /// The standard's name of any AlgorithmIdentifier, or its OID.
    pub fn name_of(identifier: &[u8]) -> String {
        match Self::from_der(identifier) {
            Some(a) => a.name().into(),
            None => {
                let oid = Self::oid_of(identifier);
                ELSEWHERE.iter().find(|e| e.0 == oid).map_or(oid, |e| e.1.into())
            }
        }
    }

    /// The OID of any AlgorithmIdentifier, or `unknown`.
    pub fn oid_of(identifier: &[u8]) -> String {
        first_oid(identifier).unwrap_or_else(|| "unknown".into())
    }
}

fn first_oid(identifier: &[u8]) -> Option<String> {
    let mut outer = Reader::new(identifier, "an algorithm");
    let inner = outer.expect(der::SEQUENCE).ok()?;
    let oid = outer.inside(inner).expect(der::OID).ok()?;
    der::read_oid(oid.content).map(|o| o.to_string())
}

/// What kind of public key a SubjectPublicKeyInfo holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKeyKind {
    /// One of the algorithms that this build can make.
    Known(KeyAlgorithm),
    /// RSA of another size, in bits.
    Rsa(usize),
    /// Anything else, by OID.
    Other(String),
}

impl PublicKeyKind {
    /// Whether it is an RSA key, of whatever size.
    pub fn is_rsa(&self) -> bool {
        match self {
            PublicKeyKind::Known(algorithm) => algorithm.rsa_bits().is_some(),
            PublicKeyKind::Rsa(_) => true,
            PublicKeyKind::Other(_) => false,
        }
    }
}

impl std::fmt::Display for PublicKeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PublicKeyKind::Known(a) => a.fmt(f),
            PublicKeyKind::Rsa(bits) => write!(f, "rsa-{bits}"),
            PublicKeyKind::Other(oid) => f.write_str(oid),
        }
    }
}

const P256: &[u8] = &[0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22];
const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
const RSA: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];

/// The AlgorithmIdentifier of a SubjectPublicKeyInfo and the octets of its subjectPublicKey.
///
/// # Errors
/// [`X509Error`] when it is not a SubjectPublicKeyInfo, or its BIT STRING has unused bits.
pub(crate) fn split_spki(spki: &[u8]) -> Result<(&[u8], &[u8]), X509Error> {
    let mut outer = Reader::new(spki, "a public key");
    let sequence = outer.expect(der::SEQUENCE)?;
    outer.end()?;
    let mut fields = outer.inside(sequence);
    let algorithm = fields.expect(der::SEQUENCE)?;
    let bits = fields.expect(der::BIT_STRING)?;
    fields.end()?;
    match bits.content.split_first() {
        Some((0, key)) => Ok((algorithm.whole, key)),
        _ => Err(fields.fail("a key with unused bits")),
    }
}

/// The octets of the subjectPublicKey BIT STRING, which key identifiers are computed over (RFC 7093 2).
///
/// # Errors
/// As for any SubjectPublicKeyInfo that is malformed: [`X509Error`].
pub fn public_key_bits(spki: &[u8]) -> Result<&[u8], X509Error> {
    split_spki(spki).map(|(_, key)| key)
}

/// The kind of key in a SubjectPublicKeyInfo.
///
/// # Errors
/// [`X509Error`] when it is malformed.
pub fn public_key_kind(spki: &[u8]) -> Result<PublicKeyKind, X509Error> {
    let (algorithm, key) = split_spki(spki)?;
    Ok(match algorithm {
        P256 => PublicKeyKind::Known(KeyAlgorithm::P256),
        P384 => PublicKeyKind::Known(KeyAlgorithm::P384),
        ED25519 => PublicKeyKind::Known(KeyAlgorithm::Ed25519),
        RSA => {
            let bits = rsa_key_bits(key)?;
            match KeyAlgorithm::ALL.into_iter().find(|a| a.rsa_bits() == Some(bits)) {
                Some(known) => PublicKeyKind::Known(known),
                None => PublicKeyKind::Rsa(bits),
            }
        }
        other => PublicKeyKind::Other(first_oid(other).unwrap_or_else(|| "unknown".into())),
    })
}

/// The length of the modulus of an RSAPublicKey (RFC 8017 A.1.1), in bits.
///
/// # Errors
/// [`X509Error`] when it is none.
pub(crate) fn rsa_key_bits(key: &[u8]) -> Result<usize, X509Error> {
    let mut outer = Reader::new(key, "an RSA key");
    let inner = outer.expect(der::SEQUENCE)?;
    let modulus = outer.inside(inner).expect(der::INTEGER)?.content;
    let first = modulus.iter().position(|b| *b != 0).unwrap_or(modulus.len());
    let top = modulus.get(first).map_or(0, |b| 8 - b.leading_zeros() as usize);
    Ok(modulus.len().saturating_sub(first + 1) * 8 + top)
}

/// The AlgorithmIdentifier of keys of an algorithm, in DER.
pub(crate) fn algorithm_identifier(algorithm: KeyAlgorithm) -> &'static [u8] {
    match algorithm {
        KeyAlgorithm::P256 => P256,
        KeyAlgorithm::P384 => P384,
        KeyAlgorithm::Ed25519 => ED25519,
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => RSA,
    }
}

/// SubjectPublicKeyInfo of an RSAPublicKey in DER (RFC 3279 2.3.1).
pub fn rsa_public_key_info(key: &[u8]) -> Vec<u8> {
    spki(KeyAlgorithm::Rsa2048, key)
}

/// SubjectPublicKeyInfo of a key of this algorithm from the octets of its subjectPublicKey.
pub(crate) fn spki(algorithm: KeyAlgorithm, key: &[u8]) -> Vec<u8> {
    let mut bits = vec![0];
    bits.extend_from_slice(key);
    der::constructed(der::SEQUENCE, &[algorithm_identifier(algorithm), &der::tlv(der::BIT_STRING, &bits)])
}
