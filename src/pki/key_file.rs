use super::Error;
use super::authority::MAX_KEY_BYTES;
use super::keyring::{Keyring, read_document};
use super::secret_source::{PassphraseOf, SecretSource};
use crate::disk::read_given;
use crate::keys::{Signer, SoftwareSigner};
use crate::model::Secret;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A private key that was handed to us, and the file that is to hold it.
#[derive(Debug)]
pub struct KeyFile {
    path: PathBuf,
    public_key: Vec<u8>,
    pem: Secret,
    encrypted: bool,
    signer: Arc<SoftwareSigner>,
}

impl KeyFile {
    /// Reads a key file of any form that [`crate::keys::KeyDocument`] reads. One that is encrypted is opened with the
    /// passphrase of the subject called `name`, to see whose it is, and stays encrypted as it is.
    ///
    /// # Errors
    /// [`Error::KeyFile`] when it is no usable key, [`super::CustodyError::KeyEncrypted`], [`super::CustodyError::WrongPassphrase`].
    pub fn read(path: &Path, name: &str, secrets: &Arc<dyn SecretSource>) -> Result<Self, Error> {
        let bytes = Zeroizing::new(read_given(path, MAX_KEY_BYTES)?);
        let document = read_document(&bytes, path)?;
        let (pem, encrypted) = (document.to_pem(), document.is_encrypted());
        let key = Keyring::new(secrets.clone()).open(document, path, PassphraseOf::Subject(name))?;
        let signer = SoftwareSigner::new(key).map_err(|source| Error::KeyFile { path: path.into(), source })?;
        let public_key = signer.public_key().to_vec();
        Ok(KeyFile { path: path.into(), public_key, pem: pem.into(), encrypted, signer: Arc::new(signer) })
    }

    /// Its public half: SubjectPublicKeyInfo in DER.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// What `key.pem` shall hold: PKCS#8 in PEM, encrypted if it was encrypted.
    pub fn pem(&self) -> &Secret {
        &self.pem
    }

    /// Whether it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Where it was read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key, ready to sign.
    pub(super) fn signer(&self) -> &Arc<SoftwareSigner> {
        &self.signer
    }
}
