//! Folders that others may rename or replace while we write into them: opened once, and held.

use super::{Access, Disk, DiskError, unix};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A folder that is held open: what is done below [`Anchored::path`] is done in this one, whatever becomes of its name.
#[derive(Debug)]
pub struct Anchored {
    _folder: File,
    path: PathBuf,
}

impl Disk {
    /// Opens a folder whose path, absolute and without `.` and `..`, leads through no symbolic link; it and the ones above
    /// it are made where they are missing.
    ///
    /// # Errors
    /// [`DiskError`], also when a link is on the way: whoever put it there could lead us anywhere.
    pub fn anchor(&self, folder: &Path, access: Access) -> Result<Anchored, DiskError> {
        let mut missing = Vec::new();
        let mut there = folder;
        while let Err(e) = there.symlink_metadata() {
            let above = there.parent().zip(there.file_name()).filter(|_| e.kind() == io::ErrorKind::NotFound);
            let Some((above, name)) = above else { return Err(DiskError::io("look at", there, e)) };
            missing.push(name);
            there = above;
        }
        let (mut anchored, mut real) = (Anchored::open(there, there)?, there.to_path_buf());
        while let Some(name) = missing.pop() {
            let access = if missing.is_empty() { access } else { Access::Public };
            real.push(name);
            let path = anchored.path.join(name);
            self.ensure_folder(&path, access).map_err(|e| e.about(&real))?;
            anchored = Anchored::open(&path, &real)?;
        }
        Ok(anchored)
    }
}

impl Anchored {
    /// Opens `path`, which must be the folder that `real` names.
    fn open(path: &Path, real: &Path) -> Result<Self, DiskError> {
        let fail = |e| DiskError::io("write into", real, e);
        let is_link = |p: &Path| p.symlink_metadata().is_ok_and(|m| m.is_symlink());
        let link = || io::Error::other("a symbolic link leads there now, and did not when it was chosen");
        let folder = unix::open_folder(path).map_err(|e| fail(if is_link(path) { link() } else { e }))?;
        if let Some((held, is_now)) = unix::held_path(&folder) {
            return if is_now == real { Ok(Anchored { _folder: folder, path: held }) } else { Err(fail(link())) };
        }
        // The system does not say where an open folder is: then its name must do.
        let same = real.canonicalize().map_err(fail)? == real && unix::is_same_file(&folder, real).map_err(fail)?;
        if same { Ok(Anchored { _folder: folder, path: real.into() }) } else { Err(fail(link())) }
    }

    /// A path of it that no renaming changes; for the system, not for people.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Where a folder that may not exist yet really is: links that lead to it now are resolved, `.` and `..` are gone.
pub fn real_path(folder: &Path) -> PathBuf {
    let folder = &*std::path::absolute(folder).unwrap_or_else(|_| folder.into());
    for there in folder.ancestors() {
        let rest = folder.strip_prefix(there).unwrap_or(Path::new(""));
        if let Ok(mut real) = there.canonicalize() {
            for part in rest.components() {
                match part {
                    std::path::Component::ParentDir => drop(real.pop()),
                    std::path::Component::Normal(name) => real.push(name),
                    _ => {}
                }
            }
            // `..` behind what does not exist leads back to what does.
            let leads_back = rest.components().any(|c| c == std::path::Component::ParentDir);
            return if leads_back { real_path(&real) } else { real };
        }
    }
    folder.to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_link_is_followed() {
        let scratch = tempfile::tempdir().unwrap();
        let base = scratch.path().canonicalize().unwrap();
        let disk = Disk::default();
        let folder = base.join("a/b/c");
        let held = disk.anchor(&folder, Access::Public).unwrap();
        disk.create(&held.path().join("f"), b"x", Access::Public).unwrap();
        assert_eq!(std::fs::read(folder.join("f")).unwrap(), b"x");
        // Moved away under us: what is held stays what it is.
        std::fs::create_dir(base.join("victim")).unwrap();
        std::fs::rename(&folder, base.join("moved")).unwrap();
        symlink(base.join("victim"), &folder).unwrap();
        disk.create(&held.path().join("g"), b"y", Access::Public).unwrap();
        assert_eq!(super::super::entries(&base.join("victim")).unwrap(), Vec::<String>::new());
        assert!(base.join("moved/g").exists());
        assert!(disk.anchor(&folder, Access::Public).is_err(), "the last part is a link");
        std::fs::rename(base.join("a"), base.join("z")).unwrap();
        symlink(base.join("victim"), base.join("a")).unwrap();
        for below in ["a/b/c", "a/new"] {
            assert!(disk.anchor(&base.join(below), Access::Public).is_err(), "{below}: a part above is a link");
        }
        assert_eq!(super::super::entries(&base.join("victim")).unwrap(), Vec::<String>::new(), "nothing is made there");
    }

    #[test]
    fn links_that_are_there_are_resolved() {
        let scratch = tempfile::tempdir().unwrap();
        let base = scratch.path().canonicalize().unwrap();
        std::fs::create_dir(base.join("v2")).unwrap();
        symlink("v2", base.join("current")).unwrap();
        for (given, real) in [("current/tls", "v2/tls"), ("v2", "v2"), ("x/../current/./y", "v2/y"), ("n/m", "n/m")] {
            assert_eq!(real_path(&base.join(given)), base.join(real), "{given}");
        }
    }
}
