//! What only Unix can do: modes, owners, locks, swapping two folders, and dying on demand in crash tests.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, RenameFlags};

/// Whether this process may give its files to any user and group; else only to itself, and to groups that it is in.
fn may_give_to_all() -> bool {
    // Root in a container may have lost it, and a service may have been given it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Ok(sets) = rustix::thread::capabilities(None) {
        return sets.effective.contains(rustix::thread::CapabilitySet::CHOWN);
    }
    rustix::process::geteuid().is_root()
}

/// Whether this process may give its files to a user, and to a group: what nobody named stays its own.
pub fn may_give(uid: Option<u32>, gid: Option<u32>) -> (bool, bool) {
    use rustix::process::{getegid, geteuid, getgroups};
    let all = may_give_to_all();
    let is_in = |gid: u32| {
        getegid().as_raw() == gid || getgroups().is_ok_and(|groups| groups.iter().any(|g| g.as_raw() == gid))
    };
    (all || uid.is_none_or(|uid| geteuid().as_raw() == uid), all || gid.is_none_or(is_in))
}

/// Owner and group of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    uid: u32,
    gid: Option<u32>,
}

pub(super) fn owner(uid: u32, gid: Option<u32>) -> Owner {
    Owner { uid, gid }
}

/// The owner of files in a group that somebody chose: who owned them anyway.
pub(super) fn owner_in_group(owner: Option<Owner>, gid: u32) -> Owner {
    Owner { uid: owner.map_or_else(|| rustix::process::geteuid().as_raw(), |o| o.uid), gid: Some(gid) }
}

/// The owner that new files should get: that of `folder` when we are root and it is somebody else's.
pub(super) fn owner_to_follow(folder: &Path) -> Option<Owner> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let meta = folder.metadata().ok()?;
    (meta.uid() != 0 || meta.gid() != 0).then(|| owner(meta.uid(), Some(meta.gid())))
}

pub(super) fn create_exclusive(path: &Path, mode: u32, owner: Option<Owner>) -> io::Result<File> {
    // 0600 until the real mode is set on the open file: nobody can open it in between.
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    // The owner first: a mode that lets its group in is meant for the new group alone.
    if let Some(o) = owner {
        std::os::unix::fs::fchown(&file, Some(o.uid), o.gid)?;
    }
    // Always, because the umask may have taken more away than was meant.
    file.set_permissions(PermissionsExt::from_mode(mode))?;
    Ok(file)
}

pub(super) fn create_folder(path: &Path, mode: u32, owner: Option<Owner>) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(path)?;
    give_folder(path, mode, owner).inspect_err(|_| {
        // Who comes next would take it for one that somebody made, and leave it as it is.
        drop(std::fs::remove_dir(path));
    })
}

fn give_folder(path: &Path, mode: u32, owner: Option<Owner>) -> io::Result<()> {
    // By descriptor: whoever may write beside us could put a link in its place.
    let folder = match open_no_follow(path) {
        // A umask that took the owner's own bits away.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode))?;
            open_no_follow(path)?
        }
        other => other?,
    };
    if let Some(o) = owner {
        std::os::unix::fs::fchown(&folder, Some(o.uid), o.gid)?;
    }
    folder.set_permissions(PermissionsExt::from_mode(mode))
}

pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    open_no_follow(path)?.set_permissions(PermissionsExt::from_mode(mode))
}

fn open_no_follow(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    File::options().read(true).custom_flags(flags.bits() as i32).open(path)
}

/// Opens a folder, not a link to one.
pub(super) fn open_folder(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::DIRECTORY;
    File::options().read(true).custom_flags(flags.bits() as i32).open(path)
}

/// A path of an open folder that stays it, and where that is now; nothing where the system keeps no such list.
pub(super) fn held_path(folder: &File) -> Option<(PathBuf, PathBuf)> {
    let held = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
    let is_now = std::fs::read_link(&held).ok()?;
    Some((held, is_now))
}

/// Whether two paths name one file or folder that exists, by whatever links or mounts.
pub fn is_same(a: &Path, b: &Path) -> bool {
    let id = |p: &Path| p.metadata().ok().map(|m| (m.dev(), m.ino()));
    id(a).is_some_and(|a| Some(a) == id(b))
}

/// Whether a process is alive, as far as can be seen from here.
pub(super) fn is_alive(process: &str) -> bool {
    let number = process.parse().ok().and_then(rustix::process::Pid::from_raw);
    number.is_some_and(|p| rustix::process::test_kill_process(p) != Err(rustix::io::Errno::SRCH))
}

/// Whether an open file is what a path names.
pub(super) fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let (open, named) = (file.metadata()?, path.metadata()?);
    Ok((open.dev(), open.ino()) == (named.dev(), named.ino()))
}

