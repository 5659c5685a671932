//! What a CA revoked before it came here: read from its CRL, its index or easy-rsa's folder, checked, and recorded.

use super::Error;
use super::easy_rsa::{EasyRsa, Issued};
use super::import_error::ImportError;
use super::index_file::{Index, read_index};
use super::publish::MAX_CRL_BYTES;
use super::revoke::UNKNOWN_END;
use crate::disk::{decode_pem, first_pem_body, read_public};
use crate::issue::Warning;
use crate::keys::{sha256, verify_signature};
use crate::model::{Reason, Serial, Timestamp};
use crate::store::{AuthorityId, CrlRecord, Filter, NewRevocation, Transaction};
use crate::x509::der;
use crate::x509::{Certificate, Crl, IssuingPoint, X509Error, oid};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Where it is written what a CA revoked before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PastSources {
    /// A CRL, in PEM or DER; of several in one file the newest that is of the CA.
    pub crl: Option<PathBuf>,
    /// openssl's `index.txt`.
    pub index: Option<PathBuf>,
    /// The folder of an easy-rsa PKI.
    pub easy_rsa: Option<PathBuf>,
    /// It never revoked anything that is still valid.
    pub none: bool,
}

impl PastSources {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == PastSources::default()
    }
}

/// What was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PastReport {
    /// Revocations that were recorded.
    pub revocations: u64,
    /// Revocations that were on record already.
    pub known: u64,
    /// Certificates that were recorded.
    pub certificates: u64,
    /// Lines of an index about certificates that are still valid; without the certificates nothing can be recorded of them.
    pub index_valid: u64,
    /// Lines of an index about certificates that ended.
    pub index_expired: u64,
}

impl PastReport {
    /// Whether anything was recorded.
    pub(super) fn has_changes(&self) -> bool {
        self.revocations > 0 || self.certificates > 0
    }
}

/// What came into the inventory.
pub(super) struct Taken {
    pub report: PastReport,
    /// The CRL, if it is newer than the one on record.
    pub crl: Option<CrlRecord>,
    /// Whether that CRL leaves out what is revoked here: published as it is, it would take that back.
    pub lists_less: bool,
}

/// How a CRL stands to what is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listing {
    /// It lists all of it, as it is, and nothing else.
    All,
    /// It lists all of it, some otherwise, or more.
    Otherwise,
    /// It leaves something out.
    Less,
}

/// One revocation before our time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PastEntry {
    pub serial: Serial,
    pub at: Timestamp,
    pub reason: Reason,
    pub invalidity_date: Option<Timestamp>,
    /// The end of the certificate, where it is known.
    pub not_after: Option<Timestamp>,
    /// Whether the CRL that was given lists it.
    pub on_crl: bool,
    /// Whether it lists it like this; an index may know more.
    pub as_listed: bool,
}

/// Everything that was said about the past of a CA.
#[derive(Debug, Default)]
pub(super) struct Past {
    crl_file: Option<PathBuf>,
    crls: Vec<Crl>,
    index: Index,
    /// What easy-rsa kept of what the CA issued.
    pub issued: Vec<Issued>,
    pub warnings: Vec<Warning>,
}

/// A past that is this CA's.
#[derive(Debug, Default)]
pub(super) struct CheckedPast {
    /// In the order of their serials' octets, each once.
    entries: Vec<PastEntry>,
    /// The CRL and its file.
    pub crl: Option<Crl>,
    crl_file: PathBuf,
    report: PastReport,
    pub issued: Vec<Issued>,
    pub warnings: Vec<Warning>,
}

