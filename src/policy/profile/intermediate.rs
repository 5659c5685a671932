//! `intermediate`: a CA below another one, whose key may be online because it can be revoked.
//!
//! - Five years, half of a root's life.
//! - basicConstraints critical, cA TRUE, pathLen 0 unless asked: it signs leaves and no further CA (RFC 5280 4.2.1.9).
//! - keyUsage critical, keyCertSign and cRLSign and nothing else (RFC 5280 4.2.1.3).
//! - No extKeyUsage unless asked: software disagrees about what it means on a CA (RFC 5280 4.2.1.12).
//! - A subject that is not empty and that no other CA has (RFC 5280 4.1.2.6); no subjectAltName, but the trust
//!   domain's URI when it signs for one (X509-SVID 3.2).
//! - authorityKeyIdentifier equal to the issuer's subjectKeyIdentifier, and one of its own (RFC 5280 4.2.1.1,
//!   4.2.1.2).
//! - nameConstraints when asked, critical (RFC 5280 4.2.1.10); the issuer's addresses where they are configured (RFC
//!   5280 4.2.1.13, 4.2.2.1).

use super::{NameRule, Rules, SubjectRule};
use crate::model::{KeyAlgorithm, Lifetime, Profile};

pub(super) const RULES: Rules = Rules {
    profile: Profile::Intermediate,
    lifetime: Lifetime::days(5 * 365),
    ca: true,
    default_path_len: Some(0),
    server_auth: false,
    client_auth: false,
    rsa_key_encipherment: false,
    names: NameRule::TrustDomainOnly,
    subject: SubjectRule::Required,
    key_algorithm_default: KeyAlgorithm::P256,
};
