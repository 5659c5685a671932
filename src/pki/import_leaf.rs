//! A leaf that was made elsewhere by a CA that is here, and the answer to a request.

use super::authority::Cas;
use super::folder::Place;
use super::import::{Given, ImportOutcome};
use super::import_error::ImportError;
use super::issuing::{check_holder, new_certificate};
use super::key_file::KeyFile;
use super::lineage::{Lineage, issued};
use super::material::{Above, OutFile, leaf_files};
use super::past::PastSources;
use super::pending::Pending;
use super::salvage_pieces::{identity_of, profile_of};
use super::{Error, Pki};
use crate::disk::{Access, read};
use crate::issue::Warning;
use crate::keys::sha256;
use crate::model::{Handle, Layout, Profile, Reason};
use crate::store::{CertificateId, CertificateRequest, NewCertificate, Record, Transaction};
use crate::x509::Certificate;
use zeroize::Zeroizing;

/// What was recorded, and what is to be released.
struct Recorded {
    action: &'static str,
    id: CertificateId,
    pending: Option<Pending>,
    /// Files that a certificate lacks which was recorded before.
    missing: Vec<OutFile>,
    authorities: Vec<String>,
    to_deliver: bool,
    warnings: Vec<Warning>,
}

impl Pki {
    /// Records a leaf that a CA here signed elsewhere, or takes the answer to a request.
    pub(super) fn import_leaf(&mut self, given: &Given, sources: &PastSources) -> Result<ImportOutcome, Error> {
        debug_assert!(sources.is_empty(), "a leaf with a past was refused");
        let Pki { place, store } = self;
        let files_were_there = place.home(&given.handle).is_there();
        let transaction = store.begin(crate::store::Access::Write)?;
        let recorded = place.record_leaf_of(&*transaction, given, files_were_there)?;
        let Recorded { action, id, pending, missing, authorities, to_deliver, warnings } = recorded;
        let Some(pending) = pending else {
            drop(transaction);
            self.add_leaf_files(&given.handle, &missing)?;
            return self.import_outcome(action, id, warnings);
        };
        if let Err(e) = transaction.commit() {
            pending.abandon(place);
            return Err(e.into());
        }
        let mut finish = || -> Result<(), Error> {
            self.release_leaf(&given.handle, id, pending.folder())?;
            self.remove_answered_request(&given.handle)?;
            if !authorities.is_empty() {
                self.publish()?;
            }
            if to_deliver {
                self.deliver(&given.handle)?;
            }
            Ok(())
        };
        finish().map_err(Error::not_released(&given.handle))?;
        let mut outcome = self.import_outcome(action, id, warnings)?;
        outcome.authorities = authorities;
        Ok(outcome)
    }

    /// Adds files to a leaf's folder, each at once and whole: what a kill leaves out, the same import adds again.
    fn add_leaf_files(&mut self, handle: &Handle, files: &[OutFile]) -> Result<(), Error> {
        if files.is_empty() {
            return Ok(());
        }
        let _lock = self.lock_leaves()?;
        let (disk, folder) = (&self.place.disk, self.place.leaf_folder(handle));
        disk.create_folder_all(&folder, Access::Private)?;
        disk.sweep(&folder, |_| true)?;
        // The key last: it says that the rest is there.
        for file in files.iter().filter(|f| f.name != KEY).chain(files.iter().filter(|f| f.name == KEY)) {
            disk.replace(&folder.join(file.name), &file.bytes, file.access)?;
        }
        Ok(())
    }
}

const KEY: &str = "key.pem";

