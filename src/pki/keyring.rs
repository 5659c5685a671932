//! Keys that need a passphrase or lie elsewhere: opened when they are needed, once per command.

use super::authority::{Ca, MAX_KEY_BYTES};
use super::folder::Place;
use super::secret_source::{NoSecrets, PassphraseOf, SecretSource};
use super::{CustodyError, Error, Pki};
use crate::disk::{exists, read};
use crate::keys::{KeyDocument, KeyError, PrivateKey, SoftwareSigner, sha256};
use crate::model::Secret;
use crate::store::KeyPlace;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// The secrets of a command, and the keys that they opened.
pub(super) struct Keyring {
    pub source: Arc<dyn SecretSource>,
    /// By the SHA-256 of the file: a file that changed is opened again.
    opened: Mutex<Vec<([u8; 32], Arc<SoftwareSigner>)>>,
}

impl Default for Keyring {
    fn default() -> Self {
        Keyring::new(Arc::new(NoSecrets))
    }
}

impl Keyring {
    pub fn new(source: Arc<dyn SecretSource>) -> Self {
        Keyring { source, opened: Mutex::default() }
    }

    /// The private key in a document; the passphrase is asked for only when it needs one.
    pub fn open(&self, document: KeyDocument, path: &Path, of: PassphraseOf<'_>) -> Result<PrivateKey, Error> {
        match document {
            KeyDocument::Plain(key) => Ok(key),
            KeyDocument::Encrypted(key) => {
                let passphrase = self.passphrase(of, path)?;
                key.unlock(&passphrase).map_err(|source| match source {
                    KeyError::WrongPassphrase => {
                        CustodyError::WrongPassphrase { path: path.into(), role: of.into() }.into()
                    }
                    other => Error::KeyFile { path: path.into(), source: other },
                })
            }
        }
    }

    /// A passphrase that the command cannot do without.
    pub fn passphrase(&self, of: PassphraseOf<'_>, path: &Path) -> Result<Arc<Secret>, Error> {
        let missing = || match of {
            PassphraseOf::New(name) => CustodyError::NoPassphrase { name: name.into() },
            _ => CustodyError::KeyEncrypted { path: path.into(), role: of.into(), otherwise: None },
        };
        Ok(self.source.passphrase(of)?.ok_or_else(missing)?)
    }

    /// Keeps a key that was opened, for the file that holds it.
    pub fn remember(&self, file: &[u8], key: &PrivateKey) -> Result<(), Error> {
        let fail = |source| Error::KeyFile { path: "key.pem".into(), source };
        let signer = SoftwareSigner::of(key).map_err(fail)?;
        self.keep(sha256(file), &Arc::new(signer));
        Ok(())
    }

    fn known(&self, digest: &[u8; 32]) -> Option<Arc<SoftwareSigner>> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.iter().find(|(d, _)| d == digest).map(|(_, signer)| signer.clone())
    }

    fn keep(&self, digest: [u8; 32], signer: &Arc<SoftwareSigner>) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).push((digest, signer.clone()));
    }
}

impl Pki {
    /// The same PKI with a source of secrets, for keys that are encrypted or not in its folder.
    pub fn with_secrets(mut self, source: Arc<dyn SecretSource>) -> Self {
        // Nobody shares it before the first command.
        if let Some(place) = Arc::get_mut(&mut self.place) {
            place.keyring = Keyring::new(source);
        }
        self
    }
}

impl Place {
    /// Where the key of a CA can be had: in its folder, or in the file that was named for it.
    pub(super) fn ca_key_file(&self, ca: &Ca) -> Option<PathBuf> {
        let own = self.ca_key_path(ca);
        if exists(&own) { Some(own) } else { self.keyring.source.issuer_key_file(ca.handle()) }
    }

    /// Whether a CA's key can be had, if need be with a passphrase.
    pub(super) fn has_key(&self, ca: &Ca) -> bool {
        ca.authority.key_place != KeyPlace::Foreign && self.ca_key_file(ca).is_some()
    }

    /// Whether a CA's key can be used without asking anybody.
    pub(super) fn key_is_at_hand(&self, ca: &Ca) -> bool {
        let Some(path) = self.ca_key_file(ca) else { return false };
        self.has_key(ca) && (!is_encrypted(&path) || self.keyring.source.was_given(PassphraseOf::Issuer(ca.handle())))
    }

    /// Whether a CA's key takes somebody's presence: then its CRLs live long.
    pub(super) fn key_is_guarded(&self, ca: &Ca) -> bool {
        let own = self.ca_key_path(ca);
        ca.authority.key_place != KeyPlace::Here || !exists(&own) || is_encrypted(&own)
    }

    /// The key of a CA, ready to sign for others.
    pub(super) fn ca_signer(&self, ca: &Ca) -> Result<Arc<SoftwareSigner>, Error> {
        self.signer_of(ca, PassphraseOf::Issuer(ca.handle()))
    }

