use crate::model::{Handle, Profile, Serial, Timestamp};
use std::path::PathBuf;

/// Why something that was made elsewhere was not taken over. Nothing was then written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A certificate that no CA can have.
    #[error("the certificate in `{}` is not one of a CA: {problem}", path.display())]
    NotACa {
        /// Its file.
        path: PathBuf,
        /// What it lacks.
        problem: String,
    },
    /// A certificate that the inventory cannot hold.
    #[error("the certificate in `{}` cannot be recorded: {problem}", path.display())]
    Unrecordable {
        /// Its file.
        path: PathBuf,
        /// Why not.
        problem: &'static str,
    },
    /// Key and certificate do not belong together.
    #[error("the key in `{}` is not the one of the certificate in `{}`", key.display(), certificate.display())]
    WrongKey {
        /// The key file.
        key: PathBuf,
        /// The certificate file.
        certificate: PathBuf,
    },
    /// The certificate above is missing.
    #[error("`{subject}` was issued by `{issuer}`, whose certificate is not here")]
    IssuerMissing {
        /// Whose issuer.
        subject: String,
        /// The name of the issuer.
        issuer: String,
    },
    /// The chain does not hold.
    #[error("the chain does not hold: {problem}")]
    Chain {
        /// The first thing that is wrong.
        problem: String,
    },
    /// No CA here issued a leaf.
    #[error("`{subject}` is no CA, and no CA here issued it")]
    NotOurs {
        /// Its subject, or the first of its names.
        subject: String,
    },
    /// Another certificate of that name is here.
    #[error("`{handle}` is here already with another key")]
    AnotherKey {
        /// The handle.
        handle: Handle,
    },
    /// The key of the one before would be replaced by none.
    #[error("the certificate in `{}` has another key than `{handle}`, whose key would be removed", path.display())]
    KeyReplaced {
        /// The file of the certificate.
        path: PathBuf,
        /// Whose key lies here.
        handle: Handle,
    },
    /// A newer certificate of that name is here.
    #[error("`{handle}` has a newer certificate already, which starts {not_before}")]
    Older {
        /// The handle.
        handle: Handle,
        /// The start of the newer one.
        not_before: Timestamp,
    },
    /// The handle waits for the certificate of another key.
    #[error("the certificate in `{}` has another key than the request of `{handle}`", path.display())]
    NotTheAnswer {
        /// Its file.
        path: PathBuf,
        /// Who requested.
        handle: Handle,
    },
    /// The answer is not what was asked for.
    #[error("the certificate in `{}` does not answer the request of `{handle}`: that is for {}", path.display(),
        a(*profile))]
    NotAsRequested {
        /// Its file.
        path: PathBuf,
        /// Who requested.
        handle: Handle,
        /// What was requested.
        profile: Profile,
    },
    /// Nobody said what the CA revoked before.
    #[error("what `{name}` revoked before must be said: it would vanish from its next CRL")]
    PastMissing {
        /// The CA.
        name: String,
    },
    /// A past was given where there is none.
    #[error("`{name}` {problem}, so only its CRL can be taken over")]
    PastUseless {
        /// What was to be imported.
        name: String,
        /// Why it has no past here.
        problem: &'static str,
    },
    /// What was given says nothing about a leaf, or about a CA that is new.
    #[error("`{name}` {problem}, and has revoked nothing")]
    NoPast {
        /// What was to be imported.
        name: String,
        /// Why it has no past.
        problem: &'static str,
    },
    /// The CRL of somebody else.
    #[error("the CRL in `{}` is of `{issuer}`, not of `{ca}`", path.display())]
    CrlOfAnother {
        /// Its file.
        path: PathBuf,
        /// Who issued it.
        issuer: String,
        /// Who should have.
        ca: String,
    },
    /// A CRL that the CA did not sign.
    #[error("the CRL in `{}` is not good: {problem}", path.display())]
    CrlSignature {
        /// Its file.
        path: PathBuf,
        /// What is wrong with the signature.
        problem: String,
    },
    /// A CRL that cannot be gone on from.
    #[error("the CRL in `{}` cannot be taken over: {problem}", path.display())]
    CrlUnfit {
        /// Its file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// A newer CRL is here.
    #[error("the CRL in `{}` has number {number}, and number {known} is here already", path.display())]
    CrlOlder {
        /// Its file.
        path: PathBuf,
        /// Its number.
        number: u64,
        /// The number of the newest one here.
        known: u64,
    },
    /// A revocation that is still to come.
    #[error("{serial} was revoked at {at}, which lies in the future")]
    Future {
        /// The serial.
        serial: Serial,
        /// When.
        at: Timestamp,
    },
    /// A line of an index that openssl would not have written.
    #[error("`{}` line {line}: {problem}", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// The line, from 1 on.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A folder that easy-rsa did not make.
    #[error("`{}` is not the folder of an easy-rsa PKI: there is no `{missing}` in it", path.display())]
    NotEasyRsa {
        /// The folder.
        path: PathBuf,
        /// What is not there.
        missing: &'static str,
    },
}

