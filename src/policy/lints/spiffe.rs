//! X.509-SVIDs and the CAs that sign them.

use super::view::is_spiffe;
use super::{View, rule};
use crate::model::{KeyUsage, SpiffeId};
use crate::policy::lint::{Lint, Report};
use crate::x509::oid;

const SPIFFE: &[&str] = &["spiffe"];

pub(super) static LINTS: &[Lint] = &[
    rule("spiffe-uri-count", "X509-SVID 2", "beside a SPIFFE ID there is no other URI", count).asked_by(SPIFFE),
    rule("spiffe-id", "SPIFFE-ID 2", "a spiffe URI is a SPIFFE ID", id).asked_by(SPIFFE),
    rule("spiffe-path-missing", "X509-SVID 5.2", "a leaf's SPIFFE ID has a path", path_missing).asked_by(SPIFFE),
    rule("spiffe-path-on-ca", "X509-SVID 3.2", "a CA's SPIFFE ID has no path", path_on_ca).asked_by(SPIFFE),
    rule("spiffe-key-usage", "X509-SVID 4.3", "an SVID has a critical keyUsage", key_usage).asked_by(SPIFFE),
    rule("spiffe-leaf-usage", "X509-SVID 4.3", "a leaf SVID signs handshakes, no certificates or CRLs", leaf_usage)
        .asked_by(SPIFFE),
    rule("spiffe-ca-usage", "X509-SVID 4.3", "a signing SVID has keyCertSign", ca_usage).asked_by(SPIFFE),
    rule("spiffe-purposes", "X509-SVID 4.4", "a leaf SVID with extKeyUsage is for servers and clients", purposes)
        .asked_by(SPIFFE),
    rule("spiffe-purposes-absent", "X509-SVID 4.4", "a leaf SVID has extKeyUsage", purposes_absent)
        .warns()
        .asked_by(SPIFFE),
    rule("spiffe-trust-domain", "X509-SVID 3.2", "a leaf SVID is of its signer's trust domain", trust_domain)
        .asked_by(SPIFFE),
    rule("spiffe-ca-trust-domain", "X509-SVID 3.2", "a CA's SVID is of its signer's trust domain", ca_trust_domain)
        .warns()
        .asked_by(SPIFFE),
];

fn ids<'a>(v: &View<'a>) -> impl Iterator<Item = &'a str> {
    v.facts.uris().filter(|u| is_spiffe(u))
}

fn count(v: &View<'_>, report: &mut Report) {
    let count = v.facts.uris().count();
    if v.spiffe && count > 1 {
        report.say(format!("it has a SPIFFE ID and {count} URIs in all, and one is the most"));
    }
}

fn id(v: &View<'_>, report: &mut Report) {
    for uri in ids(v) {
        if let Err(problem) = SpiffeId::parse(uri) {
            report.say(format!("`{uri}` is not a SPIFFE ID: {problem}"));
        }
    }
}

fn path_missing(v: &View<'_>, report: &mut Report) {
    for id in ids(v).filter_map(|u| SpiffeId::parse(u).ok()).filter(|i| !v.ca && i.path().is_empty()) {
        report.say(format!("`{id}` names a trust domain and no workload"));
    }
}

fn path_on_ca(v: &View<'_>, report: &mut Report) {
    for id in ids(v).filter_map(|u| SpiffeId::parse(u).ok()).filter(|i| v.ca && !i.path().is_empty()) {
        report.say_with(format!("the CA's `{id}` has a path"), format!("name it `spiffe://{}`", id.trust_domain()));
    }
}

fn key_usage(v: &View<'_>, report: &mut Report) {
    if !v.spiffe {
        return;
    }
    match v.is_critical(oid::KEY_USAGE) {
        None => report.say("it has a SPIFFE ID and no keyUsage"),
        Some(false) => report.say("it has a SPIFFE ID, and its keyUsage is not critical"),
        Some(true) => {}
    }
}

fn leaf_usage(v: &View<'_>, report: &mut Report) {
    let Some(usage) = v.facts.key_usage.filter(|_| v.spiffe && !v.ca) else { return };
    if !usage.has(KeyUsage::DIGITAL_SIGNATURE) {
        report.say("it has a SPIFFE ID and lacks digitalSignature");
    }
    for (bit, name) in [(KeyUsage::KEY_CERT_SIGN, "keyCertSign"), (KeyUsage::CRL_SIGN, "cRLSign")] {
        if usage.has(bit) {
            report.say(format!("it is a leaf with a SPIFFE ID and has {name}"));
        }
    }
}

fn ca_usage(v: &View<'_>, report: &mut Report) {
    if v.spiffe && v.ca && v.facts.key_usage.is_some_and(|u| !u.has(KeyUsage::KEY_CERT_SIGN)) {
        report.say("it is a CA with a SPIFFE ID and lacks keyCertSign");
    }
}

fn purposes(v: &View<'_>, report: &mut Report) {
    if v.spiffe && !v.ca && v.facts.extended_key_usage.is_some() && !(v.server_auth && v.client_auth) {
        report.say("it has a SPIFFE ID, and its extKeyUsage lacks serverAuth or clientAuth");
    }
}

fn purposes_absent(v: &View<'_>, report: &mut Report) {
    if v.spiffe && !v.ca && v.facts.extension(oid::EXTENDED_KEY_USAGE).is_none() {
        report.say("it has a SPIFFE ID and no extKeyUsage");
    }
}

/// A signer that says whose it is signs for nobody else; one that says nothing may sign for any.
fn trust_domain(v: &View<'_>, report: &mut Report) {
    if !v.ca {
        foreign_ids(v, report);
    }
}

fn ca_trust_domain(v: &View<'_>, report: &mut Report) {
    if v.ca {
        foreign_ids(v, report);
    }
}

fn foreign_ids(v: &View<'_>, report: &mut Report) {
    let parse = |u: &str| SpiffeId::parse(u).ok();
    let Some(signer) = v.issuer.and_then(|i| i.uris().find_map(parse)) else { return };
    for id in ids(v).filter_map(parse).filter(|i| i.trust_domain() != signer.trust_domain()) {
        let text = format!("`{id}` is signed by a CA of the trust domain `{}`", signer.trust_domain());
        report.say_with(text, "choose a CA of its own trust domain with `--issuer`, or one that names none");
    }
}
