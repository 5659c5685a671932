//! Finishing or undoing what a command that died left in `pending/`.

use super::authority::MAX_KEY_BYTES;
use super::folder::REQUESTS;
use super::key_custody::key_owner;
use super::pending::{is_batch, is_half_written, waiting_in_batch};
use super::request::request_owner;
use super::{Error, Pki};
use crate::disk::{ASIDE_PREFIX, Lock, decode_pem, entries, exists, read_optional};
use crate::model::{Handle, Serial};
use crate::x509::read_certificate;
use std::path::Path;
use zeroize::Zeroizing;

/// CRLs in `pending/` have folders of this prefix; certificates have their serial.
pub(super) const CRL_PREFIX: &str = "crl-";
const MAX_CERTIFICATE_BYTES: u64 = 16 << 20;

/// What was found in `pending/` and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recovered {
    /// The folder's name.
    pub entry: String,
    /// Whether it was finished; else it was undone.
    pub finished: bool,
    /// Why it could be neither: it stays as it is.
    pub failed: Option<String>,
}

impl Pki {
    /// Finishes or undoes what dead commands left behind: first thing in every command that writes.
    pub(super) fn recover(&mut self) -> Result<Vec<Recovered>, Error> {
        let mut done = self.recover_pending()?;
        let mut failed = |entry: &str, e: Error| {
            done.push(Recovered { entry: entry.into(), finished: false, failed: Some(e.to_string()) });
        };
        let (unpublished, due) = {
            let transaction = self.read()?;
            (transaction.unpublished()?.is_some(), transaction.due_deliveries()?)
        };
        // What cannot be finished now stays to be done: it must not stop a command about something else, and one that
        // needs it will say so itself.
        if unpublished && let Err(e) = self.publish() {
            failed("public", e);
        }
        for handle in due {
            if let Err(e) = self.deliver(&handle) {
                failed(handle.as_str(), e);
            }
        }
        for entry in entries(&self.place.root.join(REQUESTS))? {
            if let Ok(handle) = entry.parse::<Handle>()
                && let Err(e) = self.remove_answered_request(&handle)
            {
                failed(&entry, e);
            }
        }
        Ok(done)
    }

    /// Removes the folder of a request that was answered: its key has moved to where the certificate is.
    pub(super) fn remove_answered_request(&mut self, handle: &Handle) -> Result<(), Error> {
        let folder = self.place.request_folder(handle);
        if !exists(&folder) {
            return Ok(());
        }
        // Nobody puts a new request there meanwhile.
        let _lock = Lock::exclusive(&self.place.root.join(REQUESTS))?;
        let Some(key) = read_optional(&folder.join("key.pem"), MAX_KEY_BYTES)?.map(Zeroizing::new) else {
            return Ok(());
        };
        if self.read()?.request(handle)?.is_some() {
            return Ok(());
        }
        let ca_key = self.place.ca_folder(handle).join("key.pem");
        let ca_key = read_optional(&ca_key, MAX_KEY_BYTES)?.map(Zeroizing::new);
        for moved in [ca_key, self.place.home(handle).key_pem()?] {
            if moved.is_some_and(|m| *m == *key) {
                self.place.disk.remove(&folder)?;
            }
        }
        Ok(())
    }

