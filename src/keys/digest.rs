use super::KeyError;
use crate::model::Serial;
use crate::x509::{X509Error, public_key_bits};
use ring::rand::{SecureRandom, SystemRandom};

/// Octets of a key identifier: 160 bits (RFC 7093 2, method 1).
const KEY_ID_OCTETS: usize = 20;

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    out
}

/// SHA-1: a name for what others name so, never a proof.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    out
}

/// SHA-256 of what comes piece by piece.
#[derive(Clone)]
pub struct Sha256(ring::digest::Context);

impl Sha256 {
    /// Of nothing yet.
    pub fn new() -> Self {
        Sha256(ring::digest::Context::new(&ring::digest::SHA256))
    }

    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Of all pieces.
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Sha256::new()
    }
}

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256(…)")
    }
}

/// The subjectKeyIdentifier of a public key: the leftmost 160 bits of SHA-256 over the octets of subjectPublicKey
/// (RFC 7093 2, method 1).
///
/// # Errors
/// [`X509Error`] when the SubjectPublicKeyInfo is malformed.
pub fn key_identifier(spki: &[u8]) -> Result<Vec<u8>, X509Error> {
    Ok(sha256(public_key_bits(spki)?)[..KEY_ID_OCTETS].to_vec())
}

/// A serial number from the system's random numbers.
///
/// # Errors
/// [`KeyError::Random`].
pub fn random_serial() -> Result<Serial, KeyError> {
    let mut octets = [0; 16];
    SystemRandom::new().fill(&mut octets).map_err(|_| KeyError::Random)?;
    Ok(Serial::from_random(octets))
}
