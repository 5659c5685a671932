use super::unix::{self, Owner};
use super::{Access, DiskError, Source};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is being replaced is written beside itself under this prefix first.
pub(super) const TEMPORARY_PREFIX: &str = ".new-";

/// Writes files and folders for one PKI: synced, with the mode they need from birth, owned by the PKI's owner.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk {
    owner: Option<Owner>,
}

impl Disk {
    /// A writer whose files belong to the owner of `folder` when the process runs as root.
    pub fn following(folder: &Path) -> Self {
        Disk { owner: unix::owner_to_follow(folder) }
    }

    /// A writer whose files belong to this user, and to this group if one is given.
    pub fn owned_by(uid: u32, gid: Option<u32>) -> Self {
        Disk { owner: Some(unix::owner(uid, gid)) }
    }

    /// The same writer, whose files belong to this group.
    pub fn in_group(self, gid: u32) -> Self {
        Disk { owner: Some(unix::owner_in_group(self.owner, gid)) }
    }

    /// Creates a folder and the ones above it; one that exists is left as it is.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn create_folder_all(&self, path: &Path, access: Access) -> Result<(), DiskError> {
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty() && !p.is_dir()) {
            self.create_folder_all(parent, Access::Public)?;
        }
        self.ensure_folder(path, access)
    }

    /// Creates a folder unless it is there already, but not what it would lie in: a PKI that somebody moved away meanwhile
    /// must not begin to exist again.
    ///
    /// # Errors
    /// [`DiskError`]; of kind `NotFound` when the folder above it is gone.
    pub fn ensure_folder(&self, path: &Path, access: Access) -> Result<(), DiskError> {
        if path.is_dir() {
            return Ok(());
        }
        match self.create_folder(path, access) {
            // Another process may have been faster.
            Err(e) if e.kind() == Some(io::ErrorKind::AlreadyExists) && path.is_dir() => Ok(()),
            other => other,
        }
    }

    /// Creates a folder that does not exist yet.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn create_folder(&self, path: &Path, access: Access) -> Result<(), DiskError> {
        let made = fault_point().and_then(|()| unix::create_folder(path, access.folder_mode(), self.owner));
        made.map_err(|e| DiskError::io("create", path, e))
    }

    /// Creates a file that does not exist yet and syncs it. A file that could not be written whole is removed.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn create(&self, path: &Path, bytes: &[u8], access: Access) -> Result<(), DiskError> {
        self.create_with_mode(path, bytes, access.file_mode())
    }

    /// As [`Disk::create`], and a kill at any instant leaves the whole file or none: it is written under another name first.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn create_whole(&self, path: &Path, bytes: &[u8], access: Access) -> Result<(), DiskError> {
        let folder = parent(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!("{TEMPORARY_PREFIX}{name}.{}", std::process::id()));
        self.sweep_dead(&folder, &name)?;
        self.create(&temporary, bytes, access).map_err(|e| e.about(path))?;
        self.rename_new(&temporary, path).map_err(|e| {
            drop(self.remove(&temporary));
            e.about(path)
        })
    }

    fn create_with_mode(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
        self.create_from(path, mode, &|out| out.write_all(bytes))
    }

    pub(super) fn create_from(&self, path: &Path, mode: u32, source: Source<'_>) -> Result<(), DiskError> {
        let file = fault_point().and_then(|()| unix::create_exclusive(path, mode, self.owner));
        let mut file = file.map_err(|e| DiskError::io("create", path, e))?;
        let written = write_synced(&mut file, source);
        written.map_err(|e| {
            drop(std::fs::remove_file(path));
            DiskError::io("write", path, e)
        })
    }

    /// Creates several files in a new folder, and syncs them together: the first sync carries most of the others.
    ///
    /// # Errors
    /// [`DiskError`]; what was written stays, for the caller to remove with the folder.
    pub fn create_all<'f>(
        &self,
        folder: &Path,
        files: impl Iterator<Item = (&'f str, &'f [u8], Access)>,
    ) -> Result<(), DiskError> {
        let mut written = Vec::new();
        for (name, bytes, access) in files {
            let path = folder.join(name);
            let file = self.create_unsynced(&path, bytes, access)?;
            written.push((path, file));
        }
        for (path, file) in written {
            fault_point().and_then(|()| file.sync_all()).map_err(|e| DiskError::io("write", &path, e))?;
        }
        self.sync_folder(folder)
    }

    /// Creates a file whose sync is somebody else's, as that of a [`super::Flush`].
    ///
    /// # Errors
    /// [`DiskError`]; what was written stays, for the caller to remove.
    pub fn create_unsynced(&self, path: &Path, bytes: &[u8], access: Access) -> Result<File, DiskError> {
        let file = fault_point().and_then(|()| unix::create_exclusive(path, access.file_mode(), self.owner));
        let mut file = file.map_err(|e| DiskError::io("create", path, e))?;
        fault_point().and_then(|()| file.write_all(bytes)).map_err(|e| DiskError::io("write", path, e))?;
        Ok(file)
    }

    /// Puts a file in place of the one of that name, or where none was, in one step.
    ///
    /// # Errors
    /// [`DiskError`]; the old file is then as it was.
    pub fn replace(&self, path: &Path, bytes: &[u8], access: Access) -> Result<(), DiskError> {
        self.replace_with_mode(path, bytes, access.file_mode())
    }

    /// As [`Disk::replace`], with a mode that somebody chose.
    ///
    /// # Errors
    /// [`DiskError`]; the old file is then as it was.
    pub fn replace_with_mode(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
        self.replace_from(path, mode, &|out| out.write_all(bytes))
    }

    pub(super) fn replace_from(&self, path: &Path, mode: u32, source: Source<'_>) -> Result<(), DiskError> {
        let (folder, name) = (parent(path), path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let temporary = folder.join(format!("{TEMPORARY_PREFIX}{name}.{}", std::process::id()));
        drop(std::fs::remove_file(&temporary));
        // Told by the name that was meant, not by the one it is written under first.
        self.create_from(&temporary, mode, source).map_err(|e| e.about(path))?;
        if let Err(e) = fault_point().and_then(|()| std::fs::rename(&temporary, path)) {
            drop(std::fs::remove_file(&temporary));
            return Err(DiskError::io("replace", path, e));
        }
        self.sync_folder(&folder)
    }

    /// As [`Disk::replace`], and does nothing when the file holds these bytes already. Returns whether it wrote.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn replace_if_changed(&self, path: &Path, bytes: &[u8], access: Access) -> Result<bool, DiskError> {
        if holds(path, bytes) {
            return Ok(false);
        }
        self.replace(path, bytes, access).map(|()| true)
    }

    /// Moves a file or folder to a name that nothing has, and syncs the folder it arrives in.
    ///
    /// # Errors
    /// [`DiskError`] of kind `AlreadyExists` when something has the name.
    pub fn rename_new(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.rename_new_unsynced(from, to)?;
        self.sync_folder(&parent(to))
    }

    /// As [`Disk::rename_new`]; the caller syncs the folder it arrives in.
    ///
    /// # Errors
    /// [`DiskError`] of kind `AlreadyExists` when something has the name.
    pub fn rename_new_unsynced(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let moved = fault_point().and_then(|()| unix::rename_new(from, to));
        moved.map_err(|e| DiskError::io("create", to, e))
    }

    /// Moves a file over another one, or to where none is, and syncs the folder it arrives in.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn rename_over(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.rename_over_unsynced(from, to)?;
        self.sync_folder(&parent(to))
    }

    /// As [`Disk::rename_over`]; the caller syncs the folder it arrives in.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn rename_over_unsynced(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        fault_point().and_then(|()| std::fs::rename(from, to)).map_err(|e| DiskError::io("replace", to, e))
    }

    /// Swaps two folders in one step and syncs the folders they are in.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn exchange(&self, a: &Path, b: &Path) -> Result<(), DiskError> {
        self.exchange_unsynced(a, b)?;
        self.sync_folder(&parent(a))?;
        self.sync_folder(&parent(b))
    }

    /// As [`Disk::exchange`]; the caller syncs the folders they are in.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn exchange_unsynced(&self, a: &Path, b: &Path) -> Result<(), DiskError> {
        let swapped = fault_point().and_then(|()| unix::exchange(a, b));
        swapped.map_err(|e| DiskError::io("replace", b, e))
    }

    /// Whether a file has these bytes, this mode, and the owner that this writer gives.
    pub fn is_as_wished(&self, path: &Path, bytes: &[u8], mode: u32) -> bool {
        let owned = self.owner.is_none_or(|o| unix::is_owned_by(path, o).unwrap_or(false));
        owned && unix::mode_of(path).is_ok_and(|m| m == mode) && holds(path, bytes)
    }

    /// Writes to whatever a path names: a regular file is replaced, anything else (a pipe, a terminal) is written to.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn write_output(&self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        // A link is followed: what it names is meant.
        let target = path.canonicalize().or_else(|_| {
            // A link to what does not exist yet.
            std::fs::read_link(path).map(|to| parent(path).join(to))
        });
        let target = target.unwrap_or_else(|_| path.to_path_buf());
        match target.metadata() {
            Ok(meta) if !meta.is_file() => {
                let written = File::options().write(true).open(&target).and_then(|mut f| f.write_all(bytes));
                written.map_err(|e| DiskError::io("write", path, e))
            }
            _ => self.replace_if_changed(&target, bytes, Access::Public).map(drop),
        }
    }

    /// Moves what is not in `known` from one folder to another, where nothing of that name is.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn move_others(&self, from: &Path, to: &Path, known: impl Fn(&str) -> bool) -> Result<(), DiskError> {
        let fail = |e| DiskError::io("list", from, e);
        for entry in std::fs::read_dir(from).map_err(fail)? {
            // Names that are not UTF-8 are somebody's too.
            let name = entry.map_err(fail)?.file_name();
            let target = to.join(&name);
            if !name.to_str().is_some_and(&known) && !super::exists(&target) {
                self.rename_over(&from.join(&name), &target)?;
            }
        }
        Ok(())
    }

    /// Removes what a command that died was writing in a folder under one of these names. The caller holds the lock under
    /// which they are written.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn sweep(&self, folder: &Path, names: impl Fn(&str) -> bool) -> Result<(), DiskError> {
        self.sweep_of(folder, |name, _| names(name))
    }

    /// As [`Disk::sweep`], where there is no lock: what a process is writing that is alive stays.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn sweep_dead(&self, folder: &Path, name: &str) -> Result<(), DiskError> {
        self.sweep_of(folder, |n, process| n == name && !unix::is_alive(process))
    }

    fn sweep_of(&self, folder: &Path, dead: impl Fn(&str, &str) -> bool) -> Result<(), DiskError> {
        for left in super::entries(folder)? {
            let is_dead =
                |(name, process): (&str, &str)| process.bytes().all(|b| b.is_ascii_digit()) && dead(name, process);
            let ours = left.strip_prefix(TEMPORARY_PREFIX).and_then(|rest| rest.rsplit_once('.')).is_some_and(is_dead);
            let path = folder.join(&left);
            if ours && path.symlink_metadata().is_ok_and(|m| m.is_file()) {
                self.remove(&path)?;
            }
        }
        Ok(())
    }

    /// Removes a file or a whole folder; what does not exist is gone already.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn remove(&self, path: &Path) -> Result<(), DiskError> {
        let removed = fault_point().and_then(|()| match path.symlink_metadata() {
            Ok(m) if m.is_dir() => std::fs::remove_dir_all(path),
            Ok(_) => std::fs::remove_file(path),
            Err(e) => Err(e),
        });
        match removed {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(DiskError::io("remove", path, e)),
            _ => Ok(()),
        }
    }

    /// Removes a folder if nothing is in it; one that is gone, or that holds something, is left as it is.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn remove_empty(&self, folder: &Path) -> Result<(), DiskError> {
        match fault_point().and_then(|()| std::fs::remove_dir(folder)) {
            Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => {
                Err(DiskError::io("remove", folder, e))
            }
            _ => Ok(()),
        }
    }

    /// Sets the mode of a file or folder to what its access asks for.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn set_access(&self, path: &Path, access: Access) -> Result<(), DiskError> {
        let mode = if path.is_dir() { access.folder_mode() } else { access.file_mode() };
        let set = fault_point().and_then(|()| unix::set_mode(path, mode));
        set.map_err(|e| DiskError::io("change the mode of", path, e))
    }

    /// The mode bits of a file or folder.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn mode(&self, path: &Path) -> Result<u32, DiskError> {
        unix::mode_of(path).map_err(|e| DiskError::io("look at", path, e))
    }

    /// Makes a file that somebody else wrote durable, and its name.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn sync_file(&self, path: &Path) -> Result<(), DiskError> {
        let synced = fault_point().and_then(|()| File::open(path)?.sync_all());
        synced.map_err(|e| DiskError::io("sync", path, e))?;
        self.sync_folder(&parent(path))
    }

    /// Makes what was created, renamed or removed in a folder durable.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn sync_folder(&self, folder: &Path) -> Result<(), DiskError> {
        let synced = fault_point().and_then(|()| File::open(folder)?.sync_all());
        synced.map_err(|e| DiskError::io("sync", folder, e))
    }
}

