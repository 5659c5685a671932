//! Where the issuer publishes: cRLDistributionPoints and authorityInfoAccess.

use super::extension::rows;
use super::usage::EMPTY;
use super::{Cut, View, rule};
use crate::model::UriName;
use crate::policy::lint::{Lint, Report};
use crate::x509::der::{self, Reader};
use crate::x509::oid;

pub(super) static LINTS: &[Lint] = &[
    rule("address-syntax", "RFC 5280 4.2.1.13, 4.2.2.1", "an address is an absolute URI", syntax)
        .mend("write it in full, as http://pki.example/ca.crl"),
    rule("address-http", "RFC 5280 8", "CRLs and issuers are fetched by http, which needs no certificate", http)
        .mend("publish it by http: what is fetched is signed already")
        .warns(),
    rule("crl-points-critical", "RFC 5280 4.2.1.13", "cRLDistributionPoints is not critical", crl_critical)
        .mend("issue it again with cRLDistributionPoints not critical")
        .warns(),
    rule("crl-points-unnamed", "RFC 5280 4.2.1.13", "cRLDistributionPoints says where the CRL is", crl_unnamed)
        .mend("issue it again with a URI there, or without the extension")
        .warns(),
    rule("crl-points-empty", "RFC 5280 4.2.1.13", "cRLDistributionPoints is not empty", crl_empty)
        .mend("issue it again with an address there, or without the extension"),
    rule("crl-points-reasons", "RFC 5280 4.2.1.13", "a distribution point is more than reasons", crl_reasons)
        .mend("name where that CRL is, or leave the point out"),
    rule("crl-points-relative", "RFC 5280 4.2.1.13", "a distribution point has a full name", crl_relative)
        .mend("write the distribution point as a full name: a URI")
        .warns(),
    rule("crl-points-indirect", "RFC 5280 4.2.1.13", "the issuer itself signs the CRL", crl_indirect)
        .mend("let the issuer sign its own CRL, and leave cRLIssuer out")
        .notes(),
    rule("access-empty", "RFC 5280 4.2.2.1", "authorityInfoAccess is not empty", access_empty)
        .mend("issue it again with an address there, or without the extension"),
    rule("access-pem", "RFC 5280 4.2.2.1", "the issuer's certificate is published in DER", access_pem)
        .mend("publish the issuer's certificate in DER, as ca.crt or ca.cer, and name that")
        .warns(),
    rule("access-critical", "RFC 5280 4.2.2.1", "authorityInfoAccess is not critical", access_critical)
        .mend("issue it again with authorityInfoAccess not critical"),
];

fn all<'a>(v: &View<'a>) -> impl Iterator<Item = &'a String> {
    v.facts.crl_urls.iter().chain(&v.facts.issuer_urls).chain(&v.facts.ocsp_urls)
}

fn syntax(v: &View<'_>, report: &mut Report) {
    for url in all(v).filter(|u| u.parse::<UriName>().is_err()) {
        report.say(format!("the address `{}` is not an absolute URI", Cut(url)));
    }
}

fn http(v: &View<'_>, report: &mut Report) {
    for (what, urls) in [("CRL", &v.facts.crl_urls), ("issuer", &v.facts.issuer_urls)] {
        let plain = |u: &String| u.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("http://"));
        if let Some(first) = urls.first().filter(|_| !urls.iter().any(plain)) {
            report.say_with(
                format!(
                    "no address of the {what} is http, as `{}`, and much software fetches nothing else",
                    Cut(first)
                ),
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

fn crl_empty(v: &View<'_>, report: &mut Report) {
    if v.facts.extension(oid::CRL_DISTRIBUTION_POINTS).is_some_and(|e| e.value == EMPTY) {
        report.say("cRLDistributionPoints is empty");
    }
}

/// The tags of a DistributionPoint's fields, and that of what is in its distributionPoint.
struct Point {
    tags: Vec<u8>,
    name: Option<u8>,
}

fn points(v: &View<'_>) -> Vec<Point> {
    let Some(extension) = v.facts.extension(oid::CRL_DISTRIBUTION_POINTS) else { return Vec::new() };
    let read = |row: &[u8]| {
        let mut fields = Reader::new(row, "a distribution point");
        let mut point = Point { tags: Vec::new(), name: None };
        while let Ok(field) = fields.any() {
            if field.tag == der::context_constructed(0) {
                point.name = field.content.first().copied();
            }
            point.tags.push(field.tag);
        }
        point
    };
    rows(&extension.value).unwrap_or_default().into_iter().map(read).collect()
}

fn crl_reasons(v: &View<'_>, report: &mut Report) {
    if points(v).iter().any(|p| p.tags == [der::context(1)]) {
        report.say("a distribution point holds reasons and no name");
    }
}

fn crl_relative(v: &View<'_>, report: &mut Report) {
    if points(v).iter().any(|p| p.name == Some(der::context_constructed(1))) {
        report.say("a distribution point is named relative to its issuer");
    }
}

fn crl_indirect(v: &View<'_>, report: &mut Report) {
    if points(v).iter().any(|p| p.tags.contains(&der::context_constructed(2))) {
        report.say("its CRL is signed by another than its issuer, which most software does not understand");
    }
}

fn access_empty(v: &View<'_>, report: &mut Report) {
    if v.facts.extension(oid::AUTHORITY_INFO_ACCESS).is_some_and(|e| e.value == EMPTY) {
        report.say("authorityInfoAccess is empty");
    }
}

fn access_pem(v: &View<'_>, report: &mut Report) {
    for url in &v.facts.issuer_urls {
        if url.get(url.len().saturating_sub(4)..).is_some_and(|end| end.eq_ignore_ascii_case(".pem")) {
            report.say(format!("`{}` promises PEM, and software that fetches an issuer reads DER", Cut(url)));
        }
    }
}

fn access_critical(v: &View<'_>, report: &mut Report) {
    if v.is_critical(oid::AUTHORITY_INFO_ACCESS) == Some(true) {
        report.say("authorityInfoAccess is critical");
    }
}
