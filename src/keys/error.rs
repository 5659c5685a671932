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
    #[error("it holds no private key that can be used here: {problem}")]
    Unusable {
        /// What is wrong with it.
        problem: String,
    },
    /// The key is encrypted.
    #[error("the key is encrypted")]
    Encrypted,
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
