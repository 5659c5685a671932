//! What waits in `pending/`: written and durable before the inventory knows.

use super::Error;
use super::folder::Place;
use super::material::{COMBINED, OutFile};
use super::release::{CA_FILES, ENCRYPTED, GENERATION};
use crate::disk::{Access, DiskError, Flush, Lock, Source, entries};
use crate::keys::random_serial;
use crate::model::{Layout, Serial};
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

/// Leaves that are being made together, each in `<serial>/` or, in one file, in `<serial>.pem` of one folder in `pending/`: one
/// lock, and one sync.
pub(super) struct PendingBatch {
    pending: Pending,
    flush: Flush,
}

/// How the folder of such a batch is named in `pending/`, before a random number.
const BATCH: &str = "batch-";

/// How a combined file in such a folder is named, after the serial.
const EXTENSION: &str = ".pem";

/// What the combined file of a certificate is called in such a folder.
pub(super) fn combined_name(serial: impl std::fmt::Display) -> String {
    format!("{serial}{EXTENSION}")
}

/// What waits in such a folder: a serial, and whether it is a combined file.
pub(super) fn waiting_in_batch(name: &str) -> Option<(Serial, bool)> {
    let (number, is_file) = name.strip_suffix(EXTENSION).map_or((name, false), |n| (n, true));
    let serial: Serial = number.parse().ok()?;
    (serial.to_string() == number).then_some((serial, is_file))
}

/// How files of a recorded certificate are named in `pending/`, or in such a folder, before a serial and until they are whole.
const AGAIN: &str = "again-";

/// Whether something in `pending/`, or in such a folder, is half-written files of a recorded certificate.
pub(super) fn is_half_written(name: &str) -> bool {
    name.strip_prefix(AGAIN).is_some_and(|n| n.parse::<Serial>().is_ok_and(|s| s.to_string() == n))
}

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

    /// Writes the files of a leaf where they wait, unsynced. Returns how many inodes that took.
    pub fn write(place: &Place, batch: &Path, serial: &Serial, files: &[OutFile]) -> Result<usize, DiskError> {
        if let [file] = files
            && file.name == COMBINED
        {
            place.disk.create_unsynced(&batch.join(combined_name(serial)), &file.bytes, file.access)?;
            return Ok(1);
        }
        let folder = batch.join(serial.to_string());
        place.disk.create_folder(&folder, Access::Private)?;
        for file in files {
            place.disk.create_unsynced(&folder.join(file.name), &file.bytes, file.access)?;
        }
        Ok(files.len() + 1)
    }

    /// Where a leaf of this serial waits, whose files lie so.
    pub fn path_of(&self, serial: &Serial, layout: Layout) -> PathBuf {
        self.pending.folder().join(match layout {
            Layout::Folder => serial.to_string(),
            Layout::Combined => combined_name(serial),
        })
    }

    /// Removes the folder, which is empty when everything was released. Whatever stayed in it is found by recovery.
    pub fn close(&self, place: &Place) -> Result<(), Error> {
        Ok(place.disk.remove_empty(self.pending.folder())?)
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

/// The files of one leaf, written and durable, and not in their place.
pub(super) enum PendingLeaf {
    /// In a folder of their own.
    Folder(Pending),
    /// In one file, as the only one of a batch.
    Combined(PendingBatch, Serial),
}

impl PendingLeaf {
    /// Writes the files of a leaf and makes them durable. An error leaves nothing behind.
    pub fn create(place: &Place, serial: &Serial, files: &[OutFile]) -> Result<Self, Error> {
        if !matches!(files, [file] if file.name == COMBINED) {
            let pending = Pending::create(place, &serial.to_string())?;
            return match pending.fill(place, files) {
                Ok(()) => Ok(PendingLeaf::Folder(pending)),
                Err(e) => {
                    pending.abandon(place);
                    Err(e)
                }
            };
        }
        let batch = PendingBatch::create(place)?;
        let written = PendingBatch::write(place, batch.folder(), serial, files);
        match written.map_err(Error::from).and_then(|files| batch.sync(place, files)) {
            Ok(()) => Ok(PendingLeaf::Combined(batch, *serial)),
            Err(e) => {
                batch.abandon(place);
                Err(e)
            }
        }
    }

    /// As [`PendingLeaf::create`], for a certificate that is recorded already: what a death leaves half-written must not be
    /// taken for what waits to be released, and has another name until it is whole.
    pub fn create_again(place: &Place, serial: &Serial, files: &[OutFile]) -> Result<Self, Error> {
        if !matches!(files, [file] if file.name == COMBINED) {
            let mut pending = Pending::create(place, &format!("{AGAIN}{serial}"))?;
            let whole = place.pending_folder().join(serial.to_string());
            let filled = pending.fill(place, files);
            return match filled.and_then(|()| Ok(place.disk.rename_new(&pending.folder, &whole)?)) {
                Ok(()) => {
                    pending.folder = whole;
                    Ok(PendingLeaf::Folder(pending))
                }
                Err(e) => {
                    pending.abandon(place);
                    Err(e)
                }
            };
        }
        let batch = PendingBatch::create(place)?;
        let whole = batch.folder().join(combined_name(serial));
        let half = batch.folder().join(format!("{AGAIN}{serial}"));
        let write = |file: &OutFile| {
            place.disk.create(&half, &file.bytes, file.access)?;
            place.disk.rename_new(&half, &whole)
        };
        match files.iter().try_for_each(write).and_then(|()| place.disk.sync_folder(&place.pending_folder())) {
            Ok(()) => Ok(PendingLeaf::Combined(batch, *serial)),
            Err(e) => {
                batch.abandon(place);
                Err(e.into())
            }
        }
    }

    /// The folder or file.
    pub fn path(&self) -> PathBuf {
        match self {
            PendingLeaf::Folder(pending) => pending.folder().to_path_buf(),
            PendingLeaf::Combined(batch, serial) => batch.path_of(serial, Layout::Combined),
        }
    }

    /// Gives up: nothing was recorded.
    pub fn abandon(self, place: &Place) {
        match self {
            PendingLeaf::Folder(pending) => pending.abandon(place),
            PendingLeaf::Combined(batch, _) => batch.abandon(place),
        }
    }

    /// Removes what was around the files, when they are in their place.
    pub fn close(self, place: &Place) -> Result<(), Error> {
        match self {
            PendingLeaf::Folder(_) => Ok(()),
            PendingLeaf::Combined(batch, _) => batch.close(place),
        }
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
