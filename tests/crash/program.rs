//! Running the binary, and what it says as JSON.

use serde_json::Value;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOTLET: &str = env!("CARGO_BIN_EXE_rootlet");
const SIGKILL: i32 = 9;
/// What a command with `--stdin` reads, in the folder that it runs in.
pub const STDIN: &str = "stdin.txt";
const UNWANTED_SETTINGS: [&str; 4] = ["ROOTLET_PKI", "ROOTLET_FAULT_AT", "ROOTLET_FAIL_AT", "ROOTLET_LOCK_WAIT"];

fn clean(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder);
    for setting in UNWANTED_SETTINGS {
        command.env_remove(setting);
    }
    command
}

/// The binary in a folder of its own, with the PKI in `pki` there.
pub struct Program {
    pub folder: PathBuf,
}

/// What goes wrong in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// It dies at its n-th write.
    Dies(u32),
    /// Its n-th write fails as on a full disk.
    Fails(u32),
    /// So do all writes that follow.
    FailsFrom(u32),
}

/// What a run did.
pub struct Run {
    words: String,
    output: Output,
}

impl Program {
    pub fn pki(&self) -> PathBuf {
        self.folder.join("pki")
    }

    pub fn has_pki(&self) -> bool {
        self.pki().join("inventory.db").exists()
    }

    pub fn run(&self, words: &[&str], fault: Fault) -> Run {
        let mut command = self.command(words);
        match fault {
            Fault::None => &mut command,
            Fault::Dies(n) => command.env("ROOTLET_FAULT_AT", n.to_string()),
            Fault::Fails(n) => command.env("ROOTLET_FAIL_AT", n.to_string()),
            Fault::FailsFrom(n) => command.env("ROOTLET_FAIL_AT", format!("{n}+")),
        };
        Run { words: words.join(" "), output: command.output().unwrap() }
    }

    /// Runs it under strace, which writes what it sees to a file, with these expressions.
    pub fn traced(&self, words: &[&str], log: &Path, expressions: &[&str]) -> Run {
        let mut command = clean(Command::new("strace"), &self.folder);
        command.args(["-f", "-qq", "-o"]).arg(log);
        for expression in expressions {
            command.args(["-e", expression]);
        }
        command.arg(ROOTLET).args(words).arg("--json");
        Run { words: words.join(" "), output: command.output().unwrap() }
    }

    /// The binary, free of the machine's settings, about to run.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = clean(Command::new(ROOTLET), &self.folder);
        command.args(words).arg("--json");
        if words.contains(&"--stdin") {
            command.stdin(std::fs::File::open(self.folder.join(STDIN)).unwrap());
        }
        command
    }

    /// What `doctor` finds and has not mended: code and file.
    pub fn findings(&self) -> Vec<String> {
        if self.has_pki() { self.doctor(&["doctor"]) } else { Vec::new() }
    }

    /// As [`Program::findings`], after it mended what it can.
    pub fn repair(&self) -> Vec<String> {
        self.doctor(&["doctor", "--repair"])
    }

    pub fn doctor(&self, words: &[&str]) -> Vec<String> {
        let run = self.run(words, Fault::None);
        let json = run.json();
        let problems = json["problems"].as_array().unwrap_or_else(|| panic!("{run}"));
        let left: Vec<_> =
            problems.iter().filter(|p| p["repaired"] == false).map(|p| p["message"].to_string()).collect();
        let expected = if left.is_empty() { 0 } else { 3 };
        assert_eq!(run.output.status.code(), Some(expected), "{run}");
        // A folder of its own each time: what it is called says nothing.
        left.into_iter().map(|m| m.replace(&*self.folder.to_string_lossy(), "")).collect()
    }

    /// Serial and PEM of every certificate that the inventory knows.
    pub fn known(&self) -> Vec<(String, String)> {
        let run = self.run(&["list", "--all", "--pem"], Fault::None).succeeds();
        let json = run.json();
        let all = json["certificates"].as_array().unwrap_or_else(|| panic!("{run}"));
        let text = |v: &Value| v.as_str().unwrap_or_else(|| panic!("{run}")).to_string();
        all.iter().map(|c| (text(&c["serial"]), text(&c["pem"]))).collect()
    }
}

impl Run {
    pub fn was_killed(&self) -> bool {
        self.output.status.signal() == Some(SIGKILL)
    }

    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert!(self.output.status.success(), "{self}");
        self
    }

    /// The code of the error, where it failed with one: of the first item that failed, where it goes on past such.
    pub fn error_code(&self) -> Option<String> {
        let code = |v: &Value| v["error"]["code"].as_str().map(str::to_string);
        if let Ok(json) = serde_json::from_slice(&self.output.stderr) {
            return code(&json);
        }
        let json: Value = serde_json::from_slice(&self.output.stdout).ok()?;
        // Of one item of several, or of what follows them all.
        json["results"].as_array()?.iter().find_map(code).or_else(|| code(&json))
    }

    /// Whether it failed after something was issued: the results have its certificate.
    pub fn issued_something(&self) -> bool {
        let json: Value = serde_json::from_slice(&self.output.stdout).unwrap_or_default();
        json["results"].as_array().is_some_and(|all| all.iter().any(|r| r["certificate"].is_object()))
    }

    /// Whether it was a check whose answer is no.
    pub fn found_something(&self) -> bool {
        self.output.status.code() == Some(3) && self.json()["problems"].is_array()
    }

    pub fn succeeded(&self) -> bool {
        self.output.status.success()
    }

    /// It ended by itself and said why, on one of stdout and stderr, with the exit code of a failure.
    #[track_caller]
    pub fn assert_refused(&self) {
        let whole = self.output.status.code() == Some(1) && self.error_code().is_some();
        assert!(whole && self.output.stdout.is_empty() != self.output.stderr.is_empty(), "{self}");
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.output.stdout).unwrap_or_else(|e| panic!("{e}: {self}"))
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let Output { status, stdout, stderr } = &self.output;
        write!(f, "`rootlet {}`: {status}\n{}{}", self.words, text(stdout), text(stderr))
    }
}
