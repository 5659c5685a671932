use super::certificate::ExtensionReport;
use super::names::hex;
use crate::keys::sha256;
use crate::model::{Reason, Serial, Timestamp};
use crate::policy::{Finding, Severity, lint_crl};
use crate::x509::{Crl, RevokedEntry, SignatureAlgorithm};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Larger CRLs are not looked at rule by rule: the rules look at every entry again.
const MAX_LINTED: u64 = 10_000;

/// How a CRL stands to a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Currency {
    /// The next one is not due.
    Current,
    /// The next one should be there.
    Overdue,
    /// It is of the future.
    NotYetValid,
}

/// One revoked certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryReport {
    /// Its serial number.
    pub serial: String,
    /// When it was revoked.
    pub at: Timestamp,
    /// Why.
    pub reason: &'static str,
    /// Since when the key is suspect.
    pub invalidity_date: Option<Timestamp>,
}

impl From<&RevokedEntry> for EntryReport {
    fn from(e: &RevokedEntry) -> Self {
        EntryReport {
            serial: e.serial.to_string(),
            at: e.revoked_at,
            reason: e.reason.name(),
            invalidity_date: e.invalidity_date,
        }
    }
}

/// What became of a serial that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lookup {
    /// The serial.
    pub serial: String,
    /// Whether the CRL lists it.
    pub listed: bool,
    /// Its entry.
    pub entry: Option<EntryReport>,
}

/// Everything that a CRL says. Its entries are written one by one, and never held.
#[derive(Debug, Serialize)]
#[allow(missing_docs)] // the names are those of docs/json.md
pub struct CrlReport<'a> {
    pub issuer: String,
    pub crl_number: Option<u64>,
    pub crl_number_hex: Option<String>,
    pub this_update: Timestamp,
    pub next_update: Option<Timestamp>,
    pub status: Currency,
    pub signature_algorithm: String,
    pub authority_key_id: Option<String>,
    pub bytes: usize,
    pub fingerprint_sha256: String,
    pub extensions: Vec<ExtensionReport>,
    pub entry_count: u64,
    /// How many entries give each reason, by its name.
    pub reasons: BTreeMap<&'static str, u64>,
    /// The newest revocation.
    pub newest: Option<Timestamp>,
    /// The serial that was looked for.
    pub lookup: Option<Lookup>,
    /// What is wrong with the first entry that cannot be read; those behind it are not counted.
    pub problem: Option<String>,
    pub findings: Vec<Finding>,
    /// Every entry; nothing where one serial was looked for.
    #[serde(serialize_with = "stream", rename = "entries")]
    pub crl: Option<&'a Crl>,
}

impl<'a> CrlReport<'a> {
    /// Of a CRL at a second: its entries are walked once. With a serial to look for they are not shown.
    pub fn new(crl: &'a Crl, now: Timestamp, wanted: Option<&Serial>) -> Self {
        let (mut count, mut by_code, mut newest, mut found, mut problem) = (0u64, [0u64; 11], None, None, None);
        for entry in crl.entries() {
            match entry {
                Ok(entry) => {
                    count += 1;
                    if let Some(n) = by_code.get_mut(usize::from(entry.reason.code())) {
                        *n += 1;
                    }
                    newest = newest.max(Some(entry.revoked_at));
                    if found.is_none() && wanted == Some(&entry.serial) {
                        found = Some(EntryReport::from(&entry));
                    }
                }
                Err(e) => problem = Some(format!("entry {} cannot be read: {e}", count + 1)),
            }
        }
        let named = |(code, n): (usize, &u64)| {
            let reason = Reason::from_code(u8::try_from(code).ok()?)?;
            (*n > 0).then(|| (reason.name(), *n))
        };
        let status = match crl.next_update {
            _ if now < crl.this_update => Currency::NotYetValid,
            Some(next) if now > next => Currency::Overdue,
            _ => Currency::Current,
        };
        let linted = if count <= MAX_LINTED { lint_crl(crl, None) } else { Vec::new() };
        CrlReport {
            issuer: crl.issuer.subject.to_string(),
            crl_number: crl.number_u64(),
            crl_number_hex: crl.number.as_deref().map(hex),
            this_update: crl.this_update,
            next_update: crl.next_update,
            status,
            signature_algorithm: SignatureAlgorithm::name_of(&crl.outer_algorithm),
            authority_key_id: crl.authority_key_id.as_deref().map(hex),
            bytes: crl.der().len(),
            fingerprint_sha256: hex(&sha256(crl.der())),
            extensions: ExtensionReport::all(&crl.extensions),
            entry_count: count,
            reasons: by_code.iter().enumerate().filter_map(named).collect(),
            newest,
            lookup: wanted.map(|s| Lookup { serial: s.to_string(), listed: found.is_some(), entry: found }),
            problem,
            findings: linted.into_iter().filter(|f| f.severity >= Severity::Warning).collect(),
            crl: if wanted.is_some() { None } else { Some(crl) },
        }
    }

    /// The entries that can be read, in order.
    pub fn entries(&self) -> impl Iterator<Item = EntryReport> + '_ {
        self.crl.iter().flat_map(|crl| crl.entries()).filter_map(|e| e.ok()).map(|e| EntryReport::from(&e))
    }
}

fn stream<S: Serializer>(crl: &Option<&Crl>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(crl) = crl else { return serializer.serialize_none() };
    let mut list = serializer.serialize_seq(None)?;
    for entry in crl.entries().filter_map(|e| e.ok()) {
        list.serialize_element(&EntryReport::from(&entry))?;
    }
    list.end()
}
