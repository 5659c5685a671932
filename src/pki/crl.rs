use super::authority::{Ca, Cas};
use super::folder::Place;
use super::material::crl_pem;
use super::publish::MAX_CRL_BYTES;
use super::recover::CRL_PREFIX;
use super::release::Pending;
use super::{Error, Pki};
use crate::disk::{Access, decode_pem, exists, first_pem_body, read_optional};
use crate::issue::{CrlDraft, Issuer, Warning};
use crate::keys::{sha256, verify_signature};
use crate::model::{Handle, Lifetime, Timestamp, Window};
use crate::store::{AuthorityId, CrlRecord, Filter, KeyPlace, StoreError, Transaction};
use crate::x509::{Certificate, Crl, CrlEntries, RevokedEntry};
use serde::Serialize;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// thisUpdate lies this far before now at most.
const BACKDATE_SECONDS: i64 = 300;
/// How long the CRL of a CA that signs leaves is good for.
const LEAF_CA_LIFETIME: Lifetime = Lifetime::days(30);
/// How long the CRL of a CA is good for that signs only CAs, or whose key is encrypted or not here.
const UPPER_CA_LIFETIME: Lifetime = Lifetime::days(365);

/// What `crl` is asked for.
#[derive(Debug, Clone, Default)]
pub struct CrlRequest {
    /// Which CAs; all that have a key when empty.
    pub cas: Vec<String>,
    /// Only those that need one.
    pub due: bool,
    /// Write nothing; say which are due.
    pub check: bool,
    /// How long they are to be good for.
    pub next_update: Option<Lifetime>,
}

/// One CRL as scripts see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrlReport {
    /// The CA's handle.
    pub name: String,
    /// `written`, `unchanged`, `due` or `failed`.
    pub action: &'static str,
    /// cRLNumber; nothing when there is none.
    pub number: Option<u64>,
    /// thisUpdate
    pub this_update: Option<Timestamp>,
    /// nextUpdate
    pub next_update: Option<Timestamp>,
    /// How many certificates it lists.
    pub entries: Option<u64>,
    /// Why it is or was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The file in PEM.
    pub file: Option<PathBuf>,
    /// Why it was not written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<CrlError>,
}

/// Why one CRL of several was not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrlError {
    /// A stable word.
    pub code: String,
    /// A sentence.
    pub message: String,
    /// What would mend it.
    pub hints: Vec<String>,
}

/// What `crl` did.
#[derive(Debug, Clone, Serialize)]
pub struct CrlOutcome {
    /// One for each CA.
    pub results: Vec<CrlReport>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}

impl CrlOutcome {
    /// Whether one of them failed.
    pub fn has_failed(&self) -> bool {
        self.results.iter().any(|r| r.error.is_some())
    }

    /// Whether one of them is due.
    pub fn has_due(&self) -> bool {
        self.results.iter().any(|r| r.action == "due")
    }
}

/// A CRL that was signed inside a transaction and waits for it to be committed.
pub(super) struct SignedCrl {
    pub handle: Handle,
    pub generation: u32,
    pub record: CrlRecord,
    pub pending: Pending,
}

impl Pki {
    /// Writes CRLs. Goes on past a CA that fails.
    ///
    /// # Errors
    /// [`Error`] when a CA that was named does not exist, or the inventory fails.
    pub fn crl(&mut self, request: &CrlRequest) -> Result<CrlOutcome, Error> {
        if !request.check {
            self.recover()?;
        }
        let cas = Cas::load(&*self.read()?)?;
        let mut chosen: Vec<Ca> = Vec::new();
        for name in &request.cas {
            let ca = self.place.named_ca(&cas, name)?;
            if !chosen.iter().any(|c| c.id() == ca.id()) {
                chosen.push(ca.clone());
            }
        }
        if request.cas.is_empty() {
            let now = self.place.now();
            let transaction = self.store.begin(crate::store::Access::Read)?;
            for ca in cas.iter().filter(|c| cas.problem(c.id(), now).is_none()) {
                // A key that lies elsewhere, or that nobody opens, is no fault until its CRL is due; then it must not be
                // passed over.
                let at_hand = self.place.key_is_at_hand(ca);
                if ca.authority.key_place == KeyPlace::Foreign && !request.check {
                    continue;
                }
                if request.check || at_hand || self.place.crl_due(&*transaction, ca)?.is_some() {
                    chosen.push(ca.clone());
                }
            }
            drop(transaction);
            if cas.iter().next().is_none() {
                let hint = "create one with `rootlet root NAME`".into();
                return Err(Error::NoIssuer { what: "CRLs", hint });
            }
        }
        let mut results = Vec::new();
        let mut wrote = false;
        for ca in &chosen {
            let (due, last) = {
                let transaction = self.store.begin(crate::store::Access::Read)?;
                let asked = request.check || request.due;
                let due = if asked { self.place.crl_due(&*transaction, ca)? } else { Some("asked for".into()) };
                (due, transaction.last_crl(ca.id())?)
            };
            let (action, outcome) = match (&due, request.check, request.due) {
                (Some(_), true, _) => ("due", Ok(last)),
                (None, true, _) | (None, false, true) => ("unchanged", Ok(last)),
                _ => {
                    let written = self.write_crl(&cas, ca, request.next_update);
                    wrote |= written.is_ok();
                    ("written", written.map(Some))
                }
            };
            results.push(self.place.report(ca, action, due, outcome));
        }
        let mut missing = Vec::new();
        if wrote {
            missing = self.publish().map_err(Error::not_released("the new CRL"))?;
        }
        let mut warnings = self.crl_warnings(&missing)?;
        warnings.extend(self.place.keyring.source.warnings());
        Ok(CrlOutcome { results, warnings })
    }