impl Past {
    pub fn read(sources: &PastSources, easy_rsa: Option<&EasyRsa>) -> Result<Self, Error> {
        let mut past = Past { crl_file: sources.crl.clone(), ..Past::default() };
        if let Some(index) = sources.index.as_ref().or(easy_rsa.map(|e| &e.index)) {
            past.index = read_index(index)?;
        }
        if let Some(easy_rsa) = easy_rsa {
            past.issued = easy_rsa.issued(&mut past.warnings)?;
            past.crl_file = past.crl_file.or_else(|| easy_rsa.crl.clone());
        }
        if let Some(path) = &past.crl_file {
            past.crls = read_crls(path)?;
        }
        Ok(past)
    }

    /// Proves that the CRL is the CA's own, and puts the sources together.
    pub fn check(self, ca: &Certificate, now: Timestamp) -> Result<CheckedPast, Error> {
        let Past { crl_file, crls, index, issued, warnings } = self;
        let report = PastReport { index_valid: index.valid, index_expired: index.expired, ..PastReport::default() };
        let mut past = CheckedPast { entries: index.revoked, report, issued, warnings, ..CheckedPast::default() };
        if let Some(path) = crl_file {
            let crl = newest_of(&path, crls, ca, now)?;
            for entry in crl.entries() {
                let e = entry.map_err(|source| Error::File { path: path.clone(), source })?;
                past.entries.push(PastEntry {
                    serial: e.serial,
                    at: e.revoked_at,
                    reason: e.reason,
                    invalidity_date: e.invalidity_date,
                    not_after: None,
                    on_crl: true,
                    as_listed: true,
                });
            }
            (past.crl, past.crl_file) = (Some(crl), path);
        }
        past.entries.sort_by(|a, b| (a.serial.as_bytes(), b.on_crl).cmp(&(b.serial.as_bytes(), a.on_crl)));
        past.entries.dedup_by(|later, kept| {
            let same = later.serial == kept.serial;
            if same {
                kept.take(later);
            }
            same
        });
        let future = |e: &&PastEntry| e.at > now || e.invalidity_date.is_some_and(|d| d > now);
        if let Some(e) = past.entries.iter().find(future) {
            let at = e.at.max(e.invalidity_date.unwrap_or(e.at));
            return Err(ImportError::Future { serial: e.serial, at }.into());
        }
        Ok(past)
    }
}

impl PastEntry {
    /// What another source says of the same certificate. The date is the one that was published; a compromised key is
    /// never taken back, and a hold that became final is final.
    fn take(&mut self, other: &PastEntry) {
        let weight = |r: Reason| match r {
            Reason::CertificateHold => 0,
            Reason::Unspecified => 1,
            Reason::KeyCompromise | Reason::CaCompromise => 3,
            _ => 2,
        };
        let was = (self.reason, self.invalidity_date);
        if weight(other.reason) > weight(self.reason) {
            self.reason = other.reason;
        }
        self.invalidity_date = self.invalidity_date.or(other.invalidity_date);
        self.as_listed &= was == (self.reason, self.invalidity_date);
        self.not_after = self.not_after.or(other.not_after);
    }
}

impl CheckedPast {
    /// Once they are recorded, a million of them need not be kept beside the CRL that lists them.
    pub fn forget_entries(&mut self) {
        self.entries = Vec::new();
    }

    /// Records what is not on record yet. The CRL's own entries come first, so that its row says which it lists.
    pub fn record(&self, transaction: &dyn Transaction, ca: AuthorityId, now: Timestamp) -> Result<Taken, Error> {
        let mut report = self.report;
        let crl = self.newer_crl(transaction, ca)?;
        let fresh = transaction.last_event(ca)? == 0;
        for entry in self.entries.iter().filter(|e| e.on_crl) {
            record_own(transaction, ca, entry, fresh, now, &mut report)?;
        }
        let listing = if crl.is_some() { self.listing(transaction, ca, fresh)? } else { Listing::All };
        let crl = self.record_crl(transaction, crl, listing == Listing::All)?;
        for entry in self.entries.iter().filter(|e| !e.on_crl) {
            record_own(transaction, ca, entry, fresh, now, &mut report)?;
        }
        Ok(Taken { report, crl, lists_less: listing == Listing::Less })
    }

