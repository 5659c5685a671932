//! A key and a CSR that are made here, for a CA elsewhere to sign.

use super::ca_request::CaRequest;
use super::folder::Place;
use super::issuing::{ATTEMPTS, back_off};
use super::keyring::Keyring;
use super::leaf_request::LeafRequest;
use super::material::OutFile;
use super::pending::Pending;
use super::request_wish::Wish;
use super::view::{NameView, hex, name_view};
use super::{Again, Error, Pki, SecretSource};
use crate::disk::{Access, Lock, encode_pem, exists};
use crate::issue::{IssueError, Warning, sign_csr};
use crate::keys::{PrivateKey, Signer, SoftwareSigner, sha256};
use crate::model::{Handle, KeyAlgorithm, Timestamp};
use crate::policy::rules;
use crate::store::CertificateRequest;
use crate::x509::{Csr, CsrFields, NameDer, X509Error, public_key_kind};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Requests in `pending/` have folders of this prefix, the number of their process, and their handle.
pub(super) const REQUEST_PREFIX: &str = "csr-";
/// The file of a request.
pub(super) const CSR_FILE: &str = "request.csr";
const LABEL: &str = "CERTIFICATE REQUEST";

/// A key and a CSR that somebody wants.
#[derive(Debug, Clone)]
pub enum CsrRequest {
    /// For a leaf; its issuer, dates and delivery are not ours to say.
    Leaf {
        /// The leaf.
        request: LeafRequest,
        /// Whether its key is encrypted, with the new passphrase of the PKI's [`super::SecretSource`].
        encrypt_key: bool,
    },
    /// For an intermediate.
    Authority(CaRequest),
}

/// A request as scripts see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestView {
    /// Its handle.
    pub name: String,
    /// What the certificate is to be.
    pub profile: &'static str,
    /// The subject it asks for.
    pub subject: String,
    /// The names it asks for.
    pub sans: Vec<NameView>,
    /// The key's algorithm.
    pub key_algorithm: String,
    /// SHA-256 of the public key.
    pub spki_sha256: String,
    /// When it was made.
    pub requested_at: Timestamp,
    /// Its files.
    pub files: RequestFiles,
    /// The CSR.
    pub pem: String,
}

/// The files of a request, absolute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestFiles {
    /// The key, which stays here.
    pub key: PathBuf,
    /// The CSR, which goes to the CA.
    pub csr: PathBuf,
}

/// What `request` did.
#[derive(Debug, Clone, Serialize)]
pub struct RequestOutcome {
    /// `created`, `reissued` or `unchanged`.
    pub action: &'static str,
    /// The request.
    pub request: RequestView,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl Pki {
    /// Makes a key and a CSR for a CA elsewhere to sign, and the PKI folder where there is none. Its answer is brought in
    /// by an import.
    ///
    /// # Errors
    /// [`Error::NameTaken`] when somebody else has the handle, [`Error::RequestWaits`] when the same request waits
    /// already, [`Error::Differs`] when another one does; nothing was then recorded.
    pub fn request(
        folder: &Path,
        request: &CsrRequest,
        secrets: Arc<dyn SecretSource>,
    ) -> Result<(Pki, RequestOutcome), Error> {
        if !Self::exists(folder) {
            // What would be refused is refused before the folder exists.
            Self::check_free(folder)?;
            let mut place = Place::unborn(folder);
            place.keyring = Keyring::new(secrets.clone());
            let wish = Wish::new(request, &place)?;
            place.new_passphrase(&wish.identity.name(), wish.encrypt_key)?;
        }
        let new = !Self::exists(folder);
        let mut pki = Self::open_or_create(folder)?.with_secrets(secrets);
        let outcome = pki.make_request(request)?;
        if new {
            // There is nothing to publish yet, and `public/` says so.
            pki.publish().map_err(Error::not_released(&outcome.request.name))?;
        }
        Ok((pki, outcome))
    }

    /// What waits for a certificate, by handle.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn requests(&mut self) -> Result<Vec<RequestView>, Error> {
        let waiting = self.read()?.requests()?;
        waiting.iter().map(|r| Ok(self.place.request_view(r, &read_csr(r)?))).collect()
    }

