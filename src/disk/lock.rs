use super::{DiskError, unix};
use std::fs::File;
use std::path::Path;

/// An advisory lock on a folder. It goes when this value or its process does.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for a lock that others may share.
    ///
    /// # Errors
    /// [`DiskError`] when the folder cannot be opened.
    pub fn shared(folder: &Path) -> Result<Self, DiskError> {
        Self::take(folder, false, true).map(|l| l.unwrap_or_else(|| unreachable!("a waiting lock is taken")))
    }

    /// Waits for a lock that nobody shares.
    ///
    /// # Errors
    /// [`DiskError`] when the folder cannot be opened.
    pub fn exclusive(folder: &Path) -> Result<Self, DiskError> {
        Self::take(folder, true, true).map(|l| l.unwrap_or_else(|| unreachable!("a waiting lock is taken")))
    }

    /// Takes a lock that nobody shares, or returns `None` when somebody holds one.
    ///
    /// # Errors
    /// [`DiskError`] when the folder cannot be opened.
    pub fn try_exclusive(folder: &Path) -> Result<Option<Self>, DiskError> {
        Self::take(folder, true, false)
    }

    fn take(folder: &Path, exclusive: bool, wait: bool) -> Result<Option<Self>, DiskError> {
        let fail = |e| DiskError::io("lock", folder, e);
        let file = File::open(folder).map_err(fail)?;
        Ok(unix::lock(&file, exclusive, wait).map_err(fail)?.then_some(Lock { _file: file }))
    }
}
