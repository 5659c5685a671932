//! One page of rules for each profile.

mod client;
mod intermediate;
mod peer;
mod root;
mod server;
mod workload;

use crate::model::{ExtendedKeyUsage, KeyAlgorithm, KeyUsage, Lifetime, Profile};

/// Which subjectAltNames a profile wants (RFC 5280 4.2.1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    /// None, or the URI of the trust domain that the CA signs for (X509-SVID 3.2).
    TrustDomainOnly,
    /// At least one DNS name or IP address (RFC 9525 2).
    Host,
    /// Whatever was asked for.
    Free,
    /// Exactly one URI, a SPIFFE ID; DNS names and IP addresses beside it (X509-SVID 2).
    OneSpiffeId,
}

/// What a profile wants of the subject (RFC 5280 4.1.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectRule {
    /// It must not be empty.
    Required,
    /// It may be empty where subjectAltName names the holder.
    Free,
    /// It must be empty.
    Empty,
}

/// The rules of one profile, as plain data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whose rules these are.
    pub profile: Profile,
    /// The lifetime when nobody typed one.
    pub lifetime: Lifetime,
    /// Whether it makes CAs (RFC 5280 4.2.1.9).
    pub ca: bool,
    /// pathLenConstraint when nobody asked for another (RFC 5280 4.2.1.9).
    pub default_path_len: Option<u8>,
    /// Whether extKeyUsage holds serverAuth (RFC 5280 4.2.1.12).
    pub server_auth: bool,
    /// Whether extKeyUsage holds clientAuth (RFC 5280 4.2.1.12).
    pub client_auth: bool,
    /// Whether an RSA key may also transport keys, as TLS 1.2 servers may be asked to (RFC 5246 7.4.2).
    pub rsa_key_encipherment: bool,
    /// Which subjectAltNames it wants.
    pub names: NameRule,
    /// What it wants of the subject.
    pub subject: SubjectRule,
    /// The algorithm of a new key when nobody named one: the one that all software takes.
    pub key_algorithm_default: KeyAlgorithm,
}

impl Rules {
    /// The keyUsage bits for a key of this algorithm, these and no others (RFC 5280 4.2.1.3, RFC 8813, RFC 9295).
    pub fn key_usage(&self, key: KeyAlgorithm) -> KeyUsage {
        self.key_usage_of(key.rsa_bits().is_some())
    }

    /// As [`Rules::key_usage`], for a key of which only the family is known.
    pub(crate) fn key_usage_of(&self, rsa: bool) -> KeyUsage {
        if self.ca {
            KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN)
        } else if rsa && self.rsa_key_encipherment {
            KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::KEY_ENCIPHERMENT)
        } else {
            KeyUsage::DIGITAL_SIGNATURE
        }
    }

    /// The purposes of extKeyUsage; none for CAs (RFC 5280 4.2.1.12).
    pub fn purposes(&self) -> Vec<ExtendedKeyUsage> {
        let server = self.server_auth.then(ExtendedKeyUsage::server_auth);
        let client = self.client_auth.then(ExtendedKeyUsage::client_auth);
        server.into_iter().chain(client).collect()
    }
}

/// The rules of a profile.
pub fn rules(profile: Profile) -> Rules {
    match profile {
        Profile::Root => root::RULES,
        Profile::Intermediate => intermediate::RULES,
        Profile::Server => server::RULES,
        Profile::Client => client::RULES,
        Profile::Peer => peer::RULES,
        Profile::Workload => workload::RULES,
    }
}