/// Whether a file holds exactly these bytes; a longer one is not read to its end.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    // It may be a key.
    super::read(path, bytes.len() as u64).map(zeroize::Zeroizing::new).is_ok_and(|old| *old == bytes)
}

fn write_synced(file: &mut File, source: Source<'_>) -> io::Result<()> {
    fault_point()?;
    source(file)?;
    fault_point()?;
    file.sync_all()
}

pub(super) fn parent(path: &Path) -> PathBuf {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf()
}

/// With the feature `fault-injection`: at the n-th call the process dies (`ROOTLET_FAULT_AT=n`), or the call fails as on
/// a full disk (`ROOTLET_FAIL_AT=n`), and so do all that follow when it is `n+`.
#[cfg(feature = "fault-injection")]
pub(crate) fn fault_point() -> io::Result<()> {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static DIES_AT: OnceLock<Option<u64>> = OnceLock::new();
    static FAILS_AT: OnceLock<Option<(u64, bool)>> = OnceLock::new();
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let variable = |name| std::env::var(name).ok();
    let dies_at = DIES_AT.get_or_init(|| variable("ROOTLET_FAULT_AT")?.parse().ok());
    let fails_at = FAILS_AT.get_or_init(|| {
        let text = variable("ROOTLET_FAIL_AT")?;
        let number = text.trim_end_matches('+');
        Some((number.parse().ok()?, number != text))
    });
    let call = CALLS.fetch_add(1, Ordering::SeqCst) + 1;
    if *dies_at == Some(call) {
        unix::kill_self();
    }
    match fails_at {
        Some((at, and_on)) if call == *at || *and_on && call > *at => Err(io::ErrorKind::StorageFull.into()),
        _ => Ok(()),
    }
}

