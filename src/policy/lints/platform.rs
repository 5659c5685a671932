//! What the standards allow and single platforms refuse; each seen with the software named.

use super::{View, rule};
use crate::model::{KeyAlgorithm, KeyUsage};
use crate::policy::lint::{Lint, Report};
use crate::x509::{GeneralName, PublicKeyKind, ReadSubtree, SignatureAlgorithm};

pub(super) static LINTS: &[Lint] = &[
    rule("platform-ed25519", "seen with NSS 3.87 and Chromium", "neither NSS nor Chromium takes Ed25519", ed25519)
        .warns()
        .asked_by(&["nss", "chromium"]),
    rule("platform-rsa-server", "seen with NSS 3.87", "NSS wants keyEncipherment of an RSA server", rsa_server)
        .warns()
        .asked_by(&["nss"]),
    rule("platform-uri-constraints", "X509-SVID 4.2", "rustls-webpki takes no URI constraints", uri_constraints)
        .warns()
        .asked_by(&["rustls"]),
    rule("platform-common-name", "seen with the JDK", "Java applies DNS constraints to common names", common_name)
        .warns()
        .asked_by(&["java"]),
];

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
            format!("the issuer constrains DNS names, and Java takes the common name `{name}` for one and refuses it"),
            "give it a DNS name within the constraints, or no common name",
        );
    }
}
