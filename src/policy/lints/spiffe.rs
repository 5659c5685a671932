//! X.509-SVIDs and the CAs that sign them.

use super::view::is_spiffe;
use super::{Cut, View, rule};
use crate::model::{KeyUsage, SpiffeId};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::oid;

const SPIFFE: &[RuleSet] = &[RuleSet::Spiffe];

pub(super) static LINTS: &[Lint] = &[
    rule("spiffe-uri-count", "X509-SVID 2", "beside a SPIFFE ID there is no other URI", count)
        .mend("issue it again with the SPIFFE ID as its only URI")
        .also_of(SPIFFE),
    rule("spiffe-id", "SPIFFE-ID 2", "a spiffe URI is a SPIFFE ID", id)
        .mend("issue it again with an ID as spiffe://example.org/ns/prod/sa/api")
        .also_of(SPIFFE),
    rule("spiffe-path-missing", "X509-SVID 5.2", "a leaf's SPIFFE ID has a path", path_missing)
        .mend("issue it again with the workload's path, as spiffe://example.org/ns/prod/sa/api")
        .also_of(SPIFFE),
    rule("spiffe-path-on-ca", "X509-SVID 3.2", "a CA's SPIFFE ID has no path", path_on_ca)
        .mend("renew the CA with the ID of its trust domain alone")
        .also_of(SPIFFE),
    rule("spiffe-key-usage", "X509-SVID 4.3", "an SVID has a critical keyUsage", key_usage)
        .mend("issue it again with keyUsage critical")
        .also_of(SPIFFE),
    rule("spiffe-leaf-usage", "X509-SVID 4.3", "a leaf SVID signs handshakes, no certificates or CRLs", leaf_usage)
        .mend("issue it again with digitalSignature, and without keyCertSign and cRLSign")
        .also_of(SPIFFE),
    rule("spiffe-ca-usage", "X509-SVID 4.3", "a signing SVID has keyCertSign", ca_usage)
        .mend("renew the CA with keyCertSign")
        .also_of(SPIFFE),
    rule("spiffe-purposes", "X509-SVID 4.4", "a leaf SVID with extKeyUsage is for servers and clients", purposes)
        .mend("issue it again with serverAuth and clientAuth")
        .also_of(SPIFFE),
    rule("spiffe-purposes-absent", "X509-SVID 4.4", "a leaf SVID has extKeyUsage", purposes_absent)
        .mend("issue it again with serverAuth and clientAuth")
        .warns()
        .also_of(SPIFFE)
        .advises(),
    rule("spiffe-trust-domain", "X509-SVID 3.2", "a leaf SVID is of its signer's trust domain", trust_domain)
        .mend("choose a CA of its own trust domain with `--issuer`, or one that names none")
        .also_of(SPIFFE),
    rule("spiffe-ca-trust-domain", "X509-SVID 3.2", "a CA's SVID is of its signer's trust domain", ca_trust_domain)
        .mend("choose a CA of its own trust domain with `--issuer`, or one that names none")
        .warns()
        .also_of(SPIFFE)
        .advises(),
    rule("spiffe-id-missing", "X509-SVID 2", "a leaf SVID carries a SPIFFE ID", id_missing)
        .mend("issue it again with its SPIFFE ID: `rootlet workload`")
        .when_asked_for(SPIFFE),
    rule("spiffe-signer-id", "X509-SVID 3.2", "a CA that signs SVIDs carries the ID of its trust domain", signer_id)
        .mend("renew the CA with the ID of its trust domain as a URI")
        .warns()
        .when_asked_for(SPIFFE)
        .advises(),
    rule("spiffe-signer-slash", "SPIFFE-ID 2.2", "the ID of a trust domain ends without a slash", signer_slash)
        .mend("renew the CA with the ID without the last slash")
        .warns()
        .also_of(SPIFFE)
        .advises(),
    rule("spiffe-lifetime", "SPIFFE, X.509-SVID in practice", "an SVID lives for hours or days", lifetime)
        .mend("issue SVIDs for a day, and renew them by a machine")
        .notes()
        .when_asked_for(SPIFFE)
        .advises(),
];

/// The longest life of an SVID that still is days rather than months.
const MOST_DAYS: i64 = 31;

fn ids<'a>(v: &View<'a>) -> impl Iterator<Item = &'a str> {
    v.facts.uris().filter(|u| is_spiffe(u))
}

fn count(v: &View<'_>, report: &mut Report) {
    let count = v.facts.uris().count();
    if v.svid && count > 1 {
        report.say(format!("it has {count} URIs in subjectAltName, and an SVID has one, its SPIFFE ID"));
    }
}

