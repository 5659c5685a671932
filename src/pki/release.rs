//! Moving what was recorded from `pending/` to its place.

use super::folder::{CERTS, Place};
use super::pending::{PendingBatch, is_batch, waiting_in_batch};
use super::{Error, Pki};
use crate::disk::{Access, Lock, entries, exists};
use crate::model::{Handle, Layout, Serial};
use crate::store::CertificateId;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// How the file of an encrypted key begins.
pub(super) const ENCRYPTED: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
/// What a leaf's folder holds of ours; anything else in it is the user's.
pub(super) const LEAF_FILES: [&str; 5] = ["cert.pem", "key.pem", "chain.pem", "fullchain.pem", "ca.pem"];
/// The same of a CA's folder, besides its earlier generations.
pub(super) const CA_FILES: [&str; 4] = ["cert.pem", "key.pem", "chain.pem", "crl.pem"];
/// The folders of earlier generations inside a CA's folder.
pub(super) const GENERATION: &str = "gen-";

/// Where a combined file with the key of a leaf waits for the folder that takes its place to be in place.
pub(super) const SET_ASIDE: &str = ".new-key.pem.0";

impl Pki {
    /// Takes the lock under which leaf folders and deliveries change. Nobody waits for it inside a transaction.
    pub(super) fn lock_leaves(&self) -> Result<Lock, Error> {
        let folder = self.place.root.join(CERTS);
        self.place.disk.ensure_folder(&folder, Access::Private)?;
        Ok(Lock::exclusive(&folder)?)
    }

    /// Moves a recorded leaf from `pending/` to its place, unless a newer one was recorded meanwhile: the newest
    /// certificate and its key are never replaced by older ones. What the user put into the folder stays.
    pub(super) fn release_leaf(&mut self, handle: &Handle, id: CertificateId, pending: &Path) -> Result<(), Error> {
        let _lock = self.lock_leaves()?;
        let newest = self.is_newest(handle, id)?;
        self.place.release_locked(handle, newest, pending)
    }

    /// Moves a recorded CA from `pending/` to its place, unless a newer one was recorded meanwhile.
    pub(super) fn release_ca(&mut self, handle: &Handle, id: CertificateId, pending: &Path) -> Result<(), Error> {
        let _lock = self.lock_public()?;
        let (disk, target) = (self.place.disk, self.place.ca_folder(handle));
        if !self.is_newest(handle, id)? {
            return self.place.discard(pending, &target);
        }
        let earlier = entries(pending)?.iter().any(|e| e.starts_with(GENERATION));
        if !exists(&pending.join("key.pem")) && !earlier && exists(&target) {
            // A renewal: key, CRL and earlier generations stay where they are. The certificate moves last, because it
            // says what the folder in `pending/` is.
            for name in ["chain.pem", "cert.pem"] {
                if exists(&pending.join(name)) {
                    disk.rename_over(&pending.join(name), &target.join(name))?;
                }
            }
            return Ok(disk.remove(pending)?);
        }
        // CRLs of earlier generations may have been written since they were copied.
        for entry in entries(pending)?.into_iter().filter(|e| e.starts_with(GENERATION)) {
            let newest = if exists(&target.join(&entry)) { target.join(&entry) } else { target.clone() };
            if let Some(crl) = crate::disk::read_optional(&newest.join("crl.pem"), super::publish::MAX_CRL_BYTES)? {
                disk.replace_if_changed(&pending.join(&entry).join("crl.pem"), &crl, Access::Public)?;
            }
        }
        self.place.release_folder(pending, &target)
    }

