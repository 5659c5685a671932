use super::container::{self, Form};
use super::encryption::{EncryptedKey, Protection};
use super::private_key::ENCRYPTED_LABEL;
use super::{KeyError, PrivateKey, forms};
use crate::disk::encode_pem;
use crate::model::Secret;
use zeroize::Zeroizing;

/// What a key file holds: one private key, in the clear or encrypted.
///
/// Read are PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1.2) and SEC1 (RFC 5915) in PEM and DER, and PKCS#8 encrypted by PBES2
/// (RFC 8018) with AES and PBKDF2 or scrypt. Everything else is refused with its name.
#[derive(Debug)]
pub enum KeyDocument {
    /// In the clear.
    Plain(PrivateKey),
    /// Encrypted with a passphrase.
    Encrypted(EncryptedKey),
}

impl KeyDocument {
    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyError::Refused`] for anything that is not one usable private key. Of an encrypted key only the encryption is
    /// looked at.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        match container::open(bytes)? {
            (Form::Encrypted, der) => Ok(KeyDocument::Encrypted(EncryptedKey::read(&der)?)),
            (form, der) => Ok(KeyDocument::Plain(PrivateKey::from_parts(forms::normalize(form, &der)?)?)),
        }
    }

    /// Whether a key file needs a passphrase; what is no key file needs none.
    pub fn needs_passphrase(bytes: &[u8]) -> bool {
        matches!(container::open(bytes), Ok((Form::Encrypted, _)))
    }

    /// Whether it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, KeyDocument::Encrypted(_))
    }

    /// What `key.pem` holds of it: PKCS#8 in PEM, encrypted as it was encrypted.
    pub fn to_pem(&self) -> Zeroizing<Vec<u8>> {
        match self {
            KeyDocument::Plain(key) => key.to_pem(),
            KeyDocument::Encrypted(key) => key.to_pem(),
        }
    }

    /// Proves that it is encrypted as new files are, that this passphrase opens it, and whose it is.
    ///
    /// # Errors
    /// [`KeyError::Encrypt`] when it is not as it should be, [`KeyError::WrongPassphrase`].
    pub fn check_encrypted(&self, passphrase: &Secret, public_key: &[u8]) -> Result<(), KeyError> {
        let wrong = |problem: &str| KeyError::Encrypt { problem: problem.into() };
        let KeyDocument::Encrypted(key) = self else { return Err(wrong("it came out in the clear")) };
        if key.protection() != Protection::CURRENT {
            return Err(wrong("it came out with another cipher or work factor"));
        }
        if key.unlock(passphrase)?.public_key() != public_key {
            return Err(wrong("another key came out"));
        }
        Ok(())
    }
}

impl EncryptedKey {
    /// Opens it.
    ///
    /// # Errors
    /// [`KeyError::WrongPassphrase`], and [`KeyError::Refused`] for what is in it.
    pub fn unlock(&self, passphrase: &Secret) -> Result<PrivateKey, KeyError> {
        PrivateKey::from_pkcs8(self.decrypt(passphrase)?)
    }

    /// The key file in PEM, encrypted as it is.
    pub fn to_pem(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(encode_pem(ENCRYPTED_LABEL, self.der()).into_bytes())
    }
}