    fn write_crl(&mut self, cas: &Cas, ca: &Ca, lifetime: Option<Lifetime>) -> Result<CrlRecord, Error> {
        let Pki { place, store } = self;
        let issuer = place.issuer(cas, ca.id())?;
        let transaction = store.begin(crate::store::Access::Write)?;
        let signed = place.sign_crl(&*transaction, &issuer, ca, lifetime)?;
        let detail = format!("number {}", signed.record.number);
        let committed = transaction
            .mark_unpublished()
            .and_then(|()| transaction.note(place.now(), "crl", Some(ca.handle()), &detail))
            .and_then(|()| transaction.commit());
        signed.settle(self, committed)
    }
}

impl SignedCrl {
    /// After the commit: puts the CRL in its place. When that fails the pending folder stays: the CRL is recorded, and the
    /// next command finishes it. When the commit failed it is forgotten.
    pub fn settle(self, pki: &mut Pki, committed: Result<(), StoreError>) -> Result<CrlRecord, Error> {
        if let Err(e) = committed {
            self.pending.abandon(&pki.place);
            return Err(Error::Store(e));
        }
        let released = pki.release_crl(&self.handle, self.generation, self.record.number, self.pending.folder());
        released.map_err(Error::not_released(format!("the CRL of {}", self.handle)))?;
        self.pending.abandon(&pki.place);
        Ok(self.record)
    }
}

impl Place {
    /// Signs the next CRL of a CA inside a writing transaction and puts it into `pending/`.
    pub(super) fn sign_crl(
        &self,
        transaction: &dyn Transaction,
        issuer: &Issuer,
        ca: &Ca,
        lifetime: Option<Lifetime>,
    ) -> Result<SignedCrl, Error> {
        if !ca.authority.past_known {
            return Err(Error::PastUnknown { handle: ca.handle().clone() });
        }
        let mut entries = CrlEntries::default();
        transaction.revoked(ca.id(), &mut |r| {
            let (serial, revoked_at) = (r.serial, r.at);
            entries.push(&RevokedEntry { serial, revoked_at, reason: r.reason, invalidity_date: r.invalidity_date });
        })?;
        let last = transaction.last_crl(ca.id())?;
        let lifetime = match lifetime {
            Some(l) => l,
            None => self.crl_lifetime(transaction, ca)?,
        };
        // A file that this CA did not sign says nothing about its numbers.
        let on_disk = valid_crl(&self.ca_generation_folder(ca).join("crl.pem"), &ca.certificate);
        let on_disk = on_disk.and_then(|c| c.number_u64());
        let draft = next_crl_of(&ca.certificate, last.as_ref(), on_disk, entries.newest(), lifetime, self.now());
        let count = entries.count();
        let crl = issuer
            .rehearse_crl(draft, entries)
            .and_then(|linted| linted.sign())
            .map_err(Error::issue(format!("the CRL of {}", ca.handle())))?
            .into_output();
        let record = CrlRecord {
            issuer: ca.id(),
            number: draft.number,
            this_update: draft.this_update,
            next_update: draft.next_update,
            entries: count,
            last_event: transaction.last_event(ca.id())?,
            sha256: sha256(crl.der()),
        };
        transaction.record_crl(&record)?;
        let generation = ca.authority.generation;
        let pending = Pending::create(self, &format!("{CRL_PREFIX}{}-{generation}-{}", record.number, ca.handle()))?;
        let bytes = Zeroizing::new(crl_pem(&crl).into_bytes());
        let file = super::material::OutFile { name: "crl.pem", bytes, access: Access::Public };
        if let Err(e) = pending.fill(self, &[file]) {
            pending.abandon(self);
            return Err(e);
        }
        Ok(SignedCrl { handle: ca.handle().clone(), generation, record, pending })
    }

