use crate::judge::Violation;
use crate::keys::KeyError;
use crate::model::{ModelError, Timestamp};
use crate::policy::Finding;
use crate::x509::X509Error;

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The certificate given as issuer cannot issue.
    #[error("`{issuer}` cannot issue: {problem}")]
    NotAnIssuer {
        /// Its subject.
        issuer: String,
        /// Why not.
        problem: &'static str,
    },
    /// The issuer is not valid now.
    #[error("`{issuer}` is valid from {not_before} to {not_after}, not now")]
    IssuerNotValid {
        /// Its subject.
        issuer: String,
        /// Its first valid second.
        not_before: Timestamp,
        /// Its last valid second.
        not_after: Timestamp,
    },
    /// The certificate would be valid after its issuer.
    #[error("it would end {not_after}, and its issuer `{issuer}` ends {issuer_not_after}")]
    OutlivesIssuer {
        /// The issuer's subject.
        issuer: String,
        /// The end asked for.
        not_after: Timestamp,
        /// The issuer's end.
        issuer_not_after: Timestamp,
    },
    /// The certificate would be valid before its issuer.
    #[error("it would start {not_before}, and its issuer `{issuer}` starts {issuer_not_before}")]
    PrecedesIssuer {
        /// The issuer's subject.
        issuer: String,
        /// The start asked for.
        not_before: Timestamp,
        /// The issuer's start.
        issuer_not_before: Timestamp,
    },
    /// An error finding of a lint.
    #[error("the certificate would break a rule: {}", list(.0))]
    Lint(Vec<Finding>),
    /// A verifier would refuse the chain.
    #[error("no verifier would accept it: {0}")]
    Chain(#[from] Violation),
    /// A value that no certificate can hold.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A key that does not work.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Something that could not be read or encoded.
    #[error(transparent)]
    X509(#[from] X509Error),
    /// The second verifier refused what was signed. It was not released.
    #[error("the signed certificate was refused by the second verifier and is not released: {problem}")]
    SecondVerifier {
        /// What it said.
        problem: String,
    },
    /// What was signed is not what was rehearsed. It was not released.
    #[error("what was signed is not what was rehearsed, and is not released")]
    NotAsRehearsed,
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(|f| format!("{} ({}, {})", f.message, f.lint, f.citation)).collect::<Vec<_>>().join("; ")
}

impl IssueError {
    /// A stable word for scripts; one of the codes listed in `docs/json.md`.
    pub fn code(&self) -> &'static str {
        match self {
            IssueError::NotAnIssuer { .. } | IssueError::IssuerNotValid { .. } => "issuer-unusable",
            IssueError::OutlivesIssuer { .. } | IssueError::PrecedesIssuer { .. } => "outlives-issuer",
            IssueError::Lint(_) => "lint",
            IssueError::Chain(_) => "issuer-limits",
            IssueError::Model(e) => e.code(),
            IssueError::Key(KeyError::Encrypted) => "key-encrypted",
            IssueError::Key(_) => "key",
            IssueError::X509(_) => "malformed",
            IssueError::SecondVerifier { .. } | IssueError::NotAsRehearsed => "second-verifier",
        }
    }

    /// What would mend it, where that is known.
    pub fn hints(&self) -> Vec<String> {
        match self {
            IssueError::OutlivesIssuer { issuer_not_after, .. } => {
                vec![format!(
                    "pass `--not-after {issuer_not_after}` or a shorter `--lifetime`, or renew the issuer first"
                )]
            }
            IssueError::PrecedesIssuer { issuer_not_before, .. } => {
                vec![format!("pass `--not-before {issuer_not_before}` or a later time")]
            }
            IssueError::Lint(findings) => findings.iter().filter_map(|f| f.hint.clone()).collect(),
            IssueError::Model(e) => e.hints(),
            IssueError::SecondVerifier { .. } | IssueError::NotAsRehearsed => {
                vec!["this is a fault of rootlet: please report it with the command".into()]
            }
            _ => Vec::new(),
        }
    }
}

/// Something that the user should know and that does not stop the command.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    /// A stable word for scripts.
    pub code: String,
    /// A sentence.
    pub message: String,
}

impl Warning {
    /// A warning.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Warning { code: code.into(), message: message.into() }
    }
}

impl From<&Finding> for Warning {
    fn from(finding: &Finding) -> Self {
        Warning::new(finding.lint, format!("{} ({})", finding.message, finding.citation))
    }
}
