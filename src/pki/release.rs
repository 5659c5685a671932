//! Pending folders: written and synced before the inventory knows, moved into place after.

use super::folder::Place;
use super::material::OutFile;
use super::{Error, Pki};
use crate::disk::{Access, Flush, Lock, Source, entries, exists};
use crate::keys::random_serial;
use crate::model::{Handle, Serial};
use crate::store::CertificateId;
use std::io;
use std::path::{Path, PathBuf};

/// How the file of an encrypted key begins.
pub(super) const ENCRYPTED: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
/// What a leaf's folder holds of ours; anything else in it is the user's.
const LEAF_FILES: [&str; 5] = ["cert.pem", "key.pem", "chain.pem", "fullchain.pem", "ca.pem"];
/// The same of a CA's folder, besides its earlier generations.
pub(super) const CA_FILES: [&str; 4] = ["cert.pem", "key.pem", "chain.pem", "crl.pem"];
/// The folders of earlier generations inside a CA's folder.
pub(super) const GENERATION: &str = "gen-";

/// A half-done issue on the disk. While its process lives it holds the lock, so that nobody else finishes or removes it.
pub(super) struct Pending {
    folder: PathBuf,
    _lock: Lock,
}

impl Pending {
    /// Makes `pending/<name>/`.
    pub fn create(place: &Place, name: &str) -> Result<Self, Error> {
        let parent = place.pending_folder();
        let folder = parent.join(name);
        place.disk.ensure_folder(&parent, Access::Private)?;
        // Recovery holds this lock exclusively while it looks: it never sees a folder that is not locked yet.
        let _shared = Lock::shared(&parent)?;
        place.disk.create_folder(&folder, Access::Private)?;
        let lock = Lock::try_exclusive(&folder)?.ok_or_else(|| Error::Internal("a new folder was locked".into()))?;
        Ok(Pending { folder, _lock: lock })
    }

    /// Writes the files and makes them durable.
    pub fn fill(&self, place: &Place, files: &[OutFile]) -> Result<(), Error> {
        place.disk.create_all(&self.folder, files.iter().map(|f| (f.name, &f.bytes[..], f.access)))?;
        place.disk.sync_folder(&place.pending_folder())?;
        // An encrypted key was opened before it came here: what lies on the disk is the same.
        for file in files.iter().filter(|f| f.bytes.starts_with(ENCRYPTED)) {
            place.disk.verify(&self.folder.join(file.name), &file.bytes)?;
        }
        Ok(())
    }

    /// Writes one large file and makes it durable.
    pub fn write(&self, place: &Place, name: &str, source: Source<'_>) -> Result<(), Error> {
        place.disk.create_streamed(&self.folder.join(name), source, Access::Public)?;
        place.disk.sync_folder(&self.folder)?;
        place.disk.sync_folder(&place.pending_folder())?;
        Ok(())
    }

    /// Adds the folder of the active generation as an earlier one, and those that are earlier already, copied whole.
    pub fn add_earlier(&self, place: &Place, name: &str, from: &Path) -> Result<(), Error> {
        copy_folder(place, from, &self.folder.join(name))?;
        for entry in entries(from)?.iter().filter(|e| e.starts_with(GENERATION)) {
            copy_folder(place, &from.join(entry), &self.folder.join(entry))?;
        }
        Ok(())
    }