/// Whether a file belongs to this user, and to this group if one is given.
pub(super) fn is_owned_by(path: &Path, owner: Owner) -> io::Result<bool> {
    let meta = path.symlink_metadata()?;
    Ok(meta.uid() == owner.uid && owner.gid.is_none_or(|gid| meta.gid() == gid))
}

pub(super) fn mode_of(path: &Path) -> io::Result<u32> {
    Ok(path.symlink_metadata()?.mode() & 0o7777)
}

/// Renames where nothing of the new name exists.
pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // File systems without the flag: the check and the rename are two steps there.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
            if super::exists(to) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            std::fs::rename(from, to)
        }
        other => Ok(other?),
    }
}

/// Swaps two folders in one step.
pub(super) fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
            exchange_in_steps(a, b)
        }
        other => Ok(other?),
    }
}

/// Writes out everything of the file system that an open file or folder is on; `false` where the system has no such call, or
/// its call does not tell of writes that failed (before Linux 5.8).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn sync_file_system(file: &File) -> io::Result<bool> {
    static TELLS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    if !*TELLS.get_or_init(|| tells_of_failed_writes(&std::fs::read_to_string(RELEASE).unwrap_or_default())) {
        return Ok(false);
    }
    rustix::fs::syncfs(file)?;
    Ok(true)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn sync_file_system(_file: &File) -> io::Result<bool> {
    Ok(false)
}

/// The version of the running kernel, as `6.1.0-18-amd64`.
#[cfg(any(target_os = "linux", target_os = "android"))]
const RELEASE: &str = "/proc/sys/kernel/osrelease";

#[cfg(any(target_os = "linux", target_os = "android"))]
fn tells_of_failed_writes(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (5, 8)
}

/// What a folder that waits for its swap to be finished is called, before the name of the one that takes its place.
pub const ASIDE_PREFIX: &str = "aside-";

/// As [`exchange`], for file systems without the flag. A kill leaves `b` where it was, in `aside-<a>` beside `a`, or both.
fn exchange_in_steps(a: &Path, b: &Path) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(ASIDE_PREFIX);
    name.push(a.file_name().unwrap_or_default());
    let aside = a.with_file_name(name);
    rename_new(b, &aside)?;
    if let Err(e) = rename_new(a, b) {
        // Back as it was; else recovery finds it.
        drop(rename_new(&aside, b));
        return Err(e);
    }
    rename_new(&aside, a)
}

/// Takes an advisory lock on an open file or folder; `false` when it is held elsewhere.
pub(super) fn lock(file: &File, exclusive: bool) -> io::Result<bool> {
    let operation =
        if exclusive { FlockOperation::NonBlockingLockExclusive } else { FlockOperation::NonBlockingLockShared };
    match rustix::fs::flock(file, operation) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// Whether this process may make files in a folder.
pub fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// Whether a file is there that this process may not read.
pub fn is_forbidden(file: &Path) -> bool {
    rustix::fs::access(file, rustix::fs::Access::READ_OK) == Err(rustix::io::Errno::ACCESS)
}

/// Keeps the memory of this process to itself, as well as the system can: no core dumps, and nobody of the same user reads
/// or traces it (`PR_SET_DUMPABLE`; what it starts is free of that). Where the system knows nothing of it, nothing happens.
pub fn guard_memory() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Whether every user of the machine may read a file; a link is followed. A pipe, or what cannot be looked at, is not.
pub fn is_open_to_others(path: &Path) -> bool {
    path.metadata().is_ok_and(|m| m.is_file() && m.mode() & 0o004 != 0)
}

/// Opens a file to read it, without waiting for whoever should write into it if it is a pipe.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32).open(path)
}

/// Dies like a killed process.
#[cfg(feature = "fault-injection")]
pub(super) fn kill_self() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn which_kernels_tell_of_failed_writes() {
        for (release, tells) in
            [("5.8.0", true), ("6.1.0-18-amd64\n", true), ("5.7.19", false), ("4.19", false), ("", false)]
        {
            assert_eq!(tells_of_failed_writes(release), tells, "{release}");
        }
    }

    #[test]
    fn a_swap_in_steps() {
        let folder = tempfile::tempdir().unwrap();
        // Names with dots are kept whole.
        let (a, b) = (folder.path().join("csr-7-web.internal"), folder.path().join("web.internal"));
        for (f, name) in [(&a, "in a"), (&b, "in b")] {
            std::fs::create_dir(f).unwrap();
            std::fs::write(f.join(name), "").unwrap();
        }
        exchange_in_steps(&a, &b).unwrap();
        assert!(a.join("in b").exists() && b.join("in a").exists());
        let aside = folder.path().join("aside-csr-7-web.internal");
        assert!(!aside.exists());
        // What is missing leaves everything as it was.
        std::fs::remove_dir_all(&a).unwrap();
        assert!(exchange_in_steps(&a, &b).is_err());
        assert!(b.join("in a").exists() && !aside.exists());
    }
}
