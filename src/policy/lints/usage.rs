//! basicConstraints, keyUsage and extKeyUsage.

use super::key::Family;
use super::{View, rule};
use crate::model::{ExtendedKeyUsage, KeyUsage};
use crate::policy::lint::{Lint, Report};
use crate::x509::oid;

pub(super) static LINTS: &[Lint] = &[
    rule("ca-basic-constraints-critical", "RFC 5280 4.2.1.9", "a CA's basicConstraints is critical", basic_critical),
    rule("path-len-without-ca", "RFC 5280 4.2.1.9", "only a CA has a pathLenConstraint", path_len),
    rule("ca-key-usage", "RFC 5280 4.2.1.3", "a CA has a keyUsage", ca_usage),
    rule("key-usage-critical", "RFC 5280 4.2.1.3", "keyUsage is critical", usage_critical).warns(),
    rule("key-usage-empty", "RFC 5280 4.2.1.3", "keyUsage has at least one bit", usage_empty),
    rule("leaf-key-usage", "RFC 5280 4.2.1.3", "a leaf says what its key is for", leaf_usage).notes(),
    rule("cert-sign-without-ca", "RFC 5280 4.2.1.9", "only a CA has keyCertSign", cert_sign_leaf),
    rule("ca-without-cert-sign", "RFC 5280 4.2.1.3", "a CA has keyCertSign", ca_cert_sign),
    rule("ca-without-crl-sign", "RFC 5280 4.2.1.3", "a CA has cRLSign", ca_crl_sign).warns(),
    rule("leaf-crl-sign", "RFC 5280 4.2.1.3", "a leaf signs no CRLs", leaf_crl_sign).warns(),
    rule("ca-digital-signature", "RFC 5280 4.2.1.3", "a CA's key signs certificates and CRLs only", ca_signature)
        .warns(),
    rule("key-usage-ec", "RFC 8813 3", "an EC key encrypts neither keys nor data", ec_usage),
    rule(
        "key-usage-signing-key",
        "RFC 9295 3, RFC 9881 5",
        "a key that can only sign has no other usage",
        signing_usage,
    ),
    rule("key-usage-pss", "RFC 4055 1.2", "an RSASSA-PSS key encrypts nothing", pss_usage),
    rule("key-usage-agreement", "RFC 5280 4.2.1.3", "encipherOnly and decipherOnly belong to keyAgreement", agreement),
    rule("purpose-empty", "RFC 5280 4.2.1.12", "extKeyUsage names at least one purpose", purpose_empty),
    rule("purpose-any", "CABF TLS BR 7.1.2.7.10", "extKeyUsage has no anyExtendedKeyUsage", purpose_any).warns(),
    rule("purpose-duplicate", "RFC 5280 4.2.1.12", "extKeyUsage names no purpose twice", purpose_duplicate).warns(),
    rule("purpose-critical", "CABF TLS BR 7.1.2.7.6", "extKeyUsage is not critical", purpose_critical).notes(),
    rule("leaf-purpose", "RFC 5280 4.2.1.12", "a leaf says what it is for", leaf_purpose).notes(),
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
    let all = purposes(v);
    for (i, p) in all.iter().enumerate() {
        if all[..i].contains(p) {
            report.say(format!("extKeyUsage names `{p}` twice"));
        }
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
