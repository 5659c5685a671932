use std::io;
use std::path::{Path, PathBuf};

/// What could not be done with which file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// The system refused.
    #[error("cannot {action} `{}`: {}", path.display(), reason(source))]
    Io {
        /// A verb: read, create, replace, …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another command holds a lock.
    #[error("`{}` is locked: {} has been working for more than {waited_seconds} seconds", path.display(),
        holder.as_deref().unwrap_or("another command"))]
    Locked {
        /// The folder.
        path: PathBuf,
        /// How long this command waited.
        waited_seconds: u64,
        /// The process that holds it, where the system tells.
        holder: Option<String>,
    },
    /// Larger than anything that is read here.
    #[error("`{}` is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
}

/// The system's sentence, begun in lower case and without Rust's ` (os error 28)`.
pub fn reason(source: &io::Error) -> String {
    let text = source.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    let mut chars = text[..end].chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

impl DiskError {
    pub(crate) fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        DiskError::Io { action, path: path.into(), source: source.into() }
    }

    /// The same about the file that was meant, when it was written under another name first.
    pub(crate) fn about(self, path: &Path) -> Self {
        match self {
            DiskError::Io { action, source, .. } => DiskError::Io { action, path: path.into(), source },
            other => other,
        }
    }

    /// The kind of the system's refusal, where there was one.
    pub fn kind(&self) -> Option<io::ErrorKind> {
        match self {
            DiskError::Io { source, .. } => Some(source.kind()),
            DiskError::TooLarge { .. } | DiskError::Locked { .. } => None,
        }
    }

    /// What would mend it, where that is known.
    pub fn hints(&self) -> Vec<String> {
        if matches!(self, DiskError::Locked { .. }) {
            return vec!["run the command again when the other one has finished; its lock goes with it".into()];
        }
        match self.kind() {
            Some(io::ErrorKind::StorageFull) => vec!["make room on the file system".into()],
            Some(io::ErrorKind::QuotaExceeded) => vec!["make room within the quota, or have it raised".into()],
            Some(io::ErrorKind::PermissionDenied) => {
                vec!["run as the owner of the PKI folder, or name another with --pki".into()]
            }
            Some(io::ErrorKind::ReadOnlyFilesystem) => vec!["the file system is mounted read-only".into()],
            _ => Vec::new(),
        }
    }
}
