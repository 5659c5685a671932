//! The only home of rcgen: it writes the certificate's body; names and public keys are put in byte for byte.

use super::der::{self, Reader};
use super::extension::{self, oid};
use super::{CertificateFields, SignatureAlgorithm, X509Error};
use crate::model::{KeyUsage, San};
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
    SigningKey,
};
use std::sync::{Mutex, PoisonError};

/// Encodes the to-be-signed part of a certificate.
///
/// # Errors
/// [`X509Error::Encode`] when rcgen refuses a value that our types let through: a fault of this library.
pub fn encode_certificate(fields: &CertificateFields) -> Result<Vec<u8>, X509Error> {
    let capture = Capture { algorithm: rcgen_algorithm(fields.signature_algorithm)?, message: Mutex::default() };
    let mut issuer = empty_params()?;
    issuer.key_identifier_method = KeyIdMethod::PreSpecified(fields.authority_key_id.clone().unwrap_or_default());
    let issuer = Issuer::new(issuer, &capture);
    params(fields)?.signed_by(&&capture, &issuer).map_err(|e| X509Error::Encode(e.to_string()))?;
    let body = std::mem::take(&mut *capture.message.lock().unwrap_or_else(PoisonError::into_inner));
    replace_fields(&body, fields)
}

/// Puts the signed parts together: tbsCertificate, signatureAlgorithm, signatureValue (RFC 5280 4.1.1).
pub fn assemble_certificate(tbs: &[u8], algorithm: SignatureAlgorithm, signature: &[u8]) -> Vec<u8> {
    let mut bits = vec![0];
    bits.extend_from_slice(signature);
    der::constructed(der::SEQUENCE, &[tbs, algorithm.der(), &der::tlv(der::BIT_STRING, &bits)])
}

/// Takes the bytes that rcgen would have signed. Nothing is signed here.
struct Capture {
    algorithm: &'static rcgen::SignatureAlgorithm,
    message: Mutex<Vec<u8>>,
}

impl PublicKeyData for &Capture {
    fn der_bytes(&self) -> &[u8] {
        &[0]
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for &Capture {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        *self.message.lock().unwrap_or_else(PoisonError::into_inner) = message.to_vec();
        Ok(vec![0])
    }
}

fn rcgen_algorithm(algorithm: SignatureAlgorithm) -> Result<&'static rcgen::SignatureAlgorithm, X509Error> {
    Ok(match algorithm {
        SignatureAlgorithm::EcdsaSha256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        SignatureAlgorithm::EcdsaSha384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        SignatureAlgorithm::RsaSha256 => &rcgen::PKCS_RSA_SHA256,
        SignatureAlgorithm::RsaSha384 => &rcgen::PKCS_RSA_SHA384,
        SignatureAlgorithm::RsaSha512 => &rcgen::PKCS_RSA_SHA512,
        SignatureAlgorithm::Ed25519 => &rcgen::PKCS_ED25519,
    })
}

/// rcgen's defaults name a subject; ours starts from nothing.
fn empty_params() -> Result<CertificateParams, X509Error> {
    let mut p = CertificateParams::new(Vec::<String>::new()).map_err(|e| X509Error::Encode(e.to_string()))?;
    p.distinguished_name = DistinguishedName::new();
    Ok(p)
}