#[cfg(not(feature = "fault-injection"))]
#[inline]
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn fault_point() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_do_not_depend_on_the_umask() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::following(folder.path());
        for (name, access, mode) in [("s", Access::Private, 0o600), ("p", Access::Public, 0o644)] {
            let path = folder.path().join(name);
            disk.create(&path, b"x", access).unwrap();
            assert_eq!(disk.mode(&path).unwrap(), mode);
        }
        let sub = folder.path().join("a/b");
        disk.create_folder_all(&sub, Access::Private).unwrap();
        assert_eq!((disk.mode(&sub).unwrap(), disk.mode(sub.parent().unwrap()).unwrap()), (0o700, 0o755));
    }

    #[test]
    fn create_never_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, path) = (Disk::default(), folder.path().join("f"));
        disk.create(&path, b"one", Access::Private).unwrap();
        let e = disk.create(&path, b"two", Access::Private).unwrap_err();
        assert_eq!(e.kind(), Some(io::ErrorKind::AlreadyExists));
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        assert!(!disk.replace_if_changed(&path, b"one", Access::Private).unwrap());
        assert!(disk.replace_if_changed(&path, b"two", Access::Public).unwrap());
        assert_eq!((std::fs::read(&path).unwrap().as_slice(), disk.mode(&path).unwrap()), (&b"two"[..], 0o644));
        assert_eq!(super::super::entries(folder.path()).unwrap(), ["f"]);
    }

    #[test]
    fn folders_swap() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, a, b) = (Disk::default(), folder.path().join("a"), folder.path().join("b"));
        for (f, text) in [(&a, "in a"), (&b, "in b")] {
            disk.create_folder(f, Access::Private).unwrap();
            disk.create(&f.join("x"), text.as_bytes(), Access::Private).unwrap();
        }
        disk.exchange(&a, &b).unwrap();
        assert_eq!(std::fs::read(a.join("x")).unwrap(), b"in b");
        assert_eq!(disk.rename_new(&a, &b).unwrap_err().kind(), Some(io::ErrorKind::AlreadyExists));
    }
}
