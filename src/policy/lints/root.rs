//! What a root has no use for.

use super::{View, rule};
use crate::model::SpiffeId;
use crate::policy::lint::{Lint, Report};
use crate::x509::{GeneralName, oid};

pub(super) static LINTS: &[Lint] = &[
    rule("root-purpose", "CABF TLS BR 7.1.2.1.2", "a root has no extKeyUsage", purpose)
        .mend("leave extKeyUsage out of the next root")
        .warns(),
    rule(
        "root-addresses",
        "CABF TLS BR 7.1.2.1.2",
        "a root has no CRL distribution point or issuer address",
        addresses,
    )
    .mend("leave it out of the next root: no CRL lists a root, and nothing stands above it")
    .warns(),
    rule("root-names", "X509-SVID 3.2", "a root has no subjectAltName but its trust domain's URI", names)
        .mend("leave subjectAltName out of the next root")
        .warns(),
    rule("root-policies", "CABF TLS BR 7.1.2.1.2", "a root has no certificatePolicies", policies)
        .mend("leave certificatePolicies out of the next root")
        .notes(),
    rule("root-constraints", "RFC 5280 6.1.1 (d)", "constraints stand on an intermediate, not on a root", constraints)
        .mend("constrain an intermediate below it instead")
        .notes(),
];

/// Whether all names are one URI, a SPIFFE ID without a path.
pub(super) fn is_trust_domain(names: &[GeneralName]) -> bool {
    matches!(names, [GeneralName::Uri(u)] if SpiffeId::signer(u).is_ok())
}

fn purpose(v: &View<'_>, report: &mut Report) {
    if v.is_root() && v.facts.extension(oid::EXTENDED_KEY_USAGE).is_some() {
        report.say("the root has an extKeyUsage");
    }
}

fn addresses(v: &View<'_>, report: &mut Report) {
    for (what, arcs) in
        [("cRLDistributionPoints", oid::CRL_DISTRIBUTION_POINTS), ("authorityInfoAccess", oid::AUTHORITY_INFO_ACCESS)]
    {
        if v.is_root() && v.facts.extension(arcs).is_some() {
            report.say(format!("the root has {what}, which nobody reads"));
        }
    }
}

fn names(v: &View<'_>, report: &mut Report) {
    if v.is_root() && v.has_alt_names() && !is_trust_domain(v.names()) {
        report.say("the root has a subjectAltName that is not the URI of a trust domain");
    }
}

fn policies(v: &View<'_>, report: &mut Report) {
    if v.is_root() && v.facts.extension(oid::CERTIFICATE_POLICIES).is_some() {
        report.say("the root has certificatePolicies");
    }
}

fn constraints(v: &View<'_>, report: &mut Report) {
    if v.is_root() && v.facts.extension(oid::NAME_CONSTRAINTS).is_some() {
        report.say("the root has nameConstraints, which much software ignores on a trust anchor");
    }
}
