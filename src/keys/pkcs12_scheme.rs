//! How parts of a keystore are encrypted: PBES2, or one of the schemes of PKCS#12 itself (RFC 7292 C), which are weak and
//! which half of all keystores have.

use super::encryption::{self, Parameters, Protection};
use super::pkcs12::{Encryption, WHAT, unsigned};
use super::pkcs12_kdf::{Purpose, derive};
use super::{KeyError, KeyRefusal};
use crate::x509::X509Error;
use crate::x509::der::{self, Reader};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyInit, KeyIvInit};
use ring::digest::SHA1_FOR_LEGACY_USE_ONLY as SHA1;
use zeroize::Zeroizing;

/// OID, cipher, octets of the key. RC4 is not among them: nobody wrote it by default, and it is refused by name.
const OLD: [(&str, Cipher, usize); 4] = [
    ("1.2.840.113549.1.12.1.3", Cipher::TripleDes, 24),
    ("1.2.840.113549.1.12.1.4", Cipher::TripleDes, 16),
    ("1.2.840.113549.1.12.1.5", Cipher::Rc2, 16),
    ("1.2.840.113549.1.12.1.6", Cipher::Rc2, 5),
];
/// Blocks of both ciphers.
const IV_OCTETS: usize = 8;
/// The key takes two derivations where it is longer than a SHA-1, and the initialization vector one.
const DERIVATIONS: u64 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cipher {
    TripleDes,
    Rc2,
}

/// How something is encrypted.
#[derive(Debug)]
pub(super) enum Scheme {
    Pbes2(Parameters),
    Old(Old),
    Unreadable(KeyRefusal),
}

/// One of PKCS#12's own.
#[derive(Debug)]
pub(super) struct Old {
    cipher: Cipher,
    key_octets: usize,
    salt: Vec<u8>,
    iterations: u32,
}

impl Scheme {
    /// From an AlgorithmIdentifier in DER; work factors past reason are unreadable.
    pub fn read(algorithm: &[u8]) -> Self {
        match Old::read(algorithm) {
            Ok(Some(old)) => Scheme::Old(old),
            Ok(None) => match encryption::read_scheme(algorithm) {
                Ok(parameters) => Scheme::Pbes2(parameters),
                Err(refusal) => Scheme::Unreadable(refusal),
            },
            Err(e) => Scheme::Unreadable(KeyRefusal::damaged(e)),
        }
    }

    /// Rounds of hashing that opening it takes.
    pub fn rounds(&self) -> u64 {
        match self {
            Scheme::Pbes2(parameters) => encryption::rounds(parameters),
            Scheme::Old(old) => u64::from(old.iterations) * DERIVATIONS,
            Scheme::Unreadable(_) => 0,
        }
    }

    pub fn shown(&self) -> Encryption {
        match self {
            Scheme::Pbes2(parameters) => Encryption::Known(encryption::protection(parameters)),
            Scheme::Old(old) => Encryption::Known(old.protection()),
            Scheme::Unreadable(refusal) => Encryption::Unknown(refusal.clone()),
        }
    }
}

impl Old {
    fn read(algorithm: &[u8]) -> Result<Option<Self>, X509Error> {
        let mut outer = Reader::new(algorithm, WHAT);
        let sequence = outer.expect(der::SEQUENCE)?;
        let mut fields = outer.inside(sequence);
        let oid = der::read_oid(fields.expect(der::OID)?.content).map(|o| o.to_string()).unwrap_or_default();
        let Some((_, cipher, key_octets)) = OLD.iter().find(|(o, ..)| *o == oid) else { return Ok(None) };
        let parameters = fields.expect(der::SEQUENCE)?;
        let mut parameters = fields.inside(parameters);
        let salt = parameters.expect(der::OCTET_STRING)?.content.to_vec();
        let count = unsigned(parameters.expect(der::INTEGER)?.content).and_then(|n| u32::try_from(n).ok());
        let iterations = count.filter(|n| *n > 0).ok_or_else(|| parameters.fail("an absurd number of rounds"))?;
        Ok(Some(Old { cipher: *cipher, key_octets: *key_octets, salt, iterations }))
    }

    fn protection(&self) -> Protection {
        let cipher = match (self.cipher, self.key_octets) {
            (Cipher::TripleDes, 24) => "3des-cbc",
            (Cipher::TripleDes, _) => "2-key-3des-cbc",
            (Cipher::Rc2, 16) => "rc2-128-cbc",
            (Cipher::Rc2, _) => "rc2-40-cbc",
        };
        Protection { cipher, kdf: "pkcs12-sha1", work: u64::from(self.iterations) }
    }

    /// Opens something with a wide passphrase.
    pub fn decrypt(&self, wide: &[u8], octets: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let derive = |purpose, length| derive(&SHA1, wide, &self.salt, purpose, self.iterations, length);
        let (mut key, iv) = (derive(Purpose::Key, self.key_octets), derive(Purpose::Iv, IV_OCTETS));
        let mut buffer = Zeroizing::new(octets.to_vec());
        let wrong = || KeyError::WrongPassphrase;
        let length = match self.cipher {
            Cipher::TripleDes => {
                if self.key_octets == 16 {
                    let first = Zeroizing::new(key[..8].to_vec());
                    key.extend_from_slice(&first);
                }
                let cipher = cbc::Decryptor::<des::TdesEde3>::new_from_slices(&key, &iv).map_err(|_| wrong())?;
                cipher.decrypt_padded::<Pkcs7>(&mut buffer).map_err(|_| wrong())?.len()
            }
            Cipher::Rc2 => {
                use cbc::cipher::InnerIvInit;
                let inner = rc2::Rc2::new_from_slice(&key).map_err(|_| wrong())?;
                let cipher = cbc::Decryptor::inner_iv_slice_init(inner, &iv).map_err(|_| wrong())?;
                cipher.decrypt_padded::<Pkcs7>(&mut buffer).map_err(|_| wrong())?.len()
            }
        };
        buffer.truncate(length);
        Ok(buffer)
    }
}
