//! What must hold of each certificate of a chain by itself.

use super::{Violation, shown};
use crate::model::KeyUsage;
use crate::x509::{TbsFacts, oid};
use std::collections::HashSet;

/// The only version with extensions (RFC 5280 4.1.2.1).
const VERSION_3: u32 = 3;

/// Extensions that may be critical because they are processed, or because they cannot change the answer.
///
/// What is issued here has no policies: the initial set is any-policy, and explicit policy is never required, since a
/// critical policyConstraints is refused (RFC 5280 6.1.2, 6.1.5 (g)). Where CRLs lie matters to revocation alone.
const PROCESSED: [&[u64]; 10] = [
    oid::SUBJECT_KEY_ID,
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::AUTHORITY_KEY_ID,
    oid::EXTENDED_KEY_USAGE,
    oid::INHIBIT_ANY_POLICY,
];

/// Those that a validator processes besides, which knows of policies (RFC 5280 4.2.1.5, 4.2.1.11).
pub(super) const POLICIES: &[&[u64]] = &[oid::POLICY_MAPPINGS, oid::POLICY_CONSTRAINTS];

/// Checks one certificate of a chain, whatever its place in it.
pub(super) fn check(facts: &TbsFacts) -> Result<(), Violation> {
    check_processing(facts, &[])
}

/// As [`check`], by one who processes these extensions besides.
pub(super) fn check_processing(facts: &TbsFacts, besides: &[&[u64]]) -> Result<(), Violation> {
    let certificate = || shown::certificate(facts);
    if facts.version != VERSION_3 && !facts.extensions.is_empty() {
        return Err(Violation::Version { certificate: certificate(), version: facts.version });
    }
    extensions(facts, besides)?;
    if facts.validity().is_none() {
        let (not_before, not_after) = (facts.not_before, facts.not_after);
        return Err(Violation::EndsBeforeStart { certificate: certificate(), not_before, not_after });
    }
    if facts.subject.subject.is_empty() {
        let problem = if facts.is_ca() {
            Some("no CA may have")
        } else if facts.extension(oid::SUBJECT_ALT_NAME).is_none_or(|e| !e.critical) {
            Some("takes a critical subjectAltName")
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(Violation::EmptySubject { certificate: certificate(), problem });
        }
    }
    if !facts.is_ca() {
        if facts.extension(oid::NAME_CONSTRAINTS).is_some() {
            return Err(Violation::ConstraintsOnLeaf { certificate: certificate() });
        }
        if facts.key_usage.is_some_and(|u| u.has(KeyUsage::KEY_CERT_SIGN)) {
            return Err(Violation::LeafSigns { certificate: certificate() });
        }
    }
    Ok(())
}

fn extensions(facts: &TbsFacts, besides: &[&[u64]]) -> Result<(), Violation> {
    let certificate = || shown::certificate(facts);
    let mut seen = HashSet::new();
    for e in &facts.extensions {
        let (arcs, extension) = (e.oid.arcs(), || e.oid.clone());
        if !seen.insert(arcs) {
            return Err(Violation::RepeatedExtension { certificate: certificate(), extension: extension() });
        }
        let empty = match arcs {
            a if a == oid::EXTENDED_KEY_USAGE => facts.extended_key_usage.as_ref().is_some_and(Vec::is_empty),
            a if a == oid::SUBJECT_ALT_NAME => facts.names.as_ref().is_some_and(Vec::is_empty),
            // At least one bit is set (RFC 5280 4.2.1.3).
            a if a == oid::KEY_USAGE => facts.key_usage.is_some_and(|u| u.bits() == 0),
            _ => false,
        };
        if e.malformed || empty {
            return Err(Violation::MalformedExtension { certificate: certificate(), extension: extension() });
        }
        if !e.critical {
            continue;
        }
        if !PROCESSED.contains(&arcs) && !besides.contains(&arcs) {
            return Err(Violation::UnknownCriticalExtension { certificate: certificate(), extension: extension() });
        }
        if arcs == oid::SUBJECT_KEY_ID || arcs == oid::AUTHORITY_KEY_ID {
            return Err(Violation::NeedlesslyCritical { certificate: certificate(), extension: extension() });
        }
    }
    Ok(())
}
