//! The second opinion: rustls-webpki, a verifier that is not ours. Its only home.

use super::IssueError;
use crate::model::ExtendedKeyUsage;
use crate::model::KeyAlgorithm;
use crate::x509::public_key_kind;
use crate::x509::{Certificate, Crl, GeneralName, PublicKeyKind, ReadSubtree, SignatureAlgorithm, TbsFacts};
use rustls_pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring as algorithms};

/// Who judged a certificate besides ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondVerifier {
    /// rustls-webpki validated it with its issuer as trust anchor.
    RustlsWebpki,
    /// It is a CA, which rustls-webpki does not take as an end entity: rustls-webpki checked its signature, our own
    /// validator the rest.
    SignatureOnlyCa,
    /// A name falls under URI, email or directory name constraints, which rustls-webpki always refuses: it checked the
    /// signature, our own validator the rest.
    SignatureOnlyConstraints,
}

/// How many names are looked up again in the finished certificate: each look-up walks them all.
const MATCHED_NAMES: usize = 64;

/// Whether rustls-webpki can judge a certificate as a whole. What it cannot is the closed list above.
pub(super) fn choose(draft: &TbsFacts, issuer: Option<&Certificate>) -> SecondVerifier {
    if draft.is_ca() {
        return SecondVerifier::SignatureOnlyCa;
    }
    let constraints = issuer.and_then(|i| i.name_constraints.as_ref());
    let subtrees = constraints.iter().flat_map(|c| c.permitted.iter().chain(&c.excluded));
    let mut names = draft.names.iter().flatten();
    let unjudged = subtrees.into_iter().any(|s| match s {
        ReadSubtree::Uri(_) => names.clone().any(|n| matches!(n, GeneralName::Uri(_))),
        ReadSubtree::Email(_) => names.clone().any(|n| matches!(n, GeneralName::Email(_))),
        ReadSubtree::Directory(_) => {
            !draft.subject.der.is_empty() || names.any(|n| matches!(n, GeneralName::Directory(_)))
        }
        _ => false,
    });
    if unjudged { SecondVerifier::SignatureOnlyConstraints } else { SecondVerifier::RustlsWebpki }
}

fn refuse(problem: impl std::fmt::Display) -> IssueError {
    IssueError::SecondVerifier { problem: problem.to_string() }
}

pub(super) fn verify(
    how: SecondVerifier,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
) -> Result<(), IssueError> {
    let signer = issuer.unwrap_or(certificate);
    match how {
        SecondVerifier::RustlsWebpki => validate(certificate, signer),
        SecondVerifier::SignatureOnlyCa | SecondVerifier::SignatureOnlyConstraints => {
            verify_signature(signer, certificate.outer_algorithm(), &certificate.facts().der, certificate.signature())
        }
    }
}

pub(super) fn verify_crl(crl: &Crl, issuer: &Certificate) -> Result<(), IssueError> {
    webpki::BorrowedCertRevocationList::from_der(crl.der()).map_err(refuse)?;
    verify_signature(issuer, &crl.outer_algorithm, crl.tbs(), crl.signature())
}

fn verify_signature(
    signer: &Certificate,
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), IssueError> {
    let der = CertificateDer::from(signer.der());
    let signer_certificate = EndEntityCert::try_from(&der).map_err(refuse)?;
    let algorithm = verification_algorithm(&signer.public_key, algorithm)?;
    signer_certificate.verify_signature(algorithm, message, signature).map_err(refuse)
}

fn validate(certificate: &Certificate, issuer: &Certificate) -> Result<(), IssueError> {
    let anchor_der = CertificateDer::from(issuer.der());
    let anchor = [anchor_from_trusted_cert(&anchor_der).map_err(refuse)?];
    let der = CertificateDer::from(certificate.der());
    let end_entity = EndEntityCert::try_from(&der).map_err(refuse)?;
    let seconds = u64::try_from(certificate.not_before.unix()).unwrap_or(0);
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let algorithm = [verification_algorithm(&issuer.public_key, certificate.outer_algorithm())?];
    let purposes = [
        (ExtendedKeyUsage::server_auth(), KeyUsage::server_auth()),
        (ExtendedKeyUsage::client_auth(), KeyUsage::client_auth()),
    ];
    let mut judged = false;
    for (purpose, usage) in purposes {
        if certificate.allows_purpose(&purpose) {
            judged = true;
            end_entity.verify_for_usage(&algorithm, &anchor, &[], at, usage, None, None).map_err(refuse)?;
        }
    }
    if !judged {
        return Err(refuse("it is for no purpose that is verified"));
    }
    for name in certificate.names.iter().flatten().take(MATCHED_NAMES) {
        let text = match name {
            GeneralName::Dns(n) => n.replace('*', "any"),
            GeneralName::Ip(octets) => match octets.len() {
                4 => <[u8; 4]>::try_from(&octets[..]).map(std::net::IpAddr::from).map_err(refuse)?.to_string(),
                _ => <[u8; 16]>::try_from(&octets[..]).map(std::net::IpAddr::from).map_err(refuse)?.to_string(),
            },
            _ => continue,
        };
        let name = ServerName::try_from(text.as_str()).map_err(refuse)?;
        end_entity.verify_is_valid_for_subject_name(&name).map_err(refuse)?;
    }
    Ok(())
}

fn verification_algorithm(
    public_key: &[u8],
    algorithm: &[u8],
) -> Result<&'static dyn SignatureVerificationAlgorithm, IssueError> {
    let kind = public_key_kind(public_key)?;
    let named = SignatureAlgorithm::from_der(algorithm).ok_or_else(|| refuse("an unknown signature algorithm"))?;
    Ok(match (kind, named) {
        (PublicKeyKind::Known(KeyAlgorithm::P256), SignatureAlgorithm::EcdsaSha256) => algorithms::ECDSA_P256_SHA256,
        (PublicKeyKind::Known(KeyAlgorithm::P384), SignatureAlgorithm::EcdsaSha384) => algorithms::ECDSA_P384_SHA384,
        (PublicKeyKind::Known(KeyAlgorithm::Ed25519), SignatureAlgorithm::Ed25519) => algorithms::ED25519,
        (_, SignatureAlgorithm::RsaSha256) => algorithms::RSA_PKCS1_2048_8192_SHA256,
        (_, SignatureAlgorithm::RsaSha384) => algorithms::RSA_PKCS1_2048_8192_SHA384,
        (_, SignatureAlgorithm::RsaSha512) => algorithms::RSA_PKCS1_2048_8192_SHA512,
        (kind, named) => return Err(refuse(format!("{} with a {kind} key", named.name()))),
    })
}
