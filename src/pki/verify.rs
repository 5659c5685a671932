//! An answer as scripts see it.

use super::view::{hex, ip_text};
use crate::issue::Warning;
use crate::judge::verify::{Bag, Outcome, Place, Question, Status, Verdict};
use crate::keys::sha256;
use crate::model::Timestamp;
use crate::x509::{Certificate, GeneralName};
use serde::Serialize;

/// One certificate of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names are those of docs/json.md
pub struct PathCertificate {
    pub subject: String,
    pub issuer: String,
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub fingerprint_sha256: String,
    /// Whether it is one of the roots that are trusted.
    pub trusted: bool,
    /// good, revoked or unknown; nothing where nobody asked.
    pub revocation: Option<&'static str>,
    /// The number of the newest CRL that it is not on.
    pub crl_number: Option<u64>,
}

/// Why a certificate or a path is not good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names are those of docs/json.md
pub struct RefusalView {
    pub rule: &'static str,
    pub citation: &'static str,
    pub message: String,
    pub hint: &'static str,
    /// The subject of the certificate that it is about, and its SHA-256.
    pub certificate: Option<String>,
    pub fingerprint_sha256: Option<String>,
}

/// A path that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names are those of docs/json.md
pub struct TriedView {
    pub path: Vec<PathCertificate>,
    pub reason: RefusalView,
}

/// The answer, its reasons, and with `--explain` every path that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names are those of docs/json.md
pub struct VerifyReport {
    pub verdict: &'static str,
    pub at: Timestamp,
    pub spiffe_id: Option<String>,
    pub revocation_checked: bool,
    pub path: Vec<PathCertificate>,
    pub reason: Option<RefusalView>,
    /// How many other paths were tried.
    pub tries: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried: Option<Vec<TriedView>>,
    pub warnings: Vec<Warning>,
}

impl VerifyReport {
    /// Writes a verdict down. `warnings` are about the files.
    pub fn new(verdict: &Verdict, bag: &Bag, question: &Question, explain: bool, warnings: Vec<Warning>) -> Self {
        let revocation = |statuses: &[Status], i: usize| match statuses.get(i) {
            Some(Status::Good(number)) => (Some("good"), *number),
            Some(Status::Revoked) => (Some("revoked"), None),
            Some(Status::Unknown) => (Some("unknown"), None),
            Some(Status::Anchor | Status::NotAsked) | None => (None, None),
        };
        let path = |places: &[Place], statuses: &[Status]| -> Vec<PathCertificate> {
            let read = |(i, place): (usize, &Place)| {
                let (revocation, crl_number) = revocation(statuses, i);
                bag.get(*place).map(|c| one(c, bag.is_anchor(*place), revocation, crl_number))
            };
            places.iter().enumerate().filter_map(read).collect()
        };
        let reason = |refusal: &crate::judge::verify::Refusal, about: Option<Place>| {
            let certificate = about.and_then(|p| bag.get(p));
            RefusalView {
                rule: refusal.rule(),
                citation: refusal.citation(),
                message: refusal.to_string(),
                hint: refusal.hint(),
                certificate: certificate.map(subject_of),
                fingerprint_sha256: certificate.map(|c| hex(&sha256(c.der()))),
            }
        };
        let tried = explain.then(|| {
            let all = verdict.tried.iter();
            all.map(|t| TriedView { path: path(&t.path, &[]), reason: reason(&t.refusal, Some(t.about)) }).collect()
        });
        let software = verdict.warnings.iter().map(|text| Warning::new("strict-software", text));
        VerifyReport {
            verdict: verdict.outcome.name(),
            at: question.at,
            spiffe_id: verdict.spiffe_id.as_ref().map(ToString::to_string),
            revocation_checked: question.revocation,
            path: path(&verdict.path, &verdict.statuses),
            reason: verdict.refusal.as_ref().map(|r| reason(r, verdict.about)),
            tries: verdict.tries,
            tried,
            warnings: warnings.into_iter().chain(software).collect(),
        }
    }

    /// Whether the answer is yes.
    pub fn is_valid(&self) -> bool {
        self.verdict == Outcome::Valid.name()
    }
}

fn one(
    certificate: &Certificate,
    trusted: bool,
    revocation: Option<&'static str>,
    crl_number: Option<u64>,
) -> PathCertificate {
    PathCertificate {
        subject: subject_of(certificate),
        issuer: certificate.issuer.subject.to_string(),
        serial: certificate.serial.as_ref().map_or_else(|| hex(&certificate.raw_serial), ToString::to_string),
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        fingerprint_sha256: hex(&sha256(certificate.der())),
        trusted,
        revocation,
        crl_number,
    }
}

/// The subject; where that is empty the first name.
fn subject_of(certificate: &Certificate) -> String {
    if !certificate.subject.subject.is_empty() {
        return certificate.subject.subject.to_string();
    }
    match certificate.names.iter().flatten().next() {
        Some(GeneralName::Dns(n) | GeneralName::Email(n) | GeneralName::Uri(n)) => n.clone(),
        Some(GeneralName::Ip(octets)) => ip_text(octets),
        _ => String::new(),
    }
}
