use crate::judge::Violation;
use crate::keys::KeyError;
use crate::model::{ExtendedKeyUsage, Reason, Timestamp};

/// Why a certificate is not good for what was asked. Certificates and names are escaped for a terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A rule of certification paths is broken.
    #[error(transparent)]
    Chain(#[from] Violation),
    /// Nobody gave a certificate of its issuer.
    #[error("`{certificate}` was issued by `{issuer}`, of which there is no certificate here")]
    NoIssuer {
        /// The certificate.
        certificate: String,
        /// The issuer that it names.
        issuer: String,
    },
    /// Chains of names from here on end at no trust anchor.
    #[error("nothing above `{certificate}`, which `{issuer}` issued, leads to a trusted root")]
    NoAnchor {
        /// The certificate.
        certificate: String,
        /// The issuer that it names.
        issuer: String,
    },
    /// It is self-signed, and nobody trusts it.
    #[error("`{certificate}` is self-signed, and is none of the roots that are trusted")]
    Untrusted {
        /// The certificate.
        certificate: String,
    },
    /// More certificates above than are followed.
    #[error("the path is longer than {most} certificates")]
    TooDeep {
        /// The most.
        most: usize,
    },
    /// It would take more work than an honest chain does.
    #[error("no good path was found among the first {tried} {what}, and the search ends there")]
    GaveUp {
        /// What was counted.
        what: &'static str,
        /// How many.
        tried: usize,
    },
    /// A CA's certificate is presented as a leaf.
    #[error("`{certificate}` is the certificate of a CA, and no server, client or workload presents that")]
    CaAsLeaf {
        /// The certificate.
        certificate: String,
        /// Whether it is asked about, or names itself, as a workload of SPIFFE.
        svid: bool,
    },
    /// A CA does not say which its key is.
    #[error("the CA `{certificate}` has no subjectKeyIdentifier")]
    NoSubjectKeyId {
        /// The CA.
        certificate: String,
    },
    /// It does not say which key signed it.
    #[error("`{certificate}` has no authorityKeyIdentifier")]
    NoAuthorityKeyId {
        /// The certificate.
        certificate: String,
    },
    /// A root that does not say critically that it is a CA.
    #[error("the basicConstraints of the root `{certificate}` are not critical")]
    RootConstraints {
        /// The root.
        certificate: String,
    },
    /// A name of subjectAltName that is none.
    #[error("the name `{name}` of `{certificate}` is malformed: {problem}")]
    MalformedName {
        /// The certificate.
        certificate: String,
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A CA demands a policy that every certificate of the path has, and none is left.
    #[error("`{by}` demands a certificate policy that is valid along the whole path, and `{certificate}` leaves none")]
    NoPolicy {
        /// The certificate below which none is left.
        certificate: String,
        /// The certificate whose policyConstraints demand one.
        by: String,
    },
    /// A policy is mapped to or from anyPolicy.
    #[error("`{certificate}` maps a policy to or from anyPolicy")]
    PolicyMapping {
        /// The CA.
        certificate: String,
    },
    /// What it says of policies cannot be read.
    #[error("what `{certificate}` says of policies cannot be read: {problem}")]
    MalformedPolicies {
        /// The certificate.
        certificate: String,
        /// Why not.
        problem: String,
    },
    /// It is for other purposes.
    #[error("`{certificate}` is not for {purpose}: {has}")]
    Purpose {
        /// The certificate.
        certificate: String,
        /// What was asked for.
        purpose: ExtendedKeyUsage,
        /// What it is for.
        has: String,
    },
    /// A CA above it may not issue for the purpose.
    #[error("`{certificate}` is for {purpose}, and `{issuer}` above it is not")]
    PurposeAbove {
        /// The certificate.
        certificate: String,
        /// The CA.
        issuer: String,
        /// What was asked for.
        purpose: ExtendedKeyUsage,
    },
    /// None of its purposes is left below its CAs.
    #[error("`{certificate}` is for nothing that all the CAs above it are for")]
    NoPurposeLeft {
        /// The certificate.
        certificate: String,
    },
    /// Its names lack the one that was asked for.
    #[error("`{certificate}` is not for `{wanted}`: {has}")]
    Name {
        /// The certificate.
        certificate: String,
        /// What was asked for.
        wanted: String,
        /// The names that it has.
        has: String,
    },
    /// It is no X.509-SVID.
    #[error("`{certificate}` is no X.509-SVID: {problem}")]
    Spiffe {
        /// The certificate.
        certificate: String,
        /// Why not.
        problem: String,
    },
    /// Its SPIFFE ID is in another trust domain.
    #[error("`{id}` is in the trust domain `{found}`, not in `{wanted}`")]
    TrustDomain {
        /// Its SPIFFE ID.
        id: String,
        /// Its trust domain.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// The trust anchor is another trust domain's.
    #[error("the root `{certificate}` belongs to the trust domain `{found}`, not to `{wanted}`")]
    AnchorTrustDomain {
        /// The root.
        certificate: String,
        /// Its trust domain.
        found: String,
        /// The trust domain of the SVID.
        wanted: String,
    },
    /// It is revoked.
    #[error("`{certificate}` was revoked by its issuer `{issuer}` at {at} ({})", reason.name())]
    Revoked {
        /// The certificate.
        certificate: String,
        /// The CA whose CRL lists it.
        issuer: String,
        /// When.
        at: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// Nobody can say whether it is revoked.
    #[error("whether `{certificate}` is revoked is not known: {}", why_unknown(.faults, issuer))]
    RevocationUnknown {
        /// The certificate.
        certificate: String,
        /// Its issuer.
        issuer: String,
        /// What is wrong with each CRL of the issuer that was given.
        faults: Vec<CrlFault>,
    },
}

/// Why a CRL says nothing about a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlFault {
    /// Where it comes from.
    pub source: String,
    /// Why.
    pub problem: super::CrlProblem,
}

/// So many CRLs are told about in one sentence.
const FAULTS: usize = 3;

fn why_unknown(all: &[CrlFault], issuer: &str) -> String {
    if all.is_empty() {
        return format!("there is no CRL of its issuer `{issuer}`");
    }
    let told = all.iter().take(FAULTS).map(|f| format!("the CRL in `{}` {}", f.source, f.problem));
    let more = all.len().saturating_sub(FAULTS);
    let more = (more > 0).then(|| format!("and {more} more"));
    told.chain(more).collect::<Vec<_>>().join("; ")
}

impl Refusal {
    /// The rule's id; it never changes.
    pub fn rule(&self) -> &'static str {
        self.identity().0
    }

    /// Where the rule stands.
    pub fn citation(&self) -> &'static str {
        self.identity().1
    }

    /// Whether it says that the answer is not known, and not that it is no.
    pub fn is_unknown(&self) -> bool {
        matches!(
            self,
            Refusal::RevocationUnknown { .. }
                | Refusal::GaveUp { .. }
                | Refusal::Chain(Violation::UncheckedSignature { problem: KeyError::UnsupportedAlgorithm { .. }, .. })
        )
    }

    fn identity(&self) -> (&'static str, &'static str) {
        match self {
            Refusal::Chain(v) => (v.rule(), v.citation()),
            Refusal::NoIssuer { .. } => ("path-no-issuer", "RFC 5280 6.1"),
            Refusal::NoAnchor { .. } => ("path-no-anchor", "RFC 5280 6.1.1 (d)"),
            Refusal::Untrusted { .. } => ("path-untrusted-root", "RFC 5280 6.1.1 (d)"),
            Refusal::TooDeep { .. } => ("path-too-deep", "RFC 5280 6.1"),
            Refusal::GaveUp { .. } => ("path-gave-up", "RFC 4158 2.4.2"),
            Refusal::CaAsLeaf { svid: true, .. } => ("leaf-is-ca", "X509-SVID 5.2, RFC 5280 4.2.1.9"),
            Refusal::CaAsLeaf { .. } => ("leaf-is-ca", "RFC 5280 4.2.1.9"),
            Refusal::NoSubjectKeyId { .. } => ("ca-no-subject-key-id", "RFC 5280 4.2.1.2"),
            Refusal::NoAuthorityKeyId { .. } => ("no-authority-key-id", "RFC 5280 4.2.1.1"),
            Refusal::RootConstraints { .. } => ("root-basic-constraints", "RFC 5280 4.2.1.9"),
            Refusal::MalformedName { .. } => ("name-malformed", "RFC 5280 4.2.1.6"),
            Refusal::NoPolicy { .. } => ("policy-required", "RFC 5280 6.1.3 (f), 6.1.5 (g), RFC 9618 5"),
            Refusal::PolicyMapping { .. } => ("policy-mapping", "RFC 5280 6.1.4 (a)"),
            Refusal::MalformedPolicies { .. } => ("policy-malformed", "RFC 5280 4.2.1.4, 4.2.1.5, 4.2.1.11"),
            Refusal::Purpose { .. } => ("purpose", "RFC 5280 4.2.1.12"),
            Refusal::PurposeAbove { .. } | Refusal::NoPurposeLeft { .. } => ("purpose-of-ca", "RFC 5280 4.2.1.12"),
            Refusal::Name { .. } => ("name-mismatch", "RFC 9525 6"),
            Refusal::Spiffe { .. } => ("spiffe-svid", "X509-SVID 4, 5"),
            Refusal::TrustDomain { .. } => ("spiffe-trust-domain", "SPIFFE-ID 2.1"),
            Refusal::AnchorTrustDomain { .. } => ("spiffe-bundle", "X509-SVID 5.1"),
            Refusal::Revoked { .. } => ("revoked", "RFC 5280 6.3.3"),
            Refusal::RevocationUnknown { .. } => ("revocation-unknown", "RFC 5280 6.3.3"),
        }
    }

    /// What would mend it.
    pub fn hint(&self) -> &'static str {
        match self {
            Refusal::Chain(v) => v.remedy(),
            Refusal::NoIssuer { .. } => {
                "give the issuer's certificate: in the same file, with --untrusted, or with --roots if it is to be trusted"
            }
            Refusal::Untrusted { .. } => "give it with --roots if it is to be trusted",
            Refusal::NoAnchor { .. } => "give the root that the chain ends at with --roots, if it is to be trusted",
            Refusal::TooDeep { .. } => "look at the chain with `rootlet tree FILE`; --max-depth allows longer ones",
            Refusal::GaveUp { .. } => "give fewer certificates: the chain itself, and the roots that are trusted",
            Refusal::CaAsLeaf { .. } => "give a leaf; a CA is looked at with `rootlet inspect` and `rootlet lint`",
            Refusal::NoSubjectKeyId { .. } | Refusal::RootConstraints { .. } => {
                "issue the CA's certificate anew, with the same key: `rootlet import` and `rootlet renew` do that"
            }
            Refusal::NoAuthorityKeyId { .. } => "issue it anew, with the issuer's key identifier",
            Refusal::MalformedName { .. } => "issue it anew, with names that are names",
            Refusal::NoPolicy { .. } => {
                "issue the certificate with a policy that the CAs above it have, or have it issued by a CA that demands none"
            }
            Refusal::PolicyMapping { .. } | Refusal::MalformedPolicies { .. } => {
                "issue it anew, with policies as the standard has them"
            }
            Refusal::Purpose { .. } => "issue it for this purpose, or ask for the one that it is for",
            Refusal::PurposeAbove { .. } | Refusal::NoPurposeLeft { .. } => {
                "have it issued by a CA that is for this purpose"
            }
            Refusal::Name { .. } => "reach the host by one of the names that it has, or issue it anew with this one",
            Refusal::Spiffe { .. } => {
                "`rootlet workload` issues X.509-SVIDs; `rootlet lint --for spiffe` says all that is wrong"
            }
            Refusal::TrustDomain { .. } | Refusal::AnchorTrustDomain { .. } => {
                "verify it with the bundle of its own trust domain"
            }
            Refusal::Revoked { .. } => "issue a new certificate, with a new key if the old one may be known to others",
            Refusal::RevocationUnknown { .. } => {
                "give the newest CRL of every CA of the chain with --crl; `rootlet crl --check` says which are due"
            }
        }
    }
}
