//! `workload`: an X.509-SVID, the identity of one piece of software in a SPIFFE trust domain.
//!
//! - 24 hours: it is renewed by a machine, and a short life is its revocation.
//! - basicConstraints critical and empty: not a CA (X509-SVID 4.1).
//! - keyUsage critical, digitalSignature; keyCertSign and cRLSign must not be set (X509-SVID 4.3). Its peers agree on
//!   keys with ephemeral ones, so it encrypts nothing, whatever its algorithm.
//! - extKeyUsage serverAuth and clientAuth: present, it must hold both (X509-SVID 4.4).
//! - Exactly one URI in subjectAltName, a SPIFFE ID with a path (X509-SVID 2, 5.2); DNS names and IP addresses may
//!   stand beside it.
//! - An empty subject, so that subjectAltName is critical (RFC 5280 4.1.2.6): no program can take a common name for a
//!   host.

use super::{NameRule, Rules, SubjectRule};
use crate::model::{KeyAlgorithm, Lifetime, Profile};

pub(super) const RULES: Rules = Rules {
    profile: Profile::Workload,
    lifetime: Lifetime::days(1),
    ca: false,
    default_path_len: None,
    server_auth: true,
    client_auth: true,
    rsa_key_encipherment: false,
    names: NameRule::OneSpiffeId,
    subject: SubjectRule::Empty,
    key_algorithm_default: KeyAlgorithm::P256,
};
