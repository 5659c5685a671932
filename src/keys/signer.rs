use super::{KeyError, KeyRefusal, PrivateKey};
use crate::model::KeyAlgorithm;
use ring::rand::SystemRandom;
use ring::signature::{EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

/// Bytes that went through rehearsal and may be signed. Only this library makes them.
#[derive(Debug)]
pub struct Approved<'a>(&'a [u8]);

impl<'a> Approved<'a> {
    pub(crate) fn after_rehearsal(bytes: &'a [u8]) -> Self {
        Approved(bytes)
    }

    /// The bytes to sign, whole: the signer hashes them.
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }
}

/// Something that can sign: a software key here; a token or a key service may be another implementation.
pub trait Signer: Send + Sync {
    /// The algorithm of the key; the signature algorithm follows from it.
    fn algorithm(&self) -> KeyAlgorithm;

    /// The public key as SubjectPublicKeyInfo in DER.
    fn public_key(&self) -> &[u8];

    /// Signs.
    ///
    /// # Errors
    /// [`KeyError::Sign`], [`KeyError::Random`].
    fn sign(&self, approved: Approved<'_>) -> Result<Vec<u8>, KeyError>;
}

impl<S: Signer + ?Sized> Signer for std::sync::Arc<S> {
    fn algorithm(&self) -> KeyAlgorithm {
        (**self).algorithm()
    }

    fn public_key(&self) -> &[u8] {
        (**self).public_key()
    }

    fn sign(&self, approved: Approved<'_>) -> Result<Vec<u8>, KeyError> {
        (**self).sign(approved)
    }
}

/// The public half of a key: what its owner would sign can be rehearsed with it, and nothing signed.
#[derive(Debug, Clone)]
pub struct Unsigning {
    algorithm: KeyAlgorithm,
    public_key: Vec<u8>,
}

impl Unsigning {
    /// From a SubjectPublicKeyInfo in DER and what it says of its algorithm.
    pub fn new(algorithm: KeyAlgorithm, public_key: Vec<u8>) -> Self {
        Unsigning { algorithm, public_key }
    }
}

impl Signer for Unsigning {
    fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn sign(&self, _approved: Approved<'_>) -> Result<Vec<u8>, KeyError> {
        Err(KeyError::Sign)
    }
}

enum Pair {
    Ecdsa(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
    Rsa(Box<RsaKeyPair>),
}

/// A key in this process's memory.
pub struct SoftwareSigner {
    key: PrivateKey,
    pair: Pair,
    random: SystemRandom,
}

impl SoftwareSigner {
    /// Makes a key ready to sign.
    ///
    /// # Errors
    /// [`KeyError::Refused`] when the provider refuses it.
    pub fn new(key: PrivateKey) -> Result<Self, KeyError> {
        let (pkcs8, random) = (key.pkcs8(), SystemRandom::new());
        let refuse = |e: ring::error::KeyRejected| -> KeyError { KeyRefusal::damaged(e).into() };
        let pair = match key.algorithm() {
            KeyAlgorithm::P256 | KeyAlgorithm::P384 => {
                let curve = super::private_key::curve(key.algorithm())?;
                Pair::Ecdsa(Box::new(EcdsaKeyPair::from_pkcs8(curve, pkcs8, &random).map_err(refuse)?))
            }
            KeyAlgorithm::Ed25519 => {
                Pair::Ed25519(Box::new(Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(refuse)?))
            }
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
                Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(pkcs8).map_err(refuse)?))
            }
        };
        Ok(SoftwareSigner { key, pair, random })
    }

    /// A second signer of the same key.
    pub(crate) fn of(key: &PrivateKey) -> Result<Self, KeyError> {
        Self::new(PrivateKey::from_pkcs8(zeroize::Zeroizing::new(key.pkcs8().to_vec()))?)
    }

    /// The key itself.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }
}

impl std::fmt::Debug for SoftwareSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoftwareSigner({}, …)", self.key.algorithm())
    }
}

impl Signer for SoftwareSigner {
    fn algorithm(&self) -> KeyAlgorithm {
        self.key.algorithm()
    }

    fn public_key(&self) -> &[u8] {
        self.key.public_key()
    }

    fn sign(&self, approved: Approved<'_>) -> Result<Vec<u8>, KeyError> {
        let message = approved.bytes();
        match &self.pair {
            Pair::Ecdsa(k) => k.sign(&self.random, message).map(|s| s.as_ref().to_vec()).map_err(|_| KeyError::Sign),
            Pair::Ed25519(k) => Ok(k.sign(message).as_ref().to_vec()),
            Pair::Rsa(k) => {
                let mut signature = vec![0; k.public().modulus_len()];
                k.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature).map_err(|_| KeyError::Sign)?;
                Ok(signature)
            }
        }
    }
}