    /// The key of a CA that is itself the subject of the command. It may be its own issuer too, so that either option
    /// gives its passphrase.
    pub(super) fn own_signer(&self, ca: &Ca) -> Result<Arc<SoftwareSigner>, Error> {
        let (as_subject, as_issuer) = (PassphraseOf::Subject(ca.handle().as_str()), PassphraseOf::Issuer(ca.handle()));
        let given = |of| self.keyring.source.was_given(of);
        self.signer_of(ca, if given(as_issuer) && !given(as_subject) { as_issuer } else { as_subject })
    }

    fn signer_of(&self, ca: &Ca, of: PassphraseOf<'_>) -> Result<Arc<SoftwareSigner>, Error> {
        let path = self.ca_key_file(ca).ok_or_else(|| no_key(self, ca))?;
        let bytes = Zeroizing::new(read(&path, MAX_KEY_BYTES)?);
        let digest = sha256(&bytes);
        if let Some(known) = self.keyring.known(&digest) {
            return Ok(known);
        }
        let document = read_document(&bytes, &path)?;
        let key = self.keyring.open(document, &path, of)?;
        if sha256(key.public_key()) != ca.authority.certificate.spki_sha256 {
            let whose = format!("`{}`", ca.handle());
            return Err(Error::KeyFile { path, source: KeyError::NotTheKey { whose } });
        }
        let signer = SoftwareSigner::new(key).map_err(|source| Error::KeyFile { path, source })?;
        let signer = Arc::new(signer);
        self.keyring.keep(digest, &signer);
        Ok(signer)
    }

    /// The passphrase that a new key is to be encrypted with, before anything is made; nothing when it is not.
    pub(super) fn new_passphrase(&self, name: &str, encrypt: bool) -> Result<Option<Arc<Secret>>, Error> {
        if !encrypt {
            return Ok(None);
        }
        self.keyring.passphrase(PassphraseOf::New(name), Path::new("key.pem")).map(Some)
    }
}

/// Why a CA without a key file cannot sign.
pub(super) fn no_key(place: &Place, ca: &Ca) -> Error {
    let handle = ca.handle();
    let (problem, hint) = match ca.authority.key_place {
        KeyPlace::Foreign => (
            "its key is somebody else's".to_string(),
            "let who has it sign; its CRL comes here by `rootlet import CA --crl-file FILE`".to_string(),
        ),
        KeyPlace::Detached => (
            "its key was detached".to_string(),
            format!(
                "name its file with `--issuer-key-file {handle}=FILE`, or bring it back: `rootlet key attach {handle} --key-file FILE`"
            ),
        ),
        KeyPlace::Here => (
            format!("its key is not in {}", place.ca_key_path(ca).display()),
            "put the key file back, or name it with `--issuer-key-file FILE`".to_string(),
        ),
    };
    Error::IssuerUnusable { issuer: handle.to_string(), problem, hint: Some(hint) }
}

/// Whether a key file needs a passphrase; one that cannot be read does not say so here.
pub(super) fn is_encrypted(path: &Path) -> bool {
    let bytes = read(path, MAX_KEY_BYTES).map(Zeroizing::new);
    bytes.is_ok_and(|b| KeyDocument::needs_passphrase(&b))
}

/// Reads what a key file holds.
pub(super) fn read_document(bytes: &[u8], path: &Path) -> Result<KeyDocument, Error> {
    KeyDocument::read(bytes).map_err(|source| Error::KeyFile { path: path.into(), source })
}

#[cfg(test)]
mod tests {
    use super::super::{CaRequest, LeafRequest, RevokeRequest, Target};
    use super::*;
    use crate::model::{Handle, Profile};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts how often it is asked.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl SecretSource for Counting {
        fn passphrase(&self, _of: PassphraseOf<'_>) -> Result<Option<Arc<Secret>>, Error> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(Some(Arc::new(Secret::new(b"correct horse".to_vec()))))
        }

        fn was_given(&self, _of: PassphraseOf<'_>) -> bool {
            true
        }

        fn issuer_key_file(&self, _ca: &Handle) -> Option<PathBuf> {
            None
        }
    }

    #[test]
    fn an_encrypted_key_is_opened_once() {
        let (folder, asked) = (tempfile::tempdir().unwrap(), Arc::new(Counting::default()));
        let mut request = CaRequest::new(Profile::Root, "Root").unwrap();
        request.encrypt_key = true;
        let (mut pki, _) = Pki::root_ca_with(&folder.path().join("pki"), &request, asked.clone()).unwrap();
        let before = asked.0.load(Ordering::SeqCst);
        for name in ["a", "b", "c"] {
            pki.leaf(&LeafRequest::new(Profile::Client, name).unwrap()).unwrap();
        }
        let targets = vec![Target::parse("a"), Target::parse("b")];
        let reason = Some(crate::model::Reason::Superseded);
        pki.revoke(&RevokeRequest { targets, reason, at: None, invalidity_date: None, no_crl: false }).unwrap();
        assert_eq!(asked.0.load(Ordering::SeqCst) - before, 1);
    }
}
