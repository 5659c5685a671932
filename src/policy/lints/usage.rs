//! basicConstraints, keyUsage and extKeyUsage.

use super::key::Family;
use super::{View, repeated, rule};
use crate::model::{ExtendedKeyUsage, KeyUsage};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::oid;

pub(super) static LINTS: &[Lint] = &[
    rule("ca-basic-constraints-critical", "RFC 5280 4.2.1.9", "a CA's basicConstraints is critical", basic_critical)
        .mend("renew the CA with basicConstraints critical (openssl: `basicConstraints=critical,CA:TRUE`)")
        .also_of(&[RuleSet::PythonStrict]),
    rule("path-len-without-ca", "RFC 5280 4.2.1.9", "only a CA has a pathLenConstraint", path_len)
        .mend("issue it again without pathLenConstraint, or as a CA")
        .also_of(&[RuleSet::PythonStrict]),
    rule("ca-key-usage", "RFC 5280 4.2.1.3", "a CA has a keyUsage", ca_usage)
        .mend("renew the CA with keyUsage keyCertSign and cRLSign (openssl: `keyUsage=critical,keyCertSign,cRLSign`)")
        .also_of(&[RuleSet::PythonStrict]),
    rule("key-usage-critical", "RFC 5280 4.2.1.3", "keyUsage is critical", usage_critical)
        .mend("issue it again with keyUsage critical")
        .warns(),
    rule("key-usage-empty", "RFC 5280 4.2.1.3", "keyUsage has at least one bit", usage_empty)
        .mend("issue it again with the usages of the key there, or without the extension"),
    rule("leaf-key-usage", "RFC 5280 4.2.1.3", "a leaf says what its key is for", leaf_usage)
        .mend("issue it again with keyUsage digitalSignature, critical")
        .notes(),
    rule("cert-sign-without-ca", "RFC 5280 4.2.1.9", "only a CA has keyCertSign", cert_sign_leaf)
        .mend("issue it again without keyCertSign, or as a CA")
        .also_of(&[RuleSet::PythonStrict]),
    rule("ca-without-cert-sign", "RFC 5280 4.2.1.3", "a CA has keyCertSign", ca_cert_sign)
        .mend("renew the CA with keyCertSign"),
    rule("ca-without-crl-sign", "RFC 5280 4.2.1.3", "a CA has cRLSign", ca_crl_sign)
        .mend("renew the CA with cRLSign")
        .warns(),
    rule("leaf-crl-sign", "RFC 5280 4.2.1.3", "a leaf signs no CRLs", leaf_crl_sign)
        .mend("issue it again without cRLSign")
        .warns(),
    rule("ca-digital-signature", "RFC 5280 4.2.1.3", "a CA's key signs certificates and CRLs only", ca_signature)
        .mend("leave digitalSignature out of the next CA")
        .also_of(&[RuleSet::Spiffe])
        .warns(),
    rule("key-usage-ec", "RFC 8813 3", "an EC key encrypts neither keys nor data", ec_usage)
        .mend("issue it again without that usage: ECDHE needs digitalSignature alone"),
    rule(
        "key-usage-signing-key",
        "RFC 9295 3, RFC 9881 5",
        "a key that can only sign has no other usage",
        signing_usage,
    )
    .mend("issue it again with digitalSignature alone"),
    rule("key-usage-pss", "RFC 4055 1.2", "an RSASSA-PSS key encrypts nothing", pss_usage)
        .mend("issue it again with digitalSignature alone"),
    rule("ca-key-usage-more", "RFC 5280 4.2.1.3", "a CA's key transports and agrees on no keys", ca_more)
        .mend("renew the CA with keyCertSign and cRLSign alone")
        .warns(),
    rule("leaf-digital-signature", "RFC 8446 4.4.2.2", "the key of a TLS leaf may sign handshakes", leaf_signature)
        .mend("issue it again with digitalSignature")
        .also_of(&[RuleSet::Chromium]),
    rule("key-usage-rsa", "RFC 3279 2.3.1", "an RSA key agrees on no keys", rsa_usage)
        .mend("issue it again without keyAgreement")
        .warns(),
    rule("ca-path-len", "RFC 5280 4.2.1.9", "an intermediate CA says how many CAs may stand below it", ca_path_len)
        .mend("issue it again with pathLenConstraint 0 if it signs leaves only")
        .notes(),
    rule(
        "path-len-without-cert-sign",
        "RFC 5280 4.2.1.9",
        "a pathLenConstraint belongs to keyCertSign",
        path_len_usage,
    )
    .mend("issue it again with keyCertSign, or without pathLenConstraint")
    .also_of(&[RuleSet::PythonStrict]),
    rule("key-usage-agreement", "RFC 5280 4.2.1.3", "encipherOnly and decipherOnly belong to keyAgreement", agreement)
        .mend("issue it again without that usage"),
    rule("purpose-empty", "RFC 5280 4.2.1.12", "extKeyUsage names at least one purpose", purpose_empty)
        .mend("issue it again with purposes there, or without the extension"),
    rule("purpose-any", "CABF TLS BR 7.1.2.7.10", "extKeyUsage has no anyExtendedKeyUsage", purpose_any)
        .mend("issue it again with the purposes that it has: serverAuth, clientAuth")
        .warns(),
    rule("purpose-duplicate", "RFC 5280 4.2.1.12", "extKeyUsage names no purpose twice", purpose_duplicate)
        .mend("issue it again with each purpose once")
        .warns(),
    rule("purpose-critical", "CABF TLS BR 7.1.2.7.6", "extKeyUsage is not critical", purpose_critical)
        .mend("issue it again with extKeyUsage not critical")
        .notes(),
    rule("leaf-purpose", "RFC 5280 4.2.1.12", "a leaf says what it is for", leaf_purpose)
        .mend("issue it again with serverAuth, clientAuth, or both")
        .notes(),
];

