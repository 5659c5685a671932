use std::path::{Path, PathBuf};

/// What the inventory could not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process writes.
    #[error("the inventory is busy: {} has been writing for too long", holder.as_deref().unwrap_or("another process"))]
    Busy {
        /// The process that writes, where the system tells.
        holder: Option<String>,
    },
    /// A newer rootlet made it.
    #[error("the inventory has format {found}, and this version knows formats up to {known}")]
    Newer {
        /// The format of the file.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// The file is not an inventory.
    #[error("`{}` is not a rootlet inventory", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A change was tried in a transaction that was begun to read.
    #[error("a transaction that was begun to read cannot change the inventory")]
    ReadOnly,
    /// The file, or its file system, cannot be written.
    #[error("the inventory cannot be written: it is read-only here")]
    Unwritable,
    /// The file belongs to somebody else.
    #[error("the inventory `{}` may not be opened by this user", path.display())]
    Forbidden {
        /// The file.
        path: PathBuf,
    },
    /// The serial is taken.
    #[error("serial {serial} is already used by this issuer")]
    SerialTaken {
        /// The serial.
        serial: String,
    },
    /// A value in the database that no version writes.
    #[error("the inventory is damaged: {0}")]
    Damaged(String),
    /// The file system failed, or has no room.
    #[error("the inventory could not be read or written: {0}")]
    Io(String),
    /// SQLite's own refusal.
    #[error("the inventory failed: {0}")]
    Database(String),
}

impl StoreError {
    /// Whether the same command may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, StoreError::Busy { .. })
    }

    /// Names who writes to a database, if that is why it failed.
    pub(super) fn naming_holder(self, path: &Path) -> Self {
        match self {
            StoreError::Busy { .. } => StoreError::Busy { holder: crate::disk::database_writer(path) },
            other => other,
        }
    }

    /// What would mend it, where that is known.
    pub fn hints(&self) -> Vec<String> {
        match self {
            StoreError::Busy { .. } => vec!["run the command again when the other one has finished".into()],
            StoreError::Unwritable => {
                vec!["run as the owner of the PKI folder, on a file system that is mounted to be written".into()]
            }
            StoreError::Forbidden { .. } => {
                vec!["run as the owner of the PKI folder, or name another with --pki".into()]
            }
            StoreError::Io(_) => vec!["see whether the file system has room, and whether it fails".into()],
            StoreError::Newer { .. } => vec!["use the newer rootlet that wrote it".into()],
            StoreError::Damaged(_) => vec![
                "bring inventory.db back from a backup".into(),
                "or remake it from the certificates and CRLs on disk: `rootlet doctor --salvage`".into(),
            ],
            _ => Vec::new(),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, ReadOnly,
            SystemIoFailure,
        };
        match error.sqlite_error_code() {
            Some(DatabaseBusy | DatabaseLocked) => StoreError::Busy { holder: None },
            Some(ReadOnly) => StoreError::Unwritable,
            Some(CannotOpen | DiskFull | SystemIoFailure) => StoreError::Io(error.to_string()),
            Some(DatabaseCorrupt | NotADatabase) => StoreError::Damaged(error.to_string()),
            _ => StoreError::Database(error.to_string()),
        }
    }
}
