//! Moving a CA's key out of the PKI folder, and back: at every instant it is in one place at least, and the inventory says
//! where.
//!
//! On its way out of, or into, the CA's folder the file is in `pending/key-<generation>-<handle>/`: with the inventory
//! saying that it is here the next command puts it back, with the inventory saying that it is not it is removed.

use super::authority::{Ca, Cas, MAX_KEY_BYTES};
use super::deliver::inside;
use super::folder::{CA, CERTS, PENDING, PUBLIC, REQUESTS};
use super::key_file::KeyFile;
use super::key_subject::{KeyOutcome, KeySubject};
use super::pending::Pending;
use super::{CustodyError, Error, Pki};
use crate::disk::{Access, exists, is_same, read, read_optional};
use crate::issue::Warning;
use crate::keys::KeyDocument;
use crate::model::Handle;
use crate::store::{Authority, AuthorityId, KeyPlace};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Keys on their way have folders of this prefix in `pending/`.
const KEY_PREFIX: &str = "key-";
const KEY: &str = "key.pem";

impl Pki {
    /// Moves the key of a CA out of the PKI folder: the copy is written, synced, read back and recorded before the key is
    /// removed. Before that the CA signs a CRL that lasts.
    ///
    /// # Errors
    /// [`Error`]; the key is then where it was. [`CustodyError::NotACa`], [`CustodyError::KeyElsewhere`].
    pub fn detach_key(&mut self, name: &str, output: &Path) -> Result<KeyOutcome, Error> {
        let output = super::folder::absolute(output)?;
        self.again(|pki| pki.try_detach_key(name, &output))
    }

    fn try_detach_key(&mut self, name: &str, output: &Path) -> Result<KeyOutcome, Error> {
        let subject = self.key_subject(name)?;
        let ca = the_ca(&subject)?;
        // A mount may show the same folder by another path.
        let root = &self.place.root;
        let mut folders: Vec<PathBuf> = [PUBLIC, CA, CERTS, PENDING, REQUESTS].map(|f| root.join(f)).into();
        folders.extend([Some(root.as_path()), subject.path.parent()].into_iter().flatten().map(Path::to_path_buf));
        let is_ours = |above: &Path| folders.iter().any(|f| is_same(above, f));
        if inside(output, &self.place.root) || output.ancestors().skip(1).any(is_ours) {
            return Err(CustodyError::OutputInside { path: output.into() }.into());
        }
        if !exists(&subject.path)
            && subject.elsewhere != Some(KeyPlace::Foreign)
            && let Some(outcome) = self.is_there_already(&subject, ca, output)?
        {
            return Ok(outcome);
        }
        let before = subject.read()?;
        let key = self.open_key(&subject, &before)?;
        if is_same(output, &subject.path) {
            return Err(CustodyError::OutputIsKey { path: output.into() }.into());
        }
        let copied = read_optional(output, MAX_KEY_BYTES)?.map(Zeroizing::new);
        if copied.as_ref().is_some_and(|c| **c != *before.bytes) {
            return Err(CustodyError::OutputExists { path: output.into() }.into());
        }
        self.place.keyring.remember(&before.bytes, &key)?;
        let cas = Cas::load(&*self.read()?)?;
        if copied.is_none() {
            self.place.disk.create_verified(output, &before.bytes, Access::Private)?;
        } else {
            self.place.disk.sync_file(output)?;
        }
        let crl_number = match self.long_crl(&cas, ca.id()) {
            Ok(number) => number,
            Err(e) => {
                if copied.is_none() {
                    self.place.disk.remove(output)?;
                }
                return Err(e);
            }
        };
        let pending = Pending::create(&self.place, &pending_name(ca))?;
        let moved = (|| {
            self.place.disk.sync_folder(&self.place.pending_folder())?;
            let _lock = self.lock_public()?;
            subject.check_unchanged(&before)?;
            self.place.disk.rename_new(&subject.path, &pending.folder().join(KEY))?;
            // What was just moved away must not be what the copy was.
            self.place.disk.verify(output, &before.bytes)?;
            Ok(self.place.disk.sync_folder(subject.path.parent().unwrap_or(&subject.path))?)
        })();
        if let Err(e) = moved.and_then(|()| self.record_place(ca.id(), &subject.handle, KeyPlace::Detached)) {
            // The next command puts it back if that cannot be done now.
            drop(self.settle_key(&subject.handle, ca.authority.generation, pending.folder()));
            if copied.is_none() && subject.check_unchanged(&before).is_ok() {
                // The key is where it was: no copy of it stays about.
                self.place.disk.remove(output)?;
            }
            return Err(e);
        }
        self.place.disk.remove(pending.folder()).map_err(Error::from).map_err(half_done(&subject))?;
        let mut outcome = detached(&subject, "detached", output, before.document.is_encrypted());
        outcome.crl_number = crl_number;
        outcome.warnings.extend(self.too_open(output)?);
        outcome.warnings.extend(self.place.keyring.source.warnings());
        Ok(outcome)
    }