    /// The half of [`Pki::recover`] that asks the inventory nothing while `pending/` is empty.
    pub(super) fn recover_pending(&mut self) -> Result<Vec<Recovered>, Error> {
        let pending = self.place.pending_folder();
        let mut done = Vec::new();
        if entries(&pending)?.is_empty() {
            return Ok(done);
        }
        let mut dead = Vec::new();
        {
            // Nobody can be between making a folder and locking it while this is held. It is let go before any work:
            // who works may have to wait for somebody who waits for it.
            let _exclusive = Lock::exclusive(&pending)?;
            for entry in entries(&pending)? {
                // Only folders are ours. A lock that is held: the command is alive and will finish by itself.
                let path = pending.join(&entry);
                if is_ours(entry.strip_prefix(ASIDE_PREFIX).unwrap_or(&entry))
                    && path.symlink_metadata().is_ok_and(|m| m.is_dir())
                    && let Ok(Some(lock)) = Lock::try_exclusive(&path)
                {
                    dead.push((entry, lock));
                }
            }
        }
        // A CRL goes into the folder of its CA, which may be one of these.
        // What a swap left aside is looked at when it is known what is in its place.
        dead.sort_by_key(|(entry, _)| (entry.starts_with(ASIDE_PREFIX), crl_owner(entry).is_some()));
        for (entry, _lock) in dead {
            let folder = pending.join(&entry);
            let finished = if let Some(name) = entry.strip_prefix(ASIDE_PREFIX) {
                self.recover_aside(name, &folder)
            } else {
                self.recover_entry(&entry, &folder)
            };
            done.push(match finished {
                Ok(finished) => Recovered { entry, finished, failed: None },
                Err(e) => Recovered { entry, finished: false, failed: Some(e.to_string()) },
            });
        }
        Ok(done)
    }

    /// Leaves that were made together: each as if it lay in `pending/` by itself. One that cannot be finished or undone now
    /// does not keep the others.
    fn recover_batch(&mut self, folder: &Path) -> Result<bool, Error> {
        let (mut finished, mut failed) = (false, None);
        let mut all = entries(folder)?;
        all.sort_by_key(|entry| entry.starts_with(ASIDE_PREFIX));
        for entry in all {
            let (path, aside) = (folder.join(&entry), entry.strip_prefix(ASIDE_PREFIX));
            let name = aside.unwrap_or(&entry);
            if is_half_written(&entry) {
                self.place.disk.remove(&path)?;
            }
            let Some((serial, _)) = waiting_in_batch(name) else { continue };
            let done = match aside {
                Some(_) => self.recover_aside(name, &path),
                None => self.recover_certificate(Some(serial), &path),
            };
            match done {
                Ok(done) => finished |= done,
                Err(e) => failed = Some(e),
            }
        }
        self.place.disk.remove_empty(folder)?;
        failed.map_or(Ok(finished), Err)
    }

    fn recover_entry(&mut self, entry: &str, folder: &Path) -> Result<bool, Error> {
        match (crl_owner(entry), request_owner(entry), key_owner(entry)) {
            (Some((number, generation, handle)), ..) => self.recover_crl(folder, &handle, generation, number),
            (_, Some(handle), _) => self.release_request(&handle, folder),
            (_, _, Some((generation, handle))) => self.settle_key(&handle, generation, folder),
            _ if is_batch(entry) => self.recover_batch(folder),
            _ if is_half_written(entry) => {
                self.place.disk.remove(folder)?;
                Ok(false)
            }
            (None, None, None) => self.recover_certificate(entry.parse().ok(), folder),
        }
    }

    /// What lay in a place that something else was about to take, where the two cannot be swapped in one step. Where
    /// nothing came, it goes back; else it is put away as after a swap, and what the user had in it goes to its place.
    fn recover_aside(&mut self, name: &str, folder: &Path) -> Result<bool, Error> {
        let requests = self.place.root.join(REQUESTS);
        // Whoever swaps holds one of these to the end.
        let _leaves = self.lock_leaves()?;
        let _cas = self.lock_public()?;
        let _requests = exists(&requests).then(|| Lock::exclusive(&requests)).transpose()?;
        if !exists(folder) {
            return Ok(false);
        }
        let target = match request_owner(name) {
            Some(handle) => Some(self.place.request_folder(&handle)),
            None => self.owner_of(first_certificate(&folder.join("cert.pem"))?.as_deref())?,
        };
        let Some(target) = target else {
            let path = folder.display();
            return Err(Error::Internal(format!("nobody knows whose `{path}` is: look at it and move it away")));
        };
        if exists(&target) {
            self.place.discard(folder, &target)?;
            return Ok(false);
        }
        self.place.disk.rename_new(folder, &target)?;
        Ok(true)
    }

