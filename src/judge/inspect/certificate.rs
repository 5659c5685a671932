use super::names::{NameReport, hex};
use crate::disk::encode_pem;
use crate::keys::{sha1, sha256};
use crate::model::Timestamp;
use crate::policy::{Finding, LintContext, Severity, lint_certificate};
use crate::x509::{
    Certificate, Constraints, ExtensionFacts, SignatureAlgorithm, extension_details, extension_name, public_key_name,
};
use serde::Serialize;

/// How a period stands to a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validity {
    /// It has begun and not ended.
    Valid,
    /// It has ended.
    Expired,
    /// It has not begun.
    NotYetValid,
}

impl Validity {
    pub(super) fn of(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> Self {
        if now > not_after {
            Validity::Expired
        } else if now < not_before {
            Validity::NotYetValid
        } else {
            Validity::Valid
        }
    }
}

/// One extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExtensionReport {
    /// Its OID in dotted form.
    pub oid: String,
    /// The standard's name, where we know one.
    pub name: Option<&'static str>,
    /// Whether who does not know it must refuse.
    pub critical: bool,
    /// Whether it is known here and cannot be read.
    pub malformed: bool,
    /// What it says, where no other field of the report does.
    pub details: Vec<String>,
    /// Its value in hexadecimal.
    pub value_hex: String,
}

impl ExtensionReport {
    pub(super) fn all(extensions: &[ExtensionFacts]) -> Vec<Self> {
        extensions
            .iter()
            .map(|e| ExtensionReport {
                oid: e.oid.to_string(),
                name: extension_name(&e.oid),
                critical: e.critical,
                malformed: e.malformed,
                details: extension_details(e),
                value_hex: hex(&e.value),
            })
            .collect()
    }
}

/// nameConstraints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NameConstraintsReport {
    /// What it may certify; everything of a type that does not stand there.
    pub permitted: Vec<NameReport>,
    /// What it may not.
    pub excluded: Vec<NameReport>,
}

impl From<&Constraints> for NameConstraintsReport {
    fn from(c: &Constraints) -> Self {
        NameConstraintsReport {
            permitted: c.permitted.iter().map(NameReport::of_subtree).collect(),
            excluded: c.excluded.iter().map(NameReport::of_subtree).collect(),
        }
    }
}

/// Everything that a certificate says. Names of fields are those of the documented JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names are those of docs/json.md
pub struct CertificateReport {
    pub version: u32,
    pub ca: bool,
    pub serial: String,
    pub subject: String,
    pub issuer: String,
    pub self_issued: bool,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub status: Validity,
    pub sans: Vec<NameReport>,
    pub key_algorithm: String,
    pub signature_algorithm: String,
    pub key_usage: Vec<&'static str>,
    pub eku: Vec<String>,
    pub path_len: Option<u32>,
    pub name_constraints: Option<NameConstraintsReport>,
    pub subject_key_id: Option<String>,
    pub authority_key_id: Option<String>,
    pub crl_urls: Vec<String>,
    pub ocsp_urls: Vec<String>,
    pub issuer_urls: Vec<String>,
    pub fingerprint_sha256: String,
    pub fingerprint_sha1: String,
    pub spki_sha256: String,
    pub extensions: Vec<ExtensionReport>,
    /// Rules of the standards, and of good practice, that it breaks.
    pub findings: Vec<Finding>,
    pub pem: String,
}

impl CertificateReport {
    /// Of a certificate, at a second.
    pub fn new(c: &Certificate, now: Timestamp) -> Self {
        let texts = |ids: &Option<Vec<u8>>| ids.as_deref().map(hex);
        CertificateReport {
            version: c.version,
            ca: c.is_ca(),
            // A serial that no standard allows is shown as it stands.
            serial: c.serial.as_ref().map_or_else(|| hex(&c.raw_serial), ToString::to_string),
            subject: c.subject.subject.to_string(),
            issuer: c.issuer.subject.to_string(),
            self_issued: c.is_self_issued(),
            not_before: c.not_before,
            not_after: c.not_after,
            status: Validity::of(c.not_before, c.not_after, now),
            sans: c.names.iter().flatten().map(NameReport::from).collect(),
            key_algorithm: public_key_name(&c.public_key),
            signature_algorithm: SignatureAlgorithm::name_of(c.outer_algorithm()),
            key_usage: c.key_usage.map(|u| u.names()).unwrap_or_default(),
            eku: c.extended_key_usage.iter().flatten().map(ToString::to_string).collect(),
            path_len: c.basic_constraints.and_then(|b| b.path_len),
            name_constraints: c.name_constraints.as_ref().map(NameConstraintsReport::from),
            subject_key_id: texts(&c.subject_key_id),
            authority_key_id: texts(&c.authority_key_id),
            crl_urls: c.crl_urls.clone(),
            ocsp_urls: c.ocsp_urls.clone(),
            issuer_urls: c.issuer_urls.clone(),
            fingerprint_sha256: hex(&sha256(c.der())),
            fingerprint_sha1: hex(&sha1(c.der())),
            spki_sha256: hex(&sha256(&c.public_key)),
            extensions: ExtensionReport::all(&c.extensions),
            findings: lint_certificate(c, &LintContext::default())
                .into_iter()
                .filter(|f| f.severity >= Severity::Warning)
                .collect(),
            pem: encode_pem("CERTIFICATE", c.der()),
        }
    }

    /// An extension by its name.
    pub fn extension(&self, name: &str) -> Option<&ExtensionReport> {
        self.extensions.iter().find(|e| e.name == Some(name))
    }
}
