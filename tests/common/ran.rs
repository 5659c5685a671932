//! What a finished command said.

use serde_json::Value;
use std::fmt;
use std::process::{Command, Output};

pub struct Ran {
    command: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(mut command: Command) -> Self {
        let output = command.output().expect("the binary under test can be started");
        Self::from_output(&command, output)
    }

    pub fn from_output(command: &Command, output: Output) -> Self {
        let words: Vec<_> = command.get_args().map(|a| format!("{:?}", a.to_string_lossy())).collect();
        Ran {
            command: format!("rootlet {}", words.join(" ")),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "should exit with {code}: {self}");
        self
    }

    /// `words` stand on stdout.
    #[track_caller]
    pub fn prints(self, words: &str) -> Self {
        assert!(self.stdout.contains(words), "stdout should have {words:?}: {self}");
        self
    }

    /// `words` stand on stderr.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "stderr should have {words:?}: {self}");
        self
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub fn object(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("stdout should be one JSON object ({e}): {self}"));
        assert!(value.is_object(), "stdout should be one JSON object: {self}");
        value
    }

    /// The one error object on stderr, with nothing on stdout.
    #[track_caller]
    pub fn error(&self, code: &str) -> Value {
        let error = self.read_error().unwrap_or_else(|problem| panic!("{problem}: {self}"));
        assert_eq!(error["code"], code, "{self}");
        error
    }

    /// As [`Ran::error`], or what is wrong with it.
    pub fn read_error(&self) -> Result<Value, String> {
        if !self.stdout.is_empty() {
            return Err("a failed command prints no result".into());
        }
        let value: Value = serde_json::from_str(&self.stderr).map_err(|e| format!("stderr is not one object ({e})"))?;
        match value.as_object() {
            Some(object) if object.keys().eq(["error"]) => Ok(value["error"].clone()),
            _ => Err("stderr is not one object with `error` in it".into()),
        }
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        write!(f, "{command}\nexit code: {code:?}\nstdout:\n{stdout}\nstderr:\n{stderr}")
    }
}

/// The codes of a result's warnings.
pub fn warnings(value: &Value) -> Vec<&str> {
    let all = value["warnings"].as_array().expect("a result has warnings");
    all.iter().map(|w| w["code"].as_str().expect("a warning has a code")).collect()
}
