use super::certificate::ExtensionReport;
use super::names::{NameReport, hex};
use crate::disk::encode_pem;
use crate::keys::{KeyError, sha256, verify_signature};
use crate::x509::{Csr, SignatureAlgorithm, public_key_name};
use serde::Serialize;

/// Everything that a request for a certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names are those of docs/json.md
pub struct CsrReport {
    pub subject: String,
    pub sans: Vec<NameReport>,
    pub key_algorithm: String,
    pub signature_algorithm: String,
    /// Whether who made it has the key; nothing where the algorithm cannot be checked here.
    pub signature_good: Option<bool>,
    pub eku: Vec<String>,
    pub spki_sha256: String,
    pub extensions: Vec<ExtensionReport>,
    /// OIDs of attributes beside the wish for extensions.
    pub attributes: Vec<String>,
    pub pem: String,
}

impl CsrReport {
    /// Of a request. Its signature is checked.
    pub fn new(csr: &Csr) -> Self {
        let checked = verify_signature(&csr.public_key, &csr.signature_algorithm, csr.info(), csr.signature());
        CsrReport {
            subject: csr.subject.subject.to_string(),
            sans: csr.names.iter().map(NameReport::from).collect(),
            key_algorithm: public_key_name(&csr.public_key),
            signature_algorithm: SignatureAlgorithm::name_of(&csr.signature_algorithm),
            signature_good: match checked {
                Ok(()) => Some(true),
                Err(KeyError::BadSignature) => Some(false),
                Err(_) => None,
            },
            eku: csr.purposes().unwrap_or_default().iter().map(ToString::to_string).collect(),
            spki_sha256: hex(&sha256(&csr.public_key)),
            extensions: ExtensionReport::all(&csr.extensions),
            attributes: csr.other_attributes.iter().map(ToString::to_string).collect(),
            pem: encode_pem("CERTIFICATE REQUEST", csr.der()),
        }
    }
}
