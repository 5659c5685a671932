use super::super::failure::Failure;
use super::super::secrets::{Origin, STDIN, Secrets, SecretsBuilder, of_ca};
use clap::Args;
use rootlet::pki::{Pki, SecretFiles};
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

/// The files that a command names, as its manifest names them; refused where a manifest cannot.
pub fn declared(
    subject: &SubjectSecretArgs,
    issuers: Option<&IssuerSecretArgs>,
    issuer: Option<&str>,
) -> Result<SecretFiles, Failure> {
    let from_stdin = |option: &str| {
        Failure::usage(format!("{option} is stdin, and a manifest names files"), "name a file, or leave it away")
    };
    let passphrase = subject.passphrase_file.clone();
    if passphrase.as_deref() == Some(Path::new(STDIN)) {
        return Err(from_stdin("--passphrase-file"));
    }
    let of_issuer = |option: &str, all: &[String]| -> Result<Option<PathBuf>, Failure> {
        let mut file = None;
        for (ca, path) in all.iter().map(|text| of_ca(text)) {
            let Some(issuer) = issuer else {
                let message = format!("a manifest says {option} of the issuer that it names");
                return Err(Failure::usage(message, "name the CA with --issuer"));
            };
            if let Some(other) = ca.filter(|ca| *ca != Pki::handle_of(issuer)) {
                let message =
                    format!("{option} is of `{other}`, and the manifest of one entry names its issuer's alone");
                return Err(Failure::usage(message, "leave it away, and say it in the entry that it is for"));
            }
            if path == STDIN {
                return Err(from_stdin(option));
            }
            file = Some(path.into());
        }
        Ok(file)
    };
    let nothing = IssuerSecretArgs::default();
    let issuers = issuers.unwrap_or(&nothing);
    Ok(SecretFiles {
        passphrase,
        issuer_passphrase: of_issuer("--issuer-passphrase-file", &issuers.issuer_passphrase_file)?,
        issuer_key: of_issuer("--issuer-key-file", &issuers.issuer_key_file)?,
    })
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