    fn make_request(&mut self, request: &CsrRequest) -> Result<RequestOutcome, Error> {
        let wish = Wish::new(request, &self.place)?;
        self.recover()?;
        for attempt in 0..ATTEMPTS {
            back_off(attempt);
            if let Some(outcome) = self.try_request(&wish)? {
                return Ok(outcome);
            }
        }
        Err(Error::Overtaken { handle: wish.handle, attempts: ATTEMPTS })
    }

    /// `None` when another command overtook this one.
    fn try_request(&mut self, wish: &Wish) -> Result<Option<RequestOutcome>, Error> {
        let target = self.place.request_folder(&wish.handle);
        // Looked at before the inventory is read: who made the folder had recorded it first.
        let folder_was_there = exists(&target);
        let waiting = {
            let transaction = self.read()?;
            wish.check(&*transaction)?;
            transaction.request(&wish.handle)?
        };
        let action = match (&waiting, wish.again) {
            (None, _) if folder_was_there => return Err(Error::UnknownFolder { path: target }),
            (None, _) => "created",
            (Some(_), Again::Force | Again::Replace) => "reissued",
            (Some(_), Again::Refuse) => {
                return Err(Error::RequestWaits { handle: wish.handle.clone(), profile: wish.profile });
            }
            (Some(waiting), Again::IfMissing | Again::RenewWithin(_) | Again::Renew) => {
                let csr = read_csr(waiting)?;
                let (handle, differences) = (wish.handle.clone(), wish.differences(waiting, &csr)?);
                if !differences.is_empty() {
                    let may_force = !wish.profile.is_ca();
                    return Err(Error::Differs { handle, differences, may_force });
                }
                let request = self.place.request_view(waiting, &csr);
                return Ok(Some(RequestOutcome { action: "unchanged", request, warnings: wish.warnings.clone() }));
            }
        };
        let before = waiting.as_ref().and_then(|w| algorithm_of(&read_csr(w).ok()?));
        let (csr, pem) = self.place.make_csr(wish, before)?;
        let recorded = CertificateRequest {
            handle: wish.handle.clone(),
            identity: wish.identity.key(),
            profile: wish.profile,
            spki_sha256: sha256(&csr.public_key),
            csr: csr.der().to_vec(),
            recorded_at: self.now(),
        };
        let name = format!("{REQUEST_PREFIX}{}-{}", std::process::id(), wish.handle);
        let pending = Pending::create(&self.place, &name)?;
        let done = self.record_request(wish, &recorded, waiting.as_ref(), &pending, pem);
        if !matches!(done, Ok(true)) {
            pending.abandon(&self.place);
            return done.map(|_| None);
        }
        let released = self.release_request(&wish.handle, pending.folder());
        released.map_err(Error::not_released(&wish.handle))?;
        let request = self.place.request_view(&recorded, &csr);
        Ok(Some(RequestOutcome { action, request, warnings: wish.warnings.clone() }))
    }

    /// Returns whether it was recorded: not when somebody else asked meanwhile, whose request stays.
    fn record_request(
        &mut self,
        wish: &Wish,
        recorded: &CertificateRequest,
        waiting: Option<&CertificateRequest>,
        pending: &Pending,
        key_pem: Zeroizing<Vec<u8>>,
    ) -> Result<bool, Error> {
        let csr_pem = csr_file(recorded).into_bytes();
        let files = [
            OutFile { name: "key.pem", bytes: key_pem, access: Access::Private },
            OutFile { name: CSR_FILE, bytes: Zeroizing::new(csr_pem), access: Access::Public },
        ];
        pending.fill(&self.place, &files)?;
        let (now, transaction) = (self.place.now(), self.store.begin(crate::store::Access::Write)?);
        wish.check(&*transaction)?;
        if transaction.request(&wish.handle)?.map(|r| r.csr) != waiting.map(|w| w.csr.clone()) {
            return Ok(false);
        }
        transaction.put_request(recorded)?;
        transaction.note(now, "requested", Some(&wish.handle), &hex(&recorded.spki_sha256))?;
        transaction.commit()?;
        Ok(true)
    }

