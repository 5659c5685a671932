//! `root`: a self-signed CA, the anchor that others are told to trust.
//!
//! - Ten years: longer than any of its intermediates, short enough that somebody still knows how to replace it.
//! - basicConstraints critical, cA TRUE; no pathLen unless asked, for what it signs is limited below (RFC 5280
//!   4.2.1.9).
//! - keyUsage critical, keyCertSign and cRLSign and nothing else: it signs no OCSP answers (RFC 5280 4.2.1.3).
//! - No extKeyUsage, no CRL distribution point, no authorityInfoAccess, no policies: no CRL lists a root, and
//!   validation starts behind it (RFC 5280 6.1.1 (d)), so nobody would read them.
//! - A subject that is not empty, for certificates are chained by it (RFC 5280 4.1.2.6); no subjectAltName, but the
//!   trust domain's URI when it signs for one (X509-SVID 3.2).
//! - subjectKeyIdentifier; authorityKeyIdentifier left out or equal to it (RFC 5280 4.2.1.1, 4.2.1.2).

use super::{NameRule, Rules, SubjectRule};
use crate::model::{KeyAlgorithm, Lifetime, Profile};

pub(super) const RULES: Rules = Rules {
    profile: Profile::Root,
    lifetime: Lifetime::days(10 * 365),
    ca: true,
    default_path_len: None,
    server_auth: false,
    client_auth: false,
    rsa_key_encipherment: false,
    names: NameRule::TrustDomainOnly,
    subject: SubjectRule::Required,
    key_algorithm_default: KeyAlgorithm::P256,
};
