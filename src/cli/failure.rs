use super::exit::Exit;
use rootlet::manifest::ManifestError;
use rootlet::model::ModelError;
use rootlet::pki::Error;
use serde::Serialize;
use std::ffi::OsString;
use std::io;

/// What was to be said could not be: by then what was asked for is done.
#[derive(Debug, thiserror::Error)]
#[error("the output could not be written: {}", rootlet::disk::reason(.0))]
pub struct OutputLost(#[source] pub io::Error);

const LOST_HINT: &str = "whatever the command changed stands: `rootlet history` lists it";

/// Why a command ends without success, as it is told to people and scripts.
#[derive(Debug, Serialize)]
pub struct Failure {
    code: String,
    message: String,
    hints: Vec<String>,
    retryable: bool,
    #[serde(skip)]
    exit: Option<Exit>,
    #[serde(skip)]
    closed_pipe: bool,
    /// A handle that is free, for `name-taken`.
    #[serde(skip)]
    free: Option<Box<str>>,
    /// Fields that differ, for `differs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<Box<[rootlet::pki::Difference]>>,
    /// Everything that is wrong, for `manifest`.
    #[serde(rename = "problems", skip_serializing_if = "Option::is_none", serialize_with = "problems")]
    manifest: Option<Box<ManifestError>>,
}

fn problems<S: serde::Serializer>(manifest: &Option<Box<ManifestError>>, serializer: S) -> Result<S::Ok, S::Error> {
    manifest.as_ref().map(|m| &m.problems).serialize(serializer)
}

impl Failure {
    /// Wrong usage.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint: String = hint.into();
        Failure {
            code: "usage".into(),
            message: message.into(),
            hints: if hint.is_empty() { Vec::new() } else { vec![hint] },
            retryable: false,
            exit: Some(Exit::Usage),
            closed_pipe: false,
            free: None,
            differences: None,
            manifest: None,
        }
    }

    /// Something that the command itself refuses after it has looked.
    pub fn failed(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure { code: code.into(), exit: Some(Exit::Failed), ..Failure::usage(message, hint) }
    }

    /// What was to be looked at holds nothing that can be read.
    pub fn unreadable(name: &str, problem: &impl std::fmt::Display) -> Self {
        let message = format!("`{name}` cannot be read: {problem}");
        Failure::failed("malformed", message, "give a file in PEM or DER, or `-` for standard input")
    }

    /// What stands in a file contradicts itself.
    pub fn of_a_file(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure { code: "manifest".into(), exit: Some(Exit::Failed), ..Failure::usage(message, hint) }
    }

    /// Some of what was to be looked at cannot be read; the rest was shown.
    pub fn damaged(message: String) -> Self {
        Failure { code: "malformed".into(), message, exit: Some(Exit::Failed), ..Failure::usage("", "") }
    }

    /// What was asked for is not there.
    pub fn nothing_found(message: String) -> Self {
        Failure { code: "not-found".into(), message, exit: Some(Exit::Failed), ..Failure::usage("", "") }
    }

    /// A server that presents nothing.
    pub fn connection(error: &rootlet::judge::PresentedError) -> Self {
        Failure {
            code: error.code().into(),
            message: error.to_string(),
            hints: error.hint().into_iter().collect(),
            retryable: error.is_retryable(),
            exit: Some(Exit::Failed),
            ..Failure::usage("", "")
        }
    }

    /// With one more thing to try, if there is one.
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hints.extend(hint);
        self
    }

    /// Where another name would do, the whole command with it.
    pub fn with_command(mut self, words: &[OsString]) -> Self {
        if let Some(free) = self.free.as_ref().filter(|_| words.iter().all(|w| w != "--name" && w != "--")) {
            let words = words.iter().skip(1).map(|w| quoted(&w.to_string_lossy())).collect::<Vec<_>>().join(" ");
            self.hints = vec![format!("take another name: rootlet {words} --name {free}")];
        }
        self
    }

    pub fn exit(&self) -> Exit {
        self.exit.unwrap_or(Exit::Failed)
    }

    pub fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    /// Everything that is wrong, where it is more than one sentence.
    pub fn manifest(&self) -> Option<&ManifestError> {
        self.manifest.as_deref()
    }

    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure {
            code: error.code().into(),
            message: error.to_string(),
            hints: error.hints(),
            retryable: error.is_retryable(),
            exit: Some(if error.is_usage() { Exit::Usage } else { Exit::Failed }),
            closed_pipe: false,
            free: match &error {
                Error::NameTaken { free, .. } => Some(free.as_str().into()),
                _ => None,
            },
            manifest: match &error {
                Error::Manifest(e) => Some(e.clone()),
                _ => None,
            },
            differences: match error {
                Error::Differs { differences, .. } | Error::CaChange { differences, .. } => Some(differences.into()),
                _ => None,
            },
        }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Error::from(error).into()
    }
}

impl From<anyhow::Error> for Failure {
    /// What goes wrong in the binary itself: output that cannot be written, paths that cannot be resolved.
    fn from(error: anyhow::Error) -> Self {
        let closed = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
        let lost = error.downcast_ref::<OutputLost>();
        Failure {
            code: "io".into(),
            closed_pipe: error.chain().filter_map(|e| e.downcast_ref::<io::Error>()).any(closed),
            message: lost.map_or_else(|| format!("{error:#}"), ToString::to_string),
            hints: lost.map(|_| LOST_HINT.into()).into_iter().collect(),
            retryable: false,
            exit: Some(Exit::Failed),
            free: None,
            differences: None,
            manifest: None,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        anyhow::Error::from(OutputLost(error)).into()
    }
}

impl Failure {
    /// One of several items that failed.
    pub fn of_item(name: &str, error: &rootlet::pki::CrlError) -> Self {
        Failure {
            code: error.code.clone(),
            message: if error.message.contains(name) {
                error.message.clone()
            } else {
                format!("{name}: {}", error.message)
            },
            hints: error.hints.clone(),
            retryable: false,
            exit: None,
            closed_pipe: false,
            free: None,
            differences: None,
            manifest: None,
        }
    }
}

impl From<&rootlet::pki::ItemError> for Failure {
    /// As [`Failure::of_item`], of an item whose message names it.
    fn from(error: &rootlet::pki::ItemError) -> Self {
        Failure {
            code: error.code.into(),
            message: error.message.clone(),
            hints: error.hints.clone(),
            retryable: error.retryable,
            exit: None,
            closed_pipe: false,
            free: None,
            differences: None,
            manifest: None,
        }
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
