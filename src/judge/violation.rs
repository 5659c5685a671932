use super::NameViolation;
use crate::keys::KeyError;
use crate::model::{ExtendedKeyUsage, Oid, Timestamp};

/// Why a chain is no chain. Certificates are named by their subject, escaped for a terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// There is no certificate to judge.
    #[error("there is no certificate")]
    EmptyChain,
    /// More issuers than are followed.
    #[error("`{certificate}` has {length} certificates above it, and {most} is the most that is followed")]
    TooLong {
        /// The certificate at the end.
        certificate: String,
        /// How many issuers were given.
        length: usize,
        /// The bound.
        most: usize,
    },
    /// The last certificate is not a root.
    #[error("the chain ends at `{certificate}`, which is not self-signed")]
    NoAnchor {
        /// The last certificate.
        certificate: String,
    },
    /// Extensions in a certificate that is not version 3.
    #[error("`{certificate}` has extensions, and is of version {version} instead of 3")]
    Version {
        /// The certificate.
        certificate: String,
        /// Its version.
        version: u32,
    },
    /// An extension stands twice.
    #[error("`{certificate}` has the extension {extension} more than once")]
    RepeatedExtension {
        /// The certificate.
        certificate: String,
        /// The extension.
        extension: Oid,
    },
    /// An extension that is known and cannot be read, or holds nothing.
    #[error("the extension {extension} of `{certificate}` is malformed")]
    MalformedExtension {
        /// The certificate.
        certificate: String,
        /// The extension.
        extension: Oid,
    },
    /// A critical extension that is not processed.
    #[error("`{certificate}` has the critical extension {extension}, which is not understood")]
    UnknownCriticalExtension {
        /// The certificate.
        certificate: String,
        /// The extension.
        extension: Oid,
    },
    /// An extension that must not be critical is.
    #[error("the extension {extension} of `{certificate}` is critical, and must not be")]
    NeedlesslyCritical {
        /// The certificate.
        certificate: String,
        /// The extension.
        extension: Oid,
    },
    /// No subject where there must be one: in a CA, or without a critical subjectAltName in its place.
    #[error("`{certificate}` has an empty subject, which {problem}")]
    EmptySubject {
        /// The certificate.
        certificate: String,
        /// Why it must not.
        problem: &'static str,
    },
    /// A certificate that is not a CA's limits names.
    #[error("`{certificate}` has name constraints and is no CA")]
    ConstraintsOnLeaf {
        /// The certificate.
        certificate: String,
    },
    /// A certificate that is not a CA's claims keyCertSign.
    #[error("`{certificate}` has the key usage keyCertSign and is no CA")]
    LeafSigns {
        /// The certificate.
        certificate: String,
    },
    /// The period ends before it starts.
    #[error("`{certificate}` ends at {not_after}, before it starts at {not_before}")]
    EndsBeforeStart {
        /// The certificate.
        certificate: String,
        /// Its start.
        not_before: Timestamp,
        /// Its end.
        not_after: Timestamp,
    },
    /// Not valid yet.
    #[error("`{certificate}` is valid from {not_before} on, and not at {at}")]
    NotYetValid {
        /// The certificate.
        certificate: String,
        /// Its first second.
        not_before: Timestamp,
        /// The time of judgment.
        at: Timestamp,
    },
    /// Not valid any more.
    #[error("`{certificate}` expired after {not_after}, and is not valid at {at}")]
    Expired {
        /// The certificate.
        certificate: String,
        /// Its last second.
        not_after: Timestamp,
        /// The time of judgment.
        at: Timestamp,
    },
    /// It would be valid before its issuer is.
    #[error(
        "`{certificate}` would be valid from {not_before} on, before its issuer `{issuer}` is at {issuer_not_before}"
    )]
    PredatesIssuer {
        /// The certificate.
        certificate: String,
        /// Its start.
        not_before: Timestamp,
        /// The issuer.
        issuer: String,
        /// The issuer's start.
        issuer_not_before: Timestamp,
    },
    /// It would be valid after its issuer is.
    #[error("`{certificate}` would be valid until {not_after}, and its issuer `{issuer}` ends at {issuer_not_after}")]
    OutlivesIssuer {
        /// The certificate.
        certificate: String,
        /// Its end.
        not_after: Timestamp,
        /// The issuer.
        issuer: String,
        /// The issuer's end.
        issuer_not_after: Timestamp,
    },
    /// It names another issuer.
    #[error("`{certificate}` was issued by `{named}`, which is not the name of `{issuer}`")]
    IssuerName {
        /// The certificate.
        certificate: String,
        /// The issuer that it names.
        named: String,
        /// The certificate above it.
        issuer: String,
    },
    /// It names another key of its issuer.
    #[error("`{certificate}` was issued with the key {named}, and `{issuer}` has the key {found}")]
    KeyIdentifier {
        /// The certificate.
        certificate: String,
        /// Its authorityKeyIdentifier in hex.
        named: String,
        /// The certificate above it.
        issuer: String,
        /// The issuer's subjectKeyIdentifier in hex.
        found: String,
    },
    /// An issuer that is no CA.
    #[error("`{certificate}` stands above another certificate and is no CA")]
    NotACa {
        /// The issuer.
        certificate: String,
    },
    /// A CA whose keyUsage does not let it sign certificates.
    #[error("`{certificate}` stands above another certificate, and its key usage lacks keyCertSign")]
    MayNotSign {
        /// The issuer.
        certificate: String,
    },
    /// More CAs below a CA than its pathLenConstraint allows.
    #[error("`{issuer}` allows {limit} CAs below it, and `{certificate}` is one too many")]
    PathLength {
        /// The CA that is too deep.
        certificate: String,
        /// The CA that sets the limit.
        issuer: String,
        /// Its pathLenConstraint.
        limit: u32,
    },
    /// A name that a CA above does not permit.
    #[error("the name constraints of `{issuer}` forbid `{certificate}`: {problem}")]
    NameConstraints {
        /// The certificate.
        certificate: String,
        /// The CA whose constraints they are.
        issuer: String,
        /// What is wrong.
        problem: NameViolation,
    },
    /// A purpose that a CA above does not have.
    #[error("`{certificate}` is for {purpose}, and `{issuer}` above it is not")]
    ExtendedKeyUsage {
        /// The certificate.
        certificate: String,
        /// The CA that lacks it.
        issuer: String,
        /// The purpose.
        purpose: ExtendedKeyUsage,
    },
    /// The AlgorithmIdentifiers inside and outside of the signed part differ.
    #[error("`{certificate}` names two different signature algorithms")]
    AlgorithmMismatch {
        /// The certificate.
        certificate: String,
    },
    /// The signature is not the issuer's.
    #[error("the signature of `{certificate}` was not made by the key of `{issuer}`")]
    BadSignature {
        /// The certificate.
        certificate: String,
        /// The issuer.
        issuer: String,
    },
    /// The signature cannot be checked by this build, or the issuer's key is unusable.
    #[error("the signature of `{certificate}` by `{issuer}` cannot be checked: {problem}")]
    UncheckedSignature {
        /// The certificate.
        certificate: String,
        /// The issuer.
        issuer: String,
        /// Why not.
        problem: KeyError,
    },
}

