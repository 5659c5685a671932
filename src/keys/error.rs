use super::KeyRefusal;
use crate::model::KeyAlgorithm;

/// What went wrong with a key. No variant holds anything secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The system has no random numbers.
    #[error("the system's random number generator failed")]
    Random,
    /// No key was made.
    #[error("a {algorithm} key could not be made: {problem}")]
    Generate {
        /// What was asked for.
        algorithm: KeyAlgorithm,
        /// What went wrong.
        problem: String,
    },
    /// The file does not hold a key that this build can use.
    #[error(transparent)]
    Refused(#[from] KeyRefusal),
    /// The key is encrypted.
    #[error("the key is encrypted")]
    Encrypted,
    /// The key is encrypted, and this passphrase does not open it.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// A passphrase is stretched at great cost: it is tried so often in one file.
    #[error("only {most} are opened of one file")]
    TooMany {
        /// The most.
        most: usize,
    },
    /// The key could not be encrypted.
    #[error("the key could not be encrypted: {problem}")]
    Encrypt {
        /// What went wrong.
        problem: String,
    },
    /// It is a key, and not the one that belongs here.
    #[error("it is not the key of {whose}")]
    NotTheKey {
        /// Whose key it should be.
        whose: String,
    },
    /// Signing failed.
    #[error("the key could not sign")]
    Sign,
    /// A signature does not verify.
    #[error("the signature does not verify under the public key")]
    BadSignature,
    /// A signature algorithm that this build cannot check, or one that does not fit the key.
    #[error("the signature algorithm {name} cannot be checked with this key here")]
    UnsupportedAlgorithm {
        /// Its name or OID.
        name: String,
    },
    /// A public key that is malformed or too weak.
    #[error("the public key is unusable: {problem}")]
    PublicKey {
        /// What is wrong with it.
        problem: String,
    },
}