    /// Moves a recorded request from `pending/` to its place, unless a newer one was recorded meanwhile. Returns whether
    /// it is there now.
    pub(super) fn release_request(&mut self, handle: &Handle, pending: &Path) -> Result<bool, Error> {
        let parent = self.place.root.join(super::folder::REQUESTS);
        self.place.disk.ensure_folder(&parent, Access::Private)?;
        let _lock = Lock::exclusive(&parent)?;
        let recorded = self.read()?.request(handle)?;
        let written = crate::disk::read_optional(&pending.join(CSR_FILE), MAX_CSR_BYTES)?;
        let is_it = recorded.is_some_and(|r| written.as_deref() == Some(csr_file(&r).as_bytes()));
        if !is_it {
            self.place.disk.remove(pending)?;
            return Ok(false);
        }
        let target = self.place.request_folder(handle);
        self.place.release_folder(pending, &target)?;
        Ok(true)
    }
}

/// What `request.csr` holds.
pub(super) fn csr_file(request: &CertificateRequest) -> String {
    encode_pem(LABEL, &request.csr)
}

/// A CSR with thousands of names is far smaller.
pub(super) const MAX_CSR_BYTES: u64 = 1 << 20;

/// The handle of a request in `pending/`: `csr-<process>-<handle>`.
pub(super) fn request_owner(name: &str) -> Option<Handle> {
    let (process, handle) = name.strip_prefix(REQUEST_PREFIX)?.split_once('-')?;
    process.bytes().all(|b| b.is_ascii_digit()).then(|| handle.parse().ok())?
}

impl Place {
    fn make_csr(&self, wish: &Wish, before: Option<KeyAlgorithm>) -> Result<(Csr, Zeroizing<Vec<u8>>), Error> {
        let fail = |e: IssueError| Error::issue(&wish.identity)(e);
        // Before the key is made: without a passphrase there shall be none.
        let passphrase = self.new_passphrase(&wish.identity.name(), wish.encrypt_key)?;
        let (signer, pem) = match &wish.key_file {
            Some(file) => (file.signer().clone(), Zeroizing::new(file.pem().expose().to_vec())),
            None => {
                let algorithm = wish.algorithm.or(before).unwrap_or_else(|| self.config.key(wish.profile));
                let key = PrivateKey::generate(algorithm).map_err(|e| fail(e.into()))?;
                let pem = key.to_pem();
                (Arc::new(SoftwareSigner::new(key).map_err(|e| fail(e.into()))?), pem)
            }
        };
        let pem = match &passphrase {
            Some(passphrase) => PrivateKey::from_pem(&pem)
                .and_then(|key| key.to_encrypted_pem(passphrase))
                .map_err(|e| fail(e.into()))?,
            None => pem,
        };
        let fields = CsrFields {
            subject: NameDer::of(&wish.subject),
            public_key: signer.public_key().to_vec(),
            ca: wish.profile.is_ca(),
            key_usage: rules(wish.profile).key_usage(signer.algorithm()),
            extended_key_usage: wish.purposes.clone(),
            names: wish.names.clone(),
        };
        Ok((sign_csr(&fields, &*signer).map_err(fail)?, pem))
    }

    fn request_view(&self, request: &CertificateRequest, csr: &Csr) -> RequestView {
        let folder = self.request_folder(&request.handle);
        RequestView {
            name: request.handle.to_string(),
            profile: request.profile.name(),
            subject: csr.subject.subject.to_string(),
            sans: csr.names.iter().map(name_view).collect(),
            key_algorithm: kind_of(csr),
            spki_sha256: hex(&request.spki_sha256),
            requested_at: request.recorded_at,
            files: RequestFiles { key: folder.join("key.pem"), csr: folder.join(CSR_FILE) },
            pem: csr_file(request),
        }
    }
}

pub(super) fn kind_of(csr: &Csr) -> String {
    public_key_kind(&csr.public_key).map_or_else(|_| "unknown".into(), |k| k.to_string())
}

fn algorithm_of(csr: &Csr) -> Option<KeyAlgorithm> {
    kind_of(csr).parse().ok()
}

fn read_csr(request: &CertificateRequest) -> Result<Csr, Error> {
    Csr::read(&request.csr).map_err(|e| unreadable(request, &e))
}

pub(super) fn unreadable(request: &CertificateRequest, problem: &X509Error) -> Error {
    Error::Internal(format!("the recorded request of `{}` cannot be read: {problem}", request.handle))
}
