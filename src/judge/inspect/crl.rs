use super::certificate::ExtensionReport;
use super::names::hex;
use crate::keys::sha256;
use crate::model::{Reason, SerialMatch, SoughtSerial, Timestamp};
use crate::policy::{CrlContext, Finding, Severity, lint_crl};
use crate::x509::{Crl, LooseEntry, SignatureAlgorithm};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Larger CRLs are not looked at rule by rule: the rules look at every entry again.
const MAX_LINTED: u64 = 10_000;
/// CRLReason of an entry that lifts a hold (RFC 5280 5.3.1).
const REMOVE_FROM_CRL: u8 = 8;
/// CRLReasons are told apart up to here.
const REASONS: usize = 11;

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

/// The word for a reason: those that only a delta CRL has, and those that do not exist, included.
fn reason_name(code: u8) -> &'static str {
    match Reason::from_code(code) {
        Some(reason) => reason.name(),
        None if code == REMOVE_FROM_CRL => "remove-from-crl",
        None => "unknown",
    }
}

impl From<&LooseEntry<'_>> for EntryReport {
    fn from(e: &LooseEntry<'_>) -> Self {
        EntryReport {
            // A serial that no certificate may have is shown as it stands.
            serial: hex(e.magnitude().unwrap_or(e.serial)),
            at: e.revoked_at,
            reason: reason_name(e.reason),
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
    /// How many entries have a critical extension that is unknown here: a validator must refuse such a CRL.
    pub other_critical: u64,
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
    pub fn new(crl: &'a Crl, now: Timestamp, wanted: Option<&SoughtSerial>) -> Self {
        let (mut count, mut by_code, mut newest, mut found, mut problem) =
            (0u64, [0u64; REASONS + 1], None, None, None);
        let (mut other_critical, mut best) = (0u64, SerialMatch::No);
        for entry in crl.loose_entries() {
            match entry {
                Ok(entry) => {
                    count += 1;
                    other_critical += u64::from(entry.has_other_critical);
                    if let Some(n) = by_code.get_mut(usize::from(entry.reason).min(REASONS)) {
                        *n += 1;
                    }
                    newest = newest.max(Some(entry.revoked_at));
                    // The number itself goes before a negative one that has its octets; of several entries the first.
                    let how = wanted.map_or(SerialMatch::No, |w| w.matches(entry.serial));
                    if how > best {
                        (best, found) = (how, Some(EntryReport::from(&entry)));
                    }
                }
                Err(e) => problem = Some(format!("entry {} cannot be read: {e}", count + 1)),
            }
        }
        let mut reasons = BTreeMap::new();
        for (code, n) in (0u8..).zip(by_code).filter(|(_, n)| *n > 0) {
            *reasons.entry(reason_name(code)).or_insert(0) += n;
        }
        let status = match crl.next_update {
            _ if now < crl.this_update => Currency::NotYetValid,
            Some(next) if now > next => Currency::Overdue,
            _ => Currency::Current,
        };
        let linted = if count <= MAX_LINTED { lint_crl(crl, &CrlContext::default()) } else { Vec::new() };
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
            reasons,
            other_critical,
            newest,
            lookup: wanted.map(|s| Lookup { serial: s.to_string(), listed: found.is_some(), entry: found }),
            problem,
            findings: linted.into_iter().filter(|f| f.severity >= Severity::Warning).collect(),
            crl: if wanted.is_some() { None } else { Some(crl) },
        }
    }

    /// The entries that can be read, in order.
    pub fn entries(&self) -> impl Iterator<Item = EntryReport> + '_ {
        self.crl.iter().flat_map(|crl| crl.loose_entries()).filter_map(|e| e.ok()).map(|e| EntryReport::from(&e))
    }
}

fn stream<S: Serializer>(crl: &Option<&Crl>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(crl) = crl else { return serializer.serialize_none() };
    let mut list = serializer.serialize_seq(None)?;
    for entry in crl.loose_entries().filter_map(|e| e.ok()) {
        list.serialize_element(&EntryReport::from(&entry))?;
    }
    list.end()
}
