use super::super::failure::Failure;
use super::super::secrets::{Origin, Secrets, SecretsBuilder};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

// Where the passphrase of the subject's own key comes from.
#[derive(Debug, Default, Args)]
pub struct SubjectSecretArgs {
    /// The passphrase of its own key, read or written: a file, or - for stdin [default: $ROOTLET_PASSPHRASE, else asked for on a terminal]
    #[arg(long, help_heading = "Secrets", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

// Where the keys of the CAs that sign are, and what opens them.
#[derive(Debug, Default, Args)]
pub struct IssuerSecretArgs {
    /// The passphrase of the CA's key that signs: a file, or - for stdin; with CA= before it, of that CA alone [default: $ROOTLET_ISSUER_PASSPHRASE, else asked for on a terminal]
    #[arg(long, help_heading = "Secrets", value_name = "[CA=]FILE")]
    issuer_passphrase_file: Vec<String>,
    /// The key of the CA that signs, when it is not in the PKI folder; with CA= before it, of that CA alone
    #[arg(long, help_heading = "Secrets", value_name = "[CA=]FILE")]
    issuer_key_file: Vec<String>,
}

impl SubjectSecretArgs {
    pub fn was_typed(&self) -> bool {
        self.passphrase_file.is_some()
    }

    pub fn file(&self) -> Option<&PathBuf> {
        self.passphrase_file.as_ref()
    }
}

impl IssuerSecretArgs {
    pub fn add_to(&self, builder: &mut SecretsBuilder) -> Result<(), Failure> {
        builder.add_issuers(&self.issuer_passphrase_file, &self.issuer_key_file)
    }
}

/// The secrets of a command that has a subject with a key of its own, issuers, or both.
pub fn secrets(
    subject: Option<&SubjectSecretArgs>,
    issuers: Option<&IssuerSecretArgs>,
) -> Result<Arc<Secrets>, Failure> {
    let mut builder = SecretsBuilder::default();
    if let Some(subject) = subject {
        builder.subject = Origin::of(subject.file().map(PathBuf::as_path), "ROOTLET_PASSPHRASE");
    }
    if let Some(issuers) = issuers {
        builder.add_issuers(&issuers.issuer_passphrase_file, &issuers.issuer_key_file)?;
    }
    builder.build()
}

/// The secrets of a command that may read something else from stdin.
pub fn secrets_beside_stdin(issuers: &IssuerSecretArgs, stdin_is_taken: bool) -> Result<Arc<Secrets>, Failure> {
    let mut builder = SecretsBuilder::default();
    builder.stdin_is_taken = stdin_is_taken;
    builder.add_issuers(&issuers.issuer_passphrase_file, &issuers.issuer_key_file)?;
    builder.build()
}

/// The secrets of a command that puts one passphrase of a key in place of another.
pub fn change_secrets(subject: &SubjectSecretArgs, new: Option<&Path>) -> Result<Arc<Secrets>, Failure> {
    let mut builder = SecretsBuilder::default();
    builder.subject = Origin::of(subject.file().map(PathBuf::as_path), "ROOTLET_PASSPHRASE");
    builder.new = Origin::of(new, "ROOTLET_NEW_PASSPHRASE");
    builder.changes = true;
    builder.build()
}
