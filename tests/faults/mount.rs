//! File systems of one test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Enough for a PKI with a handful of certificates.
const SMALL: &str = "1m";
/// How long a file system may be busy.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Only root may mount. Checks of everything run as root.
pub fn may_mount() -> bool {
    if is_root() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "this test mounts a file system, and needs root");
    false
}

/// A file system in memory that goes with this value.
pub struct Mount(PathBuf);

impl Mount {
    pub fn small(folder: &Path) -> Self {
        Self::of_size(folder, SMALL)
    }

    /// `10m` is ten mebibytes.
    pub fn of_size(folder: &Path, size: &str) -> Self {
        std::fs::create_dir_all(folder).expect("a folder can be made");
        let options = format!("size={size},mode=0755");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(folder));
        Mount(folder.into())
    }

    /// The same file or folder at another place, which must exist.
    pub fn bind(from: &Path, to: &Path) -> Self {
        run(Command::new("mount").arg("--bind").arg(from).arg(to));
        Mount(to.into())
    }

    /// For a moment a process that another test begins may hold every file that was open in this one.
    pub fn make_read_only(&self) {
        let mut command = Command::new("mount");
        command.args(["-o", "remount,ro"]).arg(&self.0);
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if command.output().is_ok_and(|o| o.status.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        run(&mut command);
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        run(Command::new("umount").arg("--lazy").arg(&self.0));
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
