//! Certificates that nobody should make. They are signed by ring directly: the library signs nothing that breaks a rule.
#![allow(dead_code)] // each test crate uses its part

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rootlet::disk::encode_pem;
use rootlet::keys::{PrivateKey, key_identifier};
use rootlet::model::{
    DnsName, ExtendedKeyUsage, KeyAlgorithm, KeyUsage, NameConstraints, San, SanSet, Serial, Validity,
};
use rootlet::x509::{CertificateFields, NameDer, SignatureAlgorithm, assemble_certificate, encode_certificate};

/// One key that signs everything.
pub struct Maker {
    key: EcdsaKeyPair,
    public_key: Vec<u8>,
    serial: u64,
}

impl Maker {
    pub fn new() -> Self {
        let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
        let text = String::from_utf8(key.to_pem().to_vec()).unwrap();
        let pkcs8 = rootlet::disk::decode_pem(text.as_bytes()).unwrap().remove(0).der;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8, &SystemRandom::new()).unwrap();
        Maker { key: pair, public_key: key.public_key().to_vec(), serial: 0 }
    }

    pub fn key_id(&self) -> Vec<u8> {
        key_identifier(&self.public_key).unwrap()
    }

    pub fn fields(&mut self, subject: &str, issuer: &str, ca: bool) -> CertificateFields {
        self.serial += 1;
        let id = key_identifier(&self.public_key).unwrap();
        let serial = [&[0x41u8; 8][..], &self.serial.to_be_bytes()].concat();
        CertificateFields {
            serial: Serial::from_unsigned(&serial).unwrap(),
            signature_algorithm: SignatureAlgorithm::of_key(KeyAlgorithm::P256),
            issuer: name(issuer),
            validity: Validity::new("2020-01-01".parse().unwrap(), "2049-01-01".parse().unwrap()).unwrap(),
            subject: name(subject),
            public_key: self.public_key.clone(),
            ca: ca.then_some(None),
            key_usage: if ca { KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN) } else { KeyUsage::DIGITAL_SIGNATURE },
            extended_key_usage: if ca { Vec::new() } else { vec![ExtendedKeyUsage::server_auth()] },
            names: if ca { SanSet::default() } else { hosts(&["a.example".to_string()]) },
            name_constraints: NameConstraints::default(),
            subject_key_id: id.clone(),
            authority_key_id: (subject != issuer).then_some(id),
            crl_urls: Vec::new(),
            issuer_urls: Vec::new(),
            ocsp_urls: Vec::new(),
        }
    }

    pub fn sign(&self, fields: &CertificateFields) -> Vec<u8> {
        self.sign_bytes(&encode_certificate(fields).unwrap())
    }

    pub fn sign_bytes(&self, tbs: &[u8]) -> Vec<u8> {
        let signature = self.key.sign(&SystemRandom::new(), tbs).unwrap();
        assemble_certificate(tbs, SignatureAlgorithm::of_key(KeyAlgorithm::P256), signature.as_ref())
    }

    pub fn ca(&mut self, subject: &str, issuer: &str) -> Vec<u8> {
        let fields = self.fields(subject, issuer, true);
        self.sign(&fields)
    }

    pub fn leaf(&mut self, issuer: &str) -> Vec<u8> {
        let fields = self.fields("CN=a.example", issuer, false);
        self.sign(&fields)
    }

    /// A CRL without entries, with these extensions besides its number and its issuer's key.
    pub fn crl(&self, issuer: &str, number: u8, extensions: &[Vec<u8>]) -> Vec<u8> {
        let (algorithm, name) = (SignatureAlgorithm::of_key(KeyAlgorithm::P256), name(issuer));
        let key = tlv(0x30, &tlv(0x80, &self.key_id()));
        let all = [extension(&[0x55, 0x1d, 0x23], false, &key), extension(&[0x55, 0x1d, 0x14], false, &[2, 1, number])];
        let tbs = [
            &[2, 1, 1][..],
            algorithm.der(),
            name.as_bytes(),
            &tlv(0x17, b"200101000000Z"),
            &tlv(0x17, b"490101000000Z"),
            &tlv(0xa0, &tlv(0x30, &[all.concat(), extensions.concat()].concat())),
        ];
        self.sign_bytes(&tlv(0x30, &tbs.concat()))
    }

    /// A leaf with one more extension, of any content: put in front of the first one.
    pub fn leaf_with_extension(&mut self, issuer: &str, value: &[u8]) -> Vec<u8> {
        let tbs = encode_certificate(&self.fields("CN=a.example", issuer, false)).unwrap();
        let oid = [0x06u8, 4, 0x2a, 3, 4, 5];
        let one = tlv(0x30, &[&oid[..], &tlv(0x04, value)].concat());
        let (before, extensions) = split_extensions(&tbs);
        let list = tlv(0x30, &[one, extensions].concat());
        self.sign_bytes(&tlv(0x30, &[before, tlv(0xa3, &list)].concat()))
    }
}

