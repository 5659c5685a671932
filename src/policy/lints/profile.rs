//! Whether a certificate is what its profile says, where one is given.

use super::root::is_trust_domain;
use super::view::is_spiffe;
use super::{View, rule, shown};
use crate::model::{Profile, SpiffeId};
use crate::policy::lint::{Lint, Report};
use crate::policy::profile::{NameRule, Rules, SubjectRule, rules};
use crate::x509::{GeneralName, oid};

pub(super) static LINTS: &[Lint] = &[
    rule("profile-ca", "RFC 5280 4.2.1.9", "a CA profile makes CAs, and a leaf profile does not", ca)
        .mend("issue it again by the profile, or name the right one"),
    rule("profile-issuer", "RFC 5280 3.2", "a root is its own issuer, and nothing else is", issuer)
        .mend("issue it again by the profile, or name the right one"),
    rule("profile-key-usage", "RFC 5280 4.2.1.3", "keyUsage is critical and has the profile's bits alone", key_usage)
        .mend("issue it again by the profile, or name the right one"),
    rule("profile-purposes", "RFC 5280 4.2.1.12", "extKeyUsage holds the profile's purposes", purposes)
        .mend("issue it again by the profile, or name the right one"),
    rule("profile-names", "RFC 5280 4.2.1.6", "subjectAltName follows the profile", names)
        .mend("issue it again by the profile, or name the right one"),
    rule("profile-subject", "RFC 5280 4.1.2.6", "the subject follows the profile", subject)
        .mend("issue it again by the profile, or name the right one"),
    rule("profile-root-extensions", "RFC 5280 6.1.1 (d)", "a root has no addresses and no policies", root_extensions)
        .mend("issue it again by the profile, or name the right one"),
];

fn with_rules(v: &View<'_>, check: impl FnOnce(&Rules)) {
    if let Some(profile) = v.profile {
        check(&rules(profile));
    }
}

fn ca(v: &View<'_>, report: &mut Report) {
    with_rules(v, |r| {
        if r.ca != v.ca {
            let is = if v.ca { "a CA" } else { "not a CA" };
            report.say(format!("it is {is}, unlike the profile `{}`", r.profile));
        }
    });
}

fn issuer(v: &View<'_>, report: &mut Report) {
    match v.profile {
        Some(Profile::Root) if !v.self_issued => {
            report.say(format!("it is a root, and its issuer is `{}`", shown(&v.facts.issuer.subject)));
        }
        Some(profile) if profile != Profile::Root && v.self_signed => {
            report.say(format!("it is signed by itself, unlike the profile `{profile}`"));
        }
        _ => {}
    }
}

fn key_usage(v: &View<'_>, report: &mut Report) {
    with_rules(v, |r| {
        let Some(key) = &v.key else { return };
        let wanted = r.key_usage_of(key.is_rsa());
        let used = v.facts.key_usage.unwrap_or_default();
        if used != wanted {
            let list = |names: Vec<&str>| if names.is_empty() { "nothing".into() } else { names.join(", ") };
            report.say(format!(
                "keyUsage is {}, and the profile `{}` has {}",
                list(used.names()),
                r.profile,
                list(wanted.names())
            ));
        } else if v.is_critical(oid::KEY_USAGE) == Some(false) {
            report.say("keyUsage is not critical");
        }
    });
}

fn purposes(v: &View<'_>, report: &mut Report) {
    with_rules(v, |r| {
        let used = v.facts.extended_key_usage.as_deref().unwrap_or_default();
        for p in r.purposes().iter().filter(|p| !used.contains(p)) {
            report.say(format!("extKeyUsage lacks `{p}`, which the profile `{}` has", r.profile));
        }
        if used.iter().any(crate::model::ExtendedKeyUsage::is_any) {
            report.say(format!("extKeyUsage holds anyExtendedKeyUsage, unlike the profile `{}`", r.profile));
        }
        if r.profile == Profile::Root && !used.is_empty() {
            report.say("the profile `root` has no extKeyUsage");
        }
    });
}

fn names(v: &View<'_>, report: &mut Report) {
    let names = v.names();
    with_rules(v, |r| match r.names {
        NameRule::TrustDomainOnly => {
            if !names.is_empty() && !is_trust_domain(names) {
                report.say(format!("the profile `{}` has no names but the URI of its trust domain", r.profile));
            }
        }
        NameRule::Host => {
            if !names.iter().any(|n| matches!(n, GeneralName::Dns(_) | GeneralName::Ip(_))) {
                report.say(format!("the profile `{}` has at least one DNS name or IP address", r.profile));
            }
        }
        NameRule::Free => {}
        NameRule::OneSpiffeId => one_spiffe_id(v, r, report),
    });
}

fn one_spiffe_id(v: &View<'_>, r: &Rules, report: &mut Report) {
    let mut uris = v.facts.uris();
    let one = uris.next().is_some_and(|u| is_spiffe(u) && SpiffeId::workload(u).is_ok()) && uris.next().is_none();
    if !one {
        report.say(format!("the profile `{}` has exactly one URI, the SPIFFE ID of a workload", r.profile));
    }
    let allowed = |n: &GeneralName| matches!(n, GeneralName::Dns(_) | GeneralName::Ip(_) | GeneralName::Uri(_));
    if !v.names().iter().all(allowed) {
        report.say(format!("the profile `{}` has DNS names and IP addresses beside its SPIFFE ID only", r.profile));
    }
}

fn subject(v: &View<'_>, report: &mut Report) {
    let empty = v.facts.subject.der.is_empty();
    with_rules(v, |r| match r.subject {
        SubjectRule::Required if empty => report.say(format!("the profile `{}` has a subject", r.profile)),
        SubjectRule::Empty if !empty => {
            let subject = shown(&v.facts.subject.subject);
            report.say(format!("the subject is `{subject}`, and the profile `{}` has none", r.profile));
        }
        _ => {}
    });
}

fn root_extensions(v: &View<'_>, report: &mut Report) {
    const UNWANTED: [(&str, &[u64]); 3] = [
        ("cRLDistributionPoints", oid::CRL_DISTRIBUTION_POINTS),
        ("authorityInfoAccess", oid::AUTHORITY_INFO_ACCESS),
        ("certificatePolicies", oid::CERTIFICATE_POLICIES),
    ];
    if v.profile != Some(Profile::Root) || !v.self_signed {
        return;
    }
    for (name, arcs) in UNWANTED {
        if v.facts.extension(arcs).is_some() {
            report.say(format!("the profile `root` has no {name}"));
        }
    }
}
