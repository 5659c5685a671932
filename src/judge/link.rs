//! What must hold between a certificate and the one above it.

use super::shown::{self, hex};
use super::{Violation, form};
use crate::keys::{KeyError, verify_signature};
use crate::model::{KeyUsage, Timestamp};
use crate::x509::{Certificate, TbsFacts};

/// Names and key identifiers chain (RFC 5280 6.1.3 (a)(4), 4.2.1.1).
pub(super) fn check_names_chain(child: &TbsFacts, issuer: &TbsFacts) -> Result<(), Violation> {
    if !child.issuer.matches(&issuer.subject) {
        return Err(Violation::IssuerName {
            certificate: shown::certificate(child),
            named: shown::escaped(&child.issuer.subject.to_string()),
            issuer: shown::certificate(issuer),
        });
    }
    match (&child.authority_key_id, &issuer.subject_key_id) {
        (Some(named), Some(found)) if named != found => Err(Violation::KeyIdentifier {
            certificate: shown::certificate(child),
            named: hex(named),
            issuer: shown::certificate(issuer),
            found: hex(found),
        }),
        _ => Ok(()),
    }
}

/// A certificate that stands above others is well formed and a CA's. A CA without keyUsage may sign (RFC 5280 6.1.4 (k),
/// (n)).
pub(super) fn check_issuer(issuer: &TbsFacts) -> Result<(), Violation> {
    form::check(issuer)?;
    check_role(issuer)
}

/// It is a CA's, and may sign certificates.
pub(super) fn check_role(issuer: &TbsFacts) -> Result<(), Violation> {
    if !issuer.is_ca() {
        return Err(Violation::NotACa { certificate: shown::certificate(issuer) });
    }
    if issuer.key_usage.is_some_and(|u| !u.has(KeyUsage::KEY_CERT_SIGN)) {
        return Err(Violation::MayNotSign { certificate: shown::certificate(issuer) });
    }
    Ok(())
}

/// The last certificate of a chain is self-signed, by its names (the signature is checked elsewhere).
pub(super) fn check_anchor(anchor: &TbsFacts) -> Result<(), Violation> {
    if !anchor.is_self_issued() {
        return Err(Violation::NoAnchor { certificate: shown::certificate(anchor) });
    }
    check_names_chain(anchor, anchor)
}

/// Valid at a second; the first and the last one belong to the period (RFC 5280 4.1.2.5).
pub(super) fn check_time(facts: &TbsFacts, at: Timestamp) -> Result<(), Violation> {
    if at < facts.not_before {
        let certificate = shown::certificate(facts);
        return Err(Violation::NotYetValid { certificate, not_before: facts.not_before, at });
    }
    if facts.not_after < at {
        let certificate = shown::certificate(facts);
        return Err(Violation::Expired { certificate, not_after: facts.not_after, at });
    }
    Ok(())
}

/// The child's period is inside its issuer's: the shell model, which the standard does not ask of validators but which
/// keeps a certificate from outliving whoever could revoke it.
pub(super) fn check_nesting(child: &TbsFacts, issuer: &TbsFacts) -> Result<(), Violation> {
    if child.not_before < issuer.not_before {
        return Err(Violation::PredatesIssuer {
            certificate: shown::certificate(child),
            not_before: child.not_before,
            issuer: shown::certificate(issuer),
            issuer_not_before: issuer.not_before,
        });
    }
    if issuer.not_after < child.not_after {
        return Err(Violation::OutlivesIssuer {
            certificate: shown::certificate(child),
            not_after: child.not_after,
            issuer: shown::certificate(issuer),
            issuer_not_after: issuer.not_after,
        });
    }
    Ok(())
}

/// The child is signed with the issuer's key, and names one algorithm (RFC 5280 6.1.3 (a)(1), 4.1.1.2).
pub(super) fn check_signature(child: &Certificate, issuer: &TbsFacts) -> Result<(), Violation> {
    if child.signature_algorithm != child.outer_algorithm() {
        return Err(Violation::AlgorithmMismatch { certificate: shown::certificate(child) });
    }
    let message = &child.facts().der;
    match verify_signature(&issuer.public_key, child.outer_algorithm(), message, child.signature()) {
        Ok(()) => Ok(()),
        Err(KeyError::BadSignature) => {
            Err(Violation::BadSignature { certificate: shown::certificate(child), issuer: shown::certificate(issuer) })
        }
        Err(problem) => Err(Violation::UncheckedSignature {
            certificate: shown::certificate(child),
            issuer: shown::certificate(issuer),
            problem,
        }),
    }
}