fn name(text: &str) -> NameDer {
    NameDer::of(&text.parse().unwrap())
}

pub fn hosts(names: &[String]) -> SanSet {
    SanSet::new(names.iter().map(|n| San::Dns(n.parse::<DnsName>().unwrap()))).unwrap()
}

pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..0x80 => out.push(length as u8),
        _ => {
            let octets = length.to_be_bytes();
            let first = octets.iter().position(|b| *b != 0).unwrap();
            out.push(0x80 | (octets.len() - first) as u8);
            out.extend_from_slice(&octets[first..]);
        }
    }
    out.extend_from_slice(content);
    out
}

/// Where the content of a value begins.
fn content(value: &[u8]) -> usize {
    if value[1] < 0x80 { 2 } else { 2 + usize::from(value[1] & 0x7f) }
}

fn length(value: &[u8]) -> usize {
    let start = content(value);
    let length = match value[1] {
        n @ 0..0x80 => usize::from(n),
        _ => value[2..start].iter().fold(0, |n, b| n << 8 | usize::from(*b)),
    };
    start + length
}

/// The values in a constructed one, each whole.
pub fn items(value: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &value[content(value)..];
    let mut all = Vec::new();
    while !rest.is_empty() {
        let (item, after) = rest.split_at(length(rest));
        all.push(item.to_vec());
        rest = after;
    }
    all
}

/// An extension by the content octets of its OID.
pub fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    tlv(0x30, &[&tlv(6, oid), flag, &tlv(4, value)].concat())
}

/// A tbsCertificate with other extensions.
pub fn edit(tbs: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let (before, mut rest) = split_extensions(tbs);
    let mut all = Vec::new();
    while !rest.is_empty() {
        let tail = rest.split_off(length(&rest));
        all.push(std::mem::replace(&mut rest, tail));
    }
    change(&mut all);
    if all.is_empty() {
        return tlv(0x30, &before);
    }
    tlv(0x30, &[before, tlv(0xa3, &tlv(0x30, &all.concat()))].concat())
}

/// Where an extension stands, by the content octets of its OID.
pub fn find(all: &[Vec<u8>], oid: &[u8]) -> Option<usize> {
    let oid = tlv(6, oid);
    all.iter().position(|e| e[content(e)..].starts_with(&oid))
}

/// The extnValue of an extension.
pub fn value_of(extension: &[u8]) -> Vec<u8> {
    let mut rest = &extension[content(extension)..];
    while rest[0] != 4 {
        rest = &rest[length(rest)..];
    }
    rest[content(rest)..length(rest)].to_vec()
}

/// What stands before the extensions of a tbsCertificate, and the extensions one after the other.
fn split_extensions(tbs: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut at = content(tbs);
    let start = at;
    while at < tbs.len() && tbs[at] != 0xa3 {
        at += length(&tbs[at..]);
    }
    if at == tbs.len() {
        return (tbs[start..].to_vec(), Vec::new());
    }
    let list = &tbs[at + content(&tbs[at..])..];
    (tbs[start..at].to_vec(), list[content(list)..length(list)].to_vec())
}

pub fn pem(certificates: &[Vec<u8>]) -> String {
    certificates.iter().map(|der| encode_pem("CERTIFICATE", der)).collect()
}
