use super::names::hex;
use crate::keys::{
    Encryption, KeyDocument, KeyError, KeyRefusal, Keystore, KeystorePart, PrivateKey, Protection, key_identifier,
    sha256,
};
use crate::x509::public_key_name;
use serde::Serialize;

/// How something is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncryptionReport {
    /// The cipher, as `aes-256-cbc`; nothing where it is not one that is read here.
    pub cipher: Option<&'static str>,
    /// How the passphrase is stretched, as `pbkdf2-hmac-sha256`.
    pub kdf: Option<&'static str>,
    /// Iterations, or N of scrypt.
    pub work: Option<u64>,
    /// Why it cannot be opened here.
    pub problem: Option<String>,
}

impl From<&Protection> for EncryptionReport {
    fn from(p: &Protection) -> Self {
        EncryptionReport { cipher: Some(p.cipher), kdf: Some(p.kdf), work: Some(p.work), problem: None }
    }
}

impl From<&Encryption> for EncryptionReport {
    fn from(encryption: &Encryption) -> Self {
        let unknown =
            |problem: String| EncryptionReport { cipher: None, kdf: None, work: None, problem: Some(problem) };
        match encryption {
            Encryption::Known(protection) => protection.into(),
            Encryption::Unknown(KeyRefusal::Encryption { scheme, .. }) => {
                unknown(format!("{scheme}, which is not opened here"))
            }
            Encryption::Unknown(refusal) => unknown(refusal.to_string()),
            Encryption::Enveloped => unknown("it is encrypted for the holder of a key".into()),
        }
    }
}

/// A key: never its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyReport {
    /// The algorithm; nothing while it is encrypted.
    pub key_algorithm: Option<String>,
    /// How it is encrypted; nothing where it is not.
    pub encryption: Option<EncryptionReport>,
    /// SHA-256 of the public key's SubjectPublicKeyInfo.
    pub spki_sha256: Option<String>,
    /// The key identifier that this CA gives it (RFC 7093 2, method 1).
    pub key_id: Option<String>,
    /// Why it cannot be used here.
    pub problem: Option<String>,
    /// Whether the problem is damage.
    #[serde(skip)]
    pub is_damaged: bool,
}

impl KeyReport {
    /// Of a public key in DER.
    pub fn public(spki: &[u8]) -> Self {
        let id = key_identifier(spki);
        KeyReport {
            key_algorithm: Some(public_key_name(spki)),
            encryption: None,
            spki_sha256: Some(hex(&sha256(spki))),
            is_damaged: id.is_err(),
            problem: id.as_ref().err().map(ToString::to_string),
            key_id: id.ok().as_deref().map(hex),
        }
    }

    /// Of a private key; `opened` is what a passphrase found in an encrypted one.
    pub fn private(key: &Result<Box<KeyDocument>, KeyError>, opened: Option<&Result<PrivateKey, KeyError>>) -> Self {
        match key.as_deref() {
            Ok(KeyDocument::Plain(key)) => KeyReport::public(key.public_key()),
            Ok(KeyDocument::Encrypted(key)) => {
                let report = match opened {
                    Some(Ok(key)) => KeyReport::public(key.public_key()),
                    Some(Err(problem)) => KeyReport { is_damaged: true, ..KeyReport::unusable(problem) },
                    None => KeyReport::nothing(),
                };
                KeyReport { encryption: Some((&key.protection()).into()), ..report }
            }
            Err(problem) => KeyReport::unusable(problem),
        }
    }

    fn nothing() -> Self {
        KeyReport {
            key_algorithm: None,
            encryption: None,
            spki_sha256: None,
            key_id: None,
            problem: None,
            is_damaged: false,
        }
    }

    fn unusable(problem: &KeyError) -> Self {
        // A key of another kind is read as far as it goes: only what is broken counts as damage.
        let sound = matches!(
            problem,
            KeyError::Refused(
                KeyRefusal::Algorithm { .. }
                    | KeyRefusal::Encryption { .. }
                    | KeyRefusal::LegacyEncryption
                    | KeyRefusal::RsaBits(_)
                    | KeyRefusal::RsaExponent(_)
                    | KeyRefusal::ExplicitCurve
                    | KeyRefusal::Keystore { .. }
                    | KeyRefusal::WorkFactor { .. }
            )
        );
        let key_algorithm = match problem {
            KeyError::Refused(KeyRefusal::Algorithm { name, .. }) => Some(name.clone()),
            KeyError::Refused(KeyRefusal::RsaBits(bits)) => Some(format!("rsa-{bits}")),
            _ => None,
        };
        KeyReport { key_algorithm, problem: Some(problem.to_string()), is_damaged: !sound, ..KeyReport::nothing() }
    }
}

/// The seal of a keystore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MacReport {
    /// `hmac-sha256` and the like.
    pub algorithm: String,
    /// Rounds of the key derivation.
    pub iterations: u64,
}

/// One part of a keystore, as it is seen from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartReport {
    /// How all of it is encrypted.
    pub encryption: Option<EncryptionReport>,
    /// Certificates that anybody can read.
    pub certificates: usize,
    /// Private keys that anybody can read.
    pub clear_keys: usize,
    /// Private keys that are encrypted by themselves.
    pub keys: Vec<EncryptionReport>,
}

/// A PKCS#12 keystore. What is in it follows as items of their own, where it could be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeystoreReport {
    /// The seal over everything; some have none.
    pub mac: Option<MacReport>,
    /// Its parts in order.
    pub parts: Vec<PartReport>,
    /// Whether it is open, and so what is in it is shown.
    pub open: bool,
    /// Whether the empty passphrase opened it: then it protects nothing.
    pub empty_passphrase: bool,
    /// Things in it that are neither certificates, CRLs nor keys.
    pub others: usize,
    /// Why it is not open; nothing where no passphrase was given.
    pub problem: Option<String>,
}

impl KeystoreReport {
    pub(super) fn closed(keystore: &Keystore) -> Self {
        let part = |p: &KeystorePart| PartReport {
            encryption: p.encryption.as_ref().map(EncryptionReport::from),
            certificates: p.certificates,
            clear_keys: p.clear_keys,
            keys: p.keys.iter().map(EncryptionReport::from).collect(),
        };
        let mac = keystore.mac.as_ref();
        KeystoreReport {
            mac: mac.map(|m| MacReport { algorithm: m.algorithm.clone(), iterations: m.iterations }),
            parts: keystore.parts().iter().map(part).collect(),
            open: false,
            empty_passphrase: false,
            others: 0,
            problem: None,
        }
    }
}