    fn report(
        &self,
        ca: &Ca,
        action: &'static str,
        reason: Option<String>,
        outcome: Result<Option<CrlRecord>, Error>,
    ) -> CrlReport {
        let file = Some(self.ca_generation_folder(ca).join("crl.pem")).filter(|p| exists(p));
        let (record, error) = match outcome {
            Ok(record) => (record, None),
            Err(e) => (None, Some(CrlError { code: e.code().into(), message: e.to_string(), hints: e.hints() })),
        };
        CrlReport {
            name: ca.handle().to_string(),
            action: if error.is_some() { "failed" } else { action },
            number: record.as_ref().map(|r| r.number),
            this_update: record.as_ref().map(|r| r.this_update),
            next_update: record.as_ref().map(|r| r.next_update),
            entries: record.as_ref().map(|r| r.entries),
            reason,
            file,
            error,
        }
    }

    fn crl_lifetime(&self, transaction: &dyn Transaction, ca: &Ca) -> Result<Lifetime, Error> {
        if self.key_is_guarded(ca) {
            return Ok(UPPER_CA_LIFETIME);
        }
        if ca.certificate.basic_constraints.and_then(|b| b.path_len) == Some(0) {
            return Ok(LEAF_CA_LIFETIME);
        }
        let mut signs_leaves = false;
        let filter = Filter { issuer: Some(ca.id()), ..Filter::default() };
        transaction.walk(&filter, &mut |r| {
            signs_leaves |= !r.profile.is_ca();
            !signs_leaves
        })?;
        Ok(if signs_leaves { LEAF_CA_LIFETIME } else { UPPER_CA_LIFETIME })
    }

    /// Why a CA's CRL should be written now; nothing when it need not.
    pub(super) fn crl_due(&self, transaction: &dyn Transaction, ca: &Ca) -> Result<Option<String>, Error> {
        let foreign = ca.authority.key_place == KeyPlace::Foreign;
        let Some(last) = transaction.last_crl(ca.id())? else {
            // Of a CA of somebody else nobody may have one.
            return Ok((!foreign).then(|| "there is none yet".into()));
        };
        if transaction.last_event(ca.id())? > last.last_event {
            return Ok(Some("it does not list the newest revocations".into()));
        }
        let path = self.ca_generation_folder(ca).join("crl.pem");
        if !exists(&path) {
            return Ok(Some("its file is missing".into()));
        }
        if read_crl(&path).ok().flatten().is_none_or(|crl| sha256(crl.der()) != last.sha256) {
            return Ok(Some("its file is not the newest one that was signed".into()));
        }
        let life = last.next_update.since(last.this_update);
        let left = last.next_update.since(self.now());
        Ok((left < Window::LastThird.seconds_at_most_a_third(life)).then(|| format!("it ends {}", last.next_update)))
    }
}

impl Pki {
    /// Signs the CRL of a CA again, because it is past half of its life: whoever holds the key keeps it fresh.
    pub(super) fn refresh_crl(&mut self, cas: &Cas, id: AuthorityId) -> Result<(), Error> {
        let Some(ca) = cas.by_id(id) else { return Ok(()) };
        self.write_crl(cas, ca, None)?;
        self.publish().map(drop)
    }

    /// As [`Pki::refresh_crl`], beside a command that has done its own work: what goes wrong is a warning.
    pub(super) fn refresh_crl_or_warn(&mut self, cas: &Cas, id: AuthorityId, warnings: &mut Vec<Warning>) {
        if let Err(e) = self.refresh_crl(cas, id) {
            let text = format!("the CRL of the issuer is past half of its life and could not be renewed: {e}");
            warnings.push(Warning::new("crl-stale", text));
        }
    }

    /// Which CAs have no CRL, or a stale one, in `public/crls.pem`; `missing` are those whose file was not published.
    pub(super) fn crl_warnings(&mut self, missing: &[AuthorityId]) -> Result<Vec<Warning>, Error> {
        let now = self.place.now();
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let cas = Cas::load(&*transaction)?;
        let mut warnings = Vec::new();
        for ca in cas.iter().filter(|c| now <= c.certificate.not_after) {
            let message = match transaction.last_crl(ca.id())? {
                None => format!("`{}` has no CRL, and servers that check revocation want one of every CA", ca.handle()),
                Some(crl) if crl.next_update < now => {
                    format!(
                        "the CRL of `{}` ended {}, and servers that check it refuse everybody",
                        ca.handle(),
                        crl.next_update
                    )
                }
                Some(_) if missing.contains(&ca.id()) => {
                    format!("the CRL file of `{}` is missing or damaged, and is not published", ca.handle())
                }
                Some(_) => continue,
            };
            warnings.push(Warning::new("crl-stale", message));
        }
        Ok(warnings)
    }
}

