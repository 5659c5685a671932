//! What some software refuses, of a path that is good.

use super::{Bag, Place};
use crate::judge::shown;
use crate::x509::oid;

/// What strict modes refuse beyond the standard's validation, with the software that does.
pub(super) fn warnings(bag: &Bag, path: &[Place]) -> Vec<String> {
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
        if !issuer && place.subject_key_id.is_none() {
            all.push(format!("`{name}` has no subjectKeyIdentifier, which `openssl verify -x509_strict` refuses"));
        }
        if place.serial.is_none() {
            all.push(format!("the serial number of `{name}` is not positive or too long, which Go and rustls refuse"));
        }
    }
    all
}
