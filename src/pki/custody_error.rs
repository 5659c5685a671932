use super::secret_source::{KeyRole, PassphraseProblem};
use crate::model::{Handle, Profile};
use std::path::PathBuf;

/// Why a key could not be opened, protected, certified or moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CustodyError {
    /// A key needs a passphrase, and nobody gave one.
    #[error("the key of `{}` is encrypted: {}", role.name(), path.display())]
    KeyEncrypted {
        /// The file.
        path: PathBuf,
        /// Whose key it is.
        role: KeyRole,
        /// How to do without it.
        otherwise: Option<&'static str>,
    },
    /// A passphrase does not open the key.
    #[error("the passphrase is wrong: it does not open the key of `{}`", role.name())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
        /// Whose key it is.
        role: KeyRole,
    },
    /// A key is to be encrypted, and nobody said with what.
    #[error("no passphrase was given to encrypt the key of `{name}` with")]
    NoPassphrase {
        /// Whose key it is.
        name: String,
    },
    /// A passphrase is to be changed, and nobody said to what.
    #[error("no new passphrase was given for the key of `{handle}`")]
    NoNewPassphrase {
        /// Whose key it is.
        handle: Handle,
    },
    /// A passphrase cannot be used.
    #[error(transparent)]
    Passphrase(#[from] PassphraseProblem),
    /// A key that was given belongs to somebody whose certificates say something else.
    #[error("the key that was given is the key of the {profile} `{handle}`")]
    KeyInUse {
        /// Whose key it is.
        handle: Handle,
        /// What that is.
        profile: Profile,
    },
    /// A CSR whose key is here.
    #[error("the key of the CSR is here: it is the request `{handle}`")]
    RequestedHere {
        /// The request.
        handle: Handle,
        /// The command that issues it here.
        command: String,
    },
    /// A key that was given is encrypted already.
    #[error("`{}` is encrypted already, and stays so", path.display())]
    EncryptedAlready {
        /// The file.
        path: PathBuf,
    },
    /// The key of a CA is not here, by what the inventory says.
    #[error("the key of `{handle}` is not here: it is {place}")]
    KeyElsewhere {
        /// The CA.
        handle: Handle,
        /// `detached` or `foreign`.
        place: &'static str,
    },
    /// A key is in the clear.
    #[error("the key of `{handle}` is not encrypted")]
    NotEncrypted {
        /// Whose key it is.
        handle: Handle,
    },
    /// Only the key of a CA is detached.
    #[error("`{handle}` is a {profile} and no CA: its key stays with its certificate")]
    NotACa {
        /// The handle.
        handle: Handle,
        /// What it is.
        profile: Profile,
    },
    /// A file that is to be written exists and holds something else.
    #[error("`{}` exists and holds something else", path.display())]
    OutputExists {
        /// The file.
        path: PathBuf,
    },
    /// A file that is to hold a copy of a key is the key file.
    #[error("`{}` is the key file itself, by another name", path.display())]
    OutputIsKey {
        /// The file.
        path: PathBuf,
    },
    /// A key that lies in one file with its certificates, where programs read it that know no passphrase.
    #[error("the key of `{handle}` lies in one file with its certificates: {}", path.display())]
    Combined {
        /// Whose key it is.
        handle: Handle,
        /// The file.
        path: PathBuf,
    },
    /// A file that is to leave the PKI folder lies inside it.
    #[error("`{}` lies inside the PKI folder", path.display())]
    OutputInside {
        /// The file.
        path: PathBuf,
    },
}

impl CustodyError {
    /// A stable word for scripts; one of the codes listed in `docs/json.md`.
    pub fn code(&self) -> &'static str {
        match self {
            CustodyError::KeyEncrypted { .. } | CustodyError::EncryptedAlready { .. } => "key-encrypted",
            CustodyError::WrongPassphrase { .. }
            | CustodyError::NoPassphrase { .. }
            | CustodyError::NoNewPassphrase { .. }
            | CustodyError::Passphrase(_) => "passphrase",
            CustodyError::KeyInUse { .. } | CustodyError::RequestedHere { .. } => "key-in-use",
            CustodyError::KeyElsewhere { .. } => "key-elsewhere",
            CustodyError::NotEncrypted { .. } => "key-not-encrypted",
            CustodyError::NotACa { .. } => "not-a-ca",
            CustodyError::Combined { .. } => "combined",
            CustodyError::OutputExists { .. } | CustodyError::OutputIsKey { .. } => "exists",
            CustodyError::OutputInside { .. } => "delivery-inside",
        }
    }

    /// What would mend it, where that is known.
    pub fn hints(&self) -> Vec<String> {
        let one = |s: &str| vec![s.to_string()];
        match self {
            CustodyError::KeyEncrypted { role, otherwise, .. } => {
                let (option, variable) = role.option();
                let give =
                    format!("give its passphrase with `{option} FILE` or ${variable}, or run this on a terminal");
                [give].into_iter().chain(otherwise.map(Into::into)).collect()
            }
            CustodyError::NoNewPassphrase { .. } => {
                one("give one with `--new-passphrase-file FILE` or $ROOTLET_NEW_PASSPHRASE, or run this on a terminal")
            }
            CustodyError::NoPassphrase { .. } => {
                one("give one with `--passphrase-file FILE` or $ROOTLET_PASSPHRASE, or run this on a terminal")
            }
            CustodyError::KeyElsewhere { handle, place: "detached" } => {
                vec![format!("bring it back with `rootlet key attach {handle} --key-file FILE`")]
            }
            CustodyError::NotEncrypted { handle } => vec![format!("encrypt it with `rootlet key encrypt {handle}`")],
            CustodyError::Combined { .. } => one(
                "apply a manifest without `layout = \"combined\"` for it, which gives the key a file of its own, and try again",
            ),
            CustodyError::NotACa { .. } => one("`rootlet key encrypt` protects it where it is"),
            CustodyError::OutputExists { .. } => one("look at it and move it away, or choose another file"),
            CustodyError::OutputIsKey { .. } => one("choose another file: the key would have no copy"),
            CustodyError::OutputInside { .. } => one("choose a file outside of it"),
            CustodyError::RequestedHere { command, .. } => {
                vec![format!("another PKI signs it; or issue it here: `{command}`")]
            }
            CustodyError::KeyInUse { .. } => one("give another key, or let a new one be made"),
            CustodyError::EncryptedAlready { .. } => one("leave `--encrypt-key` away"),
            CustodyError::WrongPassphrase { .. } | CustodyError::Passphrase(_) | CustodyError::KeyElsewhere { .. } => {
                Vec::new()
            }
        }
    }
}
