use super::{SignatureAlgorithm, encode_name};
use crate::model::{ExtendedKeyUsage, KeyUsage, NameConstraints, SanSet, Serial, Subject, UriName, Validity};

/// A Name in DER, byte for byte as it stands or shall stand in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameDer(Vec<u8>);

impl NameDer {
    /// The encoding of a subject.
    pub fn of(subject: &Subject) -> Self {
        NameDer(encode_name(subject))
    }

    /// Bytes that were read from a certificate.
    pub(crate) fn as_read(bytes: &[u8]) -> Self {
        NameDer(bytes.to_vec())
    }

    /// The DER bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the empty name.
    pub fn is_empty(&self) -> bool {
        self.0 == [0x30, 0]
    }
}

/// A certificate to be signed: plain data, every field stated (RFC 5280 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFields {
    /// serialNumber
    pub serial: Serial,
    /// The signature algorithm of the issuer's key.
    pub signature_algorithm: SignatureAlgorithm,
    /// The issuer's subject, byte for byte.
    pub issuer: NameDer,
    /// notBefore and notAfter
    pub validity: Validity,
    /// The subject.
    pub subject: NameDer,
    /// subjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// `Some(pathLen)` for a CA, with its path length if it has one.
    pub ca: Option<Option<u8>>,
    /// keyUsage
    pub key_usage: KeyUsage,
    /// extKeyUsage; left out when empty.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// subjectAltName; left out when empty.
    pub names: SanSet,
    /// nameConstraints; left out when empty.
    pub name_constraints: NameConstraints,
    /// subjectKeyIdentifier
    pub subject_key_id: Vec<u8>,
    /// authorityKeyIdentifier; left out of self-signed certificates.
    pub authority_key_id: Option<Vec<u8>>,
    /// Where the issuer's CRL is.
    pub crl_urls: Vec<UriName>,
    /// Where the issuer's certificate is.
    pub issuer_urls: Vec<UriName>,
    /// Where the issuer's OCSP responder is.
    pub ocsp_urls: Vec<UriName>,
}