/// Whether more than half of a CRL's life is over.
pub(super) fn is_past_half(crl: &CrlRecord, now: Timestamp) -> bool {
    crl.next_update.since(now) < crl.next_update.since(crl.this_update) / 2
}

/// Whether it is the one that a CA got at birth, with the long life of a CA that signs CAs only: the first leaf ends that.
pub(super) fn is_long_birth_crl(crl: &CrlRecord, ca: &Ca) -> bool {
    let life = crl.next_update.since(crl.this_update) - UPPER_CA_LIFETIME.seconds();
    crl.this_update.since(ca.certificate.not_before) <= BACKDATE_SECONDS && (0..=BACKDATE_SECONDS).contains(&life)
}

/// Number and dates of the next CRL.
pub(super) fn next_crl_of(
    own: &Certificate,
    last: Option<&CrlRecord>,
    on_disk: Option<u64>,
    newest: Option<Timestamp>,
    lifetime: Lifetime,
    now: Timestamp,
) -> CrlDraft {
    // The clock in seconds is part of the maximum, so that a restored backup repeats no number.
    let clock = u64::try_from(now.unix()).unwrap_or(0);
    let after = |n: Option<u64>| n.unwrap_or(0).saturating_add(1);
    let number = after(last.map(|l| l.number)).max(after(on_disk)).max(clock);
    let floor = [Some(own.not_before), last.map(|l| l.this_update), newest].into_iter().flatten().max();
    let this_update = now.plus(-BACKDATE_SECONDS).max(floor.unwrap_or(now));
    let next_update = now.plus(lifetime.seconds()).min(own.not_after);
    CrlDraft { number, this_update, next_update }
}

impl Pki {
    /// Moves a pending CRL to the folder of its CA's generation, unless a newer one is there.
    pub(super) fn release_crl(
        &mut self,
        handle: &Handle,
        generation: u32,
        number: u64,
        pending: &Path,
    ) -> Result<(), Error> {
        let _lock = self.lock_public()?;
        let transaction = self.store.begin(crate::store::Access::Read)?;
        let cas = Cas::load(&*transaction)?;
        let ca = cas.iter().find(|c| c.handle() == handle && c.authority.generation == generation);
        let Some(ca) = ca else { return Ok(()) };
        // A newer one that was recorded meanwhile is released by whoever signed it.
        let from = pending.join("crl.pem");
        if ca.authority.key_place == KeyPlace::Foreign {
            self.place.disk.create_folder_all(&self.place.ca_generation_folder(ca), Access::Private)?;
        }
        // Without the file it was moved already, and only the empty folder is left of it.
        if exists(&from) && transaction.last_crl(ca.id())?.is_some_and(|last| last.number == number) {
            self.place.disk.rename_over(&from, &self.place.ca_generation_folder(ca).join("crl.pem"))?;
        }
        Ok(())
    }
}

/// The CRL in a file, if this CA signed it.
pub(super) fn valid_crl(path: &Path, ca: &Certificate) -> Option<Crl> {
    let crl = read_crl(path).ok()??;
    let signed = verify_signature(&ca.public_key, &crl.outer_algorithm, crl.tbs(), crl.signature());
    (crl.issuer.der == ca.subject.der && signed.is_ok()).then_some(crl)
}

/// Reads a CRL file in PEM; nothing when there is none.
pub(super) fn read_crl(path: &Path) -> Result<Option<Crl>, Error> {
    let Some(bytes) = read_optional(path, MAX_CRL_BYTES)? else { return Ok(None) };
    let malformed = |problem: String| Error::File {
        path: path.into(),
        source: crate::x509::X509Error::Malformed { what: "the CRL", problem },
    };
    // Our own files hold one block: read in one pass, whatever their size.
    if let Ok(mut der) = first_pem_body(&bytes, "X509 CRL") {
        let der = std::mem::take(&mut *der);
        return Crl::read(der).map(Some).map_err(|source| Error::File { path: path.into(), source });
    }
    let blocks = decode_pem(&bytes).map_err(|e| malformed(e.to_string()))?;
    let block = blocks.into_iter().find(|b| b.label == "X509 CRL").ok_or_else(|| malformed("no CRL in it".into()))?;
    Crl::read(block.der).map(Some).map_err(|source| Error::File { path: path.into(), source })
}