    /// A key that is not here and is in the file that was named: that was asked for before, or somebody moved it by hand,
    /// and then the inventory learns of it.
    fn is_there_already(&mut self, subject: &KeySubject, ca: &Ca, output: &Path) -> Result<Option<KeyOutcome>, Error> {
        let Some(bytes) = read_optional(output, MAX_KEY_BYTES)?.map(Zeroizing::new) else { return Ok(None) };
        let encrypted = KeyDocument::needs_passphrase(&bytes);
        let given = KeyFile::read(output, subject.handle.as_str(), &self.place.keyring.source)?;
        subject.check_key(given.signer().key(), output)?;
        if subject.elsewhere == Some(KeyPlace::Detached) {
            return Ok(Some(detached(subject, "unchanged", output, encrypted)));
        }
        self.record_place(ca.id(), &subject.handle, KeyPlace::Detached)?;
        Ok(Some(detached(subject, "detached", output, encrypted)))
    }

    /// Brings the key of a CA back into the PKI folder, from a file in any form that is read here. The file stays.
    ///
    /// # Errors
    /// [`Error`]; nothing has changed then. [`Error::KeyFile`] when it is not this CA's key.
    pub fn attach_key(&mut self, name: &str, file: &Path) -> Result<KeyOutcome, Error> {
        self.recover()?;
        let subject = self.key_subject(name)?;
        let ca = the_ca(&subject)?;
        if subject.elsewhere == Some(KeyPlace::Foreign) {
            return Err(
                CustodyError::KeyElsewhere { handle: subject.handle.clone(), place: KeyPlace::Foreign.name() }.into()
            );
        }
        let given = KeyFile::read(file, subject.handle.as_str(), &self.place.keyring.source)?;
        subject.check_key(given.signer().key(), file)?;
        let mut outcome = subject.outcome("attached", given.is_encrypted());
        outcome.warnings.extend(self.place.keyring.source.warnings());
        if exists(&subject.path) {
            let here = subject.read().and_then(|here| self.open_key(&subject, &here).map(|_| here));
            let here = here.map_err(|e| match e {
                Error::KeyFile { .. } => CustodyError::OutputExists { path: subject.path.clone() }.into(),
                other => other,
            })?;
            if subject.elsewhere.is_some() {
                self.record_place(ca.id(), &subject.handle, KeyPlace::Here)?;
            } else {
                outcome.action = "unchanged";
            }
            outcome.encrypted = here.document.is_encrypted();
            return Ok(outcome);
        }
        let pending = Pending::create(&self.place, &pending_name(ca))?;
        let written =
            self.place.disk.create_verified(&pending.folder().join(KEY), given.pem().expose(), Access::Private);
        let recorded = written
            .and_then(|()| self.place.disk.sync_folder(&self.place.pending_folder()))
            .map_err(Error::from)
            .and_then(|()| self.record_place(ca.id(), &subject.handle, KeyPlace::Here));
        if let Err(e) = recorded {
            pending.abandon(&self.place);
            return Err(e);
        }
        let settled = self.settle_key(&subject.handle, ca.authority.generation, pending.folder());
        settled.map_err(half_done(&subject))?;
        Ok(outcome)
    }

