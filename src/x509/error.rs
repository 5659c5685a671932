/// Why bytes are not what they should be, or fields cannot be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum X509Error {
    /// Not DER, or not of this structure.
    #[error("{what} is malformed: {problem}")]
    Malformed {
        /// What was read: certificate, CRL, …
        what: &'static str,
        /// Where it broke.
        problem: String,
    },
    /// Bytes follow the structure.
    #[error("{what} has {count} bytes behind its end")]
    TrailingBytes {
        /// What was read.
        what: &'static str,
        /// How many bytes.
        count: usize,
    },
    /// The encoder refused its input: a fault of this library, not of the user.
    #[error("the certificate could not be encoded: {0}")]
    Encode(String),
}

impl X509Error {
    pub(crate) fn malformed(what: &'static str, problem: impl Into<String>) -> Self {
        X509Error::Malformed { what, problem: problem.into() }
    }
}
