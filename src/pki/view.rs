//! A certificate as scripts see it: the documented JSON shape.

use super::folder::Place;
use crate::disk::{encode_pem, exists};
use crate::keys::sha256;
use crate::model::{Reason, Timestamp};
use crate::store::Record;
use crate::x509::{Certificate, GeneralName, SignatureAlgorithm, public_key_kind};
use serde::Serialize;
use std::path::PathBuf;

/// How a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Valid now.
    Valid,
    /// Its end is past.
    Expired,
    /// Revoked.
    Revoked,
    /// Revoked, and may be released.
    OnHold,
    /// Its start is not reached.
    NotYetValid,
}

impl Status {
    /// How a record stands at a second.
    pub fn of(record: &Record, now: Timestamp) -> Self {
        match &record.revocation {
            Some(r) if r.reason == Reason::CertificateHold => Status::OnHold,
            Some(_) => Status::Revoked,
            None if now > record.not_after => Status::Expired,
            None if now < record.not_before => Status::NotYetValid,
            None => Status::Valid,
        }
    }

    /// The word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Status::Valid => "valid",
            Status::Expired => "expired",
            Status::Revoked => "revoked",
            Status::OnHold => "on-hold",
            Status::NotYetValid => "not-yet-valid",
        }
    }
}

/// One subjectAltName.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NameView {
    /// dns, ip, email, uri, dn, or the standard's name of another type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its text.
    pub value: String,
}

/// A revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevocationView {
    /// Why.
    pub reason: &'static str,
    /// When.
    pub at: Timestamp,
    /// Since when the key is suspect.
    pub invalidity_date: Option<Timestamp>,
    /// The number of the first CRL that lists it.
    pub crl_number: Option<u64>,
}

/// The files of a certificate, absolute; nothing where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Files {
    /// The certificate.
    #[serde(serialize_with = "path_text")]
    pub cert: Option<PathBuf>,
    /// Its key.
    #[serde(serialize_with = "path_text")]
    pub key: Option<PathBuf>,
    /// The intermediates above it.
    #[serde(serialize_with = "path_text")]
    pub chain: Option<PathBuf>,
    /// Certificate and intermediates: what a server presents.
    #[serde(serialize_with = "path_text")]
    pub fullchain: Option<PathBuf>,
    /// The roots that verify it: what the other side trusts.
    #[serde(serialize_with = "path_text")]
    pub ca: Option<PathBuf>,
    /// A CA's CRL.
    #[serde(serialize_with = "path_text")]
    pub crl: Option<PathBuf>,
}

/// A certificate as scripts see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names are those of docs/json.md
pub struct CertificateView {
    pub name: String,
    pub profile: &'static str,
    pub ca: bool,
    pub current: bool,
    pub serial: String,
    pub subject: String,
    pub issuer: String,
    pub issuer_name: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub sans: Vec<NameView>,
    pub key_algorithm: String,
    pub signature_algorithm: String,
    pub key_usage: Vec<&'static str>,
    pub eku: Vec<String>,
    pub path_len: Option<u32>,
    pub subject_key_id: Option<String>,
    pub authority_key_id: Option<String>,
    pub fingerprint_sha256: String,
    pub spki_sha256: String,
    pub status: Status,
    pub revocation: Option<RevocationView>,
    pub predecessor: Option<String>,
    pub files: Files,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
}

impl CertificateView {
    /// The view of a record whose certificate was read.
    pub(super) fn new(place: &Place, record: &Record, certificate: &Certificate, predecessor: Option<String>) -> Self {
        CertificateView {
            name: record.handle.to_string(),
            profile: record.profile.name(),
            ca: certificate.is_ca(),
            current: record.is_current,
            serial: record.serial.to_string(),
            subject: certificate.subject.subject.to_string(),
            issuer: certificate.issuer.subject.to_string(),
            issuer_name: record.issuer_handle.to_string(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            sans: certificate.names.iter().flatten().map(name_view).collect(),
            key_algorithm: public_key_kind(&certificate.public_key)
                .map_or_else(|_| "unknown".into(), |k| k.to_string()),
            signature_algorithm: SignatureAlgorithm::name_of(certificate.outer_algorithm()),
            key_usage: certificate.key_usage.map(|u| u.names()).unwrap_or_default(),
            eku: certificate.extended_key_usage.iter().flatten().map(ToString::to_string).collect(),
            path_len: certificate.basic_constraints.and_then(|b| b.path_len),
            subject_key_id: certificate.subject_key_id.as_deref().map(hex),
            authority_key_id: certificate.authority_key_id.as_deref().map(hex),
            fingerprint_sha256: hex(&sha256(certificate.der())),
            spki_sha256: hex(&record.spki_sha256),
            status: Status::of(record, place.now()),
            revocation: record.revocation.as_ref().map(|r| RevocationView {
                reason: r.reason.name(),
                at: r.at,
                invalidity_date: r.invalidity_date,
                crl_number: r.crl_number,
            }),
            predecessor,
            files: files(place, record),
            pem: Some(encode_pem("CERTIFICATE", certificate.der())),
        }
    }
}

fn files(place: &Place, record: &Record) -> Files {
    if !record.is_current {
        return Files::default();
    }
    let (ca, folder, home) = (record.profile.is_ca(), place.ca_folder(&record.handle), place.home(&record.handle));
    let file = |name: &str| if ca { Some(folder.join(name)).filter(|p| exists(p)) } else { home.path_of(name) };
    Files {
        cert: file("cert.pem"),
        key: file("key.pem"),
        chain: file("chain.pem"),
        fullchain: file("fullchain.pem"),
        ca: file("ca.pem"),
        crl: file("crl.pem"),
    }
}

pub(super) fn name_view(name: &GeneralName) -> NameView {
    let (kind, value) = match name {
        GeneralName::Dns(n) => ("dns", n.clone()),
        GeneralName::Ip(octets) => ("ip", ip_text(octets)),
        GeneralName::Email(n) => ("email", n.clone()),
        GeneralName::Uri(n) => ("uri", n.clone()),
        GeneralName::Directory(n) => ("dn", n.subject.to_string()),
        GeneralName::Other(other) => (other.kind, other.text()),
    };
    NameView { kind, value }
}

pub(super) fn ip_text(octets: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return std::net::IpAddr::from(v4).to_string();
    }
    match <[u8; 16]>::try_from(octets) {
        Ok(v6) => std::net::IpAddr::from(v6).to_string(),
        Err(_) => hex(octets),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Paths that are not UTF-8 are shown as well as they can be: the certificate exists all the same.
fn path_text<S: serde::Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|p| p.to_string_lossy()).serialize(serializer)
}
