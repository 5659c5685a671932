use super::{KeyError, rsa_generation};
use crate::disk::{PemError, encode_secret_pem, first_pem_body};
use crate::model::{KeyAlgorithm, Secret};
use crate::x509::der::{self, Reader};
use crate::x509::{PublicKeyKind, public_key_kind, spki};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use zeroize::Zeroizing;

const LABEL: &str = "PRIVATE KEY";

/// PKCS#8 version 1 of an Ed25519 key up to its seed (RFC 8410 7). ring writes version 2, which OpenSSL cannot read.
const ED25519_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
const ED25519_SEED: usize = 32;

/// A private key and its public half. Neither cloned nor printed.
pub struct PrivateKey {
    algorithm: KeyAlgorithm,
    pkcs8: Secret,
    public_key: Vec<u8>,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({}, …)", self.algorithm)
    }
}

impl PrivateKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`KeyError::Generate`].
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let fail = |problem: &dyn std::fmt::Display| KeyError::Generate { algorithm, problem: problem.to_string() };
        match algorithm {
            KeyAlgorithm::P256 | KeyAlgorithm::P384 => {
                let document = EcdsaKeyPair::generate_pkcs8(curve(algorithm)?, &random).map_err(|e| fail(&e))?;
                // ring ends the document with the uncompressed point: computing it again would double the work.
                let point = if algorithm == KeyAlgorithm::P256 { 65 } else { 97 };
                let pkcs8 = document.as_ref();
                let public_key = spki(algorithm, &pkcs8[pkcs8.len() - point..]);
                Ok(PrivateKey { algorithm, pkcs8: Secret::new(pkcs8.to_vec()), public_key })
            }
            KeyAlgorithm::Ed25519 => {
                let document = Ed25519KeyPair::generate_pkcs8(&random).map_err(|e| fail(&e))?;
                let seed = &document.as_ref()[ED25519_PREFIX.len()..ED25519_PREFIX.len() + ED25519_SEED];
                let mut pkcs8 = Zeroizing::new(ED25519_PREFIX.to_vec());
                pkcs8.extend_from_slice(seed);
                Self::from_pkcs8(pkcs8)
            }
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
                let bits = algorithm.rsa_bits().unwrap_or_default();
                Self::from_pkcs8(rsa_generation::generate(bits).map_err(|e| fail(&e))?)
            }
        }
    }

    /// Reads a key in PKCS#8 DER; the provider checks that its halves belong together.
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        let refuse = |e: ring::error::KeyRejected| KeyError::Unusable { problem: e.to_string() };
        let bytes: &[u8] = &pkcs8;
        let (algorithm, public_key) = match algorithm_of(bytes)? {
            Family::Curve(algorithm) => {
                let pair = EcdsaKeyPair::from_pkcs8(curve(algorithm)?, bytes, &SystemRandom::new()).map_err(refuse)?;
                (algorithm, spki(algorithm, pair.public_key().as_ref()))
            }
            Family::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map_err(refuse)?;
                (KeyAlgorithm::Ed25519, spki(KeyAlgorithm::Ed25519, pair.public_key().as_ref()))
            }
            Family::Rsa => {
                let pair = RsaKeyPair::from_pkcs8(bytes).map_err(refuse)?;
                let public_key = spki(KeyAlgorithm::Rsa2048, pair.public_key().as_ref());
                match public_key_kind(&public_key) {
                    Ok(PublicKeyKind::Known(algorithm)) => (algorithm, public_key),
                    _ => {
                        let problem = "an RSA key has 2048, 3072 or 4096 bits here".into();
                        return Err(KeyError::Unusable { problem });
                    }
                }
            }
        };
        Ok(PrivateKey { algorithm, pkcs8: pkcs8.into(), public_key })
    }

    /// Reads a key file in PKCS#8 PEM.
    ///
    /// # Errors
    /// [`KeyError::Encrypted`], [`KeyError::Unusable`].
    pub fn from_pem(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.windows(9).any(|w| w == b"ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        match first_pem_body(bytes, LABEL) {
            Ok(pkcs8) => Self::from_pkcs8(pkcs8),
            Err(PemError::Damaged) => Err(KeyError::Unusable { problem: "its PEM is damaged".into() }),
            Err(_) => Err(KeyError::Unusable { problem: "it is not a PKCS#8 `PRIVATE KEY` in PEM".into() }),
        }
    }

    /// The key file: PKCS#8 in PEM.
    pub fn to_pem(&self) -> Zeroizing<Vec<u8>> {
        encode_secret_pem(LABEL, self.pkcs8.expose())
    }

    /// The algorithm.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The public key as SubjectPublicKeyInfo in DER.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    pub(super) fn pkcs8(&self) -> &[u8] {
        self.pkcs8.expose()
    }
}

pub(super) fn curve(algorithm: KeyAlgorithm) -> Result<&'static EcdsaSigningAlgorithm, KeyError> {
    match algorithm {
        KeyAlgorithm::P256 => Ok(&ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyAlgorithm::P384 => Ok(&ECDSA_P384_SHA384_ASN1_SIGNING),
        other => Err(KeyError::Generate { algorithm: other, problem: "it is not on a curve of this build".into() }),
    }
}

enum Family {
    Curve(KeyAlgorithm),
    Ed25519,
    Rsa,
}

fn algorithm_of(pkcs8: &[u8]) -> Result<Family, KeyError> {
    let unusable = |problem: String| KeyError::Unusable { problem };
    let algorithm = (|| {
        let mut outer = Reader::new(pkcs8, "the key");
        let sequence = outer.expect(der::SEQUENCE)?;
        outer.end()?;
        let mut fields = outer.inside(sequence);
        fields.expect(der::INTEGER)?;
        fields.expect(der::SEQUENCE)
    })()
    .map_err(|e| unusable(e.to_string()))?;
    match crate::x509::key_family(algorithm.whole) {
        Some(PublicKeyKind::Known(a @ (KeyAlgorithm::P256 | KeyAlgorithm::P384))) => Ok(Family::Curve(a)),
        Some(PublicKeyKind::Known(_)) => Ok(Family::Ed25519),
        Some(PublicKeyKind::Rsa(_)) => Ok(Family::Rsa),
        _ => Err(unusable("its algorithm is not in this build".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Approved, Signer, SoftwareSigner, verify_signature};
    use super::*;
    use crate::x509::SignatureAlgorithm;

    #[test]
    fn every_algorithm_makes_reads_and_signs() {
        for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::P384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048] {
            let key = PrivateKey::generate(algorithm).unwrap();
            assert_eq!(public_key_kind(key.public_key()), Ok(PublicKeyKind::Known(algorithm)));
            let read = PrivateKey::from_pem(&key.to_pem()).unwrap();
            assert_eq!((read.public_key(), read.algorithm()), (key.public_key(), algorithm));
            let signer = SoftwareSigner::new(read).unwrap();
            let signature = signer.sign(Approved::after_rehearsal(b"message")).unwrap();
            let name = SignatureAlgorithm::of_key(algorithm).der();
            verify_signature(signer.public_key(), name, b"message", &signature).unwrap();
            assert!(verify_signature(signer.public_key(), name, b"massage", &signature).is_err());
            assert!(!format!("{signer:?} {key:?}").contains("pkcs8"));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert!(matches!(PrivateKey::from_pem(text.as_bytes()), Err(KeyError::Unusable { .. })), "{text}");
        }
        let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert!(matches!(PrivateKey::from_pem(encrypted), Err(KeyError::Encrypted)));
    }
}