    /// As [`Pki::release_leaf`], for leaves that were made together: one lock, and the folders are synced once. What became
    /// of each stands in the same order.
    pub(super) fn release_leaves(
        &mut self,
        batch: PendingBatch,
        leaves: &[(&Handle, CertificateId, PathBuf)],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let _lock = self.lock_leaves()?;
        let newest = {
            let transaction = self.read()?;
            let newest = |(handle, id, _): &(&Handle, CertificateId, PathBuf)| -> Result<bool, Error> {
                Ok(transaction.holder(handle)?.is_some_and(|h| h.current == *id))
            };
            leaves.iter().map(newest).collect::<Result<Vec<_>, _>>()?
        };
        let place = &*self.place;
        // What is not needed goes when everything else is durable.
        let mut unneeded = Vec::new();
        let mut released: Vec<Result<(), Error>> = Vec::with_capacity(leaves.len());
        for ((handle, _, pending), newest) in leaves.iter().zip(newest) {
            let placed = if newest { place.put_in_place(handle, pending) } else { Ok(true) };
            if matches!(placed, Ok(true)) {
                unneeded.push((pending, *handle));
            }
            released.push(placed.map(drop));
        }
        place.disk.sync_folder(&place.root.join(CERTS))?;
        if !unneeded.is_empty() {
            place.disk.sync_folder(batch.folder())?;
        }
        for (pending, handle) in unneeded {
            place.clear_away(handle, pending)?;
        }
        if let Err(e) = batch.close(place)
            && let Some(last) = released.last_mut().filter(|r| r.is_ok())
        {
            *last = Err(e);
        }
        Ok(released)
    }

    fn is_newest(&mut self, handle: &Handle, id: CertificateId) -> Result<bool, Error> {
        Ok(self.read()?.holder(handle)?.is_some_and(|h| h.current == id))
    }
}

impl Place {
    /// Whether a certificate still waits to be released, by itself or among others: it is recorded, and its files are not in
    /// their place. Who asks under the lock of its folders knows that it stays so.
    pub(super) fn is_pending(&self, serial: &Serial) -> bool {
        let (pending, serial) = (self.pending_folder(), serial.to_string());
        exists(&pending.join(&serial))
            || entries(&pending).unwrap_or_default().iter().any(|e| {
                let batch = pending.join(e);
                is_batch(e)
                    && (exists(&batch.join(&serial)) || exists(&batch.join(super::pending::combined_name(&serial))))
            })
    }

    /// The certificates that wait to be released, by themselves or among others.
    pub(super) fn waiting(&self) -> Result<HashSet<Serial>, Error> {
        let pending = self.pending_folder();
        let mut all = HashSet::new();
        for entry in entries(&pending)? {
            if is_batch(&entry) {
                all.extend(entries(&pending.join(&entry))?.iter().filter_map(|e| waiting_in_batch(e)).map(|(s, _)| s));
            } else if let Ok(serial) = entry.parse() {
                all.insert(serial);
            }
        }
        Ok(all)
    }

    /// Moves what waits for a leaf to its place, or away when a newer certificate was recorded. The caller holds the lock of
    /// the leaves.
    pub(super) fn release_locked(&self, handle: &Handle, newest: bool, pending: &Path) -> Result<(), Error> {
        if newest {
            self.put_in_place(handle, pending)?;
            self.disk.sync_folder(&self.root.join(CERTS))?;
            self.disk.sync_folder(pending.parent().unwrap_or(pending))?;
        }
        self.clear_away(handle, pending)
    }

    /// Moves what waits for a leaf to its place; nothing is synced but what the order of the steps depends on. Returns
    /// whether there is anything to clear away.
    fn put_in_place(&self, handle: &Handle, pending: &Path) -> Result<bool, Error> {
        let (folder, file, home) = (self.leaf_folder(handle), self.combined_file(handle), self.home(handle));
        if pending.symlink_metadata().is_ok_and(|m| m.is_file()) {
            home.check_way(Layout::Combined)?;
            self.disk.rename_over_unsynced(pending, &file)?;
            return Ok(!home.is_free());
        }
        home.check_way(Layout::Folder)?;
        if home.layout == Layout::Combined {
            // While both are there the file counts: it goes first, to where whoever recovers finds it.
            self.disk.rename_over(&file, &pending.join(SET_ASIDE))?;
        }
        match self.disk.rename_new_unsynced(pending, &folder) {
            Err(e) if e.kind() == Some(io::ErrorKind::AlreadyExists) => {
                self.disk.exchange_unsynced(pending, &folder)?
            }
            other => other?,
        }
        Ok(!home.is_free())
    }

    /// Removes what is not needed when the newest files of a leaf are in their place, and that is durable.
    fn clear_away(&self, handle: &Handle, pending: &Path) -> Result<(), Error> {
        let folder = self.leaf_folder(handle);
        if exists(pending) {
            if pending.is_dir() {
                self.discard(pending, &folder)?;
            } else {
                self.disk.remove(pending)?;
            }
        }
        match self.home(handle).remains() {
            Some(folder) => self.clear_folder(folder),
            None => Ok(self.disk.remove(&folder.join(SET_ASIDE))?),
        }
    }