    /// Gives up: nothing was recorded.
    pub fn abandon(self, place: &Place) {
        // The folder is removed by the next command if it cannot be removed now.
        drop(place.disk.remove(&self.folder));
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Leaves that are being made together, each in `<serial>/` of one folder in `pending/`: one lock, and one sync.
pub(super) struct PendingBatch {
    pending: Pending,
    flush: Flush,
}

/// How the folder of such a batch is named in `pending/`, before a random number.
const BATCH: &str = "batch-";

/// Whether a folder in `pending/` is one of leaves that were made together.
pub(super) fn is_batch(name: &str) -> bool {
    name.strip_prefix(BATCH).is_some_and(|n| n.parse::<Serial>().is_ok_and(|s| s.to_string() == n))
}

impl PendingBatch {
    /// Makes its folder.
    pub fn create(place: &Place) -> Result<Self, Error> {
        let number = random_serial().map_err(|e| Error::Internal(e.to_string()))?;
        let pending = Pending::create(place, &format!("{BATCH}{number}"))?;
        // Opened before anything is written, so that the sync tells of every write that failed.
        let flush = Flush::of(pending.folder())?;
        Ok(PendingBatch { pending, flush })
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.pending.folder()
    }

    /// Where a leaf of this serial waits.
    pub fn folder_of(&self, serial: &Serial) -> PathBuf {
        self.pending.folder().join(serial.to_string())
    }

    /// Makes durable what was written, for about so many files.
    pub fn sync(&self, place: &Place, files: usize) -> Result<(), Error> {
        self.flush.sync(files)?;
        Ok(place.disk.sync_folder(&place.pending_folder())?)
    }

    /// Gives up: nothing was recorded.
    pub fn abandon(self, place: &Place) {
        self.pending.abandon(place);
    }
}

impl Pki {
    /// Takes the lock under which leaf folders and deliveries change. Nobody waits for it inside a transaction.
    pub(super) fn lock_leaves(&self) -> Result<Lock, Error> {
        let folder = self.place.root.join(super::folder::CERTS);
        self.place.disk.ensure_folder(&folder, Access::Private)?;
        Ok(Lock::exclusive(&folder)?)
    }

    /// Moves a recorded leaf from `pending/` to its place, unless a newer one was recorded meanwhile: the newest
    /// certificate and its key are never replaced by older ones. What the user put into the folder stays.
    pub(super) fn release_leaf(&mut self, handle: &Handle, id: CertificateId, pending: &Path) -> Result<(), Error> {
        let _lock = self.lock_leaves()?;
        let target = self.place.leaf_folder(handle);
        if !self.is_newest(handle, id)? {
            return self.place.discard(pending, &target);
        }
        self.place.release_folder(pending, &target)
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
        leaves: &[(&Handle, CertificateId, Serial)],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let _lock = self.lock_leaves()?;
        let newest = {
            let transaction = self.read()?;
            let newest = |(handle, id, _): &(&Handle, CertificateId, Serial)| -> Result<bool, Error> {
                Ok(transaction.holder(handle)?.is_some_and(|h| h.current == *id))
            };
            leaves.iter().map(newest).collect::<Result<Vec<_>, _>>()?
        };
        let place = &*self.place;
        // What is not needed goes when everything else is durable.
        let mut unneeded = Vec::new();
        let mut release = |((handle, _, serial), newest): (&(&Handle, CertificateId, Serial), bool)| {
            let (pending, target) = (batch.folder_of(serial), place.leaf_folder(handle));
            if newest {
                match place.disk.rename_new_unsynced(&pending, &target) {
                    Err(e) if e.kind() == Some(io::ErrorKind::AlreadyExists) => {
                        place.disk.exchange_unsynced(&pending, &target)?;
                    }
                    other => return Ok(other?),
                }
            }
            unneeded.push((pending, target));
            Ok(())
        };
        let mut released: Vec<Result<(), Error>> = leaves.iter().zip(newest).map(&mut release).collect();
        place.disk.sync_folder(&place.root.join(super::folder::CERTS))?;
        if !unneeded.is_empty() {
            place.disk.sync_folder(batch.pending.folder())?;
        }
        for (pending, target) in unneeded {
            place.discard(&pending, &target)?;
        }
        // Whatever stayed in it is found by recovery.
        if let Err(e) = place.disk.remove_empty(batch.pending.folder())
            && let Some(last) = released.last_mut().filter(|r| r.is_ok())
        {
            *last = Err(e.into());
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
            || entries(&pending)
                .unwrap_or_default()
                .iter()
                .any(|e| is_batch(e) && exists(&pending.join(e).join(&serial)))
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

fn copy_folder(place: &Place, from: &Path, to: &Path) -> Result<(), Error> {
    place.disk.create_folder(to, Access::Private)?;
    for name in CA_FILES {
        if let Some(bytes) = crate::disk::read_optional(&from.join(name), super::publish::MAX_CRL_BYTES)? {
            let bytes = zeroize::Zeroizing::new(bytes);
            let access = if name == "key.pem" { Access::Private } else { Access::Public };
            place.disk.create(&to.join(name), &bytes, access)?;
        }
    }
    place.disk.sync_folder(to)?;
    Ok(())
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
            assert_eq!(pki.restore(&"a".parse().unwrap()).unwrap(), None);
            assert_eq!(fs::read(home.join("cert.pem")).unwrap(), before, "the certificate of the key that is there");
            // Released, it is restored as ever.
            fs::remove_dir_all(&home).unwrap();
            fs::rename(&waiting, &home).unwrap();
            let good = fs::read(home.join("cert.pem")).unwrap();
            fs::write(home.join("cert.pem"), "").unwrap();
            assert_eq!(pki.restore(&"a".parse().unwrap()).unwrap(), Some(Vec::new()));
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
                fs::remove_dir_all(&home).unwrap();
                fs::rename(&waiting, &home).unwrap();
            });
            let renewed = pki.renew_handle(&"a".parse().unwrap(), &RenewRequest::default(), &When::Now);
            release.join().unwrap();
            assert!(matches!(renewed.unwrap(), Step::Issued(_)), "{batch}");
        }
    }
}
