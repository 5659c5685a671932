//! A scratch folder with the binary under test in it, what the binary said, and everything that the folder holds.
#![allow(dead_code)] // each test crate uses its part

pub mod hostile;
pub mod ordered;
pub mod ran;
pub mod state;

pub use ran::Ran;
pub use state::State;

use serde_json::Value;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// The binary under test.
pub const ROOTLET: &str = env!("CARGO_BIN_EXE_rootlet");

/// The reasons of a revocation, as they are typed and printed.
pub const REASONS: [&str; 9] = [
    "unspecified",
    "key-compromise",
    "ca-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "certificate-hold",
    "privilege-withdrawn",
    "aa-compromise",
];

/// Settings of the machine that would change what the binary does or says.
const UNWANTED_SETTINGS: [&str; 10] = [
    "ROOTLET_PKI",
    "ROOTLET_PASSPHRASE",
    "ROOTLET_ISSUER_PASSPHRASE",
    "ROOTLET_NEW_PASSPHRASE",
    "ROOTLET_FAULT_AT",
    "ROOTLET_FAIL_AT",
    "ROOTLET_LOCK_WAIT",
    "NO_COLOR",
    "COLUMNS",
    "TERM",
];

/// A folder of its own, in which commands run; their PKI is `pki` in it.
pub struct Sandbox {
    folder: TempDir,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    pub fn new() -> Self {
        static MINE: OnceLock<PathBuf> = OnceLock::new();
        let folder = tempfile::Builder::new().prefix("").tempdir_in(MINE.get_or_init(folder_of_this_process));
        Sandbox { folder: folder.expect("a scratch folder can be made") }
    }

    /// A root `Lab Root` and below it `Lab Issuing`, which is what leaves get when nobody names an issuer.
    pub fn with_issuing_ca() -> Self {
        static MADE: OnceLock<Sandbox> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let sandbox = Sandbox::new();
            sandbox.ok(&["root", "Lab Root"]);
            sandbox.ok(&["intermediate", "Lab Issuing"]);
            sandbox
        });
        made.copied()
    }

    /// The same files in another folder.
    pub fn copied(&self) -> Self {
        let copy = Sandbox::new();
        copy_folder(self.folder.path(), copy.folder.path());
        copy
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(&path, content).unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
        path
    }

    pub fn text(&self, relative: &str) -> String {
        String::from_utf8(self.bytes(relative)).expect("a text file")
    }

    pub fn bytes(&self, relative: &str) -> Vec<u8> {
        let path = self.path(relative);
        fs::read(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()))
    }

    pub fn mode(&self, relative: &str) -> u32 {
        fs::metadata(self.path(relative)).expect("it exists").permissions().mode() & 0o7777
    }

    pub fn set_mode(&self, relative: &str, mode: u32) {
        fs::set_permissions(self.path(relative), fs::Permissions::from_mode(mode)).expect("the mode can be set");
    }

    /// The names in a folder, sorted.
    pub fn names(&self, relative: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path(relative))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The binary under test in this folder, free of the machine's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(ROOTLET);
        for setting in UNWANTED_SETTINGS {
            command.env_remove(setting);
        }
        command.current_dir(self.folder.path()).args(arguments);
        command.env("TZ", "UTC").env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments))
    }

    /// Runs it; it succeeds.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> Ran {
        self.run(arguments).exits(0)
    }

    /// Runs it with `--json`; it succeeds, and this is what it printed.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat()).exits(0);
        assert_eq!(ran.stderr, "", "with --json nothing is said on stderr: {ran}");
        ran.object()
    }

    /// Runs it with `--json`; it fails with this code, and every file and every row stays as it was.
    #[track_caller]
    pub fn refuses(&self, arguments: &[&str], exit: i32, code: &str) -> Value {
        let before = self.state();
        let error = self.run(&[arguments, &["--json"]].concat()).exits(exit).error(code);
        before.assert_unchanged(&self.state(), &arguments.join(" "));
        error
    }

    /// One field of a certificate.
    #[track_caller]
    pub fn field(&self, name: &str, field: &str) -> String {
        self.ok(&["show", name, "--field", field]).stdout.trim_end().to_string()
    }

    /// Everything that the folder holds now.
    pub fn state(&self) -> State {
        State::of(self.folder.path())
    }

    /// A second that lies this far from now, as it is typed.
    pub fn time(&self, seconds_from_now: i64) -> String {
        let now = time::OffsetDateTime::now_utc().replace_nanosecond(0).expect("no nanoseconds");
        let at = now + time::Duration::seconds(seconds_from_now);
        at.format(&time::format_description::well_known::Rfc3339).expect("a time can be written")
    }
}

/// A day in seconds.
pub const DAY: i64 = 86_400;

/// Where this test process works. What one that has ended left there (a test process has no moment of its own at which
/// all of its tests are done) is removed by the next one.
fn folder_of_this_process() -> PathBuf {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("commands");
    let processes = Path::new("/proc");
    for entry in fs::read_dir(&all).into_iter().flatten().flatten() {
        if processes.join("self").exists() && !processes.join(entry.file_name()).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let mine = all.join(std::process::id().to_string());
    fs::create_dir_all(&mine).expect("a scratch folder can be made");
    mine
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            let mode = fs::metadata(&source).expect("it exists").permissions().mode();
            fs::DirBuilder::new().mode(mode & 0o777).create(&target).expect("a folder can be made");
            fs::set_permissions(&target, fs::Permissions::from_mode(mode)).expect("the mode can be set");
            copy_folder(&source, &target);
        } else {
            fs::copy(&source, &target).expect("a file can be copied");
        }
    }
}
