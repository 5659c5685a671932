//! The command of the user that runs after each renewal.

use rootlet::pki::{Error, Renewed};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Never handed on: what this process was given to open keys with.
const SECRETS: [&str; 3] = ["ROOTLET_PASSPHRASE", "ROOTLET_ISSUER_PASSPHRASE", "ROOTLET_NEW_PASSPHRASE"];

/// The first descriptor behind stdin, stdout and stderr.
const FIRST_INHERITED: i32 = 3;

/// A command for `sh -c`, and what it is told.
pub struct Hook {
    pub command: String,
    /// The PKI folder, absolute.
    pub pki: PathBuf,
    /// Whether stdout is ours alone: the command then writes to stderr.
    pub keep_stdout: bool,
}

impl Hook {
    /// Runs it to its end, with what was renewed in its environment.
    pub fn run(&self, renewed: &Renewed) -> Result<(), Error> {
        self.start(renewed).map_err(|problem| Error::Exec { handle: renewed.name.clone(), problem })
    }

    /// As [`Hook::run`], and says what went wrong without whose command it was.
    pub fn start(&self, renewed: &Renewed) -> Result<(), String> {
        let Some(certificate) = &renewed.certificate else { return Ok(()) };
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.command).stdin(Stdio::null());
        if self.keep_stdout {
            command.stdout(std::io::stderr());
        }
        for secret in SECRETS {
            command.env_remove(secret);
        }
        command.env("ROOTLET_PKI", &self.pki);
        command.env("ROOTLET_NAME", &renewed.name).env("ROOTLET_ACTION", renewed.action);
        command.env("ROOTLET_PROFILE", certificate.profile).env("ROOTLET_SERIAL", &certificate.serial);
        command.env("ROOTLET_NOT_AFTER", certificate.not_after.to_string());
        let files = &certificate.files;
        set(&mut command, "ROOTLET_CERT", files.cert.as_deref());
        set(&mut command, "ROOTLET_KEY", files.key.as_deref());
        set(&mut command, "ROOTLET_CHAIN", files.chain.as_deref());
        set(&mut command, "ROOTLET_FULLCHAIN", files.fullchain.as_deref());
        set(&mut command, "ROOTLET_CA", files.ca.as_deref());
        // What this process was started with, as a descriptor with a passphrase behind it or a lock, stays its own.
        close_fds::set_fds_cloexec(FIRST_INHERITED, &[]);
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("`{}` ended with {status}", self.command)),
            Err(e) => Err(format!("`sh` cannot be started: {e}")),
        }
    }
}

/// A file that is not there is not in the environment either, whoever put it there before.
fn set(command: &mut Command, name: &str, file: Option<&Path>) {
    match file {
        Some(file) => command.env(name, file),
        None => command.env_remove(name),
    };
}