    /// How the CRL that was given stands to what is revoked here, after its own entries were recorded.
    fn listing(&self, transaction: &dyn Transaction, ca: AuthorityId, fresh: bool) -> Result<Listing, Error> {
        let mut own = self.entries.iter().filter(|e| e.on_crl);
        if fresh {
            // Nothing is revoked here but what it lists.
            return Ok(if own.all(|e| e.as_listed) { Listing::All } else { Listing::Otherwise });
        }
        let (mut left, mut same, mut less) = (own.peekable(), 0, false);
        // Both are in the order of the serials' octets.
        transaction.revoked(ca, &mut |r| {
            while left.next_if(|e| e.serial.as_bytes() < r.serial.as_bytes()).is_some() {}
            match left.next_if(|e| e.serial == r.serial) {
                Some(e) => {
                    let listed = (e.at, e.reason, e.invalidity_date);
                    same += u64::from(e.as_listed && listed == (r.at, r.reason, r.invalidity_date));
                }
                None => less = true,
            }
        })?;
        let count = self.entries.iter().filter(|e| e.on_crl).count() as u64;
        Ok(match (less, same == count) {
            (true, _) => Listing::Less,
            (false, true) => Listing::All,
            (false, false) => Listing::Otherwise,
        })
    }

    /// Records the CRL of a CA that is somebody else's, and how it changes what is known here: of a CA that issued one of
    /// ours a revocation must be seen, and the end of a hold.
    pub fn record_foreign(
        &self,
        transaction: &dyn Transaction,
        ca: AuthorityId,
        now: Timestamp,
    ) -> Result<Taken, Error> {
        let mut report = self.report;
        let Some(crl) = &self.crl else { return Ok(Taken { report, crl: None, lists_less: false }) };
        let unfit = |problem: &str| ImportError::CrlUnfit { path: self.crl_file.clone(), problem: problem.into() };
        if record_number(crl).is_none() {
            return Err(unfit("it has no number, so nobody can tell which of two is newer (RFC 5280 5.2.3)").into());
        }
        if crl.next_update.is_none() {
            return Err(unfit("it does not say when the next one comes (RFC 5280 5.1.2.5)").into());
        }
        self.check_not_older(transaction, ca)?;
        let newer = self.newer_crl(transaction, ca)?;
        // The one that is here already may speak of certificates that were recorded after it.
        let filter = Filter { issuer: Some(ca), all_generations: true, ..Filter::default() };
        let mut records = Vec::new();
        transaction.walk(&filter, &mut |r| {
            records.push((r.serial, r.not_after, r.revocation));
            true
        })?;
        for (serial, not_after, revocation) in records {
            let on_crl = self.entries.binary_search_by(|e| e.serial.as_bytes().cmp(serial.as_bytes()));
            match (on_crl.ok().and_then(|at| self.entries.get(at)), revocation) {
                (Some(entry), _) => record_entry(transaction, ca, entry, false, now, &mut report)?,
                (None, Some(r)) if r.reason == Reason::CertificateHold => {
                    let (at, reason, invalidity_date) = (crl.this_update, None, None);
                    let release = NewRevocation { issuer: ca, serial, not_after, at, reason, invalidity_date };
                    transaction.revoke(&release)?;
                    report.revocations += 1;
                }
                _ => {}
            }
        }
        Ok(Taken { report, crl: self.record_crl(transaction, newer, true)?, lists_less: false })
    }

    /// Why the CRL that was given is not taken over, where it leaves out what is revoked here.
    pub fn lists_less(&self, unsigned: &str) -> ImportError {
        let problem = format!("it leaves out what is revoked here, and the next one cannot be signed: {unsigned}");
        ImportError::CrlUnfit { path: self.crl_file.clone(), problem }
    }

