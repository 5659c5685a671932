//! What the issuer's own certificate allows. Its name constraints are the validator's to apply.

use super::{View, rule, shown};
use crate::model::KeyUsage;
use crate::policy::lint::{Lint, Report};

pub(super) static LINTS: &[Lint] = &[
    rule("issuer-name", "RFC 5280 4.1.2.4", "the issuer is byte for byte the subject of the issuing CA", name)
        .mend("issue it again with the issuer's subject copied byte for byte, or give the right issuer"),
    rule("issuer-is-ca", "RFC 5280 6.1.4 (k)", "the issuer is a CA", is_ca)
        .mend("issue it under a CA, or renew the issuer with basicConstraints cA TRUE"),
    rule("issuer-cert-sign", "RFC 5280 6.1.4 (n)", "the issuer's keyUsage allows signing certificates", cert_sign)
        .mend("renew the issuer with keyCertSign in its keyUsage"),
    rule("issuer-path-len", "RFC 5280 4.2.1.9", "a CA is within its issuer's pathLenConstraint", path_len)
        .mend("issue it under a CA that is higher up, or renew the issuer with a greater pathLenConstraint"),
    rule("issuer-purpose", "CABF TLS BR 7.1.2.10.6", "the issuer's extKeyUsage allows each purpose", purpose)
        .mend("issue it under a CA that allows the purpose, or without the purpose"),
];

fn name(v: &View<'_>, report: &mut Report) {
    if let Some(issuer) = v.issuer.filter(|i| i.subject.der != v.facts.issuer.der) {
        let (used, real) = (shown(&v.facts.issuer.subject), shown(&issuer.subject.subject));
        if v.facts.issuer.matches(&issuer.subject) {
            report.say(format!("the issuer `{used}` is not encoded as the issuing CA's subject is"));
        } else {
            report.say(format!("the issuer is `{used}`, and the issuing CA's subject is `{real}`"));
        }
    }
}

fn is_ca(v: &View<'_>, report: &mut Report) {
    if let Some(issuer) = v.issuer.filter(|i| !i.is_ca()) {
        report.say(format!("the issuer `{}` is not a CA", shown(&issuer.subject.subject)));
    }
}

fn cert_sign(v: &View<'_>, report: &mut Report) {
    let refuses = |u: KeyUsage| !u.has(KeyUsage::KEY_CERT_SIGN);
    if let Some(issuer) = v.issuer.filter(|i| i.key_usage.is_some_and(refuses)) {
        report.say(format!("the issuer `{}` may not sign certificates", shown(&issuer.subject.subject)));
    }
}

fn path_len(v: &View<'_>, report: &mut Report) {
    let limit = v.issuer.and_then(|i| i.basic_constraints).and_then(|b| b.path_len);
    // A self-issued certificate does not count toward the length of a path (RFC 5280 6.1.4 (l)).
    let Some(limit) = limit.filter(|_| v.ca && !v.self_issued) else { return };
    let own = v.facts.basic_constraints.and_then(|b| b.path_len);
    if limit == 0 {
        report.say("the issuer's pathLenConstraint 0 allows no CA below it");
    } else if let Some(own) = own.filter(|own| *own >= limit) {
        report.say(format!("its pathLenConstraint {own} is not below its issuer's {limit}"));
    }
}

fn purpose(v: &View<'_>, report: &mut Report) {
    let Some(issuer) = v.issuer.filter(|_| !v.self_signed) else { return };
    for p in v.facts.purposes_beyond(issuer).into_iter().filter(|p| !p.is_any()) {
        report.say(format!("the issuer's extKeyUsage does not allow `{p}`"));
    }
}
