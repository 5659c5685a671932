use crate::model::{
    ExtendedKeyUsage, KeyUsage, NameConstraints, Profile, SanSet, Serial, Timestamp, UriName, Validity,
};
use crate::x509::NameDer;

/// A certificate before its issuer put its own name, key identifier and algorithm in: every other field stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateDraft {
    /// The rules it is to follow.
    pub profile: Profile,
    /// The serial number.
    pub serial: Serial,
    /// notBefore and notAfter
    pub validity: Validity,
    /// The subject.
    pub subject: NameDer,
    /// subjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// The subjectKeyIdentifier of that key.
    pub subject_key_id: Vec<u8>,
    /// The path length of a CA, if it has one; nothing for leaves.
    pub path_len: Option<u8>,
    /// keyUsage
    pub key_usage: KeyUsage,
    /// extKeyUsage
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// subjectAltName
    pub names: SanSet,
    /// nameConstraints
    pub name_constraints: NameConstraints,
    /// Where the issuer's CRL is.
    pub crl_urls: Vec<UriName>,
    /// Where the issuer's certificate is.
    pub issuer_urls: Vec<UriName>,
    /// Where the issuer's OCSP responder is.
    pub ocsp_urls: Vec<UriName>,
}

/// A CRL before its issuer put its own name, key identifier and algorithm in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrlDraft {
    /// cRLNumber
    pub number: u64,
    /// thisUpdate
    pub this_update: Timestamp,
    /// nextUpdate
    pub next_update: Timestamp,
}