impl Violation {
    /// The rule's id; it never changes.
    pub fn rule(&self) -> &'static str {
        self.identity().0
    }

    /// Where the rule stands.
    pub fn citation(&self) -> &'static str {
        self.identity().1
    }

    /// What would mend it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Violation::NotYetValid { .. } => "wait, set the clock, or ask about another time with --at",
            Violation::Expired { .. } => "renew it; --at asks about another time",
            Violation::IssuerName { .. } | Violation::KeyIdentifier { .. } => {
                "give the certificate of the CA that issued it; another one with the same name does not do"
            }
            Violation::NotACa { .. } | Violation::MayNotSign { .. } => "have it issued by a CA",
            Violation::PathLength { .. } => {
                "issue the CA in between with a greater path length, or the leaf one CA higher"
            }
            Violation::NameConstraints { problem, .. } => problem.remedy(),
            Violation::BadSignature { .. } | Violation::AlgorithmMismatch { .. } => {
                "it was changed on its way, or another key of that name signed it: get both again from their source"
            }
            Violation::UncheckedSignature { .. } => "another build or program may know the algorithm",
            Violation::NoAnchor { .. } | Violation::EmptyChain | Violation::TooLong { .. } => "give the whole chain",
            _ => "issue it anew; `rootlet lint` says all that is wrong with it",
        }
    }

    fn identity(&self) -> (&'static str, &'static str) {
        match self {
            Violation::EmptyChain => ("chain-empty", "RFC 5280 6.1"),
            Violation::TooLong { .. } => ("chain-too-long", "RFC 5280 6.1"),
            Violation::NoAnchor { .. } => ("chain-no-anchor", "RFC 5280 6.1.1 (d)"),
            Violation::Version { .. } => ("chain-version", "RFC 5280 4.1.2.1"),
            Violation::RepeatedExtension { .. } => ("chain-repeated-extension", "RFC 5280 4.2"),
            Violation::MalformedExtension { .. } => ("chain-malformed-extension", "RFC 5280 4.2"),
            Violation::UnknownCriticalExtension { .. } => ("chain-unknown-critical", "RFC 5280 4.2, 6.1.4 (o)"),
            Violation::NeedlesslyCritical { .. } => ("chain-critical-key-identifier", "RFC 5280 4.2.1.1, 4.2.1.2"),
            Violation::EmptySubject { .. } => ("chain-empty-subject", "RFC 5280 4.1.2.6"),
            Violation::ConstraintsOnLeaf { .. } => ("chain-constraints-on-leaf", "RFC 5280 4.2.1.10"),
            Violation::LeafSigns { .. } => ("chain-leaf-signs", "RFC 5280 4.2.1.3, 4.2.1.9"),
            Violation::EndsBeforeStart { .. } => ("chain-ends-before-start", "RFC 5280 4.1.2.5"),
            Violation::NotYetValid { .. } => ("chain-not-yet-valid", "RFC 5280 6.1.3 (a)(2)"),
            Violation::Expired { .. } => ("chain-expired", "RFC 5280 6.1.3 (a)(2)"),
            Violation::PredatesIssuer { .. } => ("chain-predates-issuer", "RFC 5280 4.1.2.5, shell model"),
            Violation::OutlivesIssuer { .. } => ("chain-outlives-issuer", "RFC 5280 4.1.2.5, shell model"),
            Violation::IssuerName { .. } => ("chain-issuer-name", "RFC 5280 6.1.3 (a)(4)"),
            Violation::KeyIdentifier { .. } => ("chain-key-identifier", "RFC 5280 4.2.1.1"),
            Violation::NotACa { .. } => ("chain-not-a-ca", "RFC 5280 6.1.4 (k)"),
            Violation::MayNotSign { .. } => ("chain-key-usage", "RFC 5280 6.1.4 (n)"),
            Violation::PathLength { .. } => ("chain-path-length", "RFC 5280 6.1.4 (l), (m)"),
            Violation::NameConstraints { .. } => ("chain-name-constraints", "RFC 5280 4.2.1.10, 6.1.3 (b), (c)"),
            Violation::ExtendedKeyUsage { .. } => ("chain-extended-key-usage", "RFC 5280 4.2.1.12"),
            Violation::AlgorithmMismatch { .. } => ("chain-algorithm-mismatch", "RFC 5280 4.1.1.2"),
            Violation::BadSignature { .. } => ("chain-signature", "RFC 5280 6.1.3 (a)(1)"),
            Violation::UncheckedSignature { .. } => ("chain-signature-unchecked", "RFC 5280 6.1.3 (a)(1)"),
        }
    }
}