/// An empty SEQUENCE.
pub(super) const EMPTY: [u8; 2] = [0x30, 0];
const ENCIPHER_ONLY: u16 = 1 << 7;
const DECIPHER_ONLY: u16 = 1 << 8;
const ENCRYPTS: KeyUsage = KeyUsage::KEY_ENCIPHERMENT.and(KeyUsage::DATA_ENCIPHERMENT);

/// The names of those of `forbidden` that are set.
fn set_among(v: &View<'_>, forbidden: u16) -> Option<String> {
    let bits = v.facts.key_usage?.bits() & forbidden;
    (bits != 0).then(|| KeyUsage::from_bits(bits).names().join(", "))
}

fn has(v: &View<'_>, usage: KeyUsage) -> bool {
    v.facts.key_usage.is_some_and(|u| u.has(usage))
}

/// Whether keyUsage is present without a bit. Absent, it allows everything.
fn lacks(v: &View<'_>, usage: KeyUsage) -> bool {
    v.facts.key_usage.is_some_and(|u| !u.has(usage))
}

fn basic_critical(v: &View<'_>, report: &mut Report) {
    if v.ca && v.is_critical(oid::BASIC_CONSTRAINTS) == Some(false) {
        report.say("it is a CA, and its basicConstraints is not critical");
    }
}

fn path_len(v: &View<'_>, report: &mut Report) {
    if let Some(n) = v.facts.basic_constraints.filter(|b| !b.ca).and_then(|b| b.path_len) {
        report.say(format!("it is not a CA and has the pathLenConstraint {n}"));
    }
}

fn ca_usage(v: &View<'_>, report: &mut Report) {
    if v.ca && v.facts.extension(oid::KEY_USAGE).is_none() {
        report.say("it is a CA without keyUsage");
    }
}

fn usage_critical(v: &View<'_>, report: &mut Report) {
    if v.is_critical(oid::KEY_USAGE) == Some(false) {
        report.say("keyUsage is not critical");
    }
}

fn usage_empty(v: &View<'_>, report: &mut Report) {
    if v.facts.key_usage.is_some_and(|u| u.bits() == 0) {
        report.say("keyUsage has no bit set");
    }
}

fn leaf_usage(v: &View<'_>, report: &mut Report) {
    if !v.ca && v.facts.extension(oid::KEY_USAGE).is_none() {
        report.say("it has no keyUsage");
    }
}

fn cert_sign_leaf(v: &View<'_>, report: &mut Report) {
    if !v.ca && has(v, KeyUsage::KEY_CERT_SIGN) {
        report.say("it is not a CA and has keyCertSign");
    }
}

fn ca_cert_sign(v: &View<'_>, report: &mut Report) {
    if v.ca && lacks(v, KeyUsage::KEY_CERT_SIGN) {
        report.say("it is a CA without keyCertSign");
    }
}

fn ca_crl_sign(v: &View<'_>, report: &mut Report) {
    if v.ca && lacks(v, KeyUsage::CRL_SIGN) {
        report.say("it is a CA without cRLSign, and every CRL of it is thrown away");
    }
}

fn leaf_crl_sign(v: &View<'_>, report: &mut Report) {
    if !v.ca && has(v, KeyUsage::CRL_SIGN) {
        report.say("it is not a CA and has cRLSign");
    }
}

fn ca_signature(v: &View<'_>, report: &mut Report) {
    if v.ca && has(v, KeyUsage::DIGITAL_SIGNATURE) {
        report.say("it is a CA with digitalSignature, which only its own OCSP answers need");
    }
}

