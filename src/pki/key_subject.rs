//! Whose key an act is about.

use super::authority::{Ca, Cas, MAX_KEY_BYTES};
use super::folder::REQUESTS;
use super::keyring::read_document;
use super::{CustodyError, Error, Pki};
use crate::disk::{Lock, encode_pem, exists, read, read_optional};
use crate::issue::Warning;
use crate::keys::{KeyDocument, KeyError, PrivateKey, sha256};
use crate::model::{Handle, Layout, Profile};
use crate::store::{KeyPlace, Record, Transaction};
use serde::Serialize;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What an act on a key did.
#[derive(Debug, Clone, Serialize)]
pub struct KeyOutcome {
    /// `encrypted`, `decrypted`, `passphrase-changed`, `detached`, `attached` or `unchanged`.
    pub action: &'static str,
    /// Whose key it is.
    pub name: String,
    /// What that is.
    pub profile: &'static str,
    /// `here` or `detached`.
    pub key: &'static str,
    /// Whether the key file is encrypted.
    pub encrypted: bool,
    /// The key file, absolute.
    pub file: PathBuf,
    /// The number of the CRL that was written because the key will not be at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crl_number: Option<u64>,
    /// Where the key was delivered again, besides the PKI folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<PathBuf>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

/// A CA, a leaf or a request with the key that is to be changed.
pub(super) struct KeySubject {
    pub handle: Handle,
    pub profile: Profile,
    pub path: PathBuf,
    spki_sha256: [u8; 32],
    /// The generation of a CA.
    pub ca: Option<Ca>,
    /// Whether it is known to be elsewhere.
    pub elsewhere: Option<KeyPlace>,
}

/// A key file as it was read.
pub(super) struct KeyBytes {
    pub bytes: Zeroizing<Vec<u8>>,
    pub document: KeyDocument,
}

impl Pki {
    /// Looks a NAME up.
    pub(super) fn key_subject(&mut self, name: &str) -> Result<KeySubject, Error> {
        let place = &self.place;
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let exact = name.parse::<Handle>().ok();
        let known = |h: &Handle| -> Result<bool, Error> {
            Ok(transaction.holder(h)?.is_some() || transaction.request(h)?.is_some())
        };
        let handle = match exact {
            Some(h) if known(&h)? => h,
            _ => Pki::handle_of(name),
        };
        let cas = Cas::load(&*transaction)?;
        if let Some(ca) = cas.named(&handle) {
            let place_of_key = ca.authority.key_place;
            return Ok(KeySubject {
                handle,
                profile: ca.authority.certificate.profile,
                path: place.ca_key_path(ca),
                spki_sha256: ca.authority.certificate.spki_sha256,
                elsewhere: (place_of_key != KeyPlace::Here).then_some(place_of_key),
                ca: Some(ca.clone()),
            });
        }
        let holder = transaction.holder(&handle)?;
        if let Some(record) = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten() {
            let home = place.home(&handle);
            let path = home.key_path();
            if home.layout == Layout::Combined {
                return Err(CustodyError::Combined { handle, path }.into());
            }
            let Record { profile, spki_sha256, key_here, .. } = record;
            let elsewhere = (!key_here && !exists(&path)).then_some(KeyPlace::Foreign);
            return Ok(KeySubject { handle, profile, path, spki_sha256, ca: None, elsewhere });
        }
        if let Some(request) = transaction.request(&handle)? {
            let path = place.request_folder(&handle).join("key.pem");
            let (profile, spki_sha256) = (request.profile, request.spki_sha256);
            return Ok(KeySubject { handle, profile, path, spki_sha256, ca: None, elsewhere: None });
        }
        Err(Error::NotFound { target: name.into(), similar: Vec::new() })
    }

    /// The lock under which the key file of a subject changes.
    pub(super) fn lock_keys(&self, subject: &KeySubject) -> Result<Lock, Error> {
        let requests = self.place.root.join(REQUESTS);
        match &subject.ca {
            Some(_) => self.lock_public(),
            None if subject.path.starts_with(&requests) => Ok(Lock::exclusive(&requests)?),
            None => self.lock_leaves(),
        }
    }
}

impl KeySubject {
    /// The key file, which must be here.
    pub fn read(&self) -> Result<KeyBytes, Error> {
        if let Some(place) = self.elsewhere.filter(|_| !exists(&self.path)) {
            return Err(CustodyError::KeyElsewhere { handle: self.handle.clone(), place: place.name() }.into());
        }
        let bytes = Zeroizing::new(read(&self.path, MAX_KEY_BYTES)?);
        let document = read_document(&bytes, &self.path)?;
        Ok(KeyBytes { bytes, document })
    }

    /// Refuses while another command has recorded a certificate of it and not put its files in place yet.
    pub fn check_released(&self, transaction: &dyn Transaction) -> Result<(), Error> {
        let holder = transaction.holder(&self.handle)?;
        let Some(newest) = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten() else {
            return Ok(());
        };
        let file = self.path.with_file_name("cert.pem");
        let expected = encode_pem("CERTIFICATE", &newest.der);
        match read_optional(&file, expected.len() as u64) {
            Ok(Some(bytes)) if bytes != expected.as_bytes() => {
                Err(Error::Overtaken { handle: self.handle.clone(), attempts: 1 })
            }
            // A certificate that is missing, or damaged, is another matter.
            _ => Ok(()),
        }
    }

    /// Whether it is still as it was read.
    pub fn check_unchanged(&self, before: &KeyBytes) -> Result<(), Error> {
        let now = read_optional(&self.path, MAX_KEY_BYTES)?.map(Zeroizing::new);
        if now.is_some_and(|now| *now == *before.bytes) {
            return Ok(());
        }
        Err(Error::Overtaken { handle: self.handle.clone(), attempts: 1 })
    }

    /// Refuses a key that is not the one in the certificate.
    pub fn check_key(&self, key: &PrivateKey, path: &Path) -> Result<(), Error> {
        if sha256(key.public_key()) == self.spki_sha256 {
            return Ok(());
        }
        let whose = format!("`{}`", self.handle);
        Err(Error::KeyFile { path: path.into(), source: KeyError::NotTheKey { whose } })
    }

    pub fn outcome(&self, action: &'static str, encrypted: bool) -> KeyOutcome {
        KeyOutcome {
            action,
            name: self.handle.to_string(),
            profile: self.profile.name(),
            key: KeyPlace::Here.name(),
            encrypted,
            file: self.path.clone(),
            crl_number: None,
            delivered: Vec::new(),
            warnings: Vec::new(),
        }
    }
}
