//! What the standards allow and single platforms refuse; each seen with the software named.

use super::extension::named;
use super::key::Family;
use super::{Cut, View, rule};
use crate::model::{KeyAlgorithm, KeyUsage};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::oid;
use crate::x509::{GeneralName, PublicKeyKind, ReadSubtree, SignatureAlgorithm};

pub(super) static LINTS: &[Lint] = &[
    rule("platform-ed25519", "seen with NSS 3.87 and Chromium", "neither NSS nor Chromium takes Ed25519", ed25519)
        .mend("use p256 where browsers connect")
        .warns()
        .on(&[RuleSet::Nss, RuleSet::Chromium]),
    rule("platform-rsa-server", "seen with NSS 3.87", "NSS wants keyEncipherment of an RSA server", rsa_server)
        .mend("issue it again with keyEncipherment too, or with a P-256 key")
        .warns()
        .on(&[RuleSet::Nss]),
    rule("platform-uri-constraints", "X509-SVID 4.2", "rustls-webpki takes no URI constraints", uri_constraints)
        .mend("leave URI constraints out where rustls verifies, and compare trust domains there")
        .warns()
        .on(&[RuleSet::Rustls]),
    rule("platform-common-name", "seen with the JDK", "Java applies DNS constraints to common names", common_name)
        .mend("give it a DNS name within the constraints, or no common name")
        .warns()
        .on(&[RuleSet::Java]),
    rule("platform-p521", "ClientHello of Chrome; ring", "neither Chromium nor rustls with ring takes P-521", p521)
        .mend("use p256 or p384")
        .warns()
        .on(&[RuleSet::Chromium, RuleSet::Rustls]),
    rule("platform-pss-key", "BoringSSL; rustls-webpki 0.103", "Chromium and rustls take no RSASSA-PSS keys", pss_key)
        .mend("use a key of the algorithm rsaEncryption: TLS 1.3 signs with PSS anyway")
        .warns()
        .on(&[RuleSet::Chromium, RuleSet::Rustls]),
    rule(
        "platform-critical-extension",
        "rustls-webpki 0.103",
        "rustls-webpki takes six extensions as critical and no other",
        critical,
    )
    .mend("leave the extension out where rustls verifies, or make it not critical where the standard allows it")
    .warns()
    .on(&[RuleSet::Rustls]),
    rule("platform-name-constraints", "rustls-webpki 0.103", "rustls-webpki compares DNS and IP constraints", compares)
        .mend("leave these constraints out where rustls verifies such leaves")
        .warns()
        .on(&[RuleSet::Rustls]),
    rule(
        "platform-server-purpose",
        "Apple HT210176",
        "Apple wants serverAuth in a server's extKeyUsage",
        server_purpose,
    )
    .mend("issue it again with serverAuth in extKeyUsage")
    .warns()
    .on(&[RuleSet::Apple]),
    rule("platform-rsa-usage", "Chromium 124", "Chromium wants digitalSignature of an RSA server", rsa_signature)
        .mend("issue it again with digitalSignature too")
        .warns()
        .on(&[RuleSet::Chromium]),
];

/// What rustls-webpki processes; any other extension that is critical ends its validation.
const WEBPKI_KNOWS: [&[u64]; 6] = [
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::EXTENDED_KEY_USAGE,
];

fn p521(v: &View<'_>, report: &mut Report) {
    if v.key.as_ref().is_some_and(super::key::Key::is_p521) {
        report.say("the key is on P-521, which Chromium and rustls with ring refuse");
    }
}

fn pss_key(v: &View<'_>, report: &mut Report) {
    if v.key.as_ref().is_some_and(|k| k.family == Family::RsaPss) {
        report.say("the key is for RSASSA-PSS alone, which Chromium and rustls refuse");
    }
}

fn critical(v: &View<'_>, report: &mut Report) {
    for e in v.facts.extensions.iter().filter(|e| e.critical && !WEBPKI_KNOWS.contains(&e.oid.arcs())) {
        report.say(format!("{} is critical, and rustls-webpki does not know it", named(&e.oid)));
    }
}

fn compares(v: &View<'_>, report: &mut Report) {
    let other =
        |s: &&ReadSubtree| matches!(s, ReadSubtree::Email(_) | ReadSubtree::Directory(_) | ReadSubtree::Other(_));
    let Some(c) = &v.facts.name_constraints else { return };
    if v.ca && c.permitted.iter().chain(&c.excluded).any(|s| other(&s)) {
        report.say("it constrains mailboxes or subjects, and rustls-webpki refuses every leaf that has such a name");
    }
}

fn server_purpose(v: &View<'_>, report: &mut Report) {
    let host = v.names().iter().any(|n| matches!(n, GeneralName::Dns(_) | GeneralName::Ip(_)));
    if !v.ca && host && v.facts.extended_key_usage.is_none() {
        report.say("it names hosts and has no extKeyUsage, and Apple's software refuses such a server");
    }
}

fn rsa_signature(v: &View<'_>, report: &mut Report) {
    let rsa = v.key.as_ref().is_some_and(super::key::Key::is_rsa);
    let lacks = v.facts.key_usage.is_some_and(|u| !u.has(KeyUsage::DIGITAL_SIGNATURE));
    if rsa && lacks && v.server_auth && !v.ca {
        report.say("it is an RSA server certificate without digitalSignature, which Chromium refuses");
    }
}

fn ed25519(v: &View<'_>, report: &mut Report) {
    let key = v.key.as_ref().is_some_and(|k| k.kind == PublicKeyKind::Known(KeyAlgorithm::Ed25519));
    let what = if key {
        "the key is"
    } else if v.facts.signature_algorithm == SignatureAlgorithm::Ed25519.der() {
        "the signature is"
    } else {
        return;
    };
    report.say_with(
        format!("{what} Ed25519, which NSS (Firefox among others) and Chromium refuse"),
        "use p256 where browsers connect",
    );
}

fn rsa_server(v: &View<'_>, report: &mut Report) {
    let rsa = v.key.as_ref().is_some_and(super::key::Key::is_rsa);
    let lacks = v.facts.key_usage.is_some_and(|u| !u.has(KeyUsage::KEY_ENCIPHERMENT));
    if rsa && lacks && v.server_auth && !v.ca {
        report.say("it is an RSA server certificate without keyEncipherment, which NSS refuses as a server's");
    }
}

fn uri_constraints(v: &View<'_>, report: &mut Report) {
    let uri = |s: &ReadSubtree| matches!(s, ReadSubtree::Uri(_));
    let Some(c) = &v.facts.name_constraints else { return };
    if v.ca && c.permitted.iter().chain(&c.excluded).any(uri) {
        report.say("it constrains URIs, and rustls-webpki then refuses every leaf with a URI, SPIFFE IDs among them");
    }
}

fn common_name(v: &View<'_>, report: &mut Report) {
    let dns = |s: &ReadSubtree| matches!(s, ReadSubtree::Dns(_));
    let constrained = v
        .issuer
        .and_then(|i| i.name_constraints.as_ref())
        .is_some_and(|c| c.permitted.iter().chain(&c.excluded).any(dns));
    let named = v.names().iter().any(|n| matches!(n, GeneralName::Dns(_)));
    if let Some(name) = v.facts.subject.common_name().filter(|_| constrained && !named && !v.ca) {
        report.say_with(
            format!(
                "the issuer constrains DNS names, and Java takes the common name `{}` for one and refuses it",
                Cut(name)
            ),
            "give it a DNS name within the constraints, or no common name",
        );
    }
}