fn ca_more(v: &View<'_>, report: &mut Report) {
    let forbidden = ENCRYPTS.and(KeyUsage::KEY_AGREEMENT).bits() | ENCIPHER_ONLY | DECIPHER_ONLY;
    if let Some(names) = set_among(v, forbidden).filter(|_| v.ca) {
        report.say(format!("it is a CA, and its keyUsage has {names}"));
    }
}

fn leaf_signature(v: &View<'_>, report: &mut Report) {
    let tls = !v.ca && (v.server_auth || v.client_auth);
    if tls && v.facts.key_usage.is_some() && lacks(v, KeyUsage::DIGITAL_SIGNATURE) {
        report.say("its keyUsage lacks digitalSignature, without which it cannot be used in TLS 1.3");
    }
}

fn rsa_usage(v: &View<'_>, report: &mut Report) {
    let rsa = v.key.as_ref().is_some_and(|k| k.family == Family::Rsa);
    if rsa && has(v, KeyUsage::KEY_AGREEMENT) {
        report.say("its keyUsage has keyAgreement, which an RSA key cannot do");
    }
}

fn ca_path_len(v: &View<'_>, report: &mut Report) {
    let unlimited = v.facts.basic_constraints.is_some_and(|b| b.path_len.is_none());
    if v.ca && !v.self_issued && unlimited {
        report.say("it is an intermediate CA without a pathLenConstraint, so any number of CAs may stand below it");
    }
}

fn path_len_usage(v: &View<'_>, report: &mut Report) {
    let limited = v.facts.basic_constraints.is_some_and(|b| b.ca && b.path_len.is_some());
    if limited && lacks(v, KeyUsage::KEY_CERT_SIGN) {
        report.say("it has a pathLenConstraint, and its keyUsage lacks keyCertSign");
    }
}

fn ec_usage(v: &View<'_>, report: &mut Report) {
    let ec = v.key.as_ref().is_some_and(|k| k.family == Family::Ec);
    if let Some(names) = set_among(v, ENCRYPTS.bits()).filter(|_| ec) {
        report.say(format!("the EC key has {names}"));
    }
}

fn signing_usage(v: &View<'_>, report: &mut Report) {
    let forbidden = ENCRYPTS.and(KeyUsage::KEY_AGREEMENT).bits() | ENCIPHER_ONLY | DECIPHER_ONLY;
    let Some(key) = v.key.as_ref().filter(|k| k.signs_only()) else { return };
    if let Some(names) = set_among(v, forbidden) {
        report.say(format!("the `{}` key can only sign and has {names}", key.kind));
    }
}

fn pss_usage(v: &View<'_>, report: &mut Report) {
    let pss = v.key.as_ref().is_some_and(|k| k.family == Family::RsaPss);
    if let Some(names) = set_among(v, ENCRYPTS.bits()).filter(|_| pss) {
        report.say(format!("the RSASSA-PSS key has {names}"));
    }
}

fn agreement(v: &View<'_>, report: &mut Report) {
    if let Some(names) = set_among(v, ENCIPHER_ONLY | DECIPHER_ONLY).filter(|_| lacks(v, KeyUsage::KEY_AGREEMENT)) {
        report.say(format!("keyUsage has {names} without keyAgreement"));
    }
}

fn purpose_empty(v: &View<'_>, report: &mut Report) {
    let raw = v.facts.extension(oid::EXTENDED_KEY_USAGE).is_some_and(|e| e.value == EMPTY);
    if raw || v.facts.extended_key_usage.as_ref().is_some_and(Vec::is_empty) {
        report.say("extKeyUsage is empty, which allows nothing");
    }
}

fn purposes<'a>(v: &View<'a>) -> &'a [ExtendedKeyUsage] {
    v.facts.extended_key_usage.as_deref().unwrap_or_default()
}

fn purpose_any(v: &View<'_>, report: &mut Report) {
    if purposes(v).iter().any(ExtendedKeyUsage::is_any) {
        report.say("extKeyUsage holds anyExtendedKeyUsage, which defeats every check of purpose");
    }
}

fn purpose_duplicate(v: &View<'_>, report: &mut Report) {
    for p in repeated(purposes(v).iter()) {
        report.say(format!("extKeyUsage names `{p}` twice"));
    }
}

fn purpose_critical(v: &View<'_>, report: &mut Report) {
    if v.is_critical(oid::EXTENDED_KEY_USAGE) == Some(true) {
        report.say("extKeyUsage is critical");
    }
}

fn leaf_purpose(v: &View<'_>, report: &mut Report) {
    if !v.ca && v.facts.extension(oid::EXTENDED_KEY_USAGE).is_none() {
        report.say("it has no extKeyUsage, and is good for every purpose");
    }
}
