//! Many files at once: written without a sync of their own, and made durable together.

use super::write::fault_point;
use super::{DiskError, unix};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Below this many files one sync for each is cheaper than one of the whole file system, in which others write too.
const FEW: usize = 24;

/// A folder, and everything that is written below it from now on.
#[derive(Debug)]
pub struct Flush {
    folder: PathBuf,
    file: File,
}

impl Flush {
    /// Before the first write: the system tells of writes that failed after the folder was opened (syncfs(2)).
    ///
    /// # Errors
    /// [`DiskError`] when the folder cannot be opened.
    pub fn of(folder: &Path) -> Result<Self, DiskError> {
        let file = File::open(folder).map_err(|e| DiskError::io("open", folder, e))?;
        Ok(Flush { folder: folder.into(), file })
    }

    /// Makes all of it durable, about `files` files: with one sync of the file system where that reports writes that failed
    /// (Linux 5.8 and newer), else file by file.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn sync(&self, files: usize) -> Result<(), DiskError> {
        let fail = |e| DiskError::io("sync", &self.folder, e);
        fault_point().map_err(fail)?;
        if files >= FEW && unix::sync_file_system(&self.file).map_err(fail)? {
            return Ok(());
        }
        sync_tree(&self.folder).map_err(fail)
    }
}

/// Files first, then the folder that names them.
fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many() {
        let folder = tempfile::tempdir().unwrap();
        let flush = Flush::of(folder.path()).unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/b"), b"c").unwrap();
        flush.sync(1).unwrap();
        flush.sync(FEW).unwrap();
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(flush.sync(1).is_err());
    }
}
