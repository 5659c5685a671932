use super::{DnsProblem, SpiffeProblem, SubjectProblem};

/// Why a text is not the value it should be. Each variant carries the text as given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not a DNS name that may stand in a certificate (RFC 5280 4.2.1.6, RFC 9525 6.3, CABF 7.1.4).
    #[error("`{value}` is not a DNS name: {problem}")]
    Dns {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: DnsProblem,
    },
    /// Not an IP address, or one that may not stand in a certificate.
    #[error("`{value}` is not an IP address for a certificate: {problem}")]
    Ip {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not an ASCII mailbox (RFC 5280 4.2.1.6, RFC 5321 4.1.2).
    #[error("`{value}` is not an email address: {problem}")]
    Email {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not an absolute URI (RFC 3986 4.3).
    #[error("`{value}` is not an absolute URI: {problem}")]
    Uri {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not a SPIFFE ID or trust domain (SPIFFE-ID 2).
    #[error("`{value}` is not a SPIFFE ID: {problem}")]
    Spiffe {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: SpiffeProblem,
    },
    /// More than one `spiffe:` URI in one set of names (X509-SVID 2).
    #[error("a certificate holds one SPIFFE ID, and both `{first}` and `{second}` were asked for")]
    TwoSpiffeIds {
        /// The first one.
        first: String,
        /// The second one.
        second: String,
    },
    /// Not a distinguished name (RFC 4514, or openssl's slash form).
    #[error("`{value}` is not a subject: {problem}")]
    Subject {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: SubjectProblem,
    },
    /// A comma form in the wrong order: pasted from openssl's output.
    #[error("`{value}` reads as general to specific, but a comma form is specific to general (RFC 4514)")]
    SubjectOrder {
        /// The text as given.
        value: String,
        /// The slash form that means the order as typed.
        as_typed: String,
        /// The comma form with the usual order.
        reversed: String,
    },
    /// Not a point in time.
    #[error("`{value}` is not a time: {problem}")]
    Time {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not a length of time.
    #[error("`{value}` is not a duration: {problem}")]
    Duration {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A notAfter that is not after its notBefore.
    #[error("notAfter {not_after} is not later than notBefore {not_before}")]
    Validity {
        /// First second of the validity.
        not_before: String,
        /// Last second of the validity.
        not_after: String,
    },
    /// Not a certificate serial number (RFC 5280 4.1.2.2).
    #[error("`{value}` is not a serial number: {problem}")]
    Serial {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No key algorithm of that name.
    #[error("`{value}` is not a key algorithm")]
    Algorithm {
        /// The text as given.
        value: String,
    },
    /// No extended key usage of that name, or one that may not be asked for.
    #[error("`{value}` cannot be used as an extended key usage: {problem}")]
    ExtendedKeyUsage {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not an object identifier.
    #[error("`{value}` is not an object identifier in dotted form")]
    Oid {
        /// The text as given.
        value: String,
    },
    /// Not a revocation reason that can be given (RFC 5280 5.3.1).
    #[error("`{value}` is not a revocation reason: {problem}")]
    Reason {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not a name constraint of the form `TYPE:VALUE` (RFC 5280 4.2.1.10).
    #[error("`{value}` is not a name constraint: {problem}")]
    Constraint {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Not a handle: a name that is safe as a file name on every system.
    #[error("`{value}` is not a usable handle: {problem}")]
    Handle {
        /// The text as given.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No layout of that name.
    #[error("`{value}` is not a layout")]
    Layout {
        /// The text as given.
        value: String,
    },
    /// No profile of that name.
    #[error("`{value}` is not a profile")]
    Profile {
        /// The text as given.
        value: String,
    },
}

impl ModelError {
    /// A stable word for scripts; one of the codes listed in `docs/json.md`.
    pub fn code(&self) -> &'static str {
        match self {
            ModelError::SubjectOrder { .. } => "subject-order",
            _ => "invalid-value",
        }
    }

    /// What would mend it, where that is known.
    pub fn hints(&self) -> Vec<String> {
        match self {
            ModelError::Dns { value, problem } => problem.hint(value).into_iter().collect(),
            ModelError::Spiffe { value, problem } => problem.hint(value).into_iter().collect(),
            ModelError::Subject { problem, .. } => problem.hint().into_iter().collect(),
            ModelError::SubjectOrder { as_typed, reversed, .. } => vec![
                format!("pass `{reversed}` for the usual order: general attributes first in the certificate"),
                format!("pass `{as_typed}` for exactly this order in the certificate"),
            ],
            ModelError::Ip { value, .. } if value.starts_with('[') => {
                vec![format!("write it without brackets: `{}`", value.trim_matches(|c| c == '[' || c == ']'))]
            }
            ModelError::Duration { value, .. } if value.bytes().all(|b| b.is_ascii_digit()) && !value.is_empty() => {
                vec![format!("name the unit: `{value}d` for days (s, m, h, d, w, y)")]
            }
            ModelError::Duration { .. } => vec!["write a number and a unit: 90d, 12h, 2y (s, m, h, d, w, y)".into()],
            ModelError::Time { .. } => vec!["write RFC 3339, as 2030-01-31T12:00:00Z, or a date, as 2030-01-31".into()],
            ModelError::Algorithm { .. } => {
                vec![format!("this build has {}", super::KeyAlgorithm::names())]
            }
            ModelError::ExtendedKeyUsage { .. } => {
                vec!["name one of serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning, or a dotted OID".into()]
            }
            ModelError::Reason { value, .. } if super::reason::is_remove_from_crl(value) => {
                vec!["a hold is lifted with `revoke --release`".into()]
            }
            ModelError::Reason { .. } => vec![format!("one of {}", super::Reason::names())],
            ModelError::Constraint { .. } => {
                vec!["write TYPE:VALUE, as dns:lab.internal, ip:10.0.0.0/8, email:example.org, uri:host, dn:O=Example or spiffe:example.org".into()]
            }
            ModelError::Handle { .. } => {
                vec!["use letters, digits, dots, dashes and underscores, 120 bytes at most".into()]
            }
            ModelError::Layout { .. } => vec!["one of folder, combined".into()],
            ModelError::Profile { .. } => vec!["one of root, intermediate, server, client, peer, workload".into()],
            ModelError::TwoSpiffeIds { .. } => vec!["issue one certificate for each identity".into()],
            _ => Vec::new(),
        }
    }
}
