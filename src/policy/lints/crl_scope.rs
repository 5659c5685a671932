//! What a CRL covers: issuingDistributionPoint, and deltas.

use super::crl_view::{CrlView, extension};
use super::{crl_rule as rule, hex};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::{ALL_REASONS, IssuingPoint, oid};

pub(super) static LINTS: &[Lint] = &[
    rule("crl-scope-malformed", "RFC 5280 5.2.5", "an issuingDistributionPoint can be read", malformed)
        .mend("write the CRL again with software that encodes this extension rightly, or without it"),
    rule("crl-scope-empty", "RFC 5280 5.2.5", "an issuingDistributionPoint says something", empty)
        .mend("write the CRL again without the extension"),
    rule("crl-scope-default", "X.690 11.5", "an issuingDistributionPoint writes out no FALSE", default_written)
        .mend("write the CRL again with software that writes DER"),
    rule("crl-scope-kinds", "RFC 5280 5.2.5", "a CRL is for one kind of certificates at most", kinds)
        .mend("write one CRL for leaves and one for CAs, or one for both without these flags"),
    rule("crl-scope-reasons", "RFC 5280 5.2.5", "a CRL lists revocations for every reason", reasons)
        .mend("write one CRL for all reasons")
        .notes(),
    rule("crl-scope-relative", "RFC 5280 4.2.1.13", "a distribution point has a full name", relative)
        .mend("write the distribution point as a full name: a URI")
        .warns(),
    rule("crl-indirect", "RFC 5280 5.2.5", "a CRL lists certificates of its own issuer only", indirect)
        .mend("write a CRL for each issuer")
        .warns(),
    rule("crl-delta-base", "RFC 5280 5.2.4", "a delta CRL names an earlier complete CRL", base)
        .mend("name the number of the complete CRL that it adds to; its own number is greater"),
    rule("crl-delta-freshest", "RFC 5280 5.2.6", "a delta CRL points to no delta CRL", freshest)
        .mend("write the delta CRL again without freshestCRL"),
    rule("platform-crl-kind", "rustls-webpki 0.103", "rustls takes no delta, indirect or partial CRLs", rustls_kind)
        .mend("give rustls the complete CRL of each issuer")
        .warns()
        .on(&[RuleSet::Rustls]),
];

fn with_scope(v: &CrlView<'_>, check: impl FnOnce(&IssuingPoint<'_>)) {
    if let Some(scope) = &v.scope {
        check(scope);
    }
}

fn malformed(v: &CrlView<'_>, report: &mut Report) {
    if extension(v.crl, oid::ISSUING_POINT).is_some() && v.scope.is_none() {
        report.say("the CRL's issuingDistributionPoint does not have the structure that its standard gives it");
    }
}

fn empty(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if s.is_empty() {
            report.say("the CRL's issuingDistributionPoint limits nothing");
        }
    });
}

fn default_written(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if s.writes_default() {
            report.say("the CRL's issuingDistributionPoint has a FALSE written out");
        }
    });
}

fn kinds(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if [s.is_for_users(), s.is_for_cas(), s.is_for_attributes()].into_iter().filter(|is_set| *is_set).count() > 1 {
            report.say("the CRL says that it is for one kind of certificates only, and for another kind only");
        }
    });
}

fn reasons(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if s.reasons() != ALL_REASONS {
            report.say(
                "the CRL lists some reasons only: without CRLs for the others, certificates stay of unknown status",
            );
        }
    });
}

fn relative(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if s.is_relative() {
            report.say("the CRL's distribution point is named relative to its issuer");
        }
    });
}

fn indirect(v: &CrlView<'_>, report: &mut Report) {
    with_scope(v, |s| {
        if s.is_indirect() {
            report.say("the CRL lists certificates of other issuers too, which most software does not understand");
        }
    });
}

fn base(v: &CrlView<'_>, report: &mut Report) {
    let Some(base) = v.crl.base() else { return };
    let Ok(base) = base else {
        report.say("the delta CRL does not say to which CRL it adds: its deltaCRLIndicator holds no positive number");
        return;
    };
    if let Some(own) = v.crl.number.as_deref().filter(|own| (base.len(), &base[..]) >= (own.len(), *own)) {
        report.say(format!("the delta CRL `{}` adds to `{}`, which is not an earlier one", hex(own), hex(&base)));
    }
}

fn freshest(v: &CrlView<'_>, report: &mut Report) {
    if v.delta && extension(v.crl, oid::FRESHEST_CRL).is_some() {
        report.say("it is a delta CRL and has freshestCRL");
    }
}

fn rustls_kind(v: &CrlView<'_>, report: &mut Report) {
    let limited = v.scope.as_ref().is_some_and(|s| s.is_indirect() || s.names_reasons() || s.is_for_attributes());
    if v.delta || limited {
        let what = if v.delta { "a delta CRL" } else { "an indirect or partial CRL" };
        report.say(format!("it is {what}, and rustls-webpki refuses to read it"));
    }
}
