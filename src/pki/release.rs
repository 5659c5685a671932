//! Pending folders: written and synced before the inventory knows, moved into place after.

use super::Error;
use super::folder::Place;
use super::material::OutFile;
use crate::disk::{Access, Lock, exists};
use std::path::{Path, PathBuf};

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
        Ok(())
    }

    /// Adds the folder of an earlier generation, copied whole.
    pub fn add_earlier(&self, place: &Place, name: &str, from: &Path) -> Result<(), Error> {
        copy_folder(place, from, &self.folder.join(name), &["gen-"])?;
        for entry in crate::disk::entries(from)?.iter().filter(|e| e.starts_with("gen-")) {
            copy_folder(place, &from.join(entry), &self.folder.join(entry), &[])?;
        }
        Ok(())
    }

    /// Gives up: nothing was recorded.
    pub fn abandon(self, place: &Place) {
        // The folder is removed by the next command if it cannot be removed now.
        drop(place.disk.remove(&self.folder));
    }

    /// Moves the folder to its place, swapping it with the one that is there.
    pub fn release(self, place: &Place, target: &Path) -> Result<(), Error> {
        release_folder(place, &self.folder, target)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Moves a pending folder to its place. What was there before is removed.
pub(super) fn release_folder(place: &Place, pending: &Path, target: &Path) -> Result<(), Error> {
    if exists(target) {
        place.disk.exchange(pending, target)?;
        place.disk.remove(pending)?;
    } else {
        place.disk.rename_new(pending, target)?;
    }
    Ok(())
}

fn copy_folder(place: &Place, from: &Path, to: &Path, except: &[&str]) -> Result<(), Error> {
    const MAX_FILE: u64 = 1 << 30;
    place.disk.create_folder(to, Access::Private)?;
    for entry in crate::disk::entries(from)? {
        if except.iter().any(|e| entry.starts_with(e)) {
            continue;
        }
        let bytes = zeroize::Zeroizing::new(crate::disk::read(&from.join(&entry), MAX_FILE)?);
        let access = if entry == "key.pem" { Access::Private } else { Access::Public };
        place.disk.create(&to.join(&entry), &bytes, access)?;
    }
    place.disk.sync_folder(to)?;
    Ok(())
}
