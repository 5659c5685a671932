//! Files that must not be lost: written under another name, read back, and only then given theirs.

use super::write::TEMPORARY_PREFIX;
use super::{Access, Disk, DiskError};
use std::io;
use std::path::{Path, PathBuf};

impl Disk {
    /// As [`Disk::replace`]; what was written is read back before it takes the place of the old file.
    ///
    /// # Errors
    /// [`DiskError`]; the old file is then as it was.
    pub fn replace_verified(&self, path: &Path, bytes: &[u8], access: Access) -> Result<(), DiskError> {
        let temporary = self.write_verified(path, bytes, access)?;
        self.rename_over(&temporary, path).inspect_err(|_| drop(self.remove(&temporary)))
    }

    /// Creates a file where none is; what was written is read back before it gets its name.
    ///
    /// # Errors
    /// [`DiskError`]; of kind `AlreadyExists` when something has the name.
    pub fn create_verified(&self, path: &Path, bytes: &[u8], access: Access) -> Result<(), DiskError> {
        if super::exists(path) {
            return Err(DiskError::io("create", path, io::ErrorKind::AlreadyExists));
        }
        let temporary = self.write_verified(path, bytes, access)?;
        self.rename_new(&temporary, path).inspect_err(|_| drop(self.remove(&temporary)))
    }

    /// Reads a file back that was just written.
    ///
    /// # Errors
    /// [`DiskError`] when it holds anything but these bytes.
    pub fn verify(&self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let back = super::read(path, bytes.len() as u64).map(zeroize::Zeroizing::new)?;
        if *back == bytes {
            return Ok(());
        }
        Err(DiskError::io("write", path, io::Error::other("what was read back is not what was written")))
    }

    /// Writes beside a path, syncs, and reads back.
    fn write_verified(&self, path: &Path, bytes: &[u8], access: Access) -> Result<PathBuf, DiskError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!("{TEMPORARY_PREFIX}{name}.{}", std::process::id()));
        self.remove(&temporary)?;
        // What a killed command was writing here may be a key.
        self.sweep_dead(&super::write::parent(path), &name)?;
        // Told by the name that was meant, not by the one it is written under first.
        let named = |e| match e {
            DiskError::Io { action, source, .. } => DiskError::Io { action, path: path.into(), source },
            other => other,
        };
        let written = self.create(&temporary, bytes, access).map_err(named);
        match written.and_then(|()| self.verify(&temporary, bytes).map_err(named)) {
            Ok(()) => Ok(temporary),
            Err(e) => {
                // It is not there, or of no use.
                drop(self.remove(&temporary));
                Err(e)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, path) = (Disk::default(), folder.path().join("f"));
        disk.create_verified(&path, b"one", Access::Private).unwrap();
        let e = disk.create_verified(&path, b"two", Access::Private).unwrap_err();
        assert_eq!(e.kind(), Some(io::ErrorKind::AlreadyExists));
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        disk.replace_verified(&path, b"three", Access::Private).unwrap();
        assert_eq!((std::fs::read(&path).unwrap().as_slice(), disk.mode(&path).unwrap()), (&b"three"[..], 0o600));
        let e = disk.replace_verified(&folder.path().join("missing/f"), b"x", Access::Private).unwrap_err();
        assert!(e.to_string().contains("missing/f`") && !e.to_string().contains(".new-"), "{e}");
        assert_eq!(super::super::entries(folder.path()).unwrap(), ["f"]);
        disk.verify(&path, b"three").unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        let left = |name: &str, process: u32| folder.path().join(format!(".new-{name}.{process}"));
        for file in [left("f", dead), left("g", dead), left("f", 1)] {
            std::fs::write(file, "a key").unwrap();
        }
        disk.replace_verified(&path, b"three", Access::Private).unwrap();
        assert!(!left("f", dead).exists(), "what a dead command was writing under this name is gone");
        assert!(left("g", dead).exists() && left("f", 1).exists(), "what is somebody else's, or alive, stays");
        for other in [&b"threE"[..], b"thre", b"three!", b""] {
            assert!(disk.verify(&path, other).is_err(), "{other:?}");
        }
    }
}