fn params(fields: &CertificateFields) -> Result<CertificateParams, X509Error> {
    let encode = |e: rcgen::Error| X509Error::Encode(e.to_string());
    let mut p = empty_params()?;
    p.serial_number = Some(SerialNumber::from_slice(fields.serial.as_bytes()));
    p.not_before = fields.validity.not_before().to_calendar();
    p.not_after = fields.validity.not_after().to_calendar();
    if !fields.subject.is_empty() {
        // rcgen marks the subjectAltName critical by its own subject: a placeholder of the same emptiness.
        p.distinguished_name.push(DnType::CommonName, "placeholder");
    }
    for name in fields.names.iter() {
        p.subject_alt_names.push(match name {
            San::Dns(n) => SanType::DnsName(n.as_str().try_into().map_err(encode)?),
            San::Ip(n) => SanType::IpAddress(n.address()),
            San::Email(n) => SanType::Rfc822Name(n.as_str().try_into().map_err(encode)?),
            San::Uri(n) => SanType::URI(n.as_str().try_into().map_err(encode)?),
            San::Spiffe(n) => SanType::URI(n.as_str().try_into().map_err(encode)?),
        });
    }
    p.is_ca = match fields.ca {
        None => IsCa::ExplicitNoCa,
        Some(None) => IsCa::Ca(BasicConstraints::Unconstrained),
        Some(Some(n)) => IsCa::Ca(BasicConstraints::Constrained(n)),
    };
    p.key_usages = key_usages(fields.key_usage)?;
    p.extended_key_usages =
        fields.extended_key_usage.iter().map(|e| ExtendedKeyUsagePurpose::Other(e.oid().arcs().to_vec())).collect();
    p.key_identifier_method = KeyIdMethod::PreSpecified(fields.subject_key_id.clone());
    p.use_authority_key_identifier_extension = fields.authority_key_id.is_some();
    if !fields.crl_urls.is_empty() {
        let uris = fields.crl_urls.iter().map(|u| u.as_str().to_string()).collect();
        p.crl_distribution_points = vec![CrlDistributionPoint { uris }];
    }
    if !fields.name_constraints.is_empty() {
        let content = extension::name_constraints(&fields.name_constraints);
        let mut e = CustomExtension::from_oid_content(oid::NAME_CONSTRAINTS, content);
        e.set_criticality(true);
        p.custom_extensions.push(e);
    }
    if !fields.ocsp_urls.is_empty() || !fields.issuer_urls.is_empty() {
        let content = extension::authority_info_access(&fields.ocsp_urls, &fields.issuer_urls);
        p.custom_extensions.push(CustomExtension::from_oid_content(oid::AUTHORITY_INFO_ACCESS, content));
    }
    Ok(p)
}

fn key_usages(usage: KeyUsage) -> Result<Vec<KeyUsagePurpose>, X509Error> {
    const PURPOSES: [KeyUsagePurpose; 9] = [
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::ContentCommitment,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::DataEncipherment,
        KeyUsagePurpose::KeyAgreement,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::EncipherOnly,
        KeyUsagePurpose::DecipherOnly,
    ];
    if usage == KeyUsage::default() {
        return Err(X509Error::Encode("a certificate without any key usage".into()));
    }
    Ok(PURPOSES.into_iter().enumerate().filter(|(i, _)| usage.bits() >> i & 1 == 1).map(|(_, p)| p).collect())
}

/// tbsCertificate is version, serial, signature, issuer, validity, subject, key, extensions: issuer, subject and key
/// become ours byte for byte, because rcgen's names are a map and its keys are of its own algorithms only.
fn replace_fields(body: &[u8], fields: &CertificateFields) -> Result<Vec<u8>, X509Error> {
    let mut outer = Reader::new(body, "the encoded certificate");
    let sequence = outer.expect(der::SEQUENCE)?;
    outer.end()?;
    let mut inner = outer.inside(sequence);
    let version = inner.expect(der::context_constructed(0))?;
    let serial = inner.expect(der::INTEGER)?;
    let algorithm = inner.expect(der::SEQUENCE)?;
    let _issuer = inner.expect(der::SEQUENCE)?;
    let validity = inner.expect(der::SEQUENCE)?;
    let _subject = inner.expect(der::SEQUENCE)?;
    let _key = inner.expect(der::SEQUENCE)?;
    let extensions = inner.expect(der::context_constructed(3))?;
    inner.end()?;
    if algorithm.whole != fields.signature_algorithm.der() {
        return Err(X509Error::Encode("the signature algorithm was not encoded as stated".into()));
    }
    Ok(der::constructed(
        der::SEQUENCE,
        &[
            version.whole,
            serial.whole,
            algorithm.whole,
            fields.issuer.as_bytes(),
            validity.whole,
            fields.subject.as_bytes(),
            &fields.public_key,
            extensions.whole,
        ],
    ))
}