    /// The row of the CRL, if it is newer than what is on record. An older one of a CA of ours may still list what nobody
    /// knew.
    fn newer_crl(&self, transaction: &dyn Transaction, ca: AuthorityId) -> Result<Option<CrlRecord>, Error> {
        let Some(record) = self.crl.as_ref().and_then(|c| self.crl_record(c, ca)) else { return Ok(None) };
        let last = transaction.last_crl(ca)?;
        Ok(last.is_none_or(|l| l.number < record.number).then_some(record))
    }

    /// Refuses a CRL of somebody else's CA that is older than the one here, or another one of its number: what it leaves
    /// out would seem to be good again.
    fn check_not_older(&self, transaction: &dyn Transaction, ca: AuthorityId) -> Result<(), Error> {
        let record = self.crl.as_ref().and_then(|c| self.crl_record(c, ca));
        let Some((record, last)) = record.zip(transaction.last_crl(ca)?) else { return Ok(()) };
        let (path, number) = (self.crl_file.clone(), record.number);
        if last.number > number {
            return Err(ImportError::CrlOlder { path, number, known: last.number }.into());
        }
        if last.number == number && last.sha256 != record.sha256 {
            let problem = format!("it is not the CRL of number {number} that is here");
            return Err(ImportError::CrlUnfit { path, problem }.into());
        }
        Ok(())
    }

    /// A CRL that does not list all that is revoked knows no event: the next one is due from the start.
    fn record_crl(
        &self,
        transaction: &dyn Transaction,
        crl: Option<CrlRecord>,
        lists_all: bool,
    ) -> Result<Option<CrlRecord>, Error> {
        let Some(record) = crl else { return Ok(None) };
        let last_event = if lists_all { transaction.last_event(record.issuer)? } else { 0 };
        let record = CrlRecord { last_event, ..record };
        transaction.record_crl(&record)?;
        Ok(Some(record))
    }

    /// The row of a CRL, where it has a number. One that does not say when the next one comes is due from the start.
    fn crl_record(&self, crl: &Crl, issuer: AuthorityId) -> Option<CrlRecord> {
        let entries = self.entries.iter().filter(|e| e.on_crl).count() as u64;
        Some(CrlRecord {
            issuer,
            number: record_number(crl)?,
            this_update: crl.this_update,
            next_update: crl.next_update.unwrap_or(crl.this_update.plus(1)),
            entries,
            last_event: 0,
            sha256: sha256(crl.der()),
            follows: None,
        })
    }
}

/// A number that another one can follow.
fn record_number(crl: &Crl) -> Option<u64> {
    crl.number_u64().filter(|n| i64::try_from(*n).is_ok_and(|n| n < i64::MAX))
}

/// An entry of a past of ours: a hold that was lifted here since stays lifted.
fn record_own(
    transaction: &dyn Transaction,
    ca: AuthorityId,
    entry: &PastEntry,
    fresh: bool,
    now: Timestamp,
    report: &mut PastReport,
) -> Result<(), Error> {
    let is_hold = entry.reason == Reason::CertificateHold;
    if is_hold && !fresh && transaction.released_at(ca, &entry.serial)?.is_some_and(|at| at >= entry.at) {
        report.known += 1;
        return Ok(());
    }
    record_entry(transaction, ca, entry, fresh, now, report)
}