    /// Removes our files from a leaf's folder, and the folder when nothing else is in it.
    pub(super) fn clear_folder(&self, folder: &Path) -> Result<(), Error> {
        for name in LEAF_FILES.into_iter().chain([SET_ASIDE]) {
            self.disk.remove(&folder.join(name))?;
        }
        Ok(self.disk.remove_empty(folder)?)
    }

    /// Moves a pending folder to its place. What was there before is removed, except for what the user put there.
    pub(super) fn release_folder(&self, pending: &Path, target: &Path) -> Result<(), Error> {
        if exists(target) {
            self.disk.exchange(pending, target)?;
            self.discard(pending, target)
        } else {
            Ok(self.disk.rename_new(pending, target)?)
        }
    }

    /// Removes a pending folder that is not needed; what the user had put into it goes to its place.
    pub(super) fn discard(&self, pending: &Path, target: &Path) -> Result<(), Error> {
        if target.is_dir() {
            let ours = |n: &str| {
                LEAF_FILES.contains(&n) || CA_FILES.contains(&n) || n.starts_with(GENERATION) || n.starts_with(".new-")
            };
            self.disk.move_others(pending, target, ours)?;
        }
        Ok(self.disk.remove(pending)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::renew_one::{Step, When};
    use super::super::{CaRequest, LeafRequest, RenewRequest};
    use super::*;
    use crate::model::Profile;
    use crate::pki::Again;
    use std::fs;

    /// A leaf `a` with two certificates, of which the newer one is recorded and waits in `waiting` below `pending/`; returns
    /// the PKI, the folder in which its files wait, and where the older ones are.
    fn unreleased(root: &Path, batch: bool) -> (Pki, PathBuf, PathBuf) {
        let request = CaRequest::new(Profile::Root, "Root").unwrap();
        let (mut pki, _) = Pki::root_ca(root, &request).unwrap();
        let mut request = LeafRequest::new(Profile::Client, "a").unwrap();
        pki.leaf(&request).unwrap();
        let (home, before) = (root.join("certs/a"), root.join("before"));
        let status = std::process::Command::new("cp").arg("-a").arg(&home).arg(&before).status().unwrap();
        assert!(status.success());
        request.again = Again::Force;
        let serial = pki.leaf(&request).unwrap().certificate.serial.clone();
        let waiting =
            if batch { root.join("pending/batch-7f").join(&serial) } else { root.join("pending").join(&serial) };
        fs::create_dir_all(waiting.parent().unwrap()).unwrap();
        fs::rename(&home, &waiting).unwrap();
        fs::rename(&before, &home).unwrap();
        assert!(pki.place.is_pending(&serial.parse().unwrap()));
        (pki, waiting, home)
    }

    #[test]
    fn files_of_what_waits_are_not_written_before_its_key() {
        for batch in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (mut pki, waiting, home) = unreleased(&folder.path().join("pki"), batch);
            let before = fs::read(home.join("cert.pem")).unwrap();
            assert_eq!(pki.restore(&"a".parse().unwrap(), None).unwrap(), None);
            assert_eq!(fs::read(home.join("cert.pem")).unwrap(), before, "the certificate of the key that is there");
            // Released, it is restored as ever.
            fs::remove_dir_all(&home).unwrap();
            fs::rename(&waiting, &home).unwrap();
            let good = fs::read(home.join("cert.pem")).unwrap();
            fs::write(home.join("cert.pem"), "").unwrap();
            assert_eq!(pki.restore(&"a".parse().unwrap(), None).unwrap(), Some(Vec::new()));
            assert_eq!(fs::read(home.join("cert.pem")).unwrap(), good);
        }
    }

    #[test]
    fn who_renews_waits_for_what_another_command_is_about_to_release() {
        for batch in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (mut pki, waiting, home) = unreleased(&folder.path().join("pki"), batch);
            let release = std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(50));
                // In one step, as every release is.
                crate::disk::Disk::default().exchange(&waiting, &home).unwrap();
                fs::remove_dir_all(&waiting).unwrap();
            });
            let renewed = pki.renew_handle(&"a".parse().unwrap(), &RenewRequest::default(), &When::Now);
            release.join().unwrap();
            assert!(matches!(renewed.unwrap(), Step::Issued(_)), "{batch}");
        }
    }
}
