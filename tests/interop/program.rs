//! Finding the programs that judge, and running them under a time limit.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// How long one run of a program may take: the slowest takes two seconds on an idle machine.
pub const RUN_LIMIT: Duration = Duration::from_secs(60);
/// How long a compiler may take: Go may have to build its standard library first.
pub const COMPILE_LIMIT: Duration = Duration::from_secs(300);

/// Where daemons are installed; an ordinary user's `PATH` often lacks these.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Settings of the machine that would change what a program trusts, says or connects to.
const UNWANTED_SETTINGS: [&str; 15] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSLKEYLOGFILE",
    "OPENSSL_CONF",
    "GNUTLS_SYSTEM_PRIORITY_FILE",
    "JAVA_TOOL_OPTIONS",
    "GODEBUG",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "ROOTLET_PKI",
    "ROOTLET_PASSPHRASE",
    "ROOTLET_ISSUER_PASSPHRASE",
];

/// A program that judges: its name, and the command that tells its version.
pub struct Program {
    pub name: &'static str,
    pub version: &'static [&'static str],
}

impl Program {
    /// A command that starts it, free of the machine's settings and with English output.
    pub fn command(&self) -> Command {
        let path = find(self.name).unwrap_or_else(|| panic!("{} is not installed", self.name));
        clean_command(path)
    }
}

/// A command free of the machine's settings, with English output.
pub fn clean_command(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    for setting in UNWANTED_SETTINGS {
        command.env_remove(setting);
    }
    command.env("LC_ALL", "C").env("TZ", "UTC");
    command
}

/// Whether all of them are installed. Says once which version judges; where `CI` is set a missing one is a failure.
pub fn present(programs: &[&Program]) -> bool {
    programs.iter().all(|program| is_present(program))
}

fn is_present(program: &Program) -> bool {
    static SAID: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let found = find(program.name).is_some();
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(found || !in_ci, "{} is not installed, and `CI` is set", program.name);

    let mut said = SAID.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if said.insert(program.name) {
        if found {
            say(&format!("judge: {}: {}", program.name, version_of(program)));
        } else {
            say(&format!("skipped: {} is not installed", program.name));
        }
    }
    found
}

/// Writes past the capture of the test harness, which shows the words of failed tests only.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn version_of(program: &Program) -> String {
    let [name, arguments @ ..] = program.version else {
        return "version unknown".to_owned();
    };
    let Some(path) = find(name) else {
        return "version unknown".to_owned();
    };
    let ran = run(clean_command(path).args(arguments));
    let words = format!("{}\n{}", ran.stdout, ran.stderr);
    words.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("version unknown").to_owned()
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SYSTEM_FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// What a finished program said.
pub struct Ran {
    command: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "should succeed: {self}");
        self
    }

    #[track_caller]
    pub fn fails(self) -> Self {
        assert!(self.code.is_some_and(|code| code != 0), "should fail: {self}");
        self
    }

    /// `words` stand in its output, of either kind.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        self.says_one_of(&[words])
    }

    #[track_caller]
    pub fn says_one_of(self, choices: &[&str]) -> Self {
        let said = |words: &&str| self.stdout.contains(words) || self.stderr.contains(words);
        assert!(choices.iter().any(said), "should say one of {choices:?}: {self}");
        self
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        write!(formatter, "{command}\nexit code: {code:?}\nstdout:\n{stdout}\nstderr:\n{stderr}")
    }
}

/// Runs it to its end, or fails the test after `RUN_LIMIT`.
#[track_caller]
pub fn run(command: &mut Command) -> Ran {
    run_within(command, RUN_LIMIT)
}

/// Runs it to its end, or kills it and fails the test after `limit`.
#[track_caller]
pub fn run_within(command: &mut Command, limit: Duration) -> Ran {
    let shown = shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {shown}: {error}"));
    let stdout = collect(child.stdout.take().expect("stdout is piped"));
    let stderr = collect(child.stderr.take().expect("stderr is piped"));

    let deadline = Instant::now() + limit;
    let status = loop {
        match child.try_wait().expect("the child can be waited for") {
            Some(status) => break status,
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("not done after {} s: {shown}", limit.as_secs());
            }
        }
    };
    Ran {
        command: shown,
        code: status.code(),
        stdout: stdout.join().expect("stdout is read"),
        stderr: stderr.join().expect("stderr is read"),
    }
}

/// The program and its arguments, without the environment that `Debug` would show.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn collect(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A file beside these tests: the source of a small judge in another language.
pub fn source(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(relative)
}
