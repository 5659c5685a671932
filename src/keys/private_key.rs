use super::container::Form;
use super::forms::{self, Family, Parts};
use super::{KeyDocument, KeyError, KeyRefusal, encryption, rsa_generation};
use crate::disk::encode_secret_pem;
use crate::model::{KeyAlgorithm, Secret};
use crate::x509::{PublicKeyKind, public_key_kind, spki};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use zeroize::Zeroizing;

const LABEL: &str = "PRIVATE KEY";
pub(super) const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";

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
    /// [`KeyError::Refused`].
    pub fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        Self::from_parts(forms::normalize(Form::Pkcs8, &pkcs8)?)
    }

    /// Reads a key file that is not encrypted, in any form that [`KeyDocument`] reads.
    ///
    /// # Errors
    /// [`KeyError::Encrypted`], [`KeyError::Refused`].
    pub fn from_pem(bytes: &[u8]) -> Result<Self, KeyError> {
        match KeyDocument::read(bytes)? {
            KeyDocument::Plain(key) => Ok(key),
            KeyDocument::Encrypted(_) => Err(KeyError::Encrypted),
        }
    }

    pub(super) fn from_parts(parts: Parts) -> Result<Self, KeyError> {
        let bytes: &[u8] = &parts.pkcs8;
        let (algorithm, octets) = match parts.algorithm {
            Family::Curve(algorithm) => {
                let pair = EcdsaKeyPair::from_pkcs8(curve(algorithm)?, bytes, &SystemRandom::new()).map_err(refused)?;
                (algorithm, pair.public_key().as_ref().to_vec())
            }
            Family::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map_err(refused)?;
                (KeyAlgorithm::Ed25519, pair.public_key().as_ref().to_vec())
            }
            Family::Rsa => {
                let pair = RsaKeyPair::from_pkcs8(bytes).map_err(refused)?;
                let octets = pair.public_key().as_ref().to_vec();
                match public_key_kind(&spki(KeyAlgorithm::Rsa2048, &octets)) {
                    Ok(PublicKeyKind::Known(algorithm)) => (algorithm, octets),
                    _ => return Err(KeyRefusal::RsaBits(pair.public().modulus_len() * 8).into()),
                }
            }
        };
        if parts.claimed.is_some_and(|claimed| claimed != octets) {
            return Err(KeyRefusal::damaged("its public half belongs to another key").into());
        }
        Ok(PrivateKey { algorithm, public_key: spki(algorithm, &octets), pkcs8: parts.pkcs8.into() })
    }

    /// The key file: PKCS#8 in PEM.
    pub fn to_pem(&self) -> Zeroizing<Vec<u8>> {
        encode_secret_pem(LABEL, self.pkcs8.expose())
    }

    /// The key file, encrypted with a passphrase: PKCS#8 with PBES2 in PEM, as [`super::Protection::CURRENT`] says. What is returned
    /// was read again and opened with the passphrase.
    ///
    /// # Errors
    /// [`KeyError::Random`], [`KeyError::Encrypt`].
    pub fn to_encrypted_pem(&self, passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der = encryption::encrypt(self.pkcs8.expose(), passphrase)?;
        let pem = encode_secret_pem(ENCRYPTED_LABEL, &der);
        KeyDocument::read(&pem)?.check_encrypted(passphrase, &self.public_key)?;
        Ok(pem)
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

fn refused(e: ring::error::KeyRejected) -> KeyError {
    // The provider's one word for whatever is wrong with the numbers.
    KeyRefusal::damaged(format!("its numbers do not belong together ({e})")).into()
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
            assert!(matches!(PrivateKey::from_pem(text.as_bytes()), Err(KeyError::Refused(_))), "{text}");
        }
    }
}
