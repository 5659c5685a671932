//! What some DER is, by its first fields.

use super::X509Error;
use super::der::{self, Reader, Value};

/// A structure of X.509's world, told by its first fields. Whether the rest of it holds is another question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DerKind {
    /// Certificate (RFC 5280 4.1).
    Certificate,
    /// CertificateList (RFC 5280 5.1).
    Crl,
    /// CertificationRequest (RFC 2986 4).
    Csr,
    /// SubjectPublicKeyInfo (RFC 5280 4.1).
    PublicKey,
    /// RSAPublicKey (RFC 8017 A.1.1).
    RsaPublicKey,
    /// A private key in one of its forms (RFC 5958, RFC 5915, RFC 8017 A.1.2).
    PrivateKey,
    /// ContentInfo with signed data: PKCS#7 (RFC 2315 7) or CMS (RFC 5652 3).
    Pkcs7,
    /// PFX (RFC 7292 4).
    Pkcs12,
}

impl DerKind {
    /// Its name with its article, for sentences.
    pub fn with_article(self) -> &'static str {
        match self {
            DerKind::Certificate => "a certificate",
            DerKind::Crl => "a CRL",
            DerKind::Csr => "a certificate request",
            DerKind::PublicKey | DerKind::RsaPublicKey => "a public key",
            DerKind::PrivateKey => "a private key",
            DerKind::Pkcs7 => "a PKCS#7 bundle",
            DerKind::Pkcs12 => "a PKCS#12 keystore",
        }
    }

    /// Tells what some DER is; nothing when it is none of these.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut outer = Reader::new(bytes, "the file");
        let sequence = outer.expect(der::SEQUENCE).ok()?;
        let mut fields = outer.inside(sequence);
        let first = fields.any().ok()?;
        let second = fields.any().ok();
        let third = fields.any().ok();
        let tag = |v: Option<Value<'_>>| v.map(|v| v.tag);
        match (first.tag, tag(second), tag(third)) {
            (der::OID, Some(CONTENT), _) => Some(DerKind::Pkcs7),
            (der::INTEGER, Some(der::SEQUENCE), _) if first.content == [3] => Some(DerKind::Pkcs12),
            (der::INTEGER, Some(der::SEQUENCE), Some(der::OCTET_STRING))
            | (der::INTEGER, Some(der::OCTET_STRING), _)
            | (der::SEQUENCE, Some(der::OCTET_STRING), None)
            | (der::INTEGER, Some(der::INTEGER), Some(der::INTEGER)) => Some(DerKind::PrivateKey),
            (der::INTEGER, Some(der::INTEGER), None) => Some(DerKind::RsaPublicKey),
            (der::SEQUENCE, Some(der::BIT_STRING), None) => Some(DerKind::PublicKey),
            (der::SEQUENCE, Some(der::SEQUENCE), Some(der::BIT_STRING)) => signed(&mut outer.inside(first)),
            _ => None,
        }
    }
}

const CONTENT: u8 = der::context_constructed(0);

/// What stands in a signed structure: the first two or three fields differ.
fn signed(fields: &mut Reader<'_>) -> Option<DerKind> {
    let first = fields.any().ok()?;
    let second = fields.any().ok()?;
    let is_time = |tag: u8| matches!(tag, der::UTC_TIME | der::GENERALIZED_TIME);
    let begins_with = |value: Value<'_>, tag: fn(u8) -> bool| value.content.first().is_some_and(|b| tag(*b));
    match first.tag {
        CONTENT => Some(DerKind::Certificate),
        // A CRL of version 1 names none: algorithm, issuer, time.
        der::SEQUENCE => fields.any().ok().filter(|v| is_time(v.tag)).map(|_| DerKind::Crl),
        der::INTEGER => {
            let third = fields.any().ok()?;
            let fourth = fields.any().ok();
            if fourth.is_some_and(|v| is_time(v.tag)) {
                Some(DerKind::Crl)
            } else if fourth.is_some_and(|v| begins_with(v, is_time)) {
                // A certificate of version 1: serial, algorithm, issuer, validity.
                Some(DerKind::Certificate)
            } else if second.tag == der::SEQUENCE && begins_with(third, |tag| tag == der::SEQUENCE) {
                Some(DerKind::Csr)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// The first value of some DER, and what follows it.
///
/// # Errors
/// [`X509Error`] when it does not begin with a whole value.
pub fn split_der(bytes: &[u8]) -> Result<(&[u8], &[u8]), X509Error> {
    let value = Reader::new(bytes, "the file").any()?;
    Ok((value.whole, &bytes[value.whole.len()..]))
}
