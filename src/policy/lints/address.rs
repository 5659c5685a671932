//! Where the issuer publishes: cRLDistributionPoints and authorityInfoAccess.

use super::{View, rule};
use crate::model::UriName;
use crate::policy::lint::{Lint, Report};
use crate::x509::oid;

pub(super) static LINTS: &[Lint] = &[
    rule("address-syntax", "RFC 5280 4.2.1.13, 4.2.2.1", "an address is an absolute URI", syntax),
    rule("address-http", "RFC 5280 8", "CRLs and issuers are fetched by http, which needs no certificate", http)
        .warns(),
    rule("crl-points-critical", "RFC 5280 4.2.1.13", "cRLDistributionPoints is not critical", crl_critical).warns(),
    rule("crl-points-unnamed", "RFC 5280 4.2.1.13", "cRLDistributionPoints says where the CRL is", crl_unnamed).warns(),
    rule("access-critical", "RFC 5280 4.2.2.1", "authorityInfoAccess is not critical", access_critical),
];

fn all<'a>(v: &View<'a>) -> impl Iterator<Item = &'a String> {
    v.facts.crl_urls.iter().chain(&v.facts.issuer_urls).chain(&v.facts.ocsp_urls)
}

fn syntax(v: &View<'_>, report: &mut Report) {
    for url in all(v).filter(|u| u.parse::<UriName>().is_err()) {
        report.say(format!("the address `{url}` is not an absolute URI"));
    }
}

fn http(v: &View<'_>, report: &mut Report) {
    for (what, urls) in [("CRL", &v.facts.crl_urls), ("issuer", &v.facts.issuer_urls)] {
        let plain = |u: &String| u.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("http://"));
        if let Some(first) = urls.first().filter(|_| !urls.iter().any(plain)) {
            report.say_with(
                format!("no address of the {what} is http, as `{first}`, and much software fetches nothing else"),
                "pass an http:// address: what is fetched is signed already",
            );
        }
    }
}

fn crl_critical(v: &View<'_>, report: &mut Report) {
    if v.is_critical(oid::CRL_DISTRIBUTION_POINTS) == Some(true) {
        report.say("cRLDistributionPoints is critical");
    }
}

fn crl_unnamed(v: &View<'_>, report: &mut Report) {
    let points = v.facts.extension(oid::CRL_DISTRIBUTION_POINTS);
    if points.is_some_and(|e| !e.malformed) && v.facts.crl_urls.is_empty() {
        report.say("cRLDistributionPoints holds no address");
    }
}

fn access_critical(v: &View<'_>, report: &mut Report) {
    if v.is_critical(oid::AUTHORITY_INFO_ACCESS) == Some(true) {
        report.say("authorityInfoAccess is critical");
    }
}