fn a(profile: Profile) -> String {
    format!("{} {profile}", if profile == Profile::Intermediate { "an" } else { "a" })
}

impl ImportError {
    /// A stable word for scripts; one of the codes listed in `docs/json.md`.
    pub fn code(&self) -> &'static str {
        match self {
            ImportError::NotACa { .. } => "not-a-ca",
            ImportError::WrongKey { .. } | ImportError::NotTheAnswer { .. } | ImportError::KeyReplaced { .. } => "key",
            ImportError::NotAsRequested { .. } => "differs",
            ImportError::IssuerMissing { .. } | ImportError::Chain { .. } => "chain",
            ImportError::NotOurs { .. } => "not-found",
            ImportError::AnotherKey { .. } | ImportError::Older { .. } => "exists",
            ImportError::PastMissing { .. } => "past-missing",
            ImportError::PastUseless { .. } | ImportError::NoPast { .. } => "past-needless",
            ImportError::CrlOfAnother { .. }
            | ImportError::CrlSignature { .. }
            | ImportError::CrlUnfit { .. }
            | ImportError::CrlOlder { .. } => "crl-refused",
            ImportError::Unrecordable { .. }
            | ImportError::Index { .. }
            | ImportError::Future { .. }
            | ImportError::NotEasyRsa { .. } => "malformed",
        }
    }

    /// What would mend it, where that is known.
    pub fn hints(&self) -> Vec<String> {
        let one = |s: &str| vec![s.to_string()];
        match self {
            ImportError::NotACa { .. } => {
                one("certify the same key and name as a CA of version 3 first, and import that certificate")
            }
            ImportError::Unrecordable { .. } => one("certify the same key again, with a random serial number"),
            ImportError::WrongKey { .. } => one(
                "`openssl pkey -in KEY -pubout` and `openssl x509 -in CERT -noout -pubkey` print the two public keys",
            ),
            ImportError::IssuerMissing { .. } => {
                one("give every certificate above it, up to the root, with --chain-file")
            }
            ImportError::NotOurs { .. } => {
                one("import the CA that issued it first; what answers a request has the request's NAME")
            }
            ImportError::NotTheAnswer { .. } => one("import it under the NAME that it was requested with"),
            ImportError::NotAsRequested { .. } => one("let the CA elsewhere sign it again as what was requested"),
            ImportError::KeyReplaced { .. } => one("give its key too with --key-file, or choose another --name"),
            ImportError::AnotherKey { .. } => one("choose another NAME or --name"),
            ImportError::PastMissing { .. } => vec![
                "--crl-file FILE: its newest CRL; --index-file FILE: openssl's index.txt; both may be given".into(),
                "--easy-rsa-dir DIR: the folder of an easy-rsa PKI".into(),
                "--no-past: it never revoked anything that is still valid".into(),
            ],
            ImportError::PastUseless { .. } => one("give its CRL with --crl-file, or its key with --key-file"),
            ImportError::NoPast { .. } => one("leave the past away"),
            ImportError::CrlOfAnother { .. } | ImportError::CrlSignature { .. } => {
                one("take the CRL from the CA itself; `openssl crl -in FILE -noout -text` shows what it is")
            }
            ImportError::CrlOlder { .. } => one("fetch the newest CRL of the CA"),
            ImportError::Future { .. } => one("set the clock of this machine"),
            ImportError::NotEasyRsa { .. } => {
                one("name the folder `pki` that easy-rsa made, or the one that it lies in")
            }
            ImportError::Chain { .. }
            | ImportError::Older { .. }
            | ImportError::CrlUnfit { .. }
            | ImportError::Index { .. } => Vec::new(),
        }
    }
}
