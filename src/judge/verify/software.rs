//! What some software refuses, of a path that is good.

use super::{Bag, Place, Question};
use crate::judge::shown;
use crate::x509::{PublicKeyKind, oid, public_key_kind};

/// What strict modes refuse beyond the standard's validation, with the software that does.
pub(super) fn warnings(bag: &Bag, path: &[Place], question: &Question) -> Vec<String> {
    let mut all = Vec::new();
    for (place, above) in path.iter().filter_map(|p| bag.get(*p)).zip(0..) {
        let (name, issuer) = (shown::certificate(place), above > 0);
        if issuer && place.key_usage.is_none() {
            all.push(format!(
                "the CA `{name}` has no keyUsage, which `openssl verify -x509_strict` and Python 3.13 refuse"
            ));
        }
        if issuer && place.extension(oid::BASIC_CONSTRAINTS).is_some_and(|e| !e.critical) {
            all.push(format!(
                "the basicConstraints of `{name}` are not critical, which `openssl verify -x509_strict` and Python 3.13 refuse"
            ));
        }
        if place.basic_constraints.is_some_and(|b| !b.ca && b.path_len.is_some()) {
            all.push(format!(
                "`{name}` is no CA and has a pathLenConstraint, which `openssl verify -x509_strict` and Python 3.13 refuse"
            ));
        }
        if !issuer && place.subject_key_id.is_none() {
            all.push(format!("`{name}` has no subjectKeyIdentifier, which `openssl verify -x509_strict` refuses"));
        }
        if place.serial.is_none() {
            let problem = match &place.raw_serial[..] {
                [first, ..] if first & 0x80 != 0 => "is negative, which pyca/cryptography and Go refuse".into(),
                octets if octets.iter().all(|b| *b == 0) => "is zero, which pyca/cryptography refuses".into(),
                octets => format!(
                    "has {} octets, and the standard has 20 at most, which pyca/cryptography holds it to",
                    octets.len()
                ),
            };
            all.push(format!("the serial number of `{name}` {problem}"));
        }
        let usages = place.extended_key_usage.as_deref().unwrap_or_default();
        if let Some(usage) = question.purpose.usage()
            && usages.iter().any(|u| u.is_any())
            && !usages.contains(&usage)
        {
            all.push(format!("`{name}` is for any purpose without naming {usage}, which OpenSSL and rustls refuse"));
        }
        if place.is_self_issued()
            && place.authority_key_id.is_some()
            && place.authority_key_id != place.subject_key_id
            && above + 1 == path.len()
        {
            all.push(format!(
                "the root `{name}` names another key than its own as its issuer's, which OpenSSL refuses"
            ));
        }
        if let Ok(PublicKeyKind::Rsa(bits @ ..2048)) = public_key_kind(&place.public_key) {
            all.push(format!(
                "the key of `{name}` has {bits} bits of RSA, which rustls refuses, and OpenSSL at its security level 2"
            ));
        }
    }
    all
}