impl Place {
    fn record_leaf_of(
        &self,
        transaction: &dyn Transaction,
        given: &Given,
        files_were_there: bool,
    ) -> Result<Recorded, Error> {
        let now = self.now();
        let (handle, certificate) = (&given.handle, &given.certificate);
        let cas = Cas::load(transaction)?;
        let request = self.answered(transaction, given)?;
        let signed_here = cas.iter().any(|c| issued(&c.certificate, certificate).is_ok());
        if !signed_here && request.is_none() {
            return Err(given.not_ours().into());
        }
        let lineage = Lineage::find(certificate, &given.bag, &cas)?;
        let spki = sha256(&certificate.public_key);
        // What exists is better known, whatever became of its key; what is new must not have such a key.
        if request.is_some() && transaction.is_barred(&spki)? {
            return Err(Error::KeyBarred { handle: handle.clone() });
        }
        let given_key = match (&request, &given.key) {
            (Some(_), _) => Some(self.request_key(given)?),
            (None, _) => given.key_pem.clone(),
        };
        if let Some(same) = known(transaction, certificate)? {
            return self.again(&cas, given, same, given_key);
        }
        let profile = request.as_ref().map_or_else(|| profile_of(certificate, false), |r| r.profile);
        let named = identity_of(certificate, profile, handle);
        let identity = request.as_ref().map_or_else(|| named.key(), |r| r.identity.clone());
        let holder = check_holder(transaction, handle, &identity, profile)?;
        let current = holder.map(|h| transaction.certificate(h.current)).transpose()?.flatten();
        if let Some(newer) = current.as_ref().filter(|r| r.not_before > certificate.not_before) {
            return Err(ImportError::Older { handle: handle.clone(), not_before: newer.not_before }.into());
        }
        self.home(handle).check_way(Layout::Folder)?;
        if current.is_none() && files_were_there {
            return Err(Error::UnknownFolder { path: self.home(handle).path().into() });
        }
        let key = match (given_key, &current) {
            (Some(key), _) => Some(key),
            // Renewed elsewhere with the key that lies here.
            (None, Some(before)) if before.spki_sha256 == spki => self.leaf_key_of(before)?,
            _ => None,
        };
        if key.is_none() && self.home(handle).has_key()? {
            return Err(ImportError::KeyReplaced { path: given.file.clone(), handle: handle.clone() }.into());
        }
        let mut warnings = if request.is_some() { given.findings(lineage.above.first()) } else { Vec::new() };
        let (nearest, authorities) = self.record_above(transaction, &cas, &lineage, handle, now, &mut warnings)?;
        let issuer = nearest.ok_or_else(|| Error::Internal("a leaf without an issuer".into()))?;
        let new = new_certificate(issuer, handle, &named, profile, certificate, now)?;
        let new =
            NewCertificate { identity, predecessor: current.as_ref().map(|r| r.id), key_here: key.is_some(), ..new };
        let id = transaction.record(&new)?;
        self.heed_foreign_crl(transaction, &cas, &new, now, &mut warnings)?;
        if transaction.revocation(issuer, &new.serial)?.is_some_and(|r| r.reason == Reason::KeyCompromise) {
            transaction.bar_key(&spki, now)?;
        }
        let action = match (&request, &current) {
            (Some(_), _) => "completed",
            (None, Some(_)) => "renewed",
            (None, None) => "recorded",
        };
        if request.is_some() {
            transaction.remove_request(handle)?;
        }
        let to_deliver = !transaction.deliveries(handle)?.is_empty();
        if to_deliver {
            transaction.set_deliveries_due(handle, true)?;
        }
        if !authorities.is_empty() {
            transaction.mark_unpublished()?;
        }
        transaction.note(now, action, Some(handle), &new.serial.to_string())?;
        let files = leaf_files(certificate, key.as_deref().map(Vec::as_slice), &Above::of(&lineage.above));
        let pending = Some(self.fill_pending(&new.serial.to_string(), &files)?);
        Ok(Recorded { action, id, pending, missing: Vec::new(), authorities, to_deliver, warnings })
    }

    /// A certificate that is recorded already: its files are made when they, or the key that was given, are not there.
    fn again(
        &self,
        cas: &Cas,
        given: &Given,
        record: Record,
        key: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Recorded, Error> {
        if record.handle != given.handle {
            let (profile, holder) = (record.profile, record.handle.to_string());
            let (handle, free) = (given.handle.clone(), record.handle.to_string());
            return Err(Error::NameTaken { handle, profile, holder, free });
        }
        let mut recorded = Recorded {
            action: "unchanged",
            id: record.id,
            pending: None,
            missing: Vec::new(),
            authorities: Vec::new(),
            to_deliver: false,
            warnings: Vec::new(),
        };
        let home = self.home(&given.handle);
        let complete = home.is_there() && (key.is_none() || home.has_key()?);
        if record.is_current && !complete {
            let chain: Vec<Certificate> = cas.chain(record.issuer).into_iter().map(|c| c.certificate.clone()).collect();
            recorded.missing = leaf_files(&given.certificate, key.as_deref().map(Vec::as_slice), &Above::of(&chain));
            recorded.action = "updated";
        }
        Ok(recorded)
    }

    /// The key in a leaf's folder, if it is there.
    fn leaf_key_of(&self, record: &Record) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        self.home(&record.handle).key_pem()
    }

    /// The request that a certificate answers: the one that waits under its handle.
    fn answered(&self, transaction: &dyn Transaction, given: &Given) -> Result<Option<CertificateRequest>, Error> {
        let Some(request) = transaction.request(&given.handle)? else { return Ok(None) };
        if request.spki_sha256 != sha256(&given.certificate.public_key) {
            return Err(ImportError::NotTheAnswer { path: given.file.clone(), handle: given.handle.clone() }.into());
        }
        if request.profile.is_ca() != given.certificate.is_ca() {
            let (handle, profile) = (given.handle.clone(), request.profile);
            return Err(ImportError::NotAsRequested { path: given.file.clone(), handle, profile }.into());
        }
        Ok(Some(request))
    }

    fn request_key(&self, given: &Given) -> Result<Zeroizing<Vec<u8>>, Error> {
        let path = self.request_folder(&given.handle).join("key.pem");
        Ok(Zeroizing::new(read(&path, super::authority::MAX_KEY_BYTES)?))
    }

    /// The key of the request that a CA's certificate answers, if it answers one.
    pub(super) fn answered_key(
        &self,
        transaction: &dyn Transaction,
        given: &Given,
        profile: Profile,
    ) -> Result<Option<KeyFile>, Error> {
        match self.answered(transaction, given)? {
            None => Ok(None),
            Some(request) if request.profile != profile => {
                let handle = given.handle.clone();
                Err(ImportError::NotAsRequested { path: given.file.clone(), handle, profile: request.profile }.into())
            }
            Some(_) => {
                let path = self.request_folder(&given.handle).join(KEY);
                KeyFile::read(&path, &given.name, &self.keyring.source).map(Some)
            }
        }
    }
}

/// The record of this very certificate.
pub(super) fn known(transaction: &dyn Transaction, certificate: &Certificate) -> Result<Option<Record>, Error> {
    let Some(serial) = &certificate.serial else { return Ok(None) };
    Ok(transaction.with_serial(serial)?.into_iter().find(|r| r.der == certificate.der()))
}
