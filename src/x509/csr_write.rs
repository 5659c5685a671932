use super::der::{self, tlv};
use super::extension::{self, oid};
use super::{NameDer, SignatureAlgorithm};
use crate::model::{ExtendedKeyUsage, KeyUsage, Oid, San, SanSet};

/// extensionRequest (RFC 2985 5.4.2).
pub(super) const EXTENSION_REQUEST: &[u64] = &[1, 2, 840, 113_549, 1, 9, 14];

/// A request to be signed by its own key (RFC 2986 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsrFields {
    /// The subject.
    pub subject: NameDer,
    /// subjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// Whether a CA's certificate is asked for.
    pub ca: bool,
    /// keyUsage
    pub key_usage: KeyUsage,
    /// extKeyUsage; left out when empty.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// subjectAltName; left out when empty.
    pub names: SanSet,
}

/// Encodes certificationRequestInfo.
pub fn encode_csr_info(fields: &CsrFields) -> Vec<u8> {
    let mut extensions = Vec::new();
    let mut add = |arcs: &[u64], critical: bool, value: &[u8]| {
        // The arcs are constants of this crate.
        let oid = Oid::from_arcs(arcs).map(|o| der::oid(&o)).unwrap_or_default();
        let critical = if critical { tlv(der::BOOLEAN, &[0xff]) } else { Vec::new() };
        extensions.extend(der::constructed(der::SEQUENCE, &[&oid, &critical, &tlv(der::OCTET_STRING, value)]));
    };
    if fields.ca {
        add(oid::BASIC_CONSTRAINTS, true, &tlv(der::SEQUENCE, &tlv(der::BOOLEAN, &[0xff])));
    }
    add(oid::KEY_USAGE, true, &key_usage(fields.key_usage));
    if !fields.extended_key_usage.is_empty() {
        let all: Vec<u8> = fields.extended_key_usage.iter().flat_map(|e| der::oid(e.oid())).collect();
        add(oid::EXTENDED_KEY_USAGE, false, &tlv(der::SEQUENCE, &all));
    }
    if !fields.names.is_empty() {
        let all: Vec<u8> = fields.names.iter().flat_map(general_name).collect();
        add(oid::SUBJECT_ALT_NAME, fields.subject.is_empty(), &tlv(der::SEQUENCE, &all));
    }
    let kind = Oid::from_arcs(EXTENSION_REQUEST).map(|o| der::oid(&o)).unwrap_or_default();
    let values = tlv(der::SET, &tlv(der::SEQUENCE, &extensions));
    let attribute = der::constructed(der::SEQUENCE, &[&kind, &values]);
    let attributes = tlv(der::context_constructed(0), &attribute);
    let version = tlv(der::INTEGER, &[0]);
    der::constructed(der::SEQUENCE, &[&version, fields.subject.as_bytes(), &fields.public_key, &attributes])
}

/// Puts the signed parts together (RFC 2986 4.2).
pub fn assemble_csr(info: &[u8], algorithm: SignatureAlgorithm, signature: &[u8]) -> Vec<u8> {
    super::assemble_certificate(info, algorithm, signature)
}

/// A named bit string: the first bit is the highest, and zeros at the end are left out (X.690 11.2.2).
fn key_usage(usage: KeyUsage) -> Vec<u8> {
    let bits = usage.bits();
    let mut octets = vec![0u8; 2];
    for n in (0..9).filter(|n| bits >> n & 1 == 1) {
        octets[n / 8] |= 0x80 >> (n % 8);
    }
    while octets.last() == Some(&0) {
        octets.pop();
    }
    let unused = octets.last().map_or(0, |o| o.trailing_zeros() as u8);
    tlv(der::BIT_STRING, &[&[unused], &octets[..]].concat())
}

fn general_name(name: &San) -> Vec<u8> {
    match name {
        San::Dns(n) => tlv(der::context(extension::DNS_NAME), n.as_str().as_bytes()),
        San::Ip(n) => match n.address() {
            std::net::IpAddr::V4(a) => tlv(der::context(extension::IP_ADDRESS), &a.octets()),
            std::net::IpAddr::V6(a) => tlv(der::context(extension::IP_ADDRESS), &a.octets()),
        },
        San::Email(n) => tlv(der::context(extension::RFC822_NAME), n.as_str().as_bytes()),
        San::Uri(n) => tlv(der::context(extension::URI), n.as_str().as_bytes()),
        San::Spiffe(n) => tlv(der::context(extension::URI), n.as_str().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_usage_bits() {
        assert_eq!(key_usage(KeyUsage::DIGITAL_SIGNATURE), [3, 2, 7, 0x80]);
        assert_eq!(key_usage(KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN)), [3, 2, 1, 6]);
    }
}
