//! Who holds a lock that we wait for, as far as the system tells.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The locks of all processes that this one may see (Linux, proc_locks(5)).
const LOCKS: &str = "/proc/locks";
/// Where SQLite's write lock lies in the `-shm` file of a database in WAL mode (its "WAL-mode file format", 2.2).
const SQLITE_WRITE_LOCK: u64 = 120;

/// The process that holds an advisory lock on a folder, as `process 42 (rootlet)`.
pub(super) fn of_folder(path: &Path) -> Option<String> {
    find(path, |kind, _| kind == "FLOCK")
}

/// The process that writes to a SQLite database in WAL mode, as `process 42 (rootlet)`.
pub fn database_writer(path: &Path) -> Option<String> {
    let mut shared = path.as_os_str().to_owned();
    shared.push("-shm");
    find(Path::new(&shared), |kind, range| kind == "POSIX" && range.contains(&SQLITE_WRITE_LOCK))
}

fn find(path: &Path, wanted: impl Fn(&str, std::ops::RangeInclusive<u64>) -> bool) -> Option<String> {
    let meta = path.metadata().ok()?;
    let (major, minor) = (rustix::fs::major(meta.dev()), rustix::fs::minor(meta.dev()));
    let file = format!("{major:02x}:{minor:02x}:{}", meta.ino());
    let own = std::process::id().to_string();
    let table = std::fs::read_to_string(LOCKS).ok()?;
    let process = table.lines().find_map(|line| {
        // `1: FLOCK  ADVISORY  WRITE 708 00:13:13282 0 EOF`; those who wait have `->` behind the number.
        let [_, kind, _, _, process, held, start, end] = line.split_ascii_whitespace().collect::<Vec<_>>()[..] else {
            return None;
        };
        let range = start.parse().ok()?..=end.parse().unwrap_or(u64::MAX);
        (held == file && process != own && wanted(kind, range)).then(|| process.to_string())
    })?;
    let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    Some(match name.trim() {
        "" => format!("process {process}"),
        name => format!("process {process} ({name})"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Lock;

    #[test]
    fn a_lock_of_this_process_is_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let _lock = Lock::exclusive(folder.path()).unwrap();
        assert_eq!(of_folder(folder.path()), None);
        assert_eq!(of_folder(Path::new("/does/not/exist")), None);
    }
}
