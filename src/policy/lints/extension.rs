//! Single extensions that have no file of their own, and how they are encoded.

use super::usage::EMPTY;
use super::{View, repeated, rule};
use crate::model::Oid;
use crate::policy::lint::{Lint, Report};
use crate::x509::der::{self, Reader};
use crate::x509::{X509Error, oid};

pub(super) static LINTS: &[Lint] = &[
    rule("extensions-empty", "RFC 5280 4.1", "the list of extensions is absent or not empty", none)
        .mend("issue it again without the empty list"),
    rule("extension-criticality", "RFC 5280 4.2", "an extension is critical as its standard wants it", criticality)
        .mend("issue it again with the criticality that the standard fixes"),
    rule("extension-netscape", "RFC 5280 4.2", "extensions of Netscape's browser are left out", netscape)
        .mend("leave it out; keyUsage and extKeyUsage say the same today")
        .notes(),
    rule("policies-empty", "RFC 5280 4.2.1.4", "certificatePolicies names at least one policy", policies_empty)
        .mend("issue it again with a policy there, or without the extension"),
    rule("policies-duplicate", "RFC 5280 4.2.1.4", "certificatePolicies names no policy twice", policies_duplicate)
        .mend("issue it again with each policy once"),
    rule("policy-mapping-any", "RFC 5280 4.2.1.5", "no policy is mapped to or from anyPolicy", mapping_any)
        .mend("issue it again without that mapping"),
    rule("policy-constraints-empty", "RFC 5280 4.2.1.11", "policyConstraints constrains something", constraints_empty)
        .mend("issue it again with a constraint there, or without the extension"),
    rule("policies-of-ca-on-leaf", "RFC 5280 4.2.1.5", "only a CA maps or constrains policies", policies_on_leaf)
        .mend("leave it out: it says something about certificates below, and there are none")
        .warns(),
    rule("must-staple", "RFC 7633 4", "a TLS feature extension is there only where it was asked for", must_staple)
        .mend("leave it out unless the CA answers OCSP and the server staples")
        .notes(),
];

const ISSUER_ALT_NAME: &[u64] = &[2, 5, 29, 18];
const SUBJECT_DIRECTORY_ATTRIBUTES: &[u64] = &[2, 5, 29, 9];
const SUBJECT_INFO_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 11];
const TLS_FEATURE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
/// Every extension of Netscape's: nsCertType, nsComment, nsRevocationURL and others.
const NETSCAPE: &[u64] = &[2, 16, 840, 1, 113_730, 1];
const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0];

/// Extensions whose criticality the standard fixes and that no other rule looks at.
const FIXED: [(&[u64], bool); 5] = [
    (oid::POLICY_CONSTRAINTS, true),
    (oid::INHIBIT_ANY_POLICY, true),
    (SUBJECT_DIRECTORY_ATTRIBUTES, false),
    (SUBJECT_INFO_ACCESS, false),
    (oid::FRESHEST_CRL, false),
];