    /// FAT keeps no modes, and says nothing of it: what was to be closed is as open as the mount says.
    fn too_open(&self, key: &Path) -> Result<Option<Warning>, Error> {
        let mode = self.place.disk.mode(key)? & 0o777;
        let text = || {
            format!(
                "`{}` has mode {mode:04o}, so others can read it: mount its file system for you alone, or set the mode",
                key.display()
            )
        };
        Ok((mode & 0o077 != 0).then(|| Warning::new("key-readable", text())))
    }

    /// Signs the CRL of a CA that lasts as long as one does whose key is not at hand. Nothing when it signs none now.
    pub(super) fn long_crl(&mut self, cas: &Cas, id: AuthorityId) -> Result<Option<u64>, Error> {
        let Some(ca) = cas.by_id(id).filter(|c| c.authority.past_known) else { return Ok(None) };
        if cas.problem(id, self.place.now()).is_some() {
            return Ok(None);
        }
        let number = self.write_long_crl(cas, ca)?;
        self.publish().map_err(Error::not_released("the new CRL"))?;
        Ok(Some(number))
    }

    fn record_place(&mut self, id: AuthorityId, handle: &Handle, place: KeyPlace) -> Result<(), Error> {
        let now = self.place.now();
        let transaction = self.write()?;
        transaction.set_key_place(id, place)?;
        let act = if place == KeyPlace::Here { "attached" } else { "detached" };
        transaction.note(now, "key", Some(handle), act)?;
        Ok(transaction.commit()?)
    }

    /// Finishes or undoes what is left of moving a key. Returns whether it was put into its place.
    pub(super) fn settle_key(&mut self, handle: &Handle, generation: u32, folder: &Path) -> Result<bool, Error> {
        let _lock = self.lock_public()?;
        let ca = {
            let cas = Cas::load(&*self.read()?)?;
            let of = |a: &Authority| a.handle == *handle && a.generation == generation;
            cas.iter().find(|c| of(&c.authority)).cloned()
        };
        let here = ca.as_ref().filter(|c| c.authority.key_place == KeyPlace::Here);
        let from = folder.join(KEY);
        let mut put_back = false;
        if let Some(ca) = here.filter(|_| exists(&from)) {
            let to = self.place.ca_key_path(ca);
            if !exists(&to) {
                self.place.disk.rename_new(&from, &to)?;
                put_back = true;
            } else if Zeroizing::new(read(&from, MAX_KEY_BYTES)?) != Zeroizing::new(read(&to, MAX_KEY_BYTES)?) {
                return Err(CustodyError::OutputExists { path: to }.into());
            }
        }
        self.place.disk.remove(folder)?;
        Ok(put_back)
    }
}

/// `key-<generation>-<handle>`
pub(super) fn key_owner(name: &str) -> Option<(u32, Handle)> {
    let (generation, handle) = name.strip_prefix(KEY_PREFIX)?.split_once('-')?;
    Some((generation.parse().ok()?, handle.parse().ok()?))
}

fn pending_name(ca: &Ca) -> String {
    key_entry(ca.authority.generation, ca.handle())
}

/// The folder in `pending/` of a key on its way.
pub(super) fn key_entry(generation: u32, handle: &Handle) -> String {
    format!("{KEY_PREFIX}{generation}-{handle}")
}

fn the_ca(subject: &KeySubject) -> Result<&Ca, Error> {
    let not = || CustodyError::NotACa { handle: subject.handle.clone(), profile: subject.profile };
    Ok(subject.ca.as_ref().ok_or_else(not)?)
}

fn detached(subject: &KeySubject, action: &'static str, output: &Path, encrypted: bool) -> KeyOutcome {
    let mut outcome = subject.outcome(action, encrypted);
    outcome.key = KeyPlace::Detached.name();
    outcome.file = output.into();
    outcome
}

fn half_done(subject: &KeySubject) -> impl FnOnce(Error) -> Error {
    Error::not_released(format!("where the key of {} is", subject.handle))
}