fn id(v: &View<'_>, report: &mut Report) {
    for uri in ids(v).filter(|u| !is_slashed_domain(v, u)) {
        if let Err(problem) = SpiffeId::parse(uri) {
            report.say(format!("`{}` is not a SPIFFE ID: {problem}", Cut(uri)));
        }
    }
}

/// The form `spiffe://td/` of a signer, which the Trust Domain and Bundle document itself prints in its appendix A.
fn is_slashed_domain(v: &View<'_>, uri: &str) -> bool {
    let domain = uri.strip_suffix('/').and_then(|u| SpiffeId::parse(u).ok());
    v.ca && domain.is_some_and(|d| d.path().is_empty())
}

fn signer_slash(v: &View<'_>, report: &mut Report) {
    for uri in ids(v).filter(|u| is_slashed_domain(v, u)) {
        report.say(format!("`{}` ends in a slash, and some software takes it for another ID or for none", Cut(uri)));
    }
}

fn id_missing(v: &View<'_>, report: &mut Report) {
    if v.svid && !v.spiffe && !v.ca {
        report.say("it has no URI with the scheme `spiffe` in subjectAltName, so it is no SVID");
    }
}

fn signer_id(v: &View<'_>, report: &mut Report) {
    if v.svid && !v.spiffe && v.ca {
        report.say("it is a CA that does not say for which trust domain it signs");
    }
}

fn lifetime(v: &View<'_>, report: &mut Report) {
    let Some(validity) = v.facts.validity().filter(|_| v.svid && !v.ca) else { return };
    let days = validity.seconds() / 86_400;
    if days > MOST_DAYS {
        report.say(format!("it lasts {days} days, and the short life of an SVID is its revocation"));
    }
}

fn path_missing(v: &View<'_>, report: &mut Report) {
    for id in ids(v).filter_map(|u| SpiffeId::parse(u).ok()).filter(|i| !v.ca && i.path().is_empty()) {
        report.say(format!("`{}` names a trust domain and no workload", Cut(id.as_str())));
    }
}

fn path_on_ca(v: &View<'_>, report: &mut Report) {
    for id in ids(v).filter_map(|u| SpiffeId::parse(u).ok()).filter(|i| v.ca && !i.path().is_empty()) {
        let hint = format!("name it `spiffe://{}`", id.trust_domain());
        report.say_with(
            format!("the CA's `{}` has a path, and names a workload instead of a trust domain", Cut(id.as_str())),
            hint,
        );
    }
}

fn key_usage(v: &View<'_>, report: &mut Report) {
    if !v.svid {
        return;
    }
    match v.is_critical(oid::KEY_USAGE) {
        None => report.say("it has no keyUsage, and an SVID has one"),
        Some(false) => report.say("its keyUsage is not critical, and that of an SVID is"),
        Some(true) => {}
    }
}

fn leaf_usage(v: &View<'_>, report: &mut Report) {
    let Some(usage) = v.facts.key_usage.filter(|_| v.svid && !v.ca) else { return };
    if !usage.has(KeyUsage::DIGITAL_SIGNATURE) {
        report.say("its keyUsage lacks digitalSignature, and a leaf SVID has it");
    }
    for (bit, name) in [(KeyUsage::KEY_CERT_SIGN, "keyCertSign"), (KeyUsage::CRL_SIGN, "cRLSign")] {
        if usage.has(bit) {
            report.say(format!("its keyUsage has {name}, and a leaf SVID signs nothing for others"));
        }
    }
}

fn ca_usage(v: &View<'_>, report: &mut Report) {
    if v.svid && v.ca && v.facts.key_usage.is_some_and(|u| !u.has(KeyUsage::KEY_CERT_SIGN)) {
        report.say("its keyUsage lacks keyCertSign, and a CA that signs SVIDs has it");
    }
}

fn purposes(v: &View<'_>, report: &mut Report) {
    if v.svid && !v.ca && v.facts.extended_key_usage.is_some() && !(v.server_auth && v.client_auth) {
        report.say("its extKeyUsage lacks serverAuth or clientAuth, and an SVID has both or no extKeyUsage at all");
    }
}

fn purposes_absent(v: &View<'_>, report: &mut Report) {
    if v.svid && !v.ca && v.facts.extension(oid::EXTENDED_KEY_USAGE).is_none() {
        report.say("it has no extKeyUsage, and an SVID should have serverAuth and clientAuth");
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
        let domain = signer.trust_domain();
        report.say(format!("`{}` is signed by a CA of the trust domain `{domain}`", Cut(id.as_str())));
    }
}