/// Extensions by the names that people know.
const NAMES: [(&[u64], &str); 20] = [
    (oid::SUBJECT_KEY_ID, "subjectKeyIdentifier"),
    (oid::KEY_USAGE, "keyUsage"),
    (oid::SUBJECT_ALT_NAME, "subjectAltName"),
    (oid::BASIC_CONSTRAINTS, "basicConstraints"),
    (oid::CRL_NUMBER, "cRLNumber"),
    (oid::NAME_CONSTRAINTS, "nameConstraints"),
    (oid::CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints"),
    (oid::CERTIFICATE_POLICIES, "certificatePolicies"),
    (oid::POLICY_MAPPINGS, "policyMappings"),
    (oid::AUTHORITY_KEY_ID, "authorityKeyIdentifier"),
    (oid::POLICY_CONSTRAINTS, "policyConstraints"),
    (oid::EXTENDED_KEY_USAGE, "extKeyUsage"),
    (oid::INHIBIT_ANY_POLICY, "inhibitAnyPolicy"),
    (oid::AUTHORITY_INFO_ACCESS, "authorityInfoAccess"),
    (ISSUER_ALT_NAME, "issuerAltName"),
    (SUBJECT_DIRECTORY_ATTRIBUTES, "subjectDirectoryAttributes"),
    (oid::FRESHEST_CRL, "freshestCRL"),
    (SUBJECT_INFO_ACCESS, "subjectInfoAccess"),
    (oid::DELTA_CRL_INDICATOR, "deltaCRLIndicator"),
    (oid::ISSUING_POINT, "issuingDistributionPoint"),
];

/// An extension in a sentence: its name, else its OID.
pub(super) fn named(oid: &Oid) -> String {
    match NAMES.iter().find(|(arcs, _)| *arcs == oid.arcs()) {
        Some((_, name)) => (*name).into(),
        None => format!("`{oid}`"),
    }
}

/// The content of a SEQUENCE, and of each SEQUENCE in it.
pub(super) fn rows(value: &[u8]) -> Result<Vec<&[u8]>, X509Error> {
    let mut outer = Reader::new(value, "an extension");
    let sequence = outer.expect(der::SEQUENCE)?;
    let mut list = outer.inside(sequence);
    let mut all = Vec::new();
    while !list.is_empty() {
        all.push(list.expect(der::SEQUENCE)?.content);
    }
    Ok(all)
}

fn none(v: &View<'_>, report: &mut Report) {
    let [.., der::SEQUENCE, 0] = v.facts.der[..] else { return };
    let tag = v.facts.der.get(v.facts.der.len().saturating_sub(4)..);
    if v.facts.extensions.is_empty() && tag == Some(&[der::context_constructed(3), 2, der::SEQUENCE, 0]) {
        report.say("its list of extensions is there and empty");
    }
}

fn criticality(v: &View<'_>, report: &mut Report) {
    for e in &v.facts.extensions {
        match FIXED.iter().find(|(arcs, _)| *arcs == e.oid.arcs()) {
            Some((_, true)) if !e.critical => report.say(format!("{} is not critical, and must be", named(&e.oid))),
            Some((_, false)) if e.critical => report.say(format!("{} is critical, and must not be", named(&e.oid))),
            _ => {}
        }
    }
}

fn netscape(v: &View<'_>, report: &mut Report) {
    for e in v.facts.extensions.iter().filter(|e| e.oid.arcs().starts_with(NETSCAPE)) {
        report.say(format!("the extension `{}` is one of Netscape's, which nothing reads any more", e.oid));
    }
}

fn policies_empty(v: &View<'_>, report: &mut Report) {
    if v.facts.extension(oid::CERTIFICATE_POLICIES).is_some_and(|e| e.value == EMPTY) {
        report.say("certificatePolicies is empty");
    }
}

fn policies_duplicate(v: &View<'_>, report: &mut Report) {
    let Some(extension) = v.facts.extension(oid::CERTIFICATE_POLICIES) else { return };
    let rows = rows(&extension.value).unwrap_or_default();
    let policies = rows.iter().filter_map(|r| Reader::new(r, "a policy").expect(der::OID).ok()).map(|o| o.content);
    for policy in repeated(policies) {
        let name = der::read_oid(policy).map_or_else(|| "unknown".into(), |o| o.to_string());
        report.say(format!("certificatePolicies names the policy `{name}` twice"));
    }
}

fn mapping_any(v: &View<'_>, report: &mut Report) {
    let Some(extension) = v.facts.extension(oid::POLICY_MAPPINGS) else { return };
    let any = |row: &&[u8]| {
        let mut pair = Reader::new(row, "a policy mapping");
        let mut next = || pair.expect(der::OID).is_ok_and(|o| o.content == ANY_POLICY);
        next() | next()
    };
    if rows(&extension.value).unwrap_or_default().iter().any(any) {
        report.say("policyMappings maps anyPolicy");
    }
}

fn constraints_empty(v: &View<'_>, report: &mut Report) {
    if v.facts.extension(oid::POLICY_CONSTRAINTS).is_some_and(|e| e.value == EMPTY) {
        report.say("policyConstraints is empty");
    }
}

fn policies_on_leaf(v: &View<'_>, report: &mut Report) {
    for arcs in [oid::POLICY_MAPPINGS, oid::POLICY_CONSTRAINTS, oid::INHIBIT_ANY_POLICY] {
        if let Some(e) = v.facts.extension(arcs).filter(|_| !v.ca) {
            report.say(format!("it is not a CA and has {}", named(&e.oid)));
        }
    }
}

fn must_staple(v: &View<'_>, report: &mut Report) {
    if v.facts.extension(TLS_FEATURE).is_some() {
        report.say("it has a TLS feature extension: clients refuse a server that does not staple an OCSP answer to it");
    }
}
