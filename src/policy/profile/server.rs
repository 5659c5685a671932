//! `server`: a TLS server, found under the names it carries.
//!
//! - 365 days: below the 398 that browsers take from public CAs and the 825 that Apple's take from any.
//! - basicConstraints critical and empty: not a CA (RFC 5280 4.2.1.9).
//! - keyUsage critical: digitalSignature, and keyEncipherment for RSA keys, without which NSS refuses the certificate
//!   (RFC 5280 4.2.1.3); on EC keys it would be forbidden (RFC 8813 3).
//! - extKeyUsage serverAuth, not critical (RFC 5280 4.2.1.12).
//! - At least one DNS name or IP address in subjectAltName, because clients read nothing else (RFC 9525 2); it is
//!   critical exactly when the subject is empty (RFC 5280 4.2.1.6).
//! - A common name repeats one of them, or is left out: a name of over 64 characters or an IP address has none.

use super::{NameRule, Rules, SubjectRule};
use crate::model::{KeyAlgorithm, Lifetime, Profile};

pub(super) const RULES: Rules = Rules {
    profile: Profile::Server,
    lifetime: Lifetime::days(365),
    ca: false,
    default_path_len: None,
    server_auth: true,
    client_auth: false,
    rsa_key_encipherment: true,
    names: NameRule::Host,
    subject: SubjectRule::Free,
    key_algorithm_default: KeyAlgorithm::P256,
};
