//! `client`: a person or a program that proves itself to a TLS server.
//!
//! - 365 days.
//! - basicConstraints critical and empty: not a CA (RFC 5280 4.2.1.9).
//! - keyUsage critical, digitalSignature only: a client signs the handshake and decrypts nothing (RFC 5280 4.2.1.3,
//!   RFC 8446 4.4.3).
//! - extKeyUsage clientAuth, not critical (RFC 5280 4.2.1.12); serverAuth too when it carries a SPIFFE ID (X509-SVID
//!   4.4).
//! - Its name is the common name, which PostgreSQL and others map to an account; subjectAltName holds what was asked
//!   for, and must name the holder where the subject is empty (RFC 5280 4.1.2.6).

use super::{NameRule, Rules, SubjectRule};
use crate::model::{KeyAlgorithm, Lifetime, Profile};

pub(super) const RULES: Rules = Rules {
    profile: Profile::Client,
    lifetime: Lifetime::days(365),
    ca: false,
    default_path_len: None,
    server_auth: false,
    client_auth: true,
    rsa_key_encipherment: false,
    names: NameRule::Free,
    subject: SubjectRule::Free,
    key_algorithm_default: KeyAlgorithm::P256,
};
