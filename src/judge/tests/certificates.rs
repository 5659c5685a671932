//! Chains made with the crate's own encoder and keys.

use crate::keys::{Approved, PrivateKey, Signer, SoftwareSigner, key_identifier, random_serial};
use crate::model::{KeyAlgorithm, KeyUsage, NameConstraints, SanSet, Timestamp, Validity};
use crate::x509::der::{self, Reader, tlv};
use crate::x509::{
    Certificate, CertificateFields, NameDer, SignatureAlgorithm, TbsFacts, assemble_certificate, encode_certificate,
    read_certificate, read_tbs,
};

/// The second of judgment: 2030-01-01.
pub const NOW: i64 = 1_893_456_000;
pub const DAY: i64 = 86_400;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(NOW + seconds).unwrap()
}

/// A key under a name.
pub struct Party {
    pub name: String,
    pub signer: SoftwareSigner,
}

pub fn party(name: &str) -> Party {
    party_with(name, KeyAlgorithm::P256)
}

pub fn party_with(name: &str, algorithm: KeyAlgorithm) -> Party {
    Party { name: name.into(), signer: SoftwareSigner::new(PrivateKey::generate(algorithm).unwrap()).unwrap() }
}

impl Party {
    pub fn key_id(&self) -> Vec<u8> {
        key_identifier(self.signer.public_key()).unwrap()
    }

    fn name_der(&self) -> NameDer {
        NameDer::of(&self.name.parse().unwrap())
    }

    /// The fields of a CA certificate for this party, by `issuer`; without it self-signed.
    pub fn ca(&self, issuer: Option<&Party>, path_len: Option<u8>) -> CertificateFields {
        let signer = issuer.unwrap_or(self);
        CertificateFields {
            serial: random_serial().unwrap(),
            signature_algorithm: SignatureAlgorithm::of_key(signer.signer.algorithm()),
            issuer: signer.name_der(),
            validity: Validity::new(at(-100 * DAY), at(100 * DAY)).unwrap(),
            subject: self.name_der(),
            public_key: self.signer.public_key().to_vec(),
            ca: Some(path_len),
            key_usage: KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN),
            extended_key_usage: Vec::new(),
            names: SanSet::default(),
            name_constraints: NameConstraints::default(),
            subject_key_id: self.key_id(),
            authority_key_id: issuer.map(Party::key_id),
            crl_urls: Vec::new(),
            issuer_urls: Vec::new(),
            ocsp_urls: Vec::new(),
        }
    }

    /// The fields of a leaf certificate for this party.
    pub fn leaf(&self, issuer: &Party, names: &[&str]) -> CertificateFields {
        let names = names.iter().map(|n| crate::model::San::host(n).unwrap());
        CertificateFields {
            ca: None,
            validity: Validity::new(at(-DAY), at(DAY)).unwrap(),
            key_usage: KeyUsage::DIGITAL_SIGNATURE,
            names: SanSet::new(names).unwrap(),
            ..self.ca(Some(issuer), None)
        }
    }

    /// Signs what was encoded.
    pub fn sign(&self, fields: &CertificateFields) -> Certificate {
        self.sign_bytes(&encode_certificate(fields).unwrap())
    }

    pub fn sign_bytes(&self, tbs: &[u8]) -> Certificate {
        let signature = self.signer.sign(Approved::after_rehearsal(tbs)).unwrap();
        let algorithm = SignatureAlgorithm::of_key(self.signer.algorithm());
        read_certificate(&assemble_certificate(tbs, algorithm, &signature)).unwrap()
    }

    pub fn self_signed(&self, path_len: Option<u8>) -> Certificate {
        self.sign(&self.ca(None, path_len))
    }
}

pub fn draft(fields: &CertificateFields) -> TbsFacts {
    read_tbs(&encode_certificate(fields).unwrap()).unwrap()
}

/// The encoding of an extension.
pub fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let oid = der::oid(&oid.parse().unwrap());
    let flag: &[u8] = if critical { &[der::BOOLEAN, 1, 0xff] } else { &[] };
    der::constructed(der::SEQUENCE, &[&oid, flag, &tlv(der::OCTET_STRING, value)])
}

/// An encoded certificate with other extensions.
pub fn edit_extensions(fields: &CertificateFields, edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    edit_list(&encode_certificate(fields).unwrap(), der::context_constructed(3), edit)
}

/// To-be-signed bytes with other extensions, which stand under this tag: 3 in a certificate, 0 in a CRL.
pub fn edit_list(tbs: &[u8], tag: u8, edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut outer = Reader::new(tbs, "test");
    let sequence = outer.expect(der::SEQUENCE).unwrap();
    let mut parts = outer.inside(sequence);
    let (mut body, mut extensions) = (Vec::new(), Vec::new());
    while !parts.is_empty() {
        let part = parts.any().unwrap();
        if part.tag != tag {
            body.extend_from_slice(part.whole);
            continue;
        }
        let list = parts.inside(part).expect(der::SEQUENCE).unwrap();
        let mut list = parts.inside(list);
        while !list.is_empty() {
            extensions.push(list.any().unwrap().whole.to_vec());
        }
    }
    edit(&mut extensions);
    let list = tlv(der::SEQUENCE, &extensions.concat());
    tlv(der::SEQUENCE, &[body, tlv(tag, &list)].concat())
}

/// Drops an extension by OID.
pub fn without(extensions: &mut Vec<Vec<u8>>, oid: &str) {
    let oid = der::oid(&oid.parse().unwrap());
    extensions.retain(|e| !e.windows(oid.len()).any(|w| w == oid));
}
