//! authorityKeyIdentifier and subjectKeyIdentifier.

use super::{View, hex, rule};
use crate::policy::lint::{Lint, Report};
use crate::policy::set::RuleSet;
use crate::x509::oid;

pub(super) static LINTS: &[Lint] = &[
    rule("authority-key-id", "RFC 5280 4.2.1.1", "authorityKeyIdentifier names the issuer's key", authority)
        .mend("issue it again with the issuer's identifier (openssl: `authorityKeyIdentifier=keyid:always`)")
        .also_of(&[RuleSet::PythonStrict]),
    rule("authority-key-id-critical", "RFC 5280 4.2.1.1", "authorityKeyIdentifier is not critical", authority_critical)
        .mend("issue it again with authorityKeyIdentifier not critical")
        .also_of(&[RuleSet::PythonStrict, RuleSet::Rustls]),
    rule("authority-key-id-form", "RFC 5280 4.2.1.1", "authorityKeyIdentifier holds the key identifier alone", form)
        .mend("issue it again with the key identifier alone (openssl: `keyid`, without `issuer`)")
        .warns(),
    rule("authority-key-id-issuer", "RFC 5280 4.2.1.1", "authorityKeyIdentifier is the issuer's own identifier", same)
        .mend("issue it again under this issuer, or look for the issuer with that identifier"),
    rule("authority-key-id-empty", "RFC 5280 4.2.1.1", "authorityKeyIdentifier is not empty", authority_empty)
        .mend("issue it again with the issuer's subjectKeyIdentifier there"),
    rule("ca-subject-key-id", "RFC 5280 4.2.1.2", "a CA has a subjectKeyIdentifier", ca_subject)
        .mend("renew the CA with a subjectKeyIdentifier (openssl: `subjectKeyIdentifier=hash`)")
        .also_of(&[RuleSet::PythonStrict]),
    rule("leaf-subject-key-id", "RFC 5280 4.2.1.2", "a leaf has a subjectKeyIdentifier", leaf_subject)
        .mend("issue it again with a subjectKeyIdentifier (openssl: `subjectKeyIdentifier=hash`)")
        .warns(),
    rule("subject-key-id-critical", "RFC 5280 4.2.1.2", "subjectKeyIdentifier is not critical", subject_critical)
        .mend("issue it again with subjectKeyIdentifier not critical")
        .also_of(&[RuleSet::PythonStrict, RuleSet::Rustls]),
    rule("subject-key-id-empty", "RFC 5280 4.2.1.2", "subjectKeyIdentifier is not empty", subject_empty)
        .mend("issue it again with a subjectKeyIdentifier of 20 octets"),
];

fn authority(v: &View<'_>, report: &mut Report) {
    if v.facts.authority_key_id.is_some() || v.self_signed {
        return;
    }
    let message = "it has no authorityKeyIdentifier, so it does not say which key of its issuer signed it";
    if v.issuer.is_some_and(|i| i.subject_key_id.is_none()) {
        report.say_with(message, "renew the issuer first: its certificate has no subjectKeyIdentifier to name");
    } else {
        report.say(message);
    }
}

fn authority_empty(v: &View<'_>, report: &mut Report) {
    if v.facts.authority_key_id.as_ref().is_some_and(Vec::is_empty) {
        report.say("authorityKeyIdentifier holds an empty identifier");
    }
}

fn authority_critical(v: &View<'_>, report: &mut Report) {
    if v.is_critical(oid::AUTHORITY_KEY_ID) == Some(true) {
        report.say("authorityKeyIdentifier is critical");
    }
}

fn form(v: &View<'_>, report: &mut Report) {
    if v.facts.authority_names_serial {
        report.say("authorityKeyIdentifier names the issuer's issuer and serial, which a renewed issuer no longer has");
    }
}

fn same(v: &View<'_>, report: &mut Report) {
    let issuer = v.issuer.and_then(|i| i.subject_key_id.as_deref());
    if let (Some(named), Some(real)) = (v.facts.authority_key_id.as_deref(), issuer)
        && named != real
    {
        report.say(format!("authorityKeyIdentifier is `{}`, and the issuer's own is `{}`", hex(named), hex(real)));
    }
}

fn ca_subject(v: &View<'_>, report: &mut Report) {
    if v.ca && v.facts.subject_key_id.is_none() {
        report.say("it is a CA without subjectKeyIdentifier");
    }
}

fn leaf_subject(v: &View<'_>, report: &mut Report) {
    if !v.ca && v.facts.subject_key_id.is_none() {
        report.say("it has no subjectKeyIdentifier");
    }
}

fn subject_critical(v: &View<'_>, report: &mut Report) {
    if v.is_critical(oid::SUBJECT_KEY_ID) == Some(true) {
        report.say("subjectKeyIdentifier is critical");
    }
}

fn subject_empty(v: &View<'_>, report: &mut Report) {
    if v.facts.subject_key_id.as_ref().is_some_and(Vec::is_empty) {
        report.say("subjectKeyIdentifier is empty");
    }
}