pub(super) fn record_entry(
    transaction: &dyn Transaction,
    ca: AuthorityId,
    entry: &PastEntry,
    fresh: bool,
    now: Timestamp,
    report: &mut PastReport,
) -> Result<(), Error> {
    let before = if fresh { None } else { transaction.revocation(ca, &entry.serial)? };
    // As for any revocation: only a hold turns into another reason, and every reason into key-compromise.
    let goes_on =
        |was: Reason| was != entry.reason && (was == Reason::CertificateHold || entry.reason == Reason::KeyCompromise);
    if before.is_some_and(|b| !goes_on(b.reason)) {
        report.known += 1;
        return Ok(());
    }
    let certificate = transaction.with_serial(&entry.serial)?.into_iter().find(|r| r.issuer == ca);
    let end = certificate.as_ref().map(|c| c.not_after).or(entry.not_after);
    transaction.revoke(&NewRevocation {
        issuer: ca,
        serial: entry.serial,
        // When it ends is not known: it stays listed for as long as its CA lives.
        not_after: end.unwrap_or(UNKNOWN_END),
        at: entry.at,
        reason: Some(entry.reason),
        invalidity_date: entry.invalidity_date,
    })?;
    if let Some(certificate) = certificate.filter(|_| entry.reason == Reason::KeyCompromise) {
        transaction.bar_key(&certificate.spki_sha256, now)?;
    }
    report.revocations += 1;
    Ok(())
}

/// Every CRL in a file, in PEM or DER, of version 1 too.
fn read_crls(path: &Path) -> Result<Vec<Crl>, Error> {
    let bytes = read_public(path, MAX_CRL_BYTES)?;
    let malformed = |problem: &str| Error::File { path: path.into(), source: X509Error::malformed("the CRL", problem) };
    let read = |der: Vec<u8>| Crl::read_old(der).map_err(|source| Error::File { path: path.into(), source });
    if bytes.first() == Some(&der::SEQUENCE) {
        return Ok(vec![read(bytes)?]);
    }
    // One block alone is read in one pass, whatever its size.
    if let Ok(mut der) = first_pem_body(&bytes, "X509 CRL") {
        return Ok(vec![read(std::mem::take(&mut *der))?]);
    }
    let blocks = decode_pem(&bytes).map_err(|e| malformed(&e.to_string()))?;
    drop(bytes);
    let all: Vec<Crl> =
        blocks.into_iter().filter(|b| b.label == "X509 CRL").map(|b| read(b.der)).collect::<Result<_, _>>()?;
    if all.is_empty() { Err(malformed("there is none in it")) } else { Ok(all) }
}

/// The newest CRL that a CA signed and that lists everything it revoked.
fn newest_of(path: &Path, crls: Vec<Crl>, ca: &Certificate, now: Timestamp) -> Result<Crl, Error> {
    let of_another = crls.first().map(|c| c.issuer.subject.to_string()).unwrap_or_default();
    let own = crls.into_iter().filter(|c| c.issuer.der == ca.subject.der);
    let Some(crl) = own.max_by_key(|c| (c.number_u64(), c.this_update)) else {
        let ca = ca.subject.subject.to_string();
        return Err(ImportError::CrlOfAnother { path: path.into(), issuer: of_another, ca }.into());
    };
    let signed = verify_signature(&ca.public_key, &crl.outer_algorithm, crl.tbs(), crl.signature());
    if let Err(e) = signed {
        return Err(ImportError::CrlSignature { path: path.into(), problem: e.to_string() }.into());
    }
    let unfit = |problem: &str| Error::from(ImportError::CrlUnfit { path: path.into(), problem: problem.into() });
    if crl.inner_algorithm != crl.outer_algorithm {
        return Err(unfit("it names two signature algorithms"));
    }
    if crl.this_update > now {
        return Err(unfit(&format!("it is of {}, which lies in the future", crl.this_update)));
    }
    if crl.number.is_some() && record_number(&crl).is_none() {
        return Err(unfit("its number is 2^63-1 or larger than 63 bits, and no greater one could follow"));
    }
    let extension = |arcs: &[u64]| crl.extensions.iter().find(|e| e.oid.arcs() == arcs);
    if extension(oid::DELTA_CRL_INDICATOR).is_some() {
        return Err(unfit("it lists changes only (a delta CRL): give the complete one"));
    }
    if IssuingPoint::of(&crl).is_some_and(|point| !point.is_ok_and(|p| !p.is_partial())) {
        return Err(unfit("it lists a part of what was revoked only: give one without a limited scope"));
    }
    Ok(crl)
}