    /// A certificate that waits in a folder, or a leaf in its combined file.
    fn recover_certificate(&mut self, serial: Option<Serial>, folder: &Path) -> Result<bool, Error> {
        // What comes out of the swap of a living command has no lock of its own: that command holds the lock of the place
        // until it has put it away.
        drop(self.lock_leaves()?);
        drop(self.lock_public()?);
        if !exists(folder) {
            return Ok(false);
        }
        let is_file = folder.is_file();
        let on_disk = first_certificate(&if is_file { folder.to_path_buf() } else { folder.join("cert.pem") })?;
        let record = match (&serial, &on_disk) {
            (Some(serial), Some(der)) => self.read()?.with_serial(serial)?.into_iter().find(|r| r.der == *der),
            _ => None,
        };
        match record {
            // Recorded and not released: the row says that it exists.
            Some(r) if r.is_current => {
                if r.profile.is_ca() {
                    self.mark_unpublished()?;
                    self.release_ca(&r.handle, r.id, folder)?;
                } else {
                    self.release_leaf(&r.handle, r.id, folder)?;
                }
                Ok(true)
            }
            // Never recorded, replaced meanwhile, or the old files after the swap: none of it is needed, but what the user
            // had put there.
            _ => {
                match self.owner_of(on_disk.as_deref())?.filter(|_| !is_file) {
                    Some(target) => self.place.discard(folder, &target)?,
                    None => self.place.disk.remove(folder)?,
                }
                Ok(false)
            }
        }
    }

    /// Before something published changes place: who publishes beside us may have looked before it did.
    fn mark_unpublished(&mut self) -> Result<(), Error> {
        let transaction = self.write()?;
        transaction.mark_unpublished()?;
        Ok(transaction.commit()?)
    }

    /// The folder that a recorded certificate belongs to.
    fn owner_of(&mut self, der: Option<&[u8]>) -> Result<Option<std::path::PathBuf>, Error> {
        let Some(der) = der else { return Ok(None) };
        let Some(serial) = read_certificate(der).ok().and_then(|c| c.serial) else { return Ok(None) };
        let record = self.read()?.with_serial(&serial)?.into_iter().find(|r| r.der == der);
        Ok(record.map(|r| {
            if r.profile.is_ca() { self.place.ca_folder(&r.handle) } else { self.place.leaf_folder(&r.handle) }
        }))
    }

    fn recover_crl(&mut self, folder: &Path, handle: &Handle, generation: u32, number: u64) -> Result<bool, Error> {
        let recorded = {
            let transaction = self.read()?;
            let of = |a: &crate::store::Authority| a.handle == *handle && a.generation == generation;
            match transaction.authorities()?.into_iter().find(of) {
                Some(a) => transaction.last_crl(a.id)?.is_some_and(|c| c.number == number),
                None => false,
            }
        };
        if recorded {
            self.mark_unpublished()?;
            self.release_crl(handle, generation, number, folder)?;
        }
        self.place.disk.remove(folder)?;
        Ok(recorded)
    }
}

/// Whether a name in `pending/` is one that we give.
fn is_ours(name: &str) -> bool {
    crl_owner(name).is_some()
        || request_owner(name).is_some()
        || key_owner(name).is_some()
        || is_batch(name)
        || is_half_written(name)
        || name.parse::<Serial>().is_ok_and(|s| s.to_string() == name)
}

/// `crl-<number>-<generation>-<handle>`
pub(super) fn crl_owner(name: &str) -> Option<(u64, u32, Handle)> {
    let (number, rest) = name.strip_prefix(CRL_PREFIX)?.split_once('-')?;
    let (generation, handle) = rest.split_once('-')?;
    Some((number.parse().ok()?, generation.parse().ok()?, handle.parse().ok()?))
}

fn first_certificate(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let Some(bytes) = read_optional(path, MAX_CERTIFICATE_BYTES)? else { return Ok(None) };
    let Ok(blocks) = decode_pem(&bytes) else { return Ok(None) };
    let first = blocks.into_iter().find(|b| b.label == "CERTIFICATE").map(|b| b.der);
    Ok(first.filter(|der| read_certificate(der).is_ok()))
}
