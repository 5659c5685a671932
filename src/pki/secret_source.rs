use super::Error;
use crate::issue::Warning;
use crate::model::{Handle, Secret};
use std::path::PathBuf;
use std::sync::Arc;

/// Whose passphrase is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassphraseOf<'a> {
    /// The key of the CA that signs.
    Issuer(&'a Handle),
    /// The subject's own key, which is encrypted already. Holds its name, for those who ask.
    Subject(&'a str),
    /// The subject's own key, which is to be encrypted. Holds its name, for those who ask.
    New(&'a str),
}

impl PassphraseOf<'_> {
    /// Whose key it opens.
    pub fn name(&self) -> &str {
        match self {
            PassphraseOf::Issuer(ca) => ca.as_str(),
            PassphraseOf::Subject(name) | PassphraseOf::New(name) => name,
        }
    }
}

/// Whose key an error is about, and so which option would have helped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRole {
    /// The key of the CA that signs. Holds its handle.
    Issuer(String),
    /// The subject's own key. Holds its name.
    Subject(String),
}

impl KeyRole {
    /// Whose key it is.
    pub fn name(&self) -> &str {
        match self {
            KeyRole::Issuer(name) | KeyRole::Subject(name) => name,
        }
    }

    /// The option and the variable that give its passphrase.
    pub fn option(&self) -> (&'static str, &'static str) {
        match self {
            KeyRole::Issuer(_) => ("--issuer-passphrase-file", "ROOTLET_ISSUER_PASSPHRASE"),
            KeyRole::Subject(_) => ("--passphrase-file", "ROOTLET_PASSPHRASE"),
        }
    }
}

impl From<PassphraseOf<'_>> for KeyRole {
    fn from(of: PassphraseOf<'_>) -> Self {
        match of {
            PassphraseOf::Issuer(ca) => KeyRole::Issuer(ca.to_string()),
            PassphraseOf::Subject(name) | PassphraseOf::New(name) => KeyRole::Subject(name.into()),
        }
    }
}

/// What can be wrong with a passphrase that was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseProblem {
    /// Nothing is in it. Holds where it came from.
    #[error("the passphrase in {0} is empty")]
    Empty(String),
    /// More than any passphrase. Holds where it came from, and the limit in octets.
    #[error("the passphrase in {0} is longer than {1} bytes")]
    TooLong(String, usize),
    /// The second time it was typed differently.
    #[error("the two passphrases are not the same")]
    TypedDifferently,
    /// Nothing was typed.
    #[error("no passphrase was typed")]
    NothingTyped,
}

/// Where a command gets its secrets from. Each is asked for when it is needed and not before; what is asked for twice
/// must not be asked of a person twice.
pub trait SecretSource: Send + Sync {
    /// A passphrase; nothing when nobody gave one and nobody can be asked.
    ///
    /// # Errors
    /// [`Error`] when it was given and cannot be read, or is empty.
    fn passphrase(&self, of: PassphraseOf<'_>) -> Result<Option<Arc<Secret>>, Error>;

    /// Whether it was given, so that nobody has to be asked.
    fn was_given(&self, of: PassphraseOf<'_>) -> bool;

    /// Whether it was given, or somebody can be asked.
    fn can_be_had(&self, of: PassphraseOf<'_>) -> bool {
        self.was_given(of)
    }

    /// The file that holds the key of a CA which is not in its folder.
    fn issuer_key_file(&self, ca: &Handle) -> Option<PathBuf>;

    /// What the user should know about where the secrets came from.
    fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }
}

/// Nobody gives secrets: keys that are encrypted or elsewhere cannot be used.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

impl SecretSource for NoSecrets {
    fn passphrase(&self, _of: PassphraseOf<'_>) -> Result<Option<Arc<Secret>>, Error> {
        Ok(None)
    }

    fn was_given(&self, _of: PassphraseOf<'_>) -> bool {
        false
    }

    fn issuer_key_file(&self, _ca: &Handle) -> Option<PathBuf> {
        None
    }
}
